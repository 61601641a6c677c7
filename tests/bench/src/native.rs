//! The same library, native, with aws-lc as cipher (AES-NI): what the sandbox is compared with.

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap_guest::{KeyError, KeyRequest, Settings, Transform, Verdict};
use std::collections::HashMap;

use crate::class::Class;
use crate::{Result, Side};

pub(crate) struct Native {
    transform: Transform,
    keys: HashMap<Vec<u8>, Vec<u8>>,
    batches: Vec<Vec<String>>,
}

impl Native {
    pub(crate) fn new(class: &Class) -> Result<Self> {
        let keyring: serde_json::Value = serde_json::from_str(&class.keyring)?;
        let mut keys = HashMap::new();
        for entry in keyring["keys"].as_array().into_iter().flatten() {
            let text = |name: &str| entry[name].as_str().map(|text| BASE64_STANDARD.decode(text));
            if let (Some(ciphertext), Some(plaintext)) = (text("ciphertext"), text("plaintext")) {
                keys.insert(ciphertext?, plaintext?);
            }
        }
        Ok(Native { transform: Transform::open(Settings::default())?, keys, batches: class.batches() })
    }
}

impl Side for Native {
    fn decode(&mut self, class: &Class) -> Result<usize> {
        let keys = &self.keys;
        let mut answer = |request: &KeyRequest| {
            keys.get(&request.ciphertext).cloned().ok_or_else(|| KeyError::Refused("unknown".to_string()))
        };
        let mut events = 0;
        for batch in &self.batches {
            for verdict in self.transform.decode(batch, Some(&class.resource), &mut answer) {
                match verdict {
                    Verdict::Decoded(decoded) => events += decoded.kept as usize,
                    Verdict::Failed(failure) => return Err(failure.into()),
                }
            }
        }
        Ok(events)
    }
}
