//! As whom the program speaks to AWS: Region, role, endpoint; credentials as every AWS tool finds them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::error::ProvideErrorMetadata;

/// Where a source, a sink or the key provider stands in AWS. All of it may be left to the AWS chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    /// The Region. Default: `AWS_REGION`, the profile, the instance.
    pub(crate) region: Option<String>,
    /// The role to assume with the credentials of the chain. Default: none.
    pub(crate) role_arn: Option<String>,
    /// Another address of the service: a VPC endpoint, a local stand-in.
    pub(crate) endpoint_url: Option<String>,
}

/// The name under which an assumed role appears in CloudTrail.
const SESSION: &str = "dastap";
/// TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer to megabytes over a slow line; beyond it the service is taken for away.
const ANSWER: Duration = Duration::from_secs(60);
/// Most characters of what a service says.
const WORDS: usize = 500;

impl Access {
    /// What every client is made from. Looks for a Region; asks nobody for credentials yet, but the role provider is set.
    ///
    /// # Errors
    /// No Region, or a role that cannot be right.
    pub(crate) async fn sdk_config(&self) -> Result<SdkConfig, String> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let base = loader.load().await;
        if base.region().is_none() {
            return Err("no AWS region found: set `region`, AWS_REGION, or a profile that has one".to_owned());
        }
        let mut config = base.clone().into_builder();
        if let Some(role) = &self.role_arn {
            if !role.starts_with("arn:") || !role.contains(":role/") {
                return Err(format!("role-arn: expected arn:aws:iam::<account>:role/<name>, found \"{role}\""));
            }
            let role = AssumeRoleProvider::builder(role).session_name(SESSION).configure(&base).build().await;
            config.set_credentials_provider(Some(aws_credential_types::provider::SharedCredentialsProvider::new(role)));
        }
        config.set_endpoint_url(self.endpoint_url.clone());
        Ok(config.build())
    }

    /// For people: ` in eu-west-1 as arn:..`, or nothing.
    pub(crate) fn in_words(&self) -> String {
        let part = |word: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!(" {word} {value}"))
        };
        [part("in", &self.region), part("as", &self.role_arn), part("at", &self.endpoint_url)].concat()
    }
}

/// For clients whose callers try again by themselves, and count it: one attempt a call, which may take its time.
pub(crate) fn unhurried(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER).build();
    config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}

/// A failed call in one line, bounded: the service's code and words, or the innermost cause ("connection refused").
pub(crate) fn failure(error: &(impl ProvideErrorMetadata + std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => causes.last().map(ToString::to_string).unwrap_or_default(),
    };
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(WORDS).collect()
}
