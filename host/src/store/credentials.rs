//! The AWS chain's credentials for the S3 client: the SDK's provider is asked again before they expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

/// Asks whoever the AWS chain names: environment, profile, SSO, container, instance, an assumed role.
#[derive(Debug)]
pub(super) struct Credentials {
    chain: SharedCredentialsProvider,
    held: Mutex<Option<(Arc<AwsCredential>, SystemTime)>>,
}

/// So long before their end credentials are replaced: a request and its repetitions are signed only once.
const EARLY: Duration = Duration::from_secs(120);
/// What does not expire is looked up again all the same: somebody may have rotated it.
const LOOK_AGAIN: Duration = Duration::from_secs(900);

impl Credentials {
    /// Those of this configuration.
    ///
    /// # Errors
    /// It has none.
    pub(super) fn of(config: &SdkConfig) -> Result<Self, String> {
        let chain = config.credentials_provider().ok_or("no AWS credentials found: set a profile or a role")?;
        Ok(Credentials { chain, held: Mutex::default() })
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now();
        if let Some((credential, until)) = held.as_ref()
            && now < *until
        {
            return Ok(Arc::clone(credential));
        }
        let found = self.chain.provide_credentials().await;
        let found = found.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        let until = found.expiry().map_or(now + LOOK_AGAIN, |expiry| expiry - EARLY);
        *held = Some((Arc::clone(&credential), until));
        Ok(credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials as Found;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Debug)]
    struct Counting(AtomicU64, Duration);

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let expiry = Some(SystemTime::now() + self.1);
            let found = Found::new(format!("key-{count}"), "secret", Some("token".into()), expiry, "test");
            aws_credential_types::provider::future::ProvideCredentials::ready(Ok(found))
        }
    }

    async fn keys(life: Duration) -> Vec<String> {
        let chain = SharedCredentialsProvider::new(Counting(AtomicU64::new(0), life));
        let credentials = Credentials { chain, held: Mutex::default() };
        let mut keys = Vec::new();
        for _ in 0..2 {
            let credential = credentials.get_credential().await.unwrap();
            assert_eq!(credential.token.as_deref(), Some("token"));
            keys.push(credential.key_id.clone());
        }
        keys
    }

    #[tokio::test]
    async fn the_chain_is_asked_again_before_credentials_expire() {
        assert_eq!(keys(Duration::from_secs(3600)).await, ["key-0", "key-0"]);
        assert_eq!(keys(EARLY - Duration::from_secs(1)).await, ["key-0", "key-1"]);
    }
}
