//! What records travel in: lines, back to back as Firehose writes them to S3, the events that AWS Lambda gets, gzip.

use super::{Record, lambda};
use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write};

/// The form of a file of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a line.
    Ndjson,
    /// Records back to back, without a line end.
    Concatenated,
    /// Events of a Lambda function's Kinesis trigger, one a line: at most 100 records of one stream.
    KinesisEvent,
    /// Events of a Firehose transformation, one a line: at most 100 records of one stream.
    FirehoseEvent,
    /// One record a line, compressed.
    Gzip,
}

impl Format {
    /// The five forms.
    pub const ALL: [Self; 5] = [Self::Ndjson, Self::Concatenated, Self::KinesisEvent, Self::FirehoseEvent, Self::Gzip];

    /// The form's name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Concatenated => "concatenated",
            Self::KinesisEvent => "kinesis-event",
            Self::FirehoseEvent => "firehose-event",
            Self::Gzip => "gzip",
        }
    }
}

/// Records in a Lambda event.
const BATCH: usize = 100;

/// Writes records in one of the forms. Call [`Carrier::finish`] at the end: dropping it may lose records.
pub struct Carrier<W: Write> {
    format: Format,
    out: Output<W>,
    /// Records of one stream that wait until their event is full.
    batch: Vec<Record>,
}

enum Output<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Carrier<W> {
    /// Writes to `out`; give it a buffer.
    pub fn new(format: Format, out: W) -> Self {
        let out = match format {
            Format::Gzip => Output::Gzip(Box::new(GzEncoder::new(out, Compression::new(6)))),
            _ => Output::Plain(out),
        };
        Self { format, out, batch: Vec::new() }
    }

    /// Takes one record; it may be written later.
    ///
    /// # Errors
    /// When the output cannot be written to.
    pub fn put(&mut self, record: Record) -> io::Result<()> {
        match self.format {
            Format::Ndjson | Format::Gzip => self.write(&[record.line.as_bytes(), b"\n"]),
            // What is no JSON can only be told from its neighbours by a line of its own.
            Format::Concatenated if !record.line.starts_with('{') => {
                self.write(&[b"\n", record.line.as_bytes(), b"\n"])
            }
            Format::Concatenated => self.write(&[record.line.as_bytes()]),
            Format::KinesisEvent | Format::FirehoseEvent => {
                let other_stream = self.batch.first().is_some_and(|first| first.resource != record.resource);
                if other_stream || self.batch.len() == BATCH {
                    self.send()?;
                }
                self.batch.push(record);
                Ok(())
            }
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the output cannot be written to.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.batch.is_empty() {
            self.send()?;
        }
        match self.out {
            Output::Plain(mut out) => out.flush(),
            Output::Gzip(encoder) => encoder.finish()?.flush(),
        }
    }

    /// Writes the batch as one event.
    fn send(&mut self) -> io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let event = match self.format {
            Format::FirehoseEvent => lambda::firehose_event(&batch)?,
            _ => lambda::kinesis_event(&batch)?,
        };
        self.write(&[&event, b"\n"])
    }

    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        parts.iter().try_for_each(|part| match &mut self.out {
            Output::Plain(out) => out.write_all(part),
            Output::Gzip(encoder) => encoder.write_all(part),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{Engine, Fault, Settings, Stream};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;
    use std::io::Read;

    fn written(format: Format, settings: Settings) -> (Vec<Record>, Vec<u8>) {
        let records: Vec<_> = Stream::new(settings).expect("the settings are sound").collect();
        let mut bytes = Vec::new();
        let mut carrier = Carrier::new(format, &mut bytes);
        records.iter().for_each(|record| carrier.put(record.clone()).expect("memory can be written to"));
        carrier.finish().expect("memory can be written to");
        (records, bytes)
    }

    fn lines(records: &[Record]) -> Vec<String> {
        records.iter().map(|record| record.line.clone()).collect()
    }

    fn values(bytes: &[u8]) -> Vec<Value> {
        serde_json::Deserializer::from_slice(bytes).into_iter().map(|value| value.expect("JSON")).collect()
    }

    #[test]
    fn lines_stand_plain_or_compressed() {
        let settings = Settings { records: 20, ..Settings::default() };
        let (records, plain) = written(Format::Ndjson, settings.clone());
        let expected = lines(&records).join("\n") + "\n";
        assert!(plain == expected.as_bytes());
        let (_, packed) = written(Format::Gzip, settings);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
        assert!(text == expected);
    }

    #[test]
    fn back_to_back_records_have_no_line_end_but_what_is_no_json_has() {
        let settings = Settings { records: 20, faults: vec![Fault::NotJson], ..Settings::default() };
        let (records, bytes) = written(Format::Concatenated, settings.clone());
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text.matches('\n').count(), 2);
        assert_eq!(text.replace('\n', ""), lines(&records).concat());
    }

    #[test]
    fn lambda_events_hold_records_of_one_stream_in_order() {
        let settings =
            Settings { records: 230, engines: vec![Engine::Postgres, Engine::Oracle], ..Settings::default() };
        let (records, bytes) = written(Format::KinesisEvent, settings);
        let mut found = Vec::new();
        for event in values(&bytes) {
            let list = event["Records"].as_array().expect("a list");
            assert!((1..=100).contains(&list.len()));
            assert!(list.iter().all(|record| record["eventSourceARN"] == list[0]["eventSourceARN"]));
            for record in list {
                let data = STANDARD.decode(record["kinesis"]["data"].as_str().expect("text")).expect("base64");
                let arn = record["eventSourceARN"].as_str().expect("text").to_owned();
                found.push((arn, String::from_utf8(data).expect("UTF-8")));
            }
        }
        assert!(
            found == records.iter().map(|record| (lambda::stream_arn(record), record.line.clone())).collect::<Vec<_>>()
        );
    }

    #[test]
    fn full_firehose_events_are_followed_by_the_rest() {
        let settings = Settings { records: 230, engines: vec![Engine::Mysql], ..Settings::default() };
        let (records, bytes) = written(Format::FirehoseEvent, settings);
        let events = values(&bytes);
        let sizes: Vec<_> = events.iter().map(|event| event["records"].as_array().map_or(0, Vec::len)).collect();
        assert_eq!(sizes, [100, 100, 30]);
        assert_eq!(events[2]["sourceKinesisStreamArn"], lambda::stream_arn(&records[229]));
        let last = &events[2]["records"][29];
        let data = STANDARD.decode(last["data"].as_str().expect("text")).expect("base64");
        assert!(data == records[229].line.as_bytes());
        assert_eq!(last["kinesisRecordMetadata"]["partitionKey"].as_str().map(str::len), Some(36));
    }
}
