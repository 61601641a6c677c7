//! A decoder as a configuration text describes it: for hosts that embed the library and leave the settings to files.

use std::path::Path;

use serde_json::Value;

use super::{Config, Keys};
use crate::keys::{Cache, KeyProvider};
use crate::{Decoder, Error};

impl Decoder {
    /// A decoder with the sections `keys`, `transform` and `workers` of a configuration: YAML or JSON, the same text
    /// that `dastap decode --config` reads, or only the settings of `transform`. The other sections are checked and not
    /// used. Relative paths start at the working directory.
    ///
    /// Without a `keys` section KMS is asked, with the Region and the credentials that every AWS tool finds. No key is
    /// asked for yet.
    ///
    /// # Errors
    /// [`Error::Settings`], naming the setting, and the nearest one that exists; [`Error::Keys`] where the keyring
    /// cannot be read or there is no Region.
    pub async fn from_config(text: &str) -> Result<Decoder, Error> {
        let mut config = read(text)?;
        let keys = config.keys.take().unwrap_or_default();
        build(config, keys.open().await.map_err(Error::Keys)?)
    }

    /// The same with a key provider of the caller's: of the section `keys`, only `cache` may be there.
    ///
    /// # Errors
    /// [`Error::Settings`], as above, or where `keys` names a provider too.
    pub fn from_config_with_keys(text: &str, provider: impl KeyProvider) -> Result<Decoder, Error> {
        let mut config = read(text)?;
        let keys = config.keys.take().unwrap_or_default();
        let cache = keys.cache.clone();
        if keys != (Keys { cache: cache.clone(), ..Keys::default() }) {
            let problem = "keys: expected `cache` at most: the caller of the library answers for the keys itself";
            return Err(Error::Settings(problem.to_owned()));
        }
        build(config, Cache::new(provider, cache))
    }
}

fn read(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("")).map_err(Error::Settings)
}

fn build(config: Config, keys: Cache) -> Result<Decoder, Error> {
    let builder = Decoder::builder().transform(Value::Object(config.transform)).key_cache(keys.into());
    match config.workers {
        Some(workers) => builder.workers(workers),
        None => builder,
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keyring;

    fn problem(text: &str) -> String {
        let keys = Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
        Decoder::from_config_with_keys(text, keys).err().expect(text).to_string()
    }

    #[test]
    fn the_callers_keys_are_the_only_ones() {
        let keys = || Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
        for good in ["", "heartbeats: keep", "keys: { cache: { ttl: 5m } }", "{\"workers\": 2, \"sinks\": []}"] {
            assert!(Decoder::from_config_with_keys(good, keys()).is_ok(), "{good}");
        }
        for bad in ["keys: { provider: kms }", "keys: { region: eu-west-1 }", "keys: { keyring: k.json }"] {
            assert!(problem(bad).starts_with("keys: expected `cache` at most"), "{bad}");
        }
        assert_eq!(problem("heartbeat: keep"), "transform.heartbeat: unknown setting; did you mean `heartbeats`?");
    }

    #[tokio::test]
    async fn a_keyring_that_is_not_there_is_named() {
        let error = Decoder::from_config("keys: { keyring: no/such.json }").await.err().expect("an error");
        assert!(matches!(error, Error::Keys(_)));
        assert!(error.to_string().starts_with("keys: cannot read keyring no/such.json: "), "{error}");
    }
}
