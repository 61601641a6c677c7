//! The message header, formats 1 and 2 (data-format/message-header.md), and its tag.

use super::cipher::{Cipher, NotAuthentic};
use super::context::{self, Context, PUBLIC_KEY, Pair};
use super::error::{Error, Place};
use super::reader::Reader;
use super::suite::{IV_BYTES, Suite, TAG_BYTES};
use super::{Limits, keyring::EncryptedDataKey};

/// A header as it was received. Nothing in it is authentic before [`Header::verify`].
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) suite: &'static Suite,
    /// 16 bytes in format 1, 32 in format 2.
    pub(crate) message_id: &'a [u8],
    pub(crate) context: Context<'a>,
    pub(crate) key_count: u16,
    keys: Reader<'a>,
    pub(crate) content: Content,
    /// Format 2: what the commit key must equal.
    pub(crate) commitment: Option<&'a [u8; 32]>,
    /// The bytes that the tag protects.
    protected: &'a [u8],
    iv: &'a [u8; IV_BYTES],
    tag: &'a [u8; TAG_BYTES],
    /// Bytes of the whole header.
    pub(crate) bytes: usize,
}

/// How the body is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    SingleBlock,
    /// Frames of this many bytes; the final one may be shorter.
    Framed(u32),
}

impl<'a> Header<'a> {
    /// Reads the header of `message`; the body follows at `Header::bytes`.
    pub(crate) fn read(message: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let mut reader = Reader::new(message);
        let format = read_format(&mut reader, message)?;
        let suite = read_suite(&mut reader, format, limits)?;
        let message_id = reader.take(if format == 1 { 16 } else { 32 }, "message id")?;
        let context = Context::read(reader.field("encryption context")?)?;
        let (key_count, keys) = read_keys(&mut reader, limits)?;
        let content_type = reader.u8("content type")?;
        if format == 1 {
            read_fixed_fields(&mut reader)?;
        }
        let content = read_content(content_type, reader.u32("frame length")?, limits)?;
        let commitment = if suite.commits() { Some(reader.array("suite data")?) } else { None };
        let protected = message.get(..message.len().saturating_sub(reader.left())).unwrap_or_default();
        // *Header Authentication*: format 2 has no IV field, its IV is 12 zero bytes.
        let iv = if format == 1 { reader.array("header iv")? } else { &[0; IV_BYTES] };
        let tag = reader.array("header tag")?;
        let bytes = message.len().saturating_sub(reader.left());
        Ok(Header { suite, message_id, context, key_count, keys, content, commitment, protected, iv, tag, bytes })
    }

    /// The encrypted data keys in order. They were read once, so they cannot fail here.
    pub(crate) fn encrypted_data_keys(&self) -> impl Iterator<Item = EncryptedDataKey<'a>> {
        let mut reader = self.keys;
        (0..self.key_count).map_while(move |_| EncryptedDataKey::read(&mut reader).ok())
    }

    /// *Verify the header* (client-apis/decrypt.md): the tag over the bytes received, followed by the pairs
    /// that are authenticated but not stored, if any.
    pub(crate) fn verify(&self, content_key: &Cipher, authenticate_only: &[Pair<'_>]) -> Result<(), Error> {
        let verified = if authenticate_only.is_empty() {
            content_key.open(self.iv, self.protected, &mut [], self.tag)
        } else {
            let mut associated = self.protected.to_vec();
            associated.extend(context::serialize(authenticate_only.iter().copied()));
            content_key.open(self.iv, &associated, &mut [], self.tag)
        };
        verified.map_err(|NotAuthentic| Error::NotAuthentic(Place::Header))
    }

    /// *Decrypt Materials* (framework/default-cmm.md): a signed suite needs a public key in the context, an
    /// unsigned one must not have it.
    pub(crate) fn public_key(&self) -> Result<Option<&'a [u8]>, Error> {
        match (self.suite.signature, self.context.get(PUBLIC_KEY)) {
            (Some(_), None) => {
                Err(Error::BadSignature("a signed suite without a public key in the encryption context"))
            }
            (None, Some(_)) => Err(Error::BadHeader("a public key in the encryption context of an unsigned suite")),
            (_, key) => Ok(key),
        }
    }
}

/// *Version* and, in format 1, *Type*.
fn read_format(reader: &mut Reader<'_>, message: &[u8]) -> Result<u8, Error> {
    match reader.u8("format version")? {
        1 => match reader.u8("message type")? {
            0x80 => Ok(1),
            _ => Err(Error::BadHeader("expected message type 0x80")),
        },
        2 => Ok(2),
        // *Encrypted Message Format*: both formats have a recognisable start when they are base64 text.
        version => {
            Err(Error::UnsupportedVersion { version, base64: message.starts_with(b"AY") || message.starts_with(b"Ag") })
        }
    }
}

/// *Algorithm Suite ID*: known, of this format (suite table, *Message Format Version*), and allowed here.
fn read_suite(reader: &mut Reader<'_>, format: u8, limits: &Limits) -> Result<&'static Suite, Error> {
    let id = reader.u16("algorithm suite")?;
    let suite = Suite::find(id)?;
    if suite.format != format {
        return Err(Error::UnsupportedSuite { id, why: "does not belong to this message format" });
    }
    if !limits.allows(id) {
        return Err(Error::UnsupportedSuite { id, why: "is not one of the allowed suites" });
    }
    Ok(suite)
}

/// *Encrypted Data Keys*: at least one; over the limit no further byte is read (decrypt.md, *Parse the header*).
fn read_keys<'a>(reader: &mut Reader<'a>, limits: &Limits) -> Result<(u16, Reader<'a>), Error> {
    let count = reader.u16("encrypted data keys")?;
    if count == 0 {
        return Err(Error::BadHeader("no encrypted data key"));
    }
    if count > limits.encrypted_data_keys {
        return Err(Error::TooLarge {
            what: "a number of encrypted data keys",
            found: count.into(),
            limit: limits.encrypted_data_keys.into(),
        });
    }
    let keys = *reader;
    for _ in 0..count {
        EncryptedDataKey::read(reader)?;
    }
    Ok((count, keys))
}

/// *Reserved* and *IV Length*, which only format 1 has.
fn read_fixed_fields(reader: &mut Reader<'_>) -> Result<(), Error> {
    if reader.u32("reserved field")? != 0 {
        return Err(Error::BadHeader("expected a reserved field of zeros"));
    }
    if usize::from(reader.u8("iv length")?) != IV_BYTES {
        return Err(Error::BadHeader("expected an iv length of 12"));
    }
    Ok(())
}

/// *Content Type* and *Frame Length*: 0 if and only if there is one block.
fn read_content(content_type: u8, frame_length: u32, limits: &Limits) -> Result<Content, Error> {
    match (content_type, frame_length) {
        (1, 0) => Ok(Content::SingleBlock),
        (1, _) => Err(Error::BadHeader("expected a frame length of 0 for a single block")),
        (2, 0) => Err(Error::BadHeader("expected a frame length above 0 for framed content")),
        (2, length) if length > limits.frame_length => {
            Err(Error::TooLarge { what: "a frame length", found: length.into(), limit: limits.frame_length.into() })
        }
        (2, length) => Ok(Content::Framed(length)),
        _ => Err(Error::BadHeader("expected content type 1 or 2")),
    }
}
