//! The data keys of one batch: asked for once each, forgotten when the batch ends.

use std::collections::BTreeMap;

use zeroize::Zeroize;

use crate::envelope;
use crate::error::{Failure, Reason, Stage};
use crate::esdk::Keyring;
use crate::resource::Resource;
use crate::settings::EncryptedDataKey;

/// One KMS Decrypt call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRequest {
    /// The `CiphertextBlob`, 1 to 6144 bytes.
    pub ciphertext: Vec<u8>,
    /// The `EncryptionContext`, name and value.
    pub context: Vec<(String, String)>,
}

/// Why there is no key; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Asking again is useless.
    Refused(String),
    /// Asking again later helps.
    Unavailable(String),
}

/// Whoever can decrypt a data key: the host's import, or a map in tests.
pub trait Keys {
    /// One question to the key service, or to its cache.
    fn decrypt(&mut self, request: &KeyRequest) -> Result<Vec<u8>, KeyError>;
}

impl<F: FnMut(&KeyRequest) -> Result<Vec<u8>, KeyError>> Keys for F {
    fn decrypt(&mut self, request: &KeyRequest) -> Result<Vec<u8>, KeyError> {
        self(request)
    }
}

/// The configured resources, and which of them a data key turned out to belong to.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    configured: Vec<Resource>,
    /// `key` text of a record -> index in `configured`. Bounded; a hint that saves questions, no more.
    owners: BTreeMap<String, usize>,
}

/// The wrapping keys of one batch, by the `key` text of the record. They are wiped when the batch ends.
#[derive(Debug, Default)]
pub(crate) struct BatchKeys {
    known: BTreeMap<String, usize>,
    keyrings: Vec<Result<Keyring, Failure>>,
    /// The key of the record before, which is mostly this one's too, and its place in `keyrings`.
    last: Option<(String, usize)>,
}

impl Resources {
    pub(crate) fn new(configured: Vec<Resource>) -> Self {
        Resources { configured, owners: BTreeMap::new() }
    }

    /// The resources that the data key `key` may belong to: the stream's own, where the host knows it; else the
    /// one found before; else all configured ones.
    fn candidates<'a>(&'a self, key: &str, stream: Option<&'a Resource>) -> &'a [Resource] {
        match (stream, self.owners.get(key)) {
            (Some(resource), _) => std::slice::from_ref(resource),
            (None, Some(index)) => self.configured.get(*index).map(std::slice::from_ref).unwrap_or_default(),
            (None, None) => &self.configured,
        }
    }

    fn remember(&mut self, key: &str, owner: usize) {
        if self.configured.len() > 1 {
            if self.owners.len() >= OWNERS_MOST {
                self.owners.clear();
            }
            self.owners.insert(key.to_string(), owner);
        }
    }

    /// The questions that decoding a record with this `key` can ask.
    pub(crate) fn requests(&self, key: &str, stream: Option<&Resource>) -> Result<Vec<KeyRequest>, Failure> {
        let ciphertext = envelope::decode_key(key)?;
        let request = |resource: &Resource| KeyRequest { ciphertext: ciphertext.clone(), context: resource.context() };
        Ok(self.candidates(key, stream).iter().map(request).collect())
    }
}

impl BatchKeys {
    /// The keyring of a record with this `key`, asked for at most once in a batch.
    pub(crate) fn keyring(
        &mut self,
        key: &str,
        stream: Option<&Resource>,
        resources: &mut Resources,
        name: &EncryptedDataKey,
        keys: &mut impl Keys,
    ) -> Result<&Keyring, Failure> {
        let index = match &self.last {
            Some((last, index)) if same(last, key) => *index,
            _ => {
                let index = match self.known.get(key) {
                    Some(index) => *index,
                    None => {
                        self.known.insert(key.to_string(), self.keyrings.len());
                        self.keyrings.push(ask(key, stream, resources, name, keys));
                        self.keyrings.len().saturating_sub(1)
                    }
                };
                self.last = Some((key.to_string(), index));
                index
            }
        };
        match self.keyrings.get(index) {
            Some(Ok(keyring)) => Ok(keyring),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(failure(Reason::NoResource, "no answer")),
        }
    }
}

/// The texts are equal. In WebAssembly the library's comparison goes byte by byte, and these have hundreds.
fn same(a: &str, b: &str) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_bytes().as_chunks::<16>(), b.as_bytes().as_chunks::<16>());
    let differs = |(a, b): (&[u8; 16], &[u8; 16])| u128::from_ne_bytes(*a) != u128::from_ne_bytes(*b);
    a.len() == b.len() && a_rest == b_rest && !a.iter().zip(b).any(differs)
}

/// Asks for each candidate until one is not refused.
fn ask(
    key: &str,
    stream: Option<&Resource>,
    resources: &mut Resources,
    name: &EncryptedDataKey,
    keys: &mut impl Keys,
) -> Result<Keyring, Failure> {
    let requests = resources.requests(key, stream)?;
    let mut refusals = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        match keys.decrypt(request) {
            Ok(mut bytes) => {
                let keyring = keyring(&bytes, name);
                bytes.zeroize();
                if stream.is_none() && requests.len() > 1 {
                    resources.remember(key, index);
                }
                return keyring;
            }
            // It may be this very one that would have said yes, so nothing is concluded from the others.
            Err(KeyError::Unavailable(text)) => return Err(failure(Reason::Unavailable, text)),
            Err(KeyError::Refused(text)) => refusals.push(text),
        }
    }
    Err(match refusals.as_mut_slice() {
        [] => failure(
            Reason::NoResource,
            "expected the resource id of the stream (cluster-... or db-...), found none in the settings or with the record",
        ),
        [text] => failure(Reason::Refused, std::mem::take(text)),
        [first, ..] => {
            let first = std::mem::take(first);
            failure(Reason::Refused, format!("refused for each of {} resources; the first: {first}", refusals.len()))
        }
    })
}

fn keyring(bytes: &[u8], name: &EncryptedDataKey) -> Result<Keyring, Failure> {
    match Keyring::from_wrapping_key(bytes) {
        Ok(keyring) => Ok(keyring.named(&name.provider, &name.name)),
        Err(_) => Err(failure(
            Reason::WrongLength,
            format!("expected a data key of 16, 24 or 32 bytes, the key service gave {}", bytes.len()),
        )),
    }
}

fn failure(reason: Reason, detail: impl Into<String>) -> Failure {
    Failure::new(Stage::Key, reason, detail)
}

/// Far more data keys than live at a time: one or two an instance, about 24 a day each in a replay.
const OWNERS_MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a2V5";

    fn resources(ids: &[&str]) -> Resources {
        Resources::new(ids.iter().map(|id| Resource::parse(id).unwrap()).collect())
    }

    /// A key service that knows one resource, and the ids it was asked for.
    fn service<'a>(owner: &'a str, asked: &'a mut Vec<String>) -> impl Keys + 'a {
        move |request: &KeyRequest| {
            let id = request.context[0].1.clone();
            asked.push(id.clone());
            if id == owner { Ok(vec![1; 32]) } else { Err(KeyError::Refused(format!("not {id}"))) }
        }
    }

    fn ask_once(resources: &mut Resources, stream: Option<&str>, keys: &mut impl Keys) -> Result<(), Failure> {
        let stream = stream.map(|id| Resource::parse(id).unwrap());
        let name = EncryptedDataKey::default();
        BatchKeys::default().keyring(KEY, stream.as_ref(), resources, &name, keys).map(|_| ())
    }

    #[test]
    fn each_resource_is_tried_once_and_the_owner_remembered() {
        let mut asked = Vec::new();
        let mut known = resources(&["cluster-A", "db-B", "cluster-C"]);
        assert_eq!(ask_once(&mut known, None, &mut service("db-B", &mut asked)), Ok(()));
        assert_eq!(ask_once(&mut known, None, &mut service("db-B", &mut asked)), Ok(()));
        assert_eq!(asked, ["cluster-A", "db-B", "db-B"]);
    }

    #[test]
    fn the_stream_comes_before_the_configuration() {
        let mut asked = Vec::new();
        let mut known = resources(&["cluster-A"]);
        let refused = ask_once(&mut known, Some("db-Z"), &mut service("cluster-A", &mut asked)).unwrap_err();
        assert_eq!((refused.reason, refused.detail.as_str()), (Reason::Refused, "not db-Z"));
        assert_eq!(asked, ["db-Z"]);
    }

    #[test]
    fn no_answer_ends_the_search_and_may_be_asked_again() {
        let mut known = resources(&["cluster-A", "db-B"]);
        let mut away = |_: &KeyRequest| Err(KeyError::Unavailable("time-out".to_string()));
        let failure = ask_once(&mut known, None, &mut away).unwrap_err();
        assert!(failure.is_retryable());
        assert_eq!(failure.reason, Reason::Unavailable);
    }

    #[test]
    fn nobody_to_ask_for_and_odd_keys_are_told_apart() {
        let mut odd = |_: &KeyRequest| Ok(vec![0; 31]);
        assert_eq!(ask_once(&mut resources(&[]), None, &mut odd).unwrap_err().reason, Reason::NoResource);
        assert_eq!(ask_once(&mut resources(&["db-B"]), None, &mut odd).unwrap_err().reason, Reason::WrongLength);
        let all = ask_once(&mut resources(&["db-A", "db-B"]), None, &mut service("", &mut Vec::new())).unwrap_err();
        assert_eq!(all.detail, "refused for each of 2 resources; the first: not db-A");
    }

    #[test]
    fn a_batch_asks_once_even_when_refused() {
        let mut count = 0;
        let mut keys = |_: &KeyRequest| {
            count += 1;
            Err(KeyError::Refused("no".to_string()))
        };
        let (mut known, mut batch) = (resources(&["db-A"]), BatchKeys::default());
        for _ in 0..3 {
            let name = EncryptedDataKey::default();
            assert!(batch.keyring(KEY, None, &mut known, &name, &mut keys).is_err());
        }
        assert_eq!(count, 1);
    }
}
