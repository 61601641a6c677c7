//! Base64 (RFC 4648, section 4): padded, canonical, nothing else in between.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

#[cfg(test)]
mod tests;

/// The text is not padded standard base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64;

/// Decodes `text` into `bytes`, which is emptied first and stays empty on failure.
pub(crate) fn decode(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotBase64> {
    bytes.clear();
    STANDARD.decode_vec(text, bytes).map_err(|_| {
        bytes.clear();
        NotBase64
    })
}
