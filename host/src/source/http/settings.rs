//! The settings of the source `http`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use dastap_guest::settings::Size;
use serde::Deserialize;

use super::serve::Server;
use crate::config::{SecretPlace, Time};
use crate::record::resource_id;
use crate::source::{Source, SourceContext, SourceSettings};

/// The settings of the source `http`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Address and port. Default: 127.0.0.1:9599. Any address but a loopback one asks for `token` or `access-key`, and for
    /// `tls` or `tls-in-front`.
    pub(super) listen: SocketAddr,
    /// What `Authorization: Bearer ..` must say, on every route but `/healthz` and `/firehose`. Default: nothing is asked.
    pub(super) token: Option<SecretPlace>,
    /// What `X-Amz-Firehose-Access-Key` must say on `/firehose`. Default: the token.
    pub(super) access_key: Option<SecretPlace>,
    /// Certificate chain and private key, PEM. Default: plain HTTP.
    pub(super) tls: Option<Tls>,
    /// TLS ends at a load balancer or proxy in front, so plain HTTP on another address than loopback is meant. Default: false.
    pub(super) tls_in_front: bool,
    /// The stream of records that say nothing of it, as id, name or ARN. Default: those of `transform.resources` are tried.
    pub(super) resource: Option<String>,
    /// Requests at once, 1 to 1024; further ones are answered 503. Default: 16.
    pub(super) requests: usize,
    /// Bytes of a body as it is received, 1 KiB to 1 GiB. Default: 64 MiB, the most that Firehose sends.
    pub(super) body: Size,
    /// Bytes of a body when it is unpacked, up to 64 GiB; `/firehose` bodies are held whole and stay below 64 MiB in any
    /// case. Default: 1 GiB.
    pub(super) unpacked: Size,
    /// Bytes that requests hold in memory together, 64 MiB to 64 GiB: unfinished records, Firehose bodies, answers of
    /// `/decode`. Further ones are answered 503. Default: 512 MiB.
    pub(super) memory: Size,
    /// How long to wait for the bytes of a request altogether, 1s to 1h; headers may take a third of it. Default: 60s.
    pub(super) receive_timeout: Time,
    /// How long the sinks may take to accept a request, 1s to 1h. Default: 150s: Firehose waits for three minutes.
    pub(super) answer_timeout: Time,
}

/// The setting `tls`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Tls {
    /// The file of the certificate and those between it and the root.
    pub(super) certificate: PathBuf,
    /// The file of its private key.
    pub(super) key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9599)),
            token: None,
            access_key: None,
            tls: None,
            tls_in_front: false,
            resource: None,
            requests: 16,
            body: Size(64 << 20),
            unpacked: Size(1 << 30),
            memory: Size(512 << 20),
            receive_timeout: Time(Duration::from_secs(60)),
            answer_timeout: Time(Duration::from_secs(150)),
        }
    }
}

#[async_trait]
impl SourceSettings for Settings {
    fn check(&self) -> Result<(), String> {
        let sizes = [
            ("body", self.body, 1 << 10, 1 << 30, "1KiB to 1GiB"),
            ("unpacked", self.unpacked, 1 << 10, 64 << 30, "1KiB to 64GiB"),
            ("memory", self.memory, 64 << 20, 64 << 30, "64MiB to 64GiB"),
        ];
        for (name, Size(found), least, most, bounds) in sizes {
            if !(least..=most).contains(&found) {
                return Err(format!("{name}: expected {bounds}, found {found} bytes"));
            }
        }
        if !(1..=1024).contains(&self.requests) {
            return Err(format!("requests: expected 1 to 1024, found {}", self.requests));
        }
        for (name, time) in [("receive-timeout", self.receive_timeout), ("answer-timeout", self.answer_timeout)] {
            time.within(name, Time::seconds(1)..=Time::seconds(3600))?;
        }
        if let Some(name) = &self.resource
            && resource_id(name).is_none()
        {
            return Err(format!(
                "resource: expected cluster-..., db-..., or the name or ARN of an activity stream, found \"{name}\""
            ));
        }
        self.check_exposure()
    }

    fn plan(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let asks = match (&self.token, &self.access_key) {
            (None, None) => "no token asked for",
            (None, Some(_)) => "access key asked for on /firehose only",
            _ => "token asked for",
        };
        format!("{scheme}://{} (/decode, /relay, /firehose), {asks}", self.listen)
    }

    async fn open(&self, context: SourceContext) -> Result<Box<dyn Source>, String> {
        Ok(Box::new(Server::open(self.clone(), &context.name).await?))
    }
}

impl Settings {
    /// Who can reach it must not be able to read or write audit events without a secret, nor the secret be read on its way.
    fn check_exposure(&self) -> Result<(), String> {
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        let address = self.listen;
        if self.token.is_none() {
            return Err(format!(
                "listen: {address} can be reached from other machines: set `token`, or listen on a loopback address"
            ));
        }
        match self.tls.is_some() || self.tls_in_front {
            true => Ok(()),
            false => Err(format!(
                "listen: {address} can be reached from other machines: set `tls`, or `tls-in-front: true` where a load \
                 balancer in front ends TLS"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_settings;
    use serde_json::{Value, json};

    fn problem(settings: Value) -> Option<String> {
        let Value::Object(settings) = settings else { panic!("a map") };
        read_settings::<Settings>(settings).and_then(|settings| settings.check()).err()
    }

    #[test]
    fn a_public_address_asks_for_a_token_and_tls() {
        let token = json!({ "file": "token" });
        assert_eq!(problem(json!({})), None);
        assert_eq!(problem(json!({ "listen": "[::1]:9599" })), None);
        for listen in ["0.0.0.0:9599", "[::]:9599", "10.0.0.1:9599"] {
            assert!(problem(json!({ "listen": listen })).unwrap().contains("set `token`"));
            assert!(problem(json!({ "listen": listen, "token": token })).unwrap().contains("set `tls`"));
            assert_eq!(problem(json!({ "listen": listen, "token": token, "tls-in-front": true })), None);
        }
    }

    #[test]
    fn wrong_values_are_named_with_their_bounds() {
        for (settings, expected) in [
            (json!({ "body": "1B" }), "body: expected 1KiB to 1GiB, found 1 bytes"),
            (json!({ "requests": 0 }), "requests: expected 1 to 1024, found 0"),
            (json!({ "answer-timeout": "2h" }), "answer-timeout: expected 1s to 1h, found 2h"),
            (
                json!({ "resource": "orders" }),
                "resource: expected cluster-..., db-..., or the name or ARN of an activity stream, found \"orders\"",
            ),
            (json!({ "tokn": {} }), "tokn: unknown setting; did you mean `token`?"),
            (json!({ "token": "hush" }), "token: expected { file: PATH } or { env: NAME }, where the secret is"),
        ] {
            assert_eq!(problem(settings).unwrap(), expected);
        }
    }
}
