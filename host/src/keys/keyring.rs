//! Data keys from a local JSON file: for the demo, tests and offline replay.
//!
//! `{"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}`; other members are ignored. The file
//! holds plaintext keys: keep it as you would keep the activity stream itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::request::context_text;
use super::{Answer, KeyError, KeyProvider, KeyRequest, Secret};

/// The longest keyring file in bytes: some thirty thousand keys.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// What the file should look like, for error texts.
const FORM: &str = r#"{"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}"#;

/// Context, sorted by name.
type Context = Vec<(String, String)>;

/// A [`KeyProvider`] that knows its keys by heart.
pub struct Keyring {
    keys: HashMap<Vec<u8>, Vec<(Context, Secret)>>,
    count: usize,
}

/// Why a keyring file was not accepted. `file` is its path; entries count from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The file cannot be opened or read.
    #[error("cannot read keyring {file}: {cause}")]
    Unreadable {
        /// The path.
        file: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is larger than 16 MiB.
    #[error("keyring {file} is too large: expected at most {MAX_FILE} bytes, split it by cluster or by time")]
    TooLarge {
        /// The path.
        file: String,
    },
    /// The file is no JSON, or JSON of another form.
    #[error("keyring {file} cannot be read: {problem}; expected {FORM}")]
    Malformed {
        /// The path.
        file: String,
        /// Where, and what is wrong.
        problem: String,
    },
    /// One entry is wrong.
    #[error("keyring {file}, key {entry}: {problem}")]
    Entry {
        /// The path.
        file: String,
        /// Which entry, from 1.
        entry: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
}

impl Keyring {
    /// Reads a keyring file, and wipes the text afterwards.
    ///
    /// # Errors
    /// The error names the file, the entry and what to do; it shows nothing of the file's content.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyringError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        match read(path) {
            Ok(text) if text.len() as u64 > MAX_FILE => Err(KeyringError::TooLarge { file }),
            Ok(text) => parse(&text, &file),
            Err(cause) => Err(KeyringError::Unreadable { file, cause }),
        }
    }

    /// The same from text; wiping the text is the caller's affair.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        parse(text.as_bytes(), "(text)")
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn find(&self, request: &KeyRequest) -> Result<Secret, KeyError> {
        request.check()?;
        let Some(known) = self.keys.get(&request.ciphertext) else {
            return Err(KeyError::Refused(format!(
                "none of the {} keys of the keyring is this record's: expected a keyring made for the same stream",
                self.count
            )));
        };
        let mut wanted: Vec<&(String, String)> = request.context.iter().collect();
        wanted.sort_unstable();
        if let Some((_, secret)) = known.iter().find(|(context, _)| context.iter().eq(wanted.iter().copied())) {
            return Ok(secret.clone());
        }
        // Like KMS, the keyring refuses; unlike KMS, it can say what would have been right. A resource id is no secret.
        let others: Vec<String> = known.iter().take(3).map(|(context, _)| context_text(context)).collect();
        Err(KeyError::Refused(format!(
            "the key is known, but for {}, not for {}: check the resource id",
            others.join(" or "),
            request.context_text()
        )))
    }
}

impl KeyProvider for Keyring {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        Box::pin(std::future::ready(self.find(request)))
    }

    fn scope(&self) -> &str {
        "keyring"
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.count)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    keys: Vec<Row<'a>>,
}

/// Every member may be missing here, so that [`entry`] can say which.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ciphertext: Option<Text<'a>>,
    context: Option<HashMap<String, String>>,
    #[serde(borrow)]
    plaintext: Option<Text<'a>>,
}

/// A string that stays in the file's buffer where JSON allows it, and is wiped where not.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

/// At most one byte more than allowed, in a buffer that does not move (and so leave copies) while it fills.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let expected = file.metadata()?.len().min(MAX_FILE) + 2;
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(expected).unwrap_or_default()));
    file.take(MAX_FILE + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn parse(text: &[u8], file: &str) -> Result<Keyring, KeyringError> {
    let form: Form<'_> = serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // The full text of a data error quotes what it found, which may be a key.
        let problem =
            if error.is_data() { format!("wrong type at line {line} column {column}") } else { error.to_string() };
        KeyringError::Malformed { file: file.to_owned(), problem }
    })?;
    let mut keyring = Keyring { keys: HashMap::new(), count: 0 };
    for (index, row) in form.keys.into_iter().enumerate() {
        let entry = index + 1;
        let wrong = |problem: String| KeyringError::Entry { file: file.to_owned(), entry, problem };
        let (request, secret) = read_row(&row).map_err(wrong)?;
        let bytes = secret.expose().len();
        if !matches!(bytes, 16 | 24 | 32) {
            tracing::warn!(
                file,
                entry,
                bytes,
                "a data key has 32 bytes (16 and 24 are accepted): records of this one will fail"
            );
        }
        keyring.add(request, secret).map_err(wrong)?;
    }
    Ok(keyring)
}

impl Keyring {
    /// Adds a key; the same entry twice is harmless, two plaintexts for one blob and context are not.
    fn add(&mut self, request: KeyRequest, secret: Secret) -> Result<(), String> {
        let KeyRequest { ciphertext, context } = request;
        let known = self.keys.entry(ciphertext).or_default();
        match known.iter().find(|(other, _)| *other == context) {
            None => {
                known.push((context, secret));
                self.count += 1;
                Ok(())
            }
            Some((_, other)) if other.expose() == secret.expose() => Ok(()),
            Some(_) => Err("an earlier entry has the same ciphertext and context with another plaintext: \
                            remove the wrong one"
                .to_owned()),
        }
    }
}

fn read_row(row: &Row<'_>) -> Result<(KeyRequest, Secret), String> {
    let ciphertext = decode(row.ciphertext.as_ref(), "ciphertext")?.to_vec();
    let context = row
        .context
        .as_ref()
        .ok_or("\"context\" is missing: expected an object, such as {\"aws:rds:dbc-id\":\"cluster-...\"}")?;
    let mut request = KeyRequest { ciphertext, context: context.clone().into_iter().collect() };
    request.sort();
    request.check().map_err(|error| match error {
        KeyError::Refused(text) | KeyError::Unavailable(text) => text,
    })?;
    let mut plaintext = decode(row.plaintext.as_ref(), "plaintext")?;
    Ok((request, Secret::new(std::mem::take(&mut *plaintext))))
}

/// Standard base64, strict, into a buffer that is wiped whatever happens.
fn decode(text: Option<&Text<'_>>, member: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let Text(text) = text.ok_or_else(|| format!("\"{member}\" is missing: expected base64"))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    // The decoder's own error quotes a byte of what it read.
    STANDARD.decode_vec(text.as_ref(), &mut bytes).map_err(|_| {
        format!(
            "\"{member}\" is not base64: expected the standard alphabet with padding, {} characters found",
            text.len()
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
