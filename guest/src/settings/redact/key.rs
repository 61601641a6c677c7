//! The key of `hash`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::settings::kind;

/// The key of [`super::Action::Hash`]. Nothing prints it, and it is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct RedactKey(Zeroizing<Vec<u8>>);

impl RedactKey {
    pub(super) fn read(value: Value) -> Result<RedactKey, String> {
        let Value::String(mut text) = value else {
            return Err(format!("expected a text, found {}", kind(&value)));
        };
        let bytes = match text.strip_prefix("base64:") {
            None => Ok(Zeroizing::new(text.as_bytes().to_vec())),
            // The decoder's error would show a byte of the key.
            Some(encoded) => {
                STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| "expected base64 behind `base64:`".to_string())
            }
        };
        text.zeroize();
        let bytes = bytes?;
        match bytes.len() {
            KEY_BYTES_LEAST..=KEY_BYTES_MOST => Ok(RedactKey(bytes)),
            length => Err(format!("expected {KEY_BYTES_LEAST} to {KEY_BYTES_MOST} bytes, found {length}")),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RedactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactKey(..)")
    }
}

const KEY_BYTES_LEAST: usize = 16;
const KEY_BYTES_MOST: usize = 4096;
