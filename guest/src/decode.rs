//! The whole pipeline of one record on one screen.

use sha2::{Digest, Sha256};

use crate::counts::{Count, Counts, Tally};
use crate::envelope::{self, Envelope, Payload};
use crate::error::{Failure, Reason, Stage};
use crate::esdk;
use crate::events::{Document, Event, Noted};
use crate::gunzip::Gunzip;
use crate::keys::{BatchKeys, KeyRequest, Keys, Resources};
use crate::outputs::Outputs;
use crate::redact::Redactor;
use crate::resource::Resource;
use crate::rules::{Explained, Rules};
use crate::settings::Settings;
use crate::shape::{Origin, Room, Shaped, check_events};
use crate::utf8;
use crate::verdict::{Decoded, Merged, Verdict};

/// A decoder with its settings and the buffers that it uses again for every record.
pub struct Transform {
    settings: Settings,
    esdk_limits: esdk::Limits,
    resources: Resources,
    counts: Counts,
    rules: Rules,
    redactor: Redactor,
    work: Work,
}

/// Buffers and states, used again for every record.
struct Work {
    message: Vec<u8>,
    compressed: Vec<u8>,
    plaintext: Vec<u8>,
    gunzip: Gunzip,
    events: Vec<Event>,
    noted: Noted,
    id: String,
}

/// A batch as a whole: its stream, and its keys.
struct Batch {
    stream: Result<Option<Resource>, Failure>,
    keys: BatchKeys,
}

/// A record that was read completely; the events are in [`Work`].
struct Read<'r, 'a> {
    document: Document<'a>,
    /// The message id in hexadecimal, or what stands for it.
    id: &'a str,
    events: &'a [Event],
    noted: &'a Noted,
    /// None for a record that was not encrypted.
    suite: Option<u16>,
    /// The document has a buffer of its own, which is in [`Work`].
    is_own: bool,
    /// `version` of the outer record.
    version: Option<&'r str>,
}

impl Transform {
    /// A decoder with these settings.
    ///
    /// # Errors
    /// A sentence that names the setting that is wrong.
    pub fn open(settings: Settings) -> Result<Self, String> {
        let resources = Resources::new(settings.parsed_resources()?);
        let esdk_limits = settings.esdk_limits();
        let rules = Rules::open(&settings)?;
        let redactor = Redactor::new(&settings);
        let (counts, work) = (Counts::default(), Work::new(rules.noted(), Room::new(&settings)));
        Ok(Transform { settings, esdk_limits, resources, counts, rules, redactor, work })
    }

    /// One verdict per record, in order. `stream`: the resource id, stream name or ARN that the batch came from.
    pub fn decode<R: AsRef<str>>(&mut self, batch: &[R], stream: Option<&str>, keys: &mut impl Keys) -> Vec<Verdict> {
        let mut whole = Batch::of(stream);
        let verdict = |record: &R| {
            let mut outputs = Outputs::default();
            let tally = self.record(record.as_ref(), &mut whole, keys, &mut outputs)?;
            let (kept, dropped, heartbeats) = (tally.kept, tally.dropped(), tally.heartbeats);
            Ok(Decoded { outputs: outputs.into_list(), kept, dropped, heartbeats })
        };
        batch.iter().map(verdict).map(Verdict::from).collect()
    }

    /// The same, with the outputs of the whole batch joined by route.
    pub fn decode_merged<R: AsRef<str>>(&mut self, batch: &[R], stream: Option<&str>, keys: &mut impl Keys) -> Merged {
        let mut whole = Batch::of(stream);
        let mut merged = Merged::default();
        let mut outputs = Outputs::default();
        for (index, record) in (0u32..).zip(batch) {
            match self.record(record.as_ref(), &mut whole, keys, &mut outputs) {
                Ok(tally) => merged.add(&tally),
                Err(failure) => merged.failures.push((index, failure)),
            }
        }
        merged.outputs = outputs.into_list();
        merged
    }

    /// What becomes of each event of one record, and why. Nothing is counted.
    ///
    /// # Errors
    /// As the verdict on the record.
    pub fn explain(
        &mut self,
        record: &str,
        stream: Option<&str>,
        keys: &mut impl Keys,
    ) -> Result<Vec<Explained>, Failure> {
        let Transform { settings, esdk_limits, resources, work, rules, redactor, .. } = self;
        let read = read(record, settings, esdk_limits, resources, work, &mut Batch::of(stream), keys)?;
        let mut outputs = Outputs::default();
        rules.decide(&read.document, read.events, read.noted, &mut outputs, &mut Tally::default());
        let explained = |(index, (event, ruling)): (u32, (&Event, &crate::rules::Ruling))| {
            let redacted = ruling.output().map(|_| {
                redactor.redact(read.document.event(event));
                redactor.explain()
            });
            Explained {
                index,
                kept: ruling.output().is_some(),
                by: rules.cause(ruling.by),
                route: ruling.output().map(|output| outputs.route(output).to_string()),
                redacted: redacted.unwrap_or_default(),
            }
        };
        let explained = (0..).zip(read.events.iter().zip(rules.rulings())).map(explained).collect();
        redactor.take_counts();
        Ok(explained)
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
        self.counts.take(self.rules.counters())
    }

    /// One record: its lines go behind those already in `outputs`; on failure they are as they were.
    fn record(
        &mut self,
        record: &str,
        batch: &mut Batch,
        keys: &mut impl Keys,
        outputs: &mut Outputs,
    ) -> Result<Tally, Failure> {
        outputs.mark();
        self.lines(record, batch, keys, outputs).inspect_err(|_| {
            outputs.rewind();
            self.redactor.take_counts();
        })
    }

    fn lines(
        &mut self,
        record: &str,
        batch: &mut Batch,
        keys: &mut impl Keys,
        outputs: &mut Outputs,
    ) -> Result<Tally, Failure> {
        let Transform { settings, esdk_limits, resources, work, rules, redactor, counts } = self;
        let read = read(record, settings, esdk_limits, resources, work, batch, keys)?;
        let document = &read.document;
        let length = document.text.len();
        let mut tally = Tally { plain_bytes: length, suite: read.suite, ..Tally::default() };
        if rules.read_events() {
            check_events(document, read.events, settings)?;
        }
        rules.decide(document, read.events, read.noted, outputs, &mut tally);
        let (id, events, version) = (read.id, read.events, read.version);
        let shaped =
            Shaped { document, length, id, events, rules, outputs: outputs.count(), last: 0, version, settings };
        match shaped.write(redactor, outputs, read.is_own)? {
            None => {
                tally.redacted = redactor.take_counts();
                counts.add(document.cluster, document.instance, &tally, rules.hits());
            }
            Some(plan) => {
                let Work { id, events, plaintext, .. } = work;
                plan.write(&Origin { id, events, rules, version, settings }, redactor, plaintext, outputs)?;
                let document = plan.document();
                tally.redacted = redactor.take_counts();
                counts.add(document.cluster, document.instance, &tally, rules.hits());
            }
        }
        Ok(tally)
    }

    fn read_envelope<'a>(&self, record: &'a str) -> Result<Envelope<'a>, Failure> {
        read_envelope(record, &self.settings)
    }
}

/// From the outer record to the events.
fn read<'r: 'a, 'a>(
    record: &'r str,
    settings: &Settings,
    esdk_limits: &esdk::Limits,
    resources: &mut Resources,
    work: &'a mut Work,
    batch: &mut Batch,
    keys: &mut impl Keys,
) -> Result<Read<'r, 'a>, Failure> {
    let envelope = read_envelope(record, settings)?;
    let version = envelope.version;
    let Work { message, compressed, plaintext, gunzip, events, noted, id } = work;
    let (mut suite, mut is_own) = (None, false);
    let text = match envelope.events {
        Payload::Encrypted { message: encoded, key } => {
            envelope::decode_message(&encoded, message)?;
            drop(encoded);
            let stream = batch.stream.as_ref().map_err(Failure::clone)?.as_ref();
            let name = &settings.encrypted_data_key;
            let keyring = batch.keys.keyring(&key, stream, resources, name, keys)?;
            let header = esdk::decrypt_into(message, keyring, esdk_limits, compressed)?;
            write_hex(header.message_id, id);
            suite = Some(header.suite.id);
            gunzip.inflate(compressed, plaintext, settings.limits.plaintext.0)?;
            is_own = true;
            // What large records leave behind would stand beside their lines.
            for buffer in [message, compressed] {
                if buffer.capacity() > KEPT_BUFFER {
                    *buffer = Vec::new();
                }
            }
            utf8::from_utf8(plaintext).map_err(|e| {
                let detail = format!("byte {} of the document is not UTF-8", e.valid_up_to());
                Failure::new(Stage::Events, Reason::NotUtf8, detail)
            })?
        }
        Payload::Decrypted(document) => {
            // No message id: what stands for it is the same whenever the record is the same.
            let digest = Sha256::digest(document.as_bytes());
            write_hex(digest.get(..16).unwrap_or_default(), id);
            document
        }
    };
    let document = Document::read(text, settings.limits.depth, settings.limits.events, events, noted)?;
    Ok(Read { document, id, events, noted, suite, is_own, version })
}

/// Larger buffers are not kept for the next record.
const KEPT_BUFFER: usize = 4 << 20;

fn read_envelope<'a>(record: &'a str, settings: &Settings) -> Result<Envelope<'a>, Failure> {
    Envelope::read(record, settings.limits.record.0, settings.limits.depth)
}

impl Batch {
    fn of(stream: Option<&str>) -> Self {
        Batch { stream: stream.map(Resource::parse_for_record).transpose(), keys: BatchKeys::default() }
    }
}

fn write_hex(bytes: &[u8], text: &mut String) {
    let mut digits = [[0; 2]; 32];
    for (pair, byte) in digits.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 0x0f].map(|nibble| nibble.wrapping_add(if nibble < 10 { b'0' } else { b'a' - 10 }));
    }
    let written = digits.get(..bytes.len()).unwrap_or_default().as_flattened();
    text.clear();
    text.push_str(std::str::from_utf8(written).unwrap_or_default());
}

impl Work {
    fn new(noted: Noted, room: Room) -> Self {
        Work {
            message: Vec::new(),
            compressed: Vec::new(),
            plaintext: Vec::new(),
            gunzip: Gunzip::new(room),
            events: Vec::new(),
            noted,
            id: String::new(),
        }
    }
}
