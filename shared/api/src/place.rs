//! Accounts and regions: each is a world of its own.
//!
//! A signed request says in its signature which one it is about: the region by the credential's scope, and the account by an access key
//! id of twelve digits, as other emulators have it. What is not signed is about the place that the API is told at its
//! start, and may name resources of any other.

use crate::ApiError;
use crate::operation::Operation;
use serde::Deserialize;
use std::borrow::Cow;

/// Which account and region a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The account, where it is named.
    pub(crate) account: Option<String>,
    /// The region.
    pub(crate) region: String,
}

impl Place {
    /// The place that an `Authorization` header of AWS's signature names.
    pub(crate) fn signed(authorization: &str) -> Option<Self> {
        let (_, rest) = authorization.split_once("Credential=")?;
        let mut scope = rest.split([',', ' ']).next()?.split('/');
        let (key_id, _date, region) = (scope.next()?, scope.next()?, scope.next()?);
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&region.len()) || !region.bytes().all(is_part) {
            return None;
        }
        let is_account = key_id.len() == 12 && key_id.bytes().all(|byte| byte.is_ascii_digit());
        let account = is_account.then(|| key_id.to_owned());
        Some(Place { account, region: region.to_owned() })
    }

    /// The place of an ARN.
    pub(crate) fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        if (parts.next(), parts.nth(1)) != (Some("arn"), Some("states")) {
            return None;
        }
        let (region, account) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Place { account: Some(account), region })
    }
}

/// The members of requests that name a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named<'a> {
    #[serde(borrow)]
    activity_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    execution_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    map_run_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state_machine_alias_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state_machine_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state_machine_version_arn: Option<Cow<'a, str>>,
}

/// Refuses a request about a resource of another account or region: here it does not exist.
pub(crate) fn check_own(
    operation: Operation,
    body: &[u8],
    account: &str,
    region: &str,
) -> Result<(), ApiError> {
    // What cannot be read is the operation's to refuse.
    let Ok(named) = serde_json::from_slice::<Named<'_>>(body) else { return Ok(()) };
    let is_foreign = |arn: &&Cow<'_, str>| {
        Place::of(arn).is_some_and(|place| {
            place.region != region || place.account.as_deref() != Some(account)
        })
    };
    let foreign = |arn: &Option<Cow<'_, str>>| {
        arn.as_ref().filter(is_foreign).map(|arn| arn.as_ref().to_owned())
    };
    if let Some(arn) = foreign(&named.activity_arn) {
        return Err(ApiError::no_such_activity(&arn));
    }
    if let Some(arn) = foreign(&named.execution_arn) {
        return Err(ApiError::no_such_execution(&arn));
    }
    if let Some(arn) = foreign(&named.resource_arn).or(foreign(&named.map_run_arn)) {
        return Err(ApiError::no_such_resource(&arn));
    }
    if foreign(&named.state_machine_alias_arn).is_some() {
        return Err(ApiError::dangling());
    }
    let machine = foreign(&named.state_machine_arn).or(foreign(&named.state_machine_version_arn));
    match machine {
        Some(arn) => {
            tracing::debug!(?operation, "a state machine of another account or region was named");
            Err(ApiError::no_such_machine(&arn))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_names_its_place() {
        let check = |credential: &str, expected: Option<(Option<&str>, &str)>| {
            let header = format!(
                "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"
            );
            let place = Place::signed(&header);
            let found = place.as_ref().map(|it| (it.account.as_deref(), it.region.as_str()));
            assert_eq!(found, expected, "{credential}");
        };
        check(
            "222222222222/20260101/eu-west-1/states/aws4_request",
            Some((Some("222222222222"), "eu-west-1")),
        );
        check("AKIDEXAMPLE/20260101/us-east-1/states/aws4_request", Some((None, "us-east-1")));
        check("AKIDEXAMPLE/20260101/US EAST/states/aws4_request", None);
        check("AKIDEXAMPLE", None);
        assert_eq!(Place::signed("Basic abc"), None);
    }

    #[test]
    fn an_arn_has_a_place() {
        let place = Place::of("arn:aws:states:eu-west-1:222222222222:stateMachine:m").unwrap();
        assert_eq!((place.account.as_deref(), &*place.region), (Some("222222222222"), "eu-west-1"));
        for text in ["", "x", "arn:aws:sns:r:a:t", "arn:aws:states"] {
            assert_eq!(Place::of(text), None, "{text}");
        }
    }
}
