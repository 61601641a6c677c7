//! One input as plain bytes: a file or standard input, unpacked when it is gzip, and counted as it is read.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// How much compressed input is read at once, in bytes.
const COMPRESSED_ROOM: usize = 128 * 1024;

/// A readable input without its packing.
pub(crate) struct Input(Box<dyn Read + Send>);

impl Input {
    /// Opens a file, or standard input for `-`. `progress` grows by every byte that is read from it, packed as it is.
    ///
    /// # Errors
    /// The file cannot be opened, or its first bytes cannot be read.
    pub(crate) fn open(path: &Path, progress: Arc<AtomicU64>) -> io::Result<Input> {
        if path.as_os_str() == "-" {
            Input::new(io::stdin(), progress)
        } else {
            Input::new(File::open(path)?, progress)
        }
    }

    /// Unpacks gzip (any number of members), known by its first two bytes, and drops a byte order mark.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub(crate) fn new(reader: impl Read + Send + 'static, progress: Arc<AtomicU64>) -> io::Result<Input> {
        let mut reader = Counted { reader, progress };
        let mut front = Vec::with_capacity(3);
        reader.by_ref().take(3).read_to_end(&mut front)?;
        if front.starts_with(&[0xef, 0xbb, 0xbf]) {
            front.clear();
        }
        let gzip = front.starts_with(&[0x1f, 0x8b]);
        let whole = Cursor::new(front).chain(reader);
        Ok(Input(if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(COMPRESSED_ROOM, whole)))
        } else {
            Box::new(whole)
        }))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// A reader that tells how far it is.
struct Counted<R> {
    reader: R,
    progress: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.progress.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> (io::Result<Vec<u8>>, u64) {
        let progress = Arc::new(AtomicU64::new(0));
        let mut input = Input::new(Cursor::new(bytes), Arc::clone(&progress)).unwrap();
        let mut plain = Vec::new();
        let result = input.read_to_end(&mut plain).map(|_| plain);
        (result, progress.load(Ordering::Relaxed))
    }

    #[test]
    fn gzip_is_unpacked_member_by_member() {
        let packed = [gzip(b"one"), gzip(b""), gzip(b"two")].concat();
        let length = packed.len() as u64;
        let (plain, progress) = read(packed);
        assert_eq!((plain.unwrap().as_slice(), progress), (&b"onetwo"[..], length));
    }

    #[test]
    fn plain_bytes_stay_and_a_byte_order_mark_goes() {
        for (bytes, expected) in
            [("", ""), ("x", "x"), ("{}", "{}"), ("\u{feff}{}", "{}"), ("{\u{feff}}", "{\u{feff}}")]
        {
            assert_eq!(read(bytes.into()).0.unwrap(), expected.as_bytes());
        }
    }

    #[test]
    fn gzip_that_is_cut_off_is_an_error() {
        let packed = gzip(b"one");
        assert!(read(packed[..packed.len() - 4].to_vec()).0.is_err());
    }
}
