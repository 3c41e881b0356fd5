//! Checksums of request bodies, which S3 above all wants.

use crate::datum::base64;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// The body's checksum in Base64; nothing for an algorithm that is none of S3's.
pub(crate) fn checksum(algorithm: &str, body: &[u8]) -> Option<String> {
    Some(match algorithm {
        "CRC32" => base64(&crc32(body, &CRC32).to_be_bytes()),
        "CRC32C" => base64(&crc32(body, &CRC32C).to_be_bytes()),
        "CRC64NVME" => base64(&crc64(body).to_be_bytes()),
        "SHA1" => base64(&Sha1::digest(body)),
        "MD5" => base64(&Md5::digest(body)),
        "SHA512" => base64(&Sha512::digest(body)),
        "SHA256" => base64(&Sha256::digest(body)),
        _ => return None,
    })
}

fn crc32(body: &[u8], table: &[u32; 256]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        table.get(usize::from(low)).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !body.iter().fold(!0, step)
}

fn crc64(body: &[u8]) -> u64 {
    let step = |crc: u64, byte: &u8| {
        let [low, ..] = (crc ^ u64::from(*byte)).to_le_bytes();
        CRC64.get(usize::from(low)).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !body.iter().fold(!0, step)
}

static CRC32: [u32; 256] = table32(0xEDB8_8320);
static CRC32C: [u32; 256] = table32(0x82F6_3B78);
static CRC64: [u64; 256] = table64(0x9A6C_9329_AC4B_C9B5);

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time")]
const fn table32(polynomial: u32) -> [u32; 256] {
    let wide = table64(polynomial as u64);
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = wide[index] as u32;
        index += 1;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "at compile time")]
const fn table64(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut crc, mut bit) = (index as u64, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        assert_eq!(crc32(b"123456789", &CRC32), 0xCBF4_3926);
        assert_eq!(crc32(b"123456789", &CRC32C), 0xE306_9283);
        assert_eq!(crc64(b"123456789"), 0xAE8B_1486_0A79_9888);
        // What S3 answered when Step Functions put these objects.
        assert_eq!(checksum("CRC32", b"false").as_deref(), Some("K81oMA=="));
        assert_eq!(checksum("CRC32", br#"{"Dict":"Value"}"#).as_deref(), Some("hnEfWw=="));
        assert_eq!(checksum("XXHASH3", b""), None);
    }
}
