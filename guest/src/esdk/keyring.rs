//! Who can open an encrypted data key: the raw AES keyring (framework/raw-aes-keyring.md, *OnDecrypt*).

use zeroize::{Zeroize, Zeroizing};

use super::cipher::Cipher;
use super::context::{self, Pair};
use super::error::Error;
use super::header::Header;
use super::reader::Reader;
use super::suite::{IV_BYTES, TAG_BYTES};

/// The means to get at the data key of a message, and what the caller knows about its context.
#[derive(Debug)]
pub struct Keyring {
    material: Material,
    name: Option<(String, String)>,
    authenticated: Vec<(String, String)>,
}

/// The data key of one message: 16, 24 or 32 bytes, wiped on drop.
pub(crate) struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    length: usize,
}

/// One entry of the header (message-header.md, *Encrypted Data Key Entries*).
pub(crate) struct EncryptedDataKey<'a> {
    pub(crate) provider: &'a [u8],
    pub(crate) info: &'a [u8],
    pub(crate) ciphertext: &'a [u8],
}

/// The provider information of a raw AES key: its name, then the parameters of its cipher.
pub(crate) struct RawAesInfo<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) tag_bits: u32,
    pub(crate) iv_bytes: u32,
    pub(crate) iv: &'a [u8; IV_BYTES],
}

enum Material {
    Wrapping(Cipher),
    Data(DataKey),
}

impl Keyring {
    /// From a raw wrapping key of 16, 24 or 32 bytes. It tries every encrypted data key that has the form of
    /// a raw AES one, whatever its provider and name, until [`Keyring::named`] says otherwise.
    pub fn from_wrapping_key(key: &[u8]) -> Result<Self, Error> {
        let cipher = Cipher::new(key).ok_or(Error::WrongKeyLength(key.len()))?;
        Ok(Keyring { material: Material::Wrapping(cipher), name: None, authenticated: Vec::new() })
    }

    /// From the unwrapped data key of one message, 16, 24 or 32 bytes: the entries of the header are not used.
    pub fn from_data_key(key: &[u8]) -> Result<Self, Error> {
        let key = DataKey::copy(key).ok_or(Error::WrongKeyLength(key.len()))?;
        Ok(Keyring { material: Material::Data(key), name: None, authenticated: Vec::new() })
    }

    /// Opens only encrypted data keys of exactly this provider (name space) and key name. DAS: `BC`, `DataKey`.
    pub fn named(mut self, provider: impl Into<String>, name: impl Into<String>) -> Self {
        self.name = Some((provider.into(), name.into()));
        self
    }

    /// Context pairs that the caller vouches for. Those that the message does not carry are *authenticated only*
    /// (message-header.md, *Verify the header*); those that it carries must be equal.
    pub fn authenticating(mut self, pairs: &[(&str, &str)]) -> Self {
        self.authenticated = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        self
    }

    /// The data key of the message with this header.
    pub(crate) fn data_key(&self, header: &Header<'_>, authenticate_only: &[Pair<'_>]) -> Result<DataKey, Error> {
        let wrapping_key = match &self.material {
            // Its length must equal the suite's input length.
            Material::Data(key) if key.length == header.suite.key_bytes => return Ok(key.clone()),
            Material::Data(key) => return Err(Error::WrongKeyLength(key.length)),
            Material::Wrapping(cipher) => cipher,
        };
        // AAD: the whole context, stored or not, without its outer length; nothing when it is empty.
        let stored = header.context.pairs().iter().copied();
        let associated = context::serialize(stored.chain(authenticate_only.iter().copied()));
        let mut matching = 0u16;
        for entry in header.encrypted_data_keys() {
            let Some(info) = self.matches(&entry) else { continue };
            matching = matching.saturating_add(1);
            if let Some(key) = unwrap(wrapping_key, &info, &associated, entry.ciphertext, header.suite.key_bytes) {
                return Ok(key);
            }
        }
        Err(Error::NoUsableKey { entries: header.key_count, matching })
    }

    /// The pairs given to [`Keyring::authenticating`] that `header` does not carry.
    pub(crate) fn authenticate_only(&self, header: &Header<'_>) -> Result<Vec<Pair<'_>>, Error> {
        let mut missing = Vec::new();
        for (name, value) in &self.authenticated {
            match header.context.get(name.as_bytes()) {
                Some(stored) if stored == value.as_bytes() => {}
                Some(_) => return Err(Error::BadHeader("the encryption context has another value than expected")),
                None => missing.push((name.as_bytes(), value.as_bytes())),
            }
        }
        Ok(missing)
    }

    /// *OnDecrypt*: attempt only if the provider id equals our name space and the information is our full name,
    /// then a tag length of 128 bits and an IV length of 12 bytes.
    fn matches<'a>(&self, entry: &EncryptedDataKey<'a>) -> Option<RawAesInfo<'a>> {
        let info = RawAesInfo::read(entry.info).filter(RawAesInfo::is_supported)?;
        match &self.name {
            Some((provider, name)) => {
                (entry.provider == provider.as_bytes() && info.name == name.as_bytes()).then_some(info)
            }
            None => Some(info),
        }
    }
}

/// AES-GCM: the ciphertext is the key, then the tag. None for any other key than one of `key_bytes`.
fn unwrap(
    wrapping_key: &Cipher,
    info: &RawAesInfo<'_>,
    associated: &[u8],
    ciphertext: &[u8],
    key_bytes: usize,
) -> Option<DataKey> {
    let (ciphertext, tag) = ciphertext.split_last_chunk::<TAG_BYTES>()?;
    let mut key = DataKey::copy(ciphertext).filter(|key| key.length == key_bytes)?;
    wrapping_key.open(info.iv, associated, key.bytes.get_mut(..key_bytes)?, tag).ok()?;
    Some(key)
}

impl DataKey {
    fn copy(key: &[u8]) -> Option<Self> {
        matches!(key.len(), 16 | 24 | 32).then_some(())?;
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        Some(DataKey { bytes, length: key.len() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Clone for DataKey {
    fn clone(&self) -> Self {
        DataKey { bytes: self.bytes.clone(), length: self.length }
    }
}

impl<'a> EncryptedDataKey<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let provider = reader.field("key provider id")?;
        let info = reader.field("key provider information")?;
        let ciphertext = reader.field("encrypted data key")?;
        Ok(EncryptedDataKey { provider, info, ciphertext })
    }
}

impl<'a> RawAesInfo<'a> {
    /// Key name, tag length (u32), IV length (u32), IV: used up exactly. The name has no length of its own: it is
    /// what stands before the last 20 bytes.
    pub(crate) fn read(info: &'a [u8]) -> Option<Self> {
        let (rest, iv) = info.split_last_chunk::<IV_BYTES>()?;
        let (rest, iv_bytes) = rest.split_last_chunk::<4>()?;
        let (name, tag_bits) = rest.split_last_chunk::<4>()?;
        Some(RawAesInfo { name, tag_bits: u32::from_be_bytes(*tag_bits), iv_bytes: u32::from_be_bytes(*iv_bytes), iv })
    }

    fn is_supported(&self) -> bool {
        self.tag_bits == 128 && self.iv_bytes == 12
    }
}

impl Zeroize for DataKey {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Material::Wrapping(_) => "Wrapping(..)",
            Material::Data(_) => "Data(..)",
        })
    }
}
