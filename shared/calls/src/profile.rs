//! The files that the AWS CLI keeps: `credentials` and `config`.

use crate::credentials::{Credentials, CredentialsError};
use std::collections::BTreeMap;

/// Settings of a profile in which others than this crate find credentials.
const INDIRECT: [&str; 4] = ["credential_process", "role_arn", "sso_session", "sso_start_url"];

/// The credentials of a profile, from the texts of both files. `credentials` comes first, as in AWS's tools.
pub(crate) fn credentials(
    credentials: &str,
    config: &str,
    profile: &str,
) -> Result<Credentials, CredentialsError> {
    let own = section(credentials, &[profile]);
    let other = section(config, &config_names(profile));
    for settings in [&own, &other] {
        let setting = |name: &str| settings.get(name).cloned();
        if let (Some(id), Some(secret)) =
            (setting("aws_access_key_id"), setting("aws_secret_access_key"))
        {
            return Ok(Credentials {
                access_key_id: id,
                secret_access_key: secret,
                session_token: setting("aws_session_token"),
            });
        }
    }
    let indirect =
        INDIRECT.iter().find(|name| own.contains_key(**name) || other.contains_key(**name));
    Err(match indirect {
        Some(setting) => CredentialsError::Indirect { profile: profile.to_owned(), setting },
        None => CredentialsError::Missing { profile: profile.to_owned() },
    })
}

/// The region of a profile, from the text of `config`.
#[must_use]
pub fn region(config: &str, profile: &str) -> Option<String> {
    section(config, &config_names(profile)).remove("region")
}

fn config_names(profile: &str) -> Vec<&str> {
    // `config` calls a profile `profile name`; the default one goes by either.
    if profile == "default" { vec!["default", "profile default"] } else { vec![profile] }
}

/// The settings of a section that goes by one of these names. Lines that are neither a section nor a setting say
/// nothing; indented ones belong to a nested setting.
fn section(text: &str, names: &[&str]) -> BTreeMap<String, String> {
    let mut is_inside = false;
    let mut settings = BTreeMap::new();
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.starts_with(['#', ';']) || line.is_empty() || is_nested {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default().trim();
            let name = header.strip_prefix("profile ").map_or(header, str::trim);
            is_inside = names.contains(&name) || names.contains(&header);
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_inside) {
            settings.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=S\n\n\
        [ work ]\nAWS_ACCESS_KEY_ID=B\naws_secret_access_key = T=\naws_session_token = U\n[half]\naws_access_key_id = C\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\ns3 =\n  region = no\n[profile work]\nregion=us-west-2\n\
        [profile sso]\nsso_session = x\n[profile only]\naws_access_key_id = D\naws_secret_access_key = V\n";

    fn check(profile: &str, expected: &str) {
        let found = match credentials(CREDENTIALS, CONFIG, profile) {
            Ok(Credentials { access_key_id, secret_access_key, session_token }) => {
                format!("{access_key_id} {secret_access_key} {session_token:?}")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{profile}");
    }

    #[test]
    fn a_profile_is_found_in_either_file() {
        check("default", "A S None");
        check("work", "B T= Some(\"U\")");
        check("only", "D V None");
    }

    #[test]
    fn a_profile_without_credentials_says_what_to_do() {
        check("none", "the profile `none` has no credentials");
        check("half", "the profile `half` has no credentials");
        check(
            "sso",
            "the profile `sso` finds its credentials by `sso_session`, which Baton does not follow: run `eval \"$(aws configure export-credentials --profile sso --format env)\"` first",
        );
    }

    #[test]
    fn a_region_is_its_profiles_own() {
        assert_eq!(region(CONFIG, "default").as_deref(), Some("eu-west-1"));
        assert_eq!(region(CONFIG, "work").as_deref(), Some("us-west-2"));
        assert_eq!(region(CONFIG, "only"), None);
    }
}
