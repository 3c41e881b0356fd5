//! Secrets Manager, and the parameters of Systems Manager.

use super::{Member, Shape, TEXT, optional};

pub(super) const GET_SECRET_VALUE: &[Member] = &[
    optional("ARN", Shape::Text(20, 2_048)),
    optional("Name", Shape::Text(1, 256)),
    optional("VersionId", Shape::Text(32, 64)),
    optional("SecretBinary", Shape::Blob(1)),
    optional("SecretString", Shape::Text(1, 65_536)),
    optional("VersionStages", Shape::List(&Shape::Text(1, 256))),
    optional("CreatedDate", TEXT),
];

pub(super) const GET_PARAMETER: &[Member] = &[optional("Parameter", PARAMETER)];

const PARAMETER: Shape = Shape::Structure(&[
    optional("Name", Shape::Text(1, 2_048)),
    optional("Type", Shape::OneOf(&["String", "StringList", "SecureString"])),
    optional("Value", TEXT),
    optional("Version", Shape::Number),
    optional("Selector", Shape::Text(0, 128)),
    optional("SourceResult", TEXT),
    optional("LastModifiedDate", TEXT),
    optional("ARN", TEXT),
    optional("DataType", Shape::Text(0, 128)),
]);
