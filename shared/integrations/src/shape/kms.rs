//! KMS.

use super::{Member, Shape, optional};

pub(super) const ENCRYPT: &[Member] = &[
    optional("CiphertextBlob", Shape::Blob(1)),
    optional("KeyId", KEY_ID),
    optional("EncryptionAlgorithm", ALGORITHM),
];

pub(super) const DECRYPT: &[Member] = &[
    optional("KeyId", KEY_ID),
    optional("Plaintext", Shape::Blob(1)),
    optional("EncryptionAlgorithm", ALGORITHM),
    optional("CiphertextForRecipient", Shape::Blob(1)),
    optional("KeyMaterialId", Shape::Text(64, 64)),
];

const KEY_ID: Shape = Shape::Text(1, 2_048);

const ALGORITHM: Shape =
    Shape::OneOf(&["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]);
