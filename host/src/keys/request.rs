//! One question to a key service: the blob and its encryption context, within the bounds of KMS Decrypt.

use std::fmt;

use super::KeyError;

/// The request of KMS Decrypt: which blob, under which encryption context.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyRequest {
    /// The `CiphertextBlob`, as it stands in the record's `key` field: 1 to [`Self::MAX_CIPHERTEXT`] bytes.
    pub ciphertext: Vec<u8>,
    /// The `EncryptionContext`: names and values, in any order, each name once.
    pub context: Vec<(String, String)>,
}

impl KeyRequest {
    /// The longest blob in bytes: what KMS itself accepts.
    pub const MAX_CIPHERTEXT: usize = 6144;
    /// The most context pairs. Activity streams use one; the bound keeps a cached request small.
    pub const MAX_PAIRS: usize = 8;
    /// The most bytes that all names and values may have together, for the same reason.
    pub const MAX_CONTEXT: usize = 2048;

    /// Checks the bounds, so that no hopeless question reaches the key service.
    ///
    /// # Errors
    /// [`KeyError::Refused`], saying which bound was broken.
    pub fn check(&self) -> Result<(), KeyError> {
        let refuse = |text: String| Err(KeyError::Refused(text));
        let bytes = self.ciphertext.len();
        if bytes == 0 || bytes > Self::MAX_CIPHERTEXT {
            return refuse(format!("expected an encrypted key of 1 to {} bytes, found {bytes}", Self::MAX_CIPHERTEXT));
        }
        let pairs = self.context.len();
        if pairs > Self::MAX_PAIRS {
            return refuse(format!("expected at most {} encryption context pairs, found {pairs}", Self::MAX_PAIRS));
        }
        let bytes: usize = self.context.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > Self::MAX_CONTEXT {
            return refuse(format!(
                "expected an encryption context of at most {} bytes, found {bytes}",
                Self::MAX_CONTEXT
            ));
        }
        let is_repeated = |(index, (name, _)): (usize, &(String, String))| {
            self.context.iter().skip(index + 1).any(|(other, _)| other == name)
        };
        if self.context.iter().enumerate().any(is_repeated) {
            return refuse("expected each encryption context name once, found one twice".to_owned());
        }
        Ok(())
    }

    /// Sorts the context by name: KMS ignores the order of the pairs, so the cache must as well.
    pub(super) fn sort(&mut self) {
        self.context.sort_unstable();
    }

    /// The context for people, such as `aws:rds:dbc-id = cluster-ABC`. It is no secret: CloudTrail shows it.
    pub(super) fn context_text(&self) -> String {
        context_text(&self.context)
    }
}

/// See [`KeyRequest::context_text`].
pub(super) fn context_text(context: &[(String, String)]) -> String {
    if context.is_empty() {
        return "no encryption context".to_owned();
    }
    let pairs: Vec<String> =
        context.iter().map(|(name, value)| format!("{} = {}", name.escape_debug(), value.escape_debug())).collect();
    pairs.join(", ")
}

impl fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRequest")
            .field("ciphertext", &format_args!("{} bytes", self.ciphertext.len()))
            .field("context", &self.context)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: usize, pairs: &[(&str, &str)]) -> KeyRequest {
        KeyRequest {
            ciphertext: vec![0xA5; bytes],
            context: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn bounds() {
        let long = "x".repeat(KeyRequest::MAX_CONTEXT);
        let pair = [("aws:rds:dbc-id", "cluster-ABC")];
        for good in [request(1, &pair), request(6144, &pair), request(184, &[]), request(1, &[("", &long)])] {
            assert_eq!(good.check(), Ok(()), "{good:?}");
        }
        let many: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].into_iter().map(|name| (name, "")).collect();
        for bad in [
            request(0, &pair),
            request(6145, &pair),
            request(1, &many),
            request(1, &[("x", &long)]),
            request(1, &[("a", "1"), ("b", "2"), ("a", "3")]),
        ] {
            assert!(matches!(bad.check(), Err(KeyError::Refused(_))), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_no_ciphertext() {
        let text = format!("{:?}", request(4, &[("name", "value")]));
        assert_eq!(text, r#"KeyRequest { ciphertext: 4 bytes, context: [("name", "value")] }"#);
    }
}
