//! Azure Blob Storage: Microsoft's emulator on a loopback port, see `peer/azurite.py`.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;

use super::{Peer, Stored, stored};
use crate::pipeline::peers;

/// The emulator, with the container `das`.
pub struct Azure {
    peer: Peer,
    /// Its URL, with the account.
    pub endpoint: String,
    /// The account's name.
    pub account: String,
    /// The account's key.
    pub key: String,
}

impl Azure {
    /// Starts the emulator and makes the container.
    pub fn start() -> Self {
        let program = peers().join("azurite/node_modules/.bin/azurite-blob");
        assert!(program.exists(), "{} is missing: run `make test`, which installs azurite", program.display());
        let mut peer = Peer::start("azurite.py", &[program.as_os_str()]);
        let hello = peer.answer();
        let text = |name: &str| hello[name].as_str().expect("a text").to_owned();
        Azure { endpoint: text("endpoint"), account: text("account"), key: text("key"), peer }
    }

    /// Puts an object.
    pub fn put(&mut self, key: &str, body: &[u8]) {
        self.peer.ask(&json!({ "do": "put", "key": key, "body": BASE64_STANDARD.encode(body) }));
    }

    /// All objects, by name.
    pub fn objects(&mut self) -> Vec<Stored> {
        stored(&self.peer.ask(&json!({ "do": "objects" })))
    }
}
