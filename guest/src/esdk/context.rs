//! Encryption contexts: name and value pairs (framework/structures.md, *Encryption Context*).

use super::{Error, reader::Reader};

/// The name under which a signed message carries its public key (framework/default-cmm.md).
pub(crate) const PUBLIC_KEY: &[u8] = b"aws-crypto-public-key";

/// A name and its value, UTF-8.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// The context of a header, checked, in the order received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> Context<'a> {
    /// Reads the section behind its outer length (message-header.md, *AAD*): nothing at all, or a count
    /// above zero and that many pairs with unique names that use the bytes up exactly.
    pub(crate) fn read(section: &'a [u8]) -> Result<Self, Error> {
        if section.is_empty() {
            return Ok(Context::default());
        }
        let mut reader = Reader::new(section);
        let count = reader.u16(WHAT)?;
        if count == 0 {
            return Err(Error::BadHeader("an encryption context of length above 0 without a pair"));
        }
        let mut pairs = Vec::new();
        for _ in 0..count {
            let name = reader.field(WHAT)?;
            let value = reader.field(WHAT)?;
            if std::str::from_utf8(name).is_err() || std::str::from_utf8(value).is_err() {
                return Err(Error::BadHeader("an encryption context that is not UTF-8"));
            }
            pairs.push((name, value));
        }
        if !reader.is_empty() {
            return Err(Error::BadHeader("an encryption context longer than its pairs"));
        }
        let context = Context { pairs };
        context.check_unique()?;
        Ok(context)
    }

    /// The pairs in the order received.
    pub(crate) fn pairs(&self) -> &[Pair<'a>] {
        &self.pairs
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    fn check_unique(&self) -> Result<(), Error> {
        let mut names: Vec<&[u8]> = self.pairs.iter().map(|pair| pair.0).collect();
        names.sort_unstable();
        match names.windows(2).any(|two| matches!(two, [a, b] if a == b)) {
            true => Err(Error::BadHeader("an encryption context with a name twice")),
            false => Ok(()),
        }
    }
}

/// A context as associated data: nothing when it is empty, else the count and the pairs sorted by the bytes
/// of their names, without the outer length (structures.md, *Serialization*; raw-aes-keyring.md).
pub(crate) fn serialize<'a>(pairs: impl IntoIterator<Item = Pair<'a>>) -> Vec<u8> {
    let mut sorted: Vec<Pair<'_>> = pairs.into_iter().collect();
    if sorted.is_empty() {
        return Vec::new();
    }
    sorted.sort_unstable();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&length(sorted.len()));
    for (name, value) in sorted {
        bytes.extend_from_slice(&length(name.len()));
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&length(value.len()));
        bytes.extend_from_slice(value);
    }
    bytes
}

/// A 16-bit length; what came out of a header fits, what a caller gives is checked by the keyring.
fn length(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes()
}

const WHAT: &str = "encryption context";
