//! `$hash`.

use std::fmt::Write as _;

use jsonata_core::value::JValue;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Answer, Arguments, Fault};
use crate::convert::{Budget, leave};
use crate::evaluation::Shared;
use crate::limits::HASH_CHARACTERS_MAX;

/// `$hash(value, algorithm)`: the hash in hexadecimal; a value that is no text is hashed as JSON.
pub(super) fn hash(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    if arguments.has_undefined(2)? {
        return Ok(JValue::Undefined);
    }
    let data = match arguments.get(0) {
        Some(JValue::String(text)) => text.to_string(),
        Some(value) => {
            let mut budget = Budget::new(4 * HASH_CHARACTERS_MAX);
            leave(value, &shared.digits, &mut budget)?.to_string()
        }
        None => String::new(),
    };
    if data.chars().nth(HASH_CHARACTERS_MAX).is_some() {
        return Err(Fault::Thrown(format!(
            "$hash: the data has more than {HASH_CHARACTERS_MAX} characters"
        )));
    }
    let digest = match arguments.text(1)? {
        "MD5" => hexadecimal(&Md5::digest(data)),
        "SHA-1" => hexadecimal(&Sha1::digest(data)),
        "SHA-256" => hexadecimal(&Sha256::digest(data)),
        "SHA-384" => hexadecimal(&Sha384::digest(data)),
        "SHA-512" => hexadecimal(&Sha512::digest(data)),
        other => {
            return Err(Fault::Thrown(format!(
                "$hash: `{other}` is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512"
            )));
        }
    };
    Ok(JValue::string(digest))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
