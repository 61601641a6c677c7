//! Where data keys come from: the options that `decode` and `inspect` share, over the `keys` section.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dastap_guest::Settings;

use super::Error;
use crate::config::{Keys, Provider};
use crate::keys::Cache;

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
    pub(super) async fn cache(&self, config: Option<Keys>) -> Result<Option<Arc<Cache>>, Error> {
        match self.section(config) {
            None => Ok(None),
            Some(keys) => Ok(Some(Arc::new(keys.open().await.map_err(Error::usage)?))),
        }
    }

    /// The `keys` section with what the options say.
    pub(super) fn section(&self, configured: Option<Keys>) -> Option<Keys> {
        if let Some(file) = &self.keyring {
            let cache = configured.map(|keys| keys.cache).unwrap_or_default();
            return Some(Keys {
                provider: Some(Provider::Keyring),
                keyring: Some(file.clone()),
                cache,
                ..Keys::default()
            });
        }
        let mut keys = match (configured, self.kms) {
            (Some(configured), _) => configured,
            (None, true) => Keys::default(),
            (None, false) => return None,
        };
        if self.kms {
            keys.provider = Some(Provider::Kms);
        }
        keys.region = self.region.clone().or(keys.region);
        keys.endpoint_url = self.endpoint_url.clone().or(keys.endpoint_url);
        Some(keys)
    }
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

    fn keys(args: &[&str], keys: Option<&str>) -> Option<Keys> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            keys: KeyArgs,
        }
        let line: Line = clap::Parser::parse_from([&["dastap"], args].concat());
        line.keys.section(keys.map(|keys| serde_json::from_str(keys).unwrap()))
    }

    fn in_words(args: &[&str], configured: Option<&str>) -> String {
        keys(args, configured).map_or("nobody".to_owned(), |keys| keys.in_words())
    }

    #[test]
    fn options_go_before_the_configuration() {
        let file = Some(r#"{"keyring":"file.json"}"#);
        let aws = Some(r#"{"region":"eu-west-1","key-id":"k","keyring":"file.json","provider":"kms"}"#);
        assert_eq!(in_words(&[], None), "nobody");
        assert_eq!(in_words(&[], file), "the keyring file.json");
        assert_eq!(in_words(&["--keyring", "own.json"], aws), "the keyring own.json");
        assert_eq!(in_words(&["--kms"], None), "KMS");
        assert_eq!(in_words(&["--kms"], file), "KMS");
        assert_eq!(in_words(&[], aws), "KMS in eu-west-1, key k only");
        assert_eq!(in_words(&["--kms", "--region", "us-east-1"], aws), "KMS in us-east-1, key k only");
        assert_eq!(in_words(&[], Some("{}")), "KMS");
    }
}
