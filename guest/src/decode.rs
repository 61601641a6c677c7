//! The whole pipeline of one record on one screen.

use sha2::{Digest, Sha256};

use crate::counts::{Count, Counts, Tally};
use crate::envelope::{self, Envelope, Payload};
use crate::error::{Failure, Reason, Stage};
use crate::esdk;
use crate::events::{Document, Event};
use crate::gunzip::Gunzip;
use crate::keys::{BatchKeys, KeyRequest, Keys, Resources};
use crate::resource::Resource;
use crate::settings::{Keep, Settings, Shape};
use crate::shape::{InPlace, Shaped};
use crate::utf8;
use crate::verdict::{Decoded, Merged, Output, Verdict};

/// A decoder with its settings and the buffers that it uses again for every record.
pub struct Transform {
    settings: Settings,
    esdk_limits: esdk::Limits,
    resources: Resources,
    counts: Counts,
    work: Work,
}

/// Buffers and states, used again for every record.
struct Work {
    message: Vec<u8>,
    compressed: Vec<u8>,
    plaintext: Vec<u8>,
    gunzip: Gunzip,
    events: Vec<Event>,
    keep: Vec<bool>,
    id: String,
}

impl Transform {
    /// A decoder with these settings.
    ///
    /// # Errors
    /// A sentence that names the setting that is wrong.
    pub fn open(settings: Settings) -> Result<Self, String> {
        let resources = Resources::new(settings.parsed_resources()?);
        let esdk_limits = settings.esdk_limits();
        Ok(Transform { settings, esdk_limits, resources, counts: Counts::default(), work: Work::new() })
    }

    /// One verdict per record, in order. `stream`: the resource id, stream name or ARN that the batch came from.
    pub fn decode<R: AsRef<str>>(&mut self, batch: &[R], stream: Option<&str>, keys: &mut impl Keys) -> Vec<Verdict> {
        let mut batch_keys = BatchKeys::default();
        let stream = stream.map(Resource::parse_for_record).transpose();
        let verdict = |record: &R| {
            let mut output = Output::default();
            let tally = self.record(record.as_ref(), &stream, &mut batch_keys, keys, &mut output)?;
            let outputs = if output.events > 0 { vec![output] } else { Vec::new() };
            Ok(Decoded { outputs, kept: tally.kept, dropped: tally.dropped(), heartbeats: tally.heartbeats })
        };
        batch.iter().map(verdict).map(Verdict::from).collect()
    }

    /// The same, with the outputs of the whole batch joined by route.
    pub fn decode_merged<R: AsRef<str>>(&mut self, batch: &[R], stream: Option<&str>, keys: &mut impl Keys) -> Merged {
        let mut batch_keys = BatchKeys::default();
        let stream = stream.map(Resource::parse_for_record).transpose();
        let mut merged = Merged::default();
        let mut output = Output::default();
        for (index, record) in (0u32..).zip(batch) {
            match self.record(record.as_ref(), &stream, &mut batch_keys, keys, &mut output) {
                Ok(tally) => merged.add(&tally),
                Err(failure) => merged.failures.push((index, failure)),
            }
        }
        merged.outputs.extend((output.events > 0).then_some(output));
        merged
    }

    /// The distinct questions that [`Transform::decode`] of this batch can ask. Records that will fail before a key
    /// is needed ask none.
    pub fn needs<R: AsRef<str>>(&self, batch: &[R], stream: Option<&str>) -> Vec<KeyRequest> {
        let Ok(stream) = stream.map(Resource::parse_for_record).transpose() else { return Vec::new() };
        let mut requests: Vec<KeyRequest> = batch
            .iter()
            .filter_map(|record| self.read_envelope(record.as_ref()).ok())
            .filter_map(|envelope| match envelope.events {
                Payload::Encrypted { key, .. } => self.resources.requests(&key, stream.as_ref()).ok(),
                Payload::Decrypted(_) => None,
            })
            .flatten()
            .collect();
        requests.sort_unstable();
        requests.dedup();
        requests
    }

    /// Gives out the counters and sets them to zero.
    pub fn counts(&mut self) -> Vec<Count> {
        self.counts.take()
    }

    /// One record: its lines go behind those already in `output`; on failure `output` is as it was.
    fn record(
        &mut self,
        record: &str,
        stream: &Result<Option<Resource>, Failure>,
        batch_keys: &mut BatchKeys,
        keys: &mut impl Keys,
        output: &mut Output,
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let envelope = self.read_envelope(record)?;
        let (settings, work) = (&self.settings, &mut self.work);
        let is_decrypted = matches!(envelope.events, Payload::Encrypted { .. });
        let text = match envelope.events {
            Payload::Encrypted { message, key } => {
                envelope::decode_message(&message, &mut work.message)?;
                let stream = stream.as_ref().map_err(Failure::clone)?.as_ref();
                let name = &settings.encrypted_data_key;
                let keyring = batch_keys.keyring(&key, stream, &mut self.resources, name, keys)?;
                let header = esdk::decrypt_into(&work.message, keyring, &self.esdk_limits, &mut work.compressed)?;
                write_hex(header.message_id, &mut work.id);
                tally.suite = Some(header.suite.id);
                work.gunzip.inflate(&work.compressed, &mut work.plaintext, settings.limits.plaintext.0)?;
                utf8::from_utf8(&work.plaintext).map_err(|e| {
                    let detail = format!("byte {} of the document is not UTF-8", e.valid_up_to());
                    Failure::new(Stage::Events, Reason::NotUtf8, detail)
                })?
            }
            Payload::Decrypted(document) => {
                // No message id: what stands for it is the same whenever the record is the same.
                let digest = Sha256::digest(document.as_bytes());
                write_hex(digest.get(..16).unwrap_or_default(), &mut work.id);
                document
            }
        };
        let document = Document::read(text, settings.limits.depth, settings.limits.events, &mut work.events)?;
        tally.plain_bytes = text.len();
        decide(settings, &work.events, &mut work.keep, &mut tally);
        let shaped = Shaped { document: &document, id: &work.id, events: &work.events, keep: &work.keep };
        self.counts.add(document.cluster, document.instance, &tally);
        // Lines of a large document take the place of the document.
        let plan = match is_decrypted && settings.shape == Shape::Event && output.lines.is_empty() {
            true => InPlace::plan(&shaped, work.plaintext.capacity()),
            false => None,
        };
        let lines = match plan {
            Some(plan) => plan.write(&work.events, &work.keep, &mut work.plaintext, output)?,
            None => settings.shape.write(&shaped, &mut output.lines),
        };
        output.events = output.events.saturating_add(lines);
        Ok(tally)
    }

    fn read_envelope<'a>(&self, record: &'a str) -> Result<Envelope<'a>, Failure> {
        Envelope::read(record, self.settings.limits.record.0, self.settings.limits.depth)
    }
}

/// Which events stay.
fn decide(settings: &Settings, events: &[Event], keep: &mut Vec<bool>, tally: &mut Tally) {
    keep.clear();
    for event in events {
        let counter = if event.heartbeat && settings.heartbeats == Keep::Drop {
            &mut tally.dropped_heartbeats
        } else if event.system_user && settings.system_users == Keep::Drop {
            &mut tally.dropped_system_users
        } else {
            keep.push(true);
            tally.kept = tally.kept.saturating_add(1);
            tally.heartbeats = tally.heartbeats.saturating_add(event.heartbeat.into());
            continue;
        };
        *counter = counter.saturating_add(1);
        keep.push(false);
        tally.heartbeats = tally.heartbeats.saturating_add(event.heartbeat.into());
    }
}

fn write_hex(bytes: &[u8], text: &mut String) {
    text.clear();
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]) {
        text.push(char::from(if nibble < 10 { b'0' } else { b'a' - 10 }.wrapping_add(nibble)));
    }
}

impl Work {
    fn new() -> Self {
        Work {
            message: Vec::new(),
            compressed: Vec::new(),
            plaintext: Vec::new(),
            gunzip: Gunzip::new(),
            events: Vec::new(),
            keep: Vec::new(),
            id: String::new(),
        }
    }
}
