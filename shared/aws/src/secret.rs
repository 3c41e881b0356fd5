//! The keys of task tokens, from Secrets Manager.
//!
//! The secret is any text; its hash is the key, so whatever length a person or a rotation gives it, the key has all its bits. The
//! version before the current one still verifies: tokens outlive a rotation.

use crate::Aws;
use crate::error::{refused, unavailable};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use baton_store::{KeyId, StoreError, TokenKeys};
use sha2::{Digest as _, Sha256};

const WHAT: &str = "token secret";
/// Less than this can be guessed.
const SECRET_BYTES_MIN: usize = 32;

impl Aws {
    /// The keys that sign and verify task tokens.
    ///
    /// # Errors
    ///
    /// The secret is not there, cannot be read, or is too short to be one.
    pub async fn token_keys(&self, secret_arn: &str) -> Result<TokenKeys, StoreError> {
        let (current, previous) = tokio::try_join!(
            secret(&self.secrets, secret_arn, "AWSCURRENT"),
            secret(&self.secrets, secret_arn, "AWSPREVIOUS"),
        )?;
        let current = current.ok_or_else(|| refused(WHAT, "it has no current version"))?;
        if current.len() < SECRET_BYTES_MIN {
            return Err(refused(WHAT, format!("it has fewer than {SECRET_BYTES_MIN} bytes")));
        }
        let (id, key) = key(&current);
        let keys = TokenKeys::new(id, &key);
        Ok(match previous.map(|secret| self::key(&secret)) {
            Some((id, key)) => keys.with(id, &key),
            None => keys,
        })
    }
}

async fn secret(client: &Client, arn: &str, stage: &str) -> Result<Option<String>, StoreError> {
    match client.get_secret_value().secret_id(arn).version_stage(stage).send().await {
        Ok(answer) => Ok(answer.secret_string),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(unavailable(WHAT)(error)),
    }
}

/// A secret's key, and the id that tells it from others.
fn key(secret: &str) -> (KeyId, [u8; 32]) {
    let hash = |purpose: &str| <[u8; 32]>::from(Sha256::digest([purpose, secret].concat()));
    let [a, b, c, d, ..] = hash("id:");
    (KeyId(u32::from_be_bytes([a, b, c, d])), hash("key:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_in_key_and_id() {
        let (first, second) = (key("a"), key("b"));
        assert!(first.0 != second.0 && first.1 != second.1);
        assert_eq!(key("a"), first);
    }
}
