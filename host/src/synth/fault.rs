//! What can be wrong with a record, on demand, and the stage and reason with which a decoder must then refuse it
//! (stages and reasons are those of the decoder's verdicts).

use super::dice::Dice;
use super::encrypt::{Message, gzip};
use super::envelope::Envelope;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::sync::OnceLock;

macro_rules! faults {
    ($($fault:ident, $name:literal, $stage:literal, $reason:literal, $what:literal;)*) => {
        /// Something that is wrong with a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $what] $fault,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$fault,)*];

            /// Name, stage, reason and description.
            fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
                match self { $(Self::$fault => ($name, $stage, $reason, $what),)* }
            }
        }
    };
}

faults! {
    NotJson, "not-json", "envelope", "not-json", "the record is no JSON";
    OtherType, "other-type", "envelope", "wrong-type", "the record is of another type";
    MissingKey, "missing-key", "envelope", "missing-field", "the record has no key";
    KeyWrongType, "key-wrong-type", "envelope", "wrong-type", "the key is a number";
    BadBase64, "bad-base64", "envelope", "bad-base64", "a sign in the message that base64 does not have";
    BadKeyBase64, "bad-key-base64", "envelope", "bad-base64", "a sign in the key that base64 does not have";
    UnknownKey, "unknown-key", "key", "refused", "a key that is in no keyring";
    WrongKey, "wrong-key", "message", "no-usable-key", "the key is not the one that the message was made with";
    EmptyMessage, "empty-message", "message", "truncated", "the message has no bytes";
    TruncatedInHeader, "truncated-in-header", "message", "truncated", "the message ends in its header";
    TruncatedInFrame, "truncated-in-frame", "message", "truncated", "the message ends in its final frame";
    TrailingBytes, "trailing-bytes", "message", "trailing-bytes", "there is something behind the message";
    UnknownVersion, "unknown-version", "message", "unsupported-version", "message format 7";
    UnknownSuite, "unknown-suite", "message", "unsupported-suite", "algorithm suite 0xffff";
    HeaderBit, "header-bit", "message", "not-authentic", "one bit of the message id is flipped";
    WrappedKeyBit, "wrapped-key-bit", "message", "no-usable-key", "one bit of the encrypted data key is flipped";
    HeaderTag, "header-tag", "message", "not-authentic", "one bit of the header's tag is flipped";
    FrameBit, "frame-bit", "message", "not-authentic", "one bit of the first frame's content is flipped";
    FinalTag, "final-tag", "message", "not-authentic", "one bit of the final frame's tag is flipped";
    FramesSwapped, "frames-swapped", "message", "not-authentic", "the first two frames have changed places";
    FrameDropped, "frame-dropped", "message", "not-authentic", "the second frame is missing";
    FrameDuplicated, "frame-duplicated", "message", "not-authentic", "the first frame is there twice";
    NotGzip, "not-gzip", "gunzip", "not-gzip", "the plaintext is not compressed";
    GzipBomb, "gzip-bomb", "gunzip", "too-large", "a megabyte that inflates to 1 GiB";
    GzipTruncated, "gzip-truncated", "gunzip", "truncated", "the second half of the gzip stream is missing";
    GzipCrc, "gzip-crc", "gunzip", "corrupt", "one bit of the gzip checksum is flipped";
    NotUtf8, "not-utf8", "events", "not-utf8", "the document holds a byte that UTF-8 does not have";
    NotJsonInside, "not-json-inside", "events", "not-json", "the document is no JSON";
    JsonCut, "json-cut", "events", "not-json", "the second half of the document is missing";
    ListNotList, "list-not-list", "events", "wrong-shape", "the event list is a text";
}

impl Fault {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The stage in which a record with this fault must fail.
    #[must_use]
    pub fn stage(self) -> &'static str {
        self.row().1
    }

    /// The reason that a record with this fault must fail with.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.row().2
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub fn what(self) -> &'static str {
        self.row().3
    }

    /// The fault needs a message of at least three frames.
    pub(super) fn needs_frames(self) -> bool {
        matches!(self, Self::FramesSwapped | Self::FrameDropped | Self::FrameDuplicated)
    }

    /// What is encrypted instead of the compressed document, where the fault lies that deep.
    pub(super) fn payload(self, document: &str) -> Option<Vec<u8>> {
        Some(match self {
            Self::NotGzip => document.as_bytes().to_vec(),
            Self::GzipBomb => bomb().to_vec(),
            Self::GzipTruncated => {
                let mut bytes = gzip(document.as_bytes());
                bytes.truncate(bytes.len() / 2);
                bytes
            }
            Self::GzipCrc => {
                let mut bytes = gzip(document.as_bytes());
                let checksum = bytes.len() - 8;
                bytes[checksum] ^= 0x10;
                bytes
            }
            Self::NotUtf8 => {
                let mut bytes = document.as_bytes().to_vec();
                let inside = document.find("db-").unwrap_or_default();
                bytes[inside] = 0xff;
                gzip(&bytes)
            }
            Self::NotJsonInside => gzip(b"the database has nothing to say"),
            Self::JsonCut => gzip(&document.as_bytes()[..document.floor_char_boundary(document.len() / 2)]),
            Self::ListNotList => {
                let list = document.find('[').unwrap_or_default();
                gzip(format!("{}\"none\"}}", &document[..list]).as_bytes())
            }
            _ => return None,
        })
    }

    /// Damages an encrypted message.
    pub(super) fn damage(self, message: Message, dice: &mut Dice) -> Vec<u8> {
        let Message { mut bytes, header, frames } = message;
        let (first, last) = (frames[0].clone(), frames[frames.len() - 1].clone());
        let content = first.start + if frames.len() == 1 { 24 } else { 16 };
        match self {
            Self::EmptyMessage => bytes.clear(),
            Self::TruncatedInHeader => bytes.truncate(within(dice, 1, header.end - 1)),
            Self::TruncatedInFrame => bytes.truncate(within(dice, last.start + 1, last.end - 1)),
            Self::TrailingBytes => bytes.extend(dice.bytes::<3>()),
            Self::UnknownVersion => bytes[0] = 7,
            Self::UnknownSuite => bytes[2..4].fill(0xff),
            Self::HeaderBit => flip(&mut bytes[4..20], dice),
            Self::WrappedKeyBit => flip(&mut bytes[59..107], dice),
            Self::HeaderTag => flip(&mut bytes[header.end - 16..header.end], dice),
            Self::FrameBit => flip(&mut bytes[content..first.end - 16], dice),
            Self::FinalTag => flip(&mut bytes[last.end - 16..], dice),
            Self::FramesSwapped => bytes[first.start..frames[1].end].rotate_left(first.len()),
            Self::FrameDropped => drop(bytes.drain(frames[1].clone())),
            Self::FrameDuplicated => {
                let copy = bytes[first.clone()].to_vec();
                bytes.splice(first.end..first.end, copy);
            }
            _ => {}
        }
        bytes
    }

    /// Damages the outer record.
    pub(super) fn disfigure(self, envelope: &mut Envelope) {
        match self {
            Self::OtherType => envelope.kind = "SomethingElse",
            Self::MissingKey => envelope.key = None,
            Self::KeyWrongType => envelope.key = Some("184".to_owned()),
            Self::BadBase64 => envelope.message.insert(1, '!'),
            Self::BadKeyBase64 => envelope.key.iter_mut().for_each(|key| key.insert(2, '!')),
            _ => {}
        }
    }
}

fn within(dice: &mut Dice, low: usize, high: usize) -> usize {
    dice.between(low as u32, high as u32) as usize
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let place = within(dice, 0, bytes.len() - 1);
    bytes[place] ^= 1 << dice.between(0, 7);
}

/// A gibibyte of blanks, compressed: made once, it takes a second.
fn bomb() -> &'static [u8] {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(|| {
        let blanks = vec![b' '; 1 << 20];
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
        let written = (0..1024).try_for_each(|_| encoder.write_all(&blanks)).and_then(|()| encoder.finish());
        written.unwrap_or_else(|_| unreachable!("writing to memory cannot fail"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_fault_has_a_name_and_a_verdict_of_its_own() {
        let names: HashSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!(["envelope", "key", "message", "gunzip", "events"].contains(&fault.stage()), "{}", fault.name());
        }
    }
}
