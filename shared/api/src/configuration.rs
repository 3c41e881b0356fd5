//! What a state machine is configured with beside its definition: read from requests, kept, and shown with AWS's defaults.

use crate::members::{Members, Text};
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::{Backend, LogLevel, Logging, Machine};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const LOGGING: &str = "loggingConfiguration";
const TRACING: &str = "tracingConfiguration";
const ENCRYPTION: &str = "encryptionConfiguration";
const AWS_OWNED_KEY: &str = "AWS_OWNED_KEY";
const KEY_ID: &str = "kmsKeyId";
const KEY_REUSE: &str = "kmsDataKeyReusePeriodSeconds";
const CUSTOMER_KEY: &str = "CUSTOMER_MANAGED_KMS_KEY";

/// The three configurations, two of them with AWS's defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) logging: Value,
    pub(crate) tracing: Value,
    /// As it was given.
    pub(crate) encryption: Option<Value>,
}

/// The configurations that a request gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Given {
    pub(crate) logging: Option<Value>,
    pub(crate) tracing: Option<Value>,
    pub(crate) encryption: Option<Value>,
}

impl Given {
    pub(crate) fn read(members: &mut Members) -> Result<Self, ApiError> {
        Ok(Given {
            logging: members.structure(LOGGING, read_logging)?,
            tracing: members.structure(TRACING, read_tracing)?,
            encryption: read_encryption(members)?,
        })
    }

    /// Checks what the members' types and ranges do not say.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_encryption(self.encryption.as_ref())?;
        let Some(logging) = &self.logging else { return Ok(()) };
        let destinations =
            logging.get("destinations").and_then(Value::as_array).map_or(0, Vec::len);
        if logging.get("level") != Some(&json!("OFF")) && destinations != 1 {
            return Err(ApiError::invalid_logging("Must specify exactly one Log Destination."));
        }
        Ok(())
    }

    /// These, and for the rest what there was before.
    pub(crate) fn over(self, before: Configuration) -> Configuration {
        Configuration {
            logging: self.logging.unwrap_or(before.logging),
            tracing: self.tracing.unwrap_or(before.tracing),
            encryption: self.encryption.or(before.encryption),
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Configuration {
            logging: json!({"level": "OFF", "includeExecutionData": false}),
            tracing: json!({"enabled": false}),
            encryption: None,
        }
    }
}

impl Configuration {
    /// As kept in [`Machine::settings`].
    pub(crate) fn settings(self) -> BTreeMap<String, Value> {
        let Configuration { logging, tracing, encryption } = self;
        let all = [(LOGGING, Some(logging)), (TRACING, Some(tracing)), (ENCRYPTION, encryption)];
        let given = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.collect()
    }

    /// Whether a machine of the one is configured as one of the other: to give AWS's own key is to give none.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let key = |it: &Self| it.encryption.clone().unwrap_or_else(own_key);
        (&self.logging, &self.tracing) == (&other.logging, &other.tracing)
            && key(self) == key(other)
    }

    /// `encryptionConfiguration` as the descriptions of a machine have it: as it was given, else as recorded. AWS's recorded
    /// answers have it where the definition uses variables or JSONata, and lack it where not; likely those are older than the
    /// field, but nothing recorded says so, and the API's model leaves it open.
    pub(crate) fn shown_encryption(&self, has_variables_or_jsonata: bool) -> Option<Value> {
        self.encryption.clone().or_else(|| has_variables_or_jsonata.then(own_key))
    }

    pub(crate) fn of(machine: &Machine) -> Self {
        let kept = |name: &str| machine.settings.get(name).cloned();
        let given =
            Given { logging: kept(LOGGING), tracing: kept(TRACING), encryption: kept(ENCRYPTION) };
        given.over(Configuration::default())
    }
}

/// What of a machine's executions is logged, if anything is.
pub(crate) fn logging_of(machine: &Machine) -> Option<Logging> {
    let logging = machine.settings.get(LOGGING)?;
    let destination = logging.get("destinations")?.get(0)?;
    let group = destination.get("cloudWatchLogsLogGroup")?.get("logGroupArn")?;
    Some(Logging {
        level: LogLevel::parse(logging.get("level")?.as_str()?)?,
        has_data: logging.get("includeExecutionData").and_then(Value::as_bool).unwrap_or_default(),
        group_arn: group.as_str()?.into(),
    })
}

impl<B: Backend, T: Tasks> Api<B, T> {
    /// Refuses a log group that is known not to be there.
    pub(crate) async fn check_logging(&self, machine: &Machine) -> Result<(), ApiError> {
        match logging_of(machine) {
            Some(logging) if !self.backend().has_log_group(&logging.group_arn).await? => {
                Err(ApiError::invalid_logging("Log Destination not found."))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn read_logging(members: &mut Members) -> Result<Value, ApiError> {
    let level = members.choice("level", &["ALL", "ERROR", "FATAL", "OFF"])?.unwrap_or("OFF");
    let is_included = members.flag("includeExecutionData")?.unwrap_or_default();
    let mut logging = Map::new();
    logging.insert("level".to_owned(), level.into());
    logging.insert("includeExecutionData".to_owned(), is_included.into());
    let destinations = members.structures("destinations", |destination| {
        destination.structure("cloudWatchLogsLogGroup", |group| {
            group.text("logGroupArn", Text::non_empty(limits::ARN_CHARS_MAX))
        })
    })?;
    if let Some(destinations) = destinations {
        let shown = destinations.into_iter().map(|group| match group {
            None => json!({}),
            Some(None) => json!({"cloudWatchLogsLogGroup": {}}),
            Some(Some(arn)) => json!({"cloudWatchLogsLogGroup": {"logGroupArn": arn}}),
        });
        logging.insert("destinations".to_owned(), shown.collect());
    }
    Ok(Value::Object(logging))
}

fn read_tracing(members: &mut Members) -> Result<Value, ApiError> {
    Ok(json!({"enabled": members.flag("enabled")?.unwrap_or_default()}))
}

/// `encryptionConfiguration`, where it is given.
pub(crate) fn read_encryption(members: &mut Members) -> Result<Option<Value>, ApiError> {
    members.structure(ENCRYPTION, read_key)
}

/// The key that AWS encrypts with where none is named.
pub(crate) fn own_key() -> Value {
    json!({"type": AWS_OWNED_KEY})
}

/// Checks what the members' types and ranges do not say.
pub(crate) fn check_encryption(encryption: Option<&Value>) -> Result<(), ApiError> {
    let Some(encryption) = encryption else { return Ok(()) };
    let has = |name: &str| encryption.get(name).is_some();
    if encryption.get("type") == Some(&json!(CUSTOMER_KEY)) {
        if !has(KEY_ID) {
            return Err(ApiError::invalid_encryption(
                "A kmsKeyId must be specified for a customer managed KMS key.",
            ));
        }
        // To accept it and not encrypt would be worse.
        return Err(ApiError::not_supported("customer managed KMS keys"));
    }
    if has(KEY_ID) || has(KEY_REUSE) {
        return Err(ApiError::invalid_encryption(
            "kmsKeyId and kmsDataKeyReusePeriodSeconds belong to a customer managed KMS key.",
        ));
    }
    Ok(())
}

fn read_key(members: &mut Members) -> Result<Value, ApiError> {
    let mut encryption = Map::new();
    let kind = members.required_choice("type", &[AWS_OWNED_KEY, CUSTOMER_KEY])?;
    encryption.insert("type".to_owned(), kind.into());
    if let Some(key) = members.text(KEY_ID, Text::non_empty(limits::KMS_KEY_ID_CHARS_MAX))? {
        encryption.insert(KEY_ID.to_owned(), key.into());
    }
    let range = limits::KMS_REUSE_SECS_MIN..=limits::KMS_REUSE_SECS_MAX;
    if let Some(secs) = members.integer(KEY_REUSE, range)? {
        encryption.insert(KEY_REUSE.to_owned(), secs.into());
    }
    Ok(Value::Object(encryption))
}
