//! Where data keys come from: the options that `decode` and `inspect` share, over the `keys` section.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dastap_guest::Settings;

use super::Error;
use crate::config::{self, Provider};
use crate::keys::{Cache, Keyring};

const HEADING: &str = "Data keys";

/// Where data keys come from, and whose they are.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    /// A local file of decrypted data keys: demonstrations, tests, offline replay
    #[arg(long, help_heading = HEADING, value_name = "FILE", conflicts_with = "kms")]
    keyring: Option<PathBuf>,

    /// Ask AWS KMS, with the credentials that the AWS tools would use
    #[arg(long, help_heading = HEADING)]
    kms: bool,

    /// The AWS Region of the KMS key [default: as the AWS tools find it]
    #[arg(long, help_heading = HEADING, requires = "kms")]
    region: Option<String>,

    /// Another address for KMS: a VPC endpoint, a local KMS
    #[arg(long, help_heading = HEADING, value_name = "URL", requires = "kms")]
    endpoint_url: Option<String>,

    /// Resource id of the cluster (cluster-...) or instance (db-...), or the name or ARN of its stream; may be given
    /// several times. Not needed where the input names the stream, as Lambda events do
    #[arg(long, help_heading = HEADING, value_name = "ID", value_parser = resource)]
    resource_id: Vec<String>,
}

impl KeyArgs {
    /// The `--resource-id`s.
    pub(super) fn resources(&self) -> &[String] {
        &self.resource_id
    }

    /// Opens the key source: the options', else the configuration's, else none.
    pub(super) async fn cache(&self, config: Option<config::Keys>) -> Result<Option<Arc<Cache>>, Error> {
        let settings = config.as_ref().map(|keys| keys.cache.clone()).unwrap_or_default();
        let cache = match self.source(config) {
            None => return Ok(None),
            Some(Source::Keyring(file)) => Cache::new(Keyring::load(file).map_err(Error::usage)?, settings),
            #[cfg(feature = "kms")]
            Some(Source::Kms { region, endpoint_url, key_id }) => {
                let kms = crate::keys::KmsSettings { region, endpoint_url, key_id };
                Cache::new(crate::keys::Kms::connect(kms).await.map_err(Error::usage)?, settings)
            }
            #[cfg(not(feature = "kms"))]
            Some(Source::Kms { .. }) => {
                return Err(Error::usage("this build of dastap has no KMS; use --keyring"));
            }
        };
        Ok(Some(Arc::new(cache)))
    }

    fn source(&self, configured: Option<config::Keys>) -> Option<Source> {
        if let Some(file) = &self.keyring {
            return Some(Source::Keyring(file.clone()));
        }
        let config::Keys { provider, region, endpoint_url, key_id, keyring, .. } = match (configured, self.kms) {
            (Some(configured), _) => configured,
            (None, true) => config::Keys::default(),
            (None, false) => return None,
        };
        match keyring.filter(|_| !self.kms && provider != Some(Provider::Kms)) {
            Some(file) => Some(Source::Keyring(file)),
            None => Some(Source::Kms {
                region: self.region.clone().or(region),
                endpoint_url: self.endpoint_url.clone().or(endpoint_url),
                key_id,
            }),
        }
    }
}

/// Where data keys come from.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "kms"), expect(dead_code, reason = "the settings of a provider that is left out"))]
enum Source {
    Keyring(PathBuf),
    Kms { region: Option<String>, endpoint_url: Option<String>, key_id: Option<String> },
}

/// Checks a resource id as the decoder does.
fn resource(text: &str) -> Result<String, String> {
    let section = serde_json::json!({ "resources": [text] });
    match Settings::from_value(section) {
        Ok(_) => Ok(text.to_owned()),
        Err(problem) => Err(problem.trim_start_matches("transform.resources: ").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(args: &[&str], keys: Option<&str>) -> Option<Source> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            keys: KeyArgs,
        }
        let line: Line = clap::Parser::parse_from([&["dastap"], args].concat());
        line.keys.source(keys.map(|keys| serde_json::from_str(keys).unwrap()))
    }

    fn kms(region: Option<&str>, key_id: Option<&str>) -> Option<Source> {
        let [region, key_id] = [region, key_id].map(|text| text.map(str::to_owned));
        Some(Source::Kms { region, endpoint_url: None, key_id })
    }

    #[test]
    fn options_go_before_the_configuration() {
        let keyring = |file: &str| Some(Source::Keyring(file.into()));
        let file = Some(r#"{"keyring":"file.json"}"#);
        let aws = Some(r#"{"region":"eu-west-1","key-id":"k","keyring":"file.json","provider":"kms"}"#);
        assert_eq!(source(&[], None), None);
        assert_eq!(source(&[], file), keyring("file.json"));
        assert_eq!(source(&["--keyring", "own.json"], aws), keyring("own.json"));
        assert_eq!(source(&["--kms"], None), kms(None, None));
        assert_eq!(source(&["--kms"], file), kms(None, None));
        assert_eq!(source(&[], aws), kms(Some("eu-west-1"), Some("k")));
        assert_eq!(source(&["--kms", "--region", "us-east-1"], aws), kms(Some("us-east-1"), Some("k")));
        assert_eq!(source(&[], Some("{}")), kms(None, None));
    }
}
