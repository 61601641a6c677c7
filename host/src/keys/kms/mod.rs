//! Data keys from AWS KMS.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{AppName, Builder, Region, SharedHttpClient};
use aws_sdk_kms::operation::decrypt::DecryptOutput;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

use super::{Answer, Clock, KeyError, KeyProvider, KeyRequest, Secret, SystemClock};
use crate::backoff::{Backoff, roll};

mod connect;
mod failure;

pub use connect::{ConnectError, KmsSettings};

/// The SDK tries so often; only what the SDK itself calls transient or throttled is tried again.
const ATTEMPTS: u32 = 3;
/// TCP and TLS together: room for one lost SYN.
const CONNECT: Duration = Duration::from_millis(1500);
/// From the request to the answer, which KMS gives in some 10 ms.
const READ: Duration = Duration::from_millis(1500);
/// The longest pause before the second attempt; the third waits twice as long.
const BACKOFF: Duration = Duration::from_millis(250);
/// The longest that a question can take. Derived from the attempts, so that it cuts none of them short, and below the
/// ten seconds for which other lookups wait for this one's answer.
const BUDGET: Duration =
    CONNECT.saturating_add(READ).saturating_mul(ATTEMPTS).saturating_add(BACKOFF.saturating_mul(3));

/// A [`KeyProvider`] that asks KMS Decrypt, with the credentials that the AWS SDK finds.
///
/// It needs `kms:Decrypt` on the stream's KMS key and nothing else. An endpoint that cannot be reached gives
/// [`KeyError::Unavailable`] after at most 10 seconds. When KMS throttles the account, nothing is asked for a pause
/// that doubles from half a second to ten: the quota is shared with everything else in the account.
///
/// What cannot be wiped: the HTTP client's own buffer of the answer, which is freed as soon as the key is out of it.
pub struct Kms {
    client: Client,
    region: String,
    key_id: Option<String>,
    scope: String,
    clock: SystemClock,
    busy: Mutex<Backoff>,
}

impl Kms {
    /// Finds region and credentials the way every AWS tool does (environment, profile, web identity, container,
    /// instance), unless `settings` say otherwise. Asks KMS nothing yet.
    ///
    /// # Errors
    /// When there is no region or there are no credentials, or a setting cannot be right.
    pub async fn connect(settings: KmsSettings) -> Result<Self, ConnectError> {
        settings.check()?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        let kms = Self::with_sdk_config(&config, settings)?;
        connect::check_credentials(&config).await?;
        Ok(kms)
    }

    /// The same from an SDK configuration of your own, for instance with an assumed role. Looks for no credentials.
    ///
    /// # Errors
    /// When there is no region, or a setting cannot be right.
    pub fn with_sdk_config(config: &SdkConfig, settings: KmsSettings) -> Result<Self, ConnectError> {
        Self::build(config, settings, RetryConfig::standard().with_max_attempts(ATTEMPTS))
    }

    fn build(config: &SdkConfig, settings: KmsSettings, retries: RetryConfig) -> Result<Self, ConnectError> {
        settings.check()?;
        let KmsSettings { region, endpoint_url, key_id } = settings;
        let region = region.or_else(|| config.region().map(ToString::to_string)).ok_or(ConnectError::NoRegion)?;
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).operation_timeout(BUDGET).build();
        let mut builder = Builder::from(config)
            .region(Region::new(region.clone()))
            .retry_config(retries.with_initial_backoff(BACKOFF).with_max_backoff(2 * BACKOFF))
            .timeout_config(timeouts);
        builder.set_app_name(AppName::new("dastap").ok());
        if let Some(url) = &endpoint_url {
            builder = builder.endpoint_url(url);
            if url.starts_with("http://") {
                builder = builder.http_client(plain_http());
            }
        }
        let scope = format!(
            "kms {region} {} {}",
            endpoint_url.as_deref().unwrap_or("aws"),
            key_id.as_deref().unwrap_or("any key")
        );
        let (clock, busy) = (SystemClock::new(), Mutex::default());
        Ok(Self { client: Client::from_conf(builder.build()), region, key_id, scope, clock, busy })
    }

    async fn ask(&self, request: &KeyRequest) -> Result<Secret, KeyError> {
        request.check()?;
        self.wait_while_busy()?;
        let context: HashMap<String, String> = request.context.iter().cloned().collect();
        let answer = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(request.ciphertext.as_slice()))
            .set_encryption_context(Some(context).filter(|context| !context.is_empty()))
            // With a key id, KMS refuses blobs of every other key: its own advice.
            .set_key_id(self.key_id.clone())
            .send()
            .await;
        match answer {
            // The answer goes here; the plaintext is moved out of it, not copied, and wiped by `Secret::new`.
            Ok(DecryptOutput { plaintext: Some(plaintext), .. }) => {
                self.answered(false);
                Ok(Secret::new(plaintext.into_inner()))
            }
            Ok(_) => Err(KeyError::Unavailable(format!("kms in {} answered without a plaintext", self.region))),
            Err(error) => {
                let failure = failure::Failure::of(&error);
                self.answered(failure.is_throttling());
                Err(failure.explain(&failure::Question {
                    region: &self.region,
                    key_id: self.key_id.as_deref(),
                    context: &request.context_text(),
                }))
            }
        }
    }

    /// Asks for a key that does not exist, to see that KMS answers and that it knows the credentials. Whether they may
    /// use the stream's own key shows only with a record.
    ///
    /// # Errors
    /// No answer, or one that does not know the credentials; for people.
    #[cfg(feature = "run")]
    pub(crate) async fn ask_once(&self) -> Result<(), String> {
        let request = KeyRequest { ciphertext: b"dastap asks whether kms is there".to_vec(), context: vec![] };
        let answer = self.client.decrypt().ciphertext_blob(Blob::new(request.ciphertext.as_slice()));
        let Err(error) = answer.set_key_id(self.key_id.clone()).send().await else { return Ok(()) };
        let failure = failure::Failure::of(&error);
        match &failure {
            failure::Failure::Answer { class: failure::Class::Record, .. } => Ok(()),
            // Permission for one key only, which this blob does not name.
            failure::Failure::Answer { code, .. } if code == "AccessDeniedException" => Ok(()),
            _ => Err(failure
                .explain(&failure::Question { region: &self.region, key_id: self.key_id.as_deref(), context: "none" })
                .to_string()),
        }
    }

    /// Throttling concerns the account, not one key: leave KMS alone for all keys.
    fn wait_while_busy(&self) -> Result<(), KeyError> {
        match self.busy().left(self.clock.now()) {
            None => Ok(()),
            Some(left) => Err(KeyError::Unavailable(format!(
                "kms in {} throttles this account; asked again in {:.1} s",
                self.region,
                left.as_secs_f64()
            ))),
        }
    }

    fn answered(&self, throttled: bool) {
        let mut busy = self.busy();
        if !throttled {
            *busy = Backoff::default();
        } else if busy.left(self.clock.now()).is_none() {
            // Questions that were under way together are throttled together; they widen the pause once.
            busy.fail(self.clock.now(), roll());
        }
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, Backoff> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyProvider for Kms {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        Box::pin(self.ask(request))
    }

    fn scope(&self) -> &str {
        &self.scope
    }
}

impl fmt::Debug for Kms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kms").field("region", &self.region).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// A client for a local KMS: no proxy, and no trust store, which a bare machine may not have and which takes
/// milliseconds to read.
fn plain_http() -> SharedHttpClient {
    let trust_nobody = TlsContext::builder().with_trust_store(TrustStore::empty()).build();
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match trust_nobody {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(_) => builder.build_https(),
    }
}

#[cfg(test)]
mod tests;
