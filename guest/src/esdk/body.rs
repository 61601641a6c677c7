//! The message body: frames or a single block (data-format/message-body.md, message-body-aad.md).

use super::cipher::{Cipher, NotAuthentic};
use super::error::{Error, Place};
use super::header::{Content, Header};
use super::reader::Reader;
use super::suite::{IV_BYTES, TAG_BYTES};

/// A part of the body under one tag, as received.
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    /// From 1 up, without a gap; 1 for a single block.
    pub(crate) number: u32,
    iv: &'a [u8; IV_BYTES],
    pub(crate) ciphertext: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SingleBlock,
    Regular,
    Final,
}

/// The frames of a body, in order. After the last one, `rest` is what follows the body.
pub(crate) struct Frames<'a> {
    rest: Reader<'a>,
    content: Content,
    number: u32,
    ended: bool,
}

/// Decrypts the whole body into `plaintext` (which is emptied first) and returns what follows it. On failure
/// `plaintext` is empty: nothing leaves before everything is authentic.
pub(crate) fn decrypt<'a>(
    header: &Header<'_>,
    body: &'a [u8],
    content_key: &Cipher,
    plaintext: &mut Vec<u8>,
) -> Result<Reader<'a>, Error> {
    plaintext.clear();
    plaintext.reserve_exact(body.len());
    let mut frames = Frames::new(header.content, body);
    let decrypted = decrypt_frames(&mut frames, header, content_key, plaintext);
    if decrypted.is_err() {
        plaintext.clear();
    }
    decrypted.map(|()| frames.rest)
}

fn decrypt_frames(
    frames: &mut Frames<'_>,
    header: &Header<'_>,
    content_key: &Cipher,
    plaintext: &mut Vec<u8>,
) -> Result<(), Error> {
    while let Some(frame) = frames.next()? {
        let start = plaintext.len();
        plaintext.extend_from_slice(frame.ciphertext);
        let content = plaintext.get_mut(start..).unwrap_or_default();
        let associated = Associated::of(header.message_id, &frame);
        // The IV is the one in the frame: some valid messages have another one than the sequence number.
        content_key
            .open(frame.iv, associated.as_bytes(), content, frame.tag)
            .map_err(|NotAuthentic| Error::NotAuthentic(frame.place()))?;
    }
    Ok(())
}

impl<'a> Frames<'a> {
    pub(crate) fn new(content: Content, body: &'a [u8]) -> Self {
        Frames { rest: Reader::new(body), content, number: 0, ended: false }
    }

    /// The next frame, none after the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'a>>, Error> {
        if self.ended {
            return Ok(None);
        }
        // A message has fewer than 2^32 frames, and each takes more than 32 bytes.
        self.number = self.number.saturating_add(1);
        match self.content {
            Content::SingleBlock => self.single_block().map(Some),
            Content::Framed(length) => self.frame(length).map(Some),
        }
    }

    /// What follows the body, once `next` has answered none.
    pub(crate) fn rest(&self) -> Reader<'a> {
        self.rest
    }

    /// *Non-Framed Data*: IV, length (u64), content, tag.
    fn single_block(&mut self) -> Result<Frame<'a>, Error> {
        let iv = self.rest.array("iv of the single block")?;
        let length = self.rest.u64("length of the single block")?;
        if length > SINGLE_BLOCK_MOST {
            return Err(Error::TooLarge { what: "a single block", found: length, limit: SINGLE_BLOCK_MOST });
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let ciphertext = self.rest.take(length, "single block")?;
        let tag = self.rest.array("tag of the single block")?;
        self.ended = true;
        Ok(Frame { kind: Kind::SingleBlock, number: self.number, iv, ciphertext, tag })
    }

    /// *Framed Data*: regular frames of exactly the frame length, then one final frame of at most that.
    fn frame(&mut self, frame_length: u32) -> Result<Frame<'a>, Error> {
        let mut number = self.rest.u32("frame sequence number")?;
        let kind = if number == FINAL_FRAME { Kind::Final } else { Kind::Regular };
        if kind == Kind::Final {
            number = self.rest.u32("sequence number of the final frame")?;
        }
        // Sequence numbers start at 1 and go up by 1; the final frame's is the number of frames.
        if number != self.number {
            return Err(Error::NotAuthentic(Place::Order { expected: self.number, found: number }));
        }
        let iv = self.rest.array("frame iv")?;
        let length = match kind {
            Kind::Final => self.rest.u32("length of the final frame")?,
            _ => frame_length,
        };
        if length > frame_length {
            return Err(Error::TooLarge { what: "a final frame", found: length.into(), limit: frame_length.into() });
        }
        let ciphertext = self.rest.take(usize::try_from(length).unwrap_or(usize::MAX), "frame")?;
        let tag = self.rest.array("frame tag")?;
        self.ended = kind == Kind::Final;
        Ok(Frame { kind, number, iv, ciphertext, tag })
    }
}

impl Frame<'_> {
    fn place(&self) -> Place {
        match self.kind {
            Kind::SingleBlock => Place::SingleBlock,
            _ => Place::Frame(self.number),
        }
    }
}

/// The associated data of a frame (message-body-aad.md): message id, text, sequence number (u32), length (u64).
struct Associated {
    bytes: [u8; Associated::MOST],
    length: usize,
}

impl Associated {
    /// 32 bytes of message id, the longest text, and the two numbers.
    const MOST: usize = 80;

    fn of(message_id: &[u8], frame: &Frame<'_>) -> Self {
        let text: &[u8] = match frame.kind {
            Kind::SingleBlock => b"AWSKMSEncryptionClient Single Block",
            Kind::Regular => b"AWSKMSEncryptionClient Frame",
            Kind::Final => b"AWSKMSEncryptionClient Final Frame",
        };
        let length = u64::try_from(frame.ciphertext.len()).unwrap_or(u64::MAX);
        let mut associated = Associated { bytes: [0; Associated::MOST], length: 0 };
        associated.push(message_id);
        associated.push(text);
        associated.push(&frame.number.to_be_bytes());
        associated.push(&length.to_be_bytes());
        associated
    }

    fn push(&mut self, part: &[u8]) {
        let end = self.length.saturating_add(part.len());
        if let Some(free) = self.bytes.get_mut(self.length..end) {
            free.copy_from_slice(part);
            self.length = end;
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// *Sequence Number End*: the marker before the final frame.
const FINAL_FRAME: u32 = 0xFFFF_FFFF;

/// *Encrypted Content Length* of a single block: at most 2^36 - 32 bytes, the bound of GCM.
const SINGLE_BLOCK_MOST: u64 = (1 << 36) - 32;
