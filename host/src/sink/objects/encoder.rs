//! Lines on their way into an object: as they are, gzip or zstd. What comes out collects in memory until it is taken.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use serde::Deserialize;

/// How an object is packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

/// One object's stream.
pub(super) enum Encoder {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Zstd(Box<zstd::Encoder<'static, Vec<u8>>>),
}

/// Audit lines shrink to a tenth at level 4 already; more takes twice the time for a few percent.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

impl Compression {
    /// What the names of such objects end with.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        }
    }
}

impl Encoder {
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Encoder::Plain(Vec::new()),
            Compression::Gzip => {
                Encoder::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL))))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(Box::new(encoder))
            }
        })
    }

    /// Whether writing takes long enough to be kept off the threads that decode.
    pub(super) fn is_slow(&self) -> bool {
        !matches!(self, Encoder::Plain(_))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Encoder::Plain(out) => out.write_all(bytes),
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// How many bytes can be taken.
    pub(super) fn len(&self) -> usize {
        match self {
            Encoder::Plain(out) => out.len(),
            Encoder::Gzip(encoder) => encoder.get_ref().len(),
            Encoder::Zstd(encoder) => encoder.get_ref().len(),
        }
    }

    /// Takes what has come out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Encoder::Plain(out) => out,
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
        })
    }

    /// Ends the stream: what is left.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Plain(out) => Ok(out),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_taken_on_the_way_and_at_the_end_is_one_stream() {
        let text: String = (0..200_000u32).map(|number| format!("{}\n", number.wrapping_mul(2_654_435_761))).collect();
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let mut encoder = Encoder::new(compression).unwrap();
            let (mut packed, mut taken) = (Vec::new(), 0);
            for chunk in text.as_bytes().chunks(10_000) {
                encoder.write(chunk).unwrap();
                if encoder.len() > 30_000 {
                    packed.extend(encoder.take());
                    taken += 1;
                }
            }
            packed.extend(encoder.finish().unwrap());
            let mut found = Vec::new();
            match compression {
                Compression::None => found = packed,
                Compression::Gzip => {
                    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut found).map(|_| ()).unwrap();
                }
                Compression::Zstd => found = zstd::decode_all(packed.as_slice()).unwrap(),
            }
            assert!(taken > 5 && found == text.as_bytes(), "{compression:?}");
        }
    }
}
