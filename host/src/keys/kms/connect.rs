//! What a connection to KMS needs, checked before the first record: a region, credentials, a sensible endpoint.

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::ProvideCredentials;

use super::failure::root_cause;

/// Which KMS to ask, and for which key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KmsSettings {
    /// The region of the stream's KMS key, such as `eu-west-1`. Default: what the AWS SDK finds (`AWS_REGION`, the
    /// profile, the instance).
    pub region: Option<String>,
    /// Another endpoint, for a local KMS or a VPC endpoint: `http://` or `https://`. Default: the region's own.
    pub endpoint_url: Option<String>,
    /// The KMS key (id, ARN or alias) that every record's key must be encrypted under. Default: any key that the
    /// credentials may use. Set it where records can come from others.
    pub key_id: Option<String>,
}

/// Why KMS cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No region, neither in the settings nor where the AWS SDK looks.
    #[error("no AWS region found: set `region`, AWS_REGION, or a profile that has one")]
    NoRegion,
    /// No credentials, or a broken profile.
    #[error(
        "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, \
         or give the machine a role; tried: {0}"
    )]
    NoCredentials(String),
    /// A setting cannot be right.
    #[error("{setting}: expected {expected}, found \"{found}\"")]
    Setting {
        /// Which one, as in the configuration.
        setting: &'static str,
        /// What it should look like.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl KmsSettings {
    pub(super) fn check(&self) -> Result<(), ConnectError> {
        let wrong = |setting, expected, found: &str| {
            Err(ConnectError::Setting { setting, expected, found: found.escape_debug().to_string() })
        };
        if let Some(region) = &self.region {
            // It becomes a part of the host name that the credentials are used with.
            let is_label =
                region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if region.is_empty() || !is_label {
                return wrong("region", "a region such as eu-west-1", region);
            }
        }
        if let Some(url) = &self.endpoint_url {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
            if host.is_empty() || host.starts_with('/') {
                return wrong("endpoint-url", "http:// or https:// and a host", url);
            }
            let is_local = ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local));
            if url.starts_with("http://") && !is_local {
                tracing::warn!(url, "data keys will cross the network unencrypted: use https:// for another machine");
            }
        }
        if let Some(key_id) = &self.key_id
            && key_id.is_empty()
        {
            return wrong("key-id", "a key id, a key ARN or an alias", key_id);
        }
        Ok(())
    }
}

/// Looks for credentials once, so that a machine without any says so at the start and not at every record.
pub(super) async fn check_credentials(config: &SdkConfig) -> Result<(), ConnectError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(ConnectError::NoCredentials("nothing, the configuration has no provider".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error @ (CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_))) => {
            Err(ConnectError::NoCredentials(tried(&root_cause(&error))))
        }
        // Whoever gives the credentials is away: he may be back when the first key is needed.
        Err(error) => {
            tracing::warn!(cause = root_cause(&error), "AWS credentials cannot be loaded yet");
            Ok(())
        }
    }
}

/// The SDK's list of what it tried, without what it says about each.
fn tried(cause: &str) -> String {
    let list = cause.split_once("Attempted:").map_or(cause, |(_, list)| list);
    let list = list.replace("the credential provider was not enabled", "not set up");
    list.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(region: Option<&str>, endpoint_url: Option<&str>, key_id: Option<&str>) -> KmsSettings {
        let [region, endpoint_url, key_id] = [region, endpoint_url, key_id].map(|value| value.map(ToOwned::to_owned));
        KmsSettings { region, endpoint_url, key_id }
    }

    #[test]
    fn what_was_tried_fits_on_a_line() {
        let cause = "no credentials in chain. Attempted:\n  Environment: the credential provider was not enabled: \
                     variable not set\n  Profile: the credential provider was not enabled\n";
        assert_eq!(tried(cause), "Environment: not set up: variable not set Profile: not set up");
        assert_eq!(tried("profile `x` is broken"), "profile `x` is broken");
    }

    #[test]
    fn settings_are_checked_before_anything_is_opened() {
        for good in [
            settings(None, None, None),
            settings(Some("eu-west-1"), Some("http://127.0.0.1:5000"), Some("alias/stream")),
            settings(Some("us-gov-east-1"), Some("https://vpce-1.kms.eu-west-1.vpce.amazonaws.com"), None),
        ] {
            assert!(good.check().is_ok(), "{good:?}");
        }
        for (bad, expected) in [
            (settings(Some(""), None, None), "region: expected a region such as eu-west-1, found \"\""),
            (settings(Some("evil.example/"), None, None), "region: expected a region such as eu-west-1"),
            (settings(None, Some("127.0.0.1:5000"), None), "endpoint-url: expected http:// or https:// and a host"),
            (settings(None, Some("http:///x"), None), "endpoint-url: expected http:// or https:// and a host"),
            (settings(None, None, Some("")), "key-id: expected a key id, a key ARN or an alias"),
        ] {
            let error = bad.check().expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
