//! The same library, native, for any x86-64 as programs are built: what the sandbox is compared with. Cipher (aws-lc),
//! checksum, base64 and UTF-8 find the processor's instructions at run time.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap_guest::{KeyError, KeyRequest, Settings, Transform, Verdict};

use crate::Result;
use crate::class::Class;
use crate::turns::Side;

pub(crate) struct Native<'a> {
    transform: Transform,
    keys: HashMap<Vec<u8>, Vec<u8>>,
    class: &'a Class,
}

impl<'a> Native<'a> {
    pub(crate) fn new(class: &'a Class) -> Result<Self> {
        let keyring: serde_json::Value = serde_json::from_str(&class.keyring)?;
        let mut keys = HashMap::new();
        for entry in keyring["keys"].as_array().into_iter().flatten() {
            let text = |name: &str| entry[name].as_str().map(|text| BASE64_STANDARD.decode(text));
            if let (Some(ciphertext), Some(plaintext)) = (text("ciphertext"), text("plaintext")) {
                keys.insert(ciphertext?, plaintext?);
            }
        }
        Ok(Native { transform: Transform::open(Settings::default())?, keys, class })
    }
}

impl Side for Native<'_> {
    fn turn(&mut self, batches: Range<usize>, events: usize) -> Result<f64> {
        let start = Instant::now();
        let keys = &self.keys;
        let mut answer = |request: &KeyRequest| {
            keys.get(&request.ciphertext).cloned().ok_or_else(|| KeyError::Refused("unknown".to_string()))
        };
        let mut found = 0;
        for batch in &self.class.batches[batches] {
            for verdict in self.transform.decode(batch, Some(&self.class.resource), &mut answer) {
                match verdict {
                    Verdict::Decoded(decoded) => found += decoded.kept as usize,
                    Verdict::Failed(failure) => return Err(failure.into()),
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        match found == events {
            true => Ok(seconds),
            false => Err(format!("native: expected {events} events, found {found}").into()),
        }
    }
}
