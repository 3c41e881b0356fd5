//! S3.

use super::{Member, Shape, TEXT, optional};

pub(super) const GET_OBJECT: &[Member] = &[
    optional("Body", Shape::Blob(0)),
    optional("DeleteMarker", Shape::Boolean),
    optional("AcceptRanges", TEXT),
    optional("Expiration", TEXT),
    optional("Restore", TEXT),
    optional("LastModified", TEXT),
    optional("ContentLength", Shape::Number),
    optional("ETag", TEXT),
    optional("ChecksumCRC32", TEXT),
    optional("ChecksumCRC32C", TEXT),
    optional("ChecksumCRC64NVME", TEXT),
    optional("ChecksumSHA1", TEXT),
    optional("ChecksumSHA256", TEXT),
    optional("ChecksumType", CHECKSUM_TYPE),
    optional("MissingMeta", Shape::Number),
    optional("VersionId", TEXT),
    optional("CacheControl", TEXT),
    optional("ContentDisposition", TEXT),
    optional("ContentEncoding", TEXT),
    optional("ContentLanguage", TEXT),
    optional("ContentRange", TEXT),
    optional("ContentType", TEXT),
    optional("Expires", TEXT),
    optional("WebsiteRedirectLocation", TEXT),
    optional("ServerSideEncryption", ENCRYPTION),
    optional("Metadata", Shape::Map(&TEXT)),
    optional("SSECustomerAlgorithm", TEXT),
    optional("SSECustomerKeyMD5", TEXT),
    optional("SSEKMSKeyId", TEXT),
    optional("BucketKeyEnabled", Shape::Boolean),
    optional("StorageClass", STORAGE_CLASS),
    optional("RequestCharged", REQUEST_CHARGED),
    optional(
        "ReplicationStatus",
        Shape::OneOf(&["COMPLETE", "PENDING", "FAILED", "REPLICA", "COMPLETED"]),
    ),
    optional("PartsCount", Shape::Number),
    optional("TagCount", Shape::Number),
    optional("ObjectLockMode", Shape::OneOf(&["GOVERNANCE", "COMPLIANCE"])),
    optional("ObjectLockRetainUntilDate", TEXT),
    optional("ObjectLockLegalHoldStatus", Shape::OneOf(&["ON", "OFF"])),
];

pub(super) const PUT_OBJECT: &[Member] = &[
    optional("Expiration", TEXT),
    optional("ETag", TEXT),
    optional("ChecksumCRC32", TEXT),
    optional("ChecksumCRC32C", TEXT),
    optional("ChecksumCRC64NVME", TEXT),
    optional("ChecksumSHA1", TEXT),
    optional("ChecksumSHA256", TEXT),
    optional("ChecksumType", CHECKSUM_TYPE),
    optional("ServerSideEncryption", ENCRYPTION),
    optional("VersionId", TEXT),
    optional("SSECustomerAlgorithm", TEXT),
    optional("SSECustomerKeyMD5", TEXT),
    optional("SSEKMSKeyId", TEXT),
    optional("SSEKMSEncryptionContext", TEXT),
    optional("BucketKeyEnabled", Shape::Boolean),
    optional("Size", Shape::Number),
    optional("RequestCharged", REQUEST_CHARGED),
];

const CHECKSUM_TYPE: Shape = Shape::OneOf(&["COMPOSITE", "FULL_OBJECT"]);
const ENCRYPTION: Shape = Shape::OneOf(&["AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"]);
const REQUEST_CHARGED: Shape = Shape::OneOf(&["requester"]);

const STORAGE_CLASS: Shape = Shape::OneOf(&[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
    "FSX_ONTAP",
]);
