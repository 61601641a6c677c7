//! The dead letter: a line for each failed record with the reason and the record as it was received.
//!
//! ```json
//! {"index":7,"error":{"stage":"message","reason":"not-authentic","detail":"frame 3","retryable":false},"record":{..}}
//! ```
//! `index` is the record's place in the input, from 0. `resource` stands before the record where its carrier told the
//! stream's resource id. `record` holds the very bytes that were received; what is not JSON on one line stands as
//! `record_base64`. `dastap decode` reads the file back as input.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::Failure;

/// Where failed records go when nobody said where.
pub(crate) const DEFAULT_DEAD_LETTER: &str = "dastap-failed.ndjson";

/// An append-only file of failed records. It is never truncated, and only its owner can read it.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

#[derive(Serialize)]
struct Line<'a> {
    index: u64,
    error: Reason<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_base64: Option<String>,
}

#[derive(Serialize)]
struct Reason<'a> {
    stage: String,
    reason: &'a str,
    detail: &'a str,
    retryable: bool,
}

impl DeadLetter {
    /// Opens the file now, so that a wrong path is known before anything is read.
    ///
    /// # Errors
    /// The file can neither be opened nor created.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(DeadLetter { path: path.to_owned(), file: Some(BufWriter::new(append(path)?)) })
    }

    /// Opens the file with the first failed record; without any, none is made.
    pub(crate) fn on_demand(path: &Path) -> Self {
        DeadLetter { path: path.to_owned(), file: None }
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a failed record.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub(crate) fn write(
        &mut self,
        index: u64,
        failure: &Failure,
        resource: Option<&str>,
        record: &[u8],
    ) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(BufWriter::new(append(&self.path)?)),
        };
        write_line(file, index, failure, resource, record)
    }

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Writes the line of a failed record.
///
/// # Errors
/// The writer's own.
pub(crate) fn write_line(
    writer: &mut impl Write,
    index: u64,
    failure: &Failure,
    resource: Option<&str>,
    record: &[u8],
) -> io::Result<()> {
    let raw = as_json_on_one_line(record);
    let line = Line {
        index,
        error: Reason {
            stage: failure.stage.to_string(),
            reason: &failure.reason,
            detail: &failure.detail,
            retryable: failure.retryable,
        },
        resource,
        record: raw,
        record_base64: raw.is_none().then(|| BASE64.encode(record)),
    };
    serde_json::to_writer(&mut *writer, &line)?;
    writer.write_all(b"\n")
}

/// The record as it can stand inside a JSON line, byte for byte, if it can.
fn as_json_on_one_line(record: &[u8]) -> Option<&RawValue> {
    // From bracket to bracket: a raw value leaves white space around it out.
    let container = matches!(record, [b'{', .., b'}'] | [b'[', .., b']']);
    let text = std::str::from_utf8(record).ok().filter(|text| container && !text.contains(['\n', '\r']))?;
    // Checked without building anything; a raw value that is borrowed from a string is that string.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    serde_json::from_str(text).ok()
}

/// Opens a file of lines to append to it, made when missing and readable by its owner only. A line that an earlier run
/// left unfinished is ended.
///
/// # Errors
/// The file can neither be opened nor created.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if ends_within_a_line(&mut file)? {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// Whether an earlier run was stopped in the middle of a line.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if !file.metadata()?.is_file() || file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;
    use crate::record::{Content, Records};
    use proptest::prelude::*;

    fn failure() -> Failure {
        let (reason, detail) = ("not-authentic".into(), "frame \"3\"".into());
        Failure { stage: Stage::Message, reason, detail, retryable: false }
    }

    fn written(records: &[(&[u8], Option<&str>)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.ndjson");
        let mut dead_letter = DeadLetter::open(&path).unwrap();
        for (index, (record, resource)) in (7..).zip(records) {
            dead_letter.write(index, &failure(), *resource, record).unwrap();
        }
        dead_letter.flush().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_line_is_as_the_design_has_it() {
        let error = r#""error":{"stage":"message","reason":"not-authentic","detail":"frame \"3\"","retryable":false}"#;
        let lines = written(&[(br#"{ "a":1.0 }"#, None), (b"text", Some("db-X")), (b"{\n}", None)]);
        let expected = [
            format!(r#"{{"index":7,{error},"record":{{ "a":1.0 }}}}"#),
            format!(r#"{{"index":8,{error},"resource":"db-X","record_base64":"dGV4dA=="}}"#),
            format!(r#"{{"index":9,{error},"record_base64":"ewp9"}}"#),
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_overwritten_and_nobody_else_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.ndjson");
        let mut unused = DeadLetter::on_demand(&path);
        unused.flush().unwrap();
        assert!(!path.exists());
        for _ in 0..2 {
            let mut dead_letter = DeadLetter::on_demand(&path);
            dead_letter.write(0, &failure(), None, b"{}").unwrap();
            dead_letter.flush().unwrap();
        }
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"index\":").unwrap();
        let mut dead_letter = DeadLetter::open(&path).unwrap();
        dead_letter.write(0, &failure(), None, b"{}").unwrap();
        dead_letter.flush().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.lines().map(|line| line.ends_with(r#""record":{}}"#)).collect::<Vec<_>>(),
            [true, true, false, true]
        );
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn white_space_around_a_record_is_kept() {
        let records: [&[u8]; 3] = [b"{} ", b"[]\t", b" {}"];
        let written = written(&records.map(|record| (record, None)));
        let read: Vec<_> = Records::new(written.as_bytes()).map(|record| record.unwrap().content).collect();
        assert_eq!(read.iter().map(Content::as_bytes).collect::<Vec<_>>(), records);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_byte_for_byte(
            records in proptest::collection::vec((record(), proptest::option::of("(cluster|db)-[A-Z0-9]{4}")), 0..8),
        ) {
            let lines: Vec<_> = records.iter().map(|(bytes, id)| (bytes.as_slice(), id.as_deref())).collect();
            let read: Vec<_> = Records::new(written(&lines).as_bytes())
                .map(|record| record.unwrap())
                .map(|record| (record.content.as_bytes().to_vec(), record.resource.map(|id| id.to_string())))
                .collect();
            prop_assert_eq!(read, records);
        }

        #[test]
        fn text_stays_text(record in r#"\{"[a-z"\\{}\n\u00e9]{0,12}"#) {
            let lines = written(&[(record.as_bytes(), None)]);
            let read: Vec<_> = Records::new(lines.as_bytes()).map(|record| record.unwrap().content).collect();
            prop_assert_eq!(read, [Content::Text(record)]);
        }
    }

    fn record() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            r#"\{"type": ?"[a-zA-Z]{0,9}", ?"n":-?[1-9]\.[0-9]{0,9}\}"#.prop_map(String::into_bytes),
            r#"[{}\[\]",:1\\ \r\n]{1,12}"#.prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 1..12),
        ]
    }
}
