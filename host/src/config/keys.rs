//! The `keys` section: who decrypts data keys.

use std::path::PathBuf;
#[cfg(feature = "run")]
use std::sync::Arc;

use serde::Deserialize;

use crate::aws::Access;
use crate::keys::{Cache, CacheSettings, KeyProvider, Keyring, Kms, KmsSettings};
#[cfg(feature = "run")]
use crate::metrics::{Metrics, Timed};

/// The `keys` section.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Keys {
    /// Who decrypts data keys. Default: `keyring` where a keyring file is set, else `kms`.
    pub(crate) provider: Option<Provider>,
    /// The AWS Region of the KMS key. Default: the source's, else the AWS chain (environment, profile, instance).
    pub(crate) region: Option<String>,
    /// The role that asks. Default: the source's, else whoever runs the program.
    pub(crate) role_arn: Option<String>,
    /// Another address for KMS: a VPC endpoint, or a local KMS.
    pub(crate) endpoint_url: Option<String>,
    /// When set, data keys under any other KMS key are refused.
    pub(crate) key_id: Option<String>,
    /// The keyring file, when the provider is `keyring`; relative to the working directory.
    pub(crate) keyring: Option<PathBuf>,
    /// How long keys are kept.
    pub(crate) cache: CacheSettings,
}

/// Who decrypts data keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Provider {
    /// AWS KMS.
    Kms,
    /// A local file: demonstrations, tests, offline replay.
    Keyring,
}

impl Keys {
    /// What the settings of both providers together must not say.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.provider, &self.keyring) {
            (Some(Provider::Keyring), None) => {
                Err("keys.keyring: expected the file that the provider `keyring` reads, found none".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The keyring file, if that is who decrypts.
    fn file(&self) -> Option<&PathBuf> {
        self.keyring.as_ref().filter(|_| self.provider != Some(Provider::Kms))
    }

    /// Reads the keyring, or looks for Region and credentials. Asks for no key.
    ///
    /// # Errors
    /// A sentence for people.
    pub(crate) async fn open(&self) -> Result<Cache, String> {
        Ok(Cache::new(self.provider().await?, self.cache.clone()))
    }

    /// The same, with the time of every answer in the metrics.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "run")]
    pub(crate) async fn open_timed(&self, metrics: Arc<Metrics>) -> Result<Cache, String> {
        let provider = Timed { provider: self.provider().await?, metrics };
        Ok(Cache::new(provider, self.cache.clone()))
    }

    async fn provider(&self) -> Result<Box<dyn KeyProvider>, String> {
        Ok(match self.file() {
            Some(file) => Box::new(Keyring::load(file).map_err(|error| error.to_string())?),
            None => Box::new(self.kms().await?),
        })
    }

    /// The connection to KMS.
    ///
    /// # Errors
    /// No Region, no credentials, a setting that cannot be right.
    pub(crate) async fn kms(&self) -> Result<Kms, String> {
        let Keys { region, endpoint_url, key_id, .. } = self.clone();
        let settings = KmsSettings { region: region.clone(), endpoint_url, key_id };
        let kms = match &self.role_arn {
            None => Kms::connect(settings).await,
            Some(_) => {
                let access = Access { region, role_arn: self.role_arn.clone(), endpoint_url: None };
                Kms::with_sdk_config(&access.sdk_config().await?, settings)
            }
        };
        kms.map_err(|error| error.to_string())
    }

    /// Whether KMS is asked at all.
    pub(crate) fn is_kms(&self) -> bool {
        self.file().is_none()
    }

    /// For people: who decrypts.
    pub(crate) fn in_words(&self) -> String {
        if let Some(file) = self.file() {
            return format!("the keyring {}", file.display());
        }
        let Keys { region, role_arn, endpoint_url, key_id, .. } = self.clone();
        let key = key_id.map_or(String::new(), |key| format!(", key {key} only"));
        format!("KMS{}{key}", Access { region, role_arn, endpoint_url }.in_words())
    }
}
