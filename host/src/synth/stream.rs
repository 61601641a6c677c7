//! The stream itself: which instance speaks next, what becomes of its document on the way into a record, and the keyring.

use super::dice::{Dice, Purpose};
use super::encrypt::{Material, encrypt, gzip};
use super::envelope::Envelope;
use super::instance::{Instance, Load};
use super::wrapping::WrappingKey;
use super::{Engine, Fault, Settings, SettingsError};
use std::io::{self, Write};

/// One record of a synthetic stream.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place in the stream, from 0.
    pub index: u64,
    /// The resource id its stream is named after: `cluster-...` or `db-...`.
    pub resource: String,
    /// The outer record, as it would stand in Kinesis: one line without its end. No JSON with [`Fault::NotJson`].
    pub line: String,
    /// The document that was encrypted, before any fault.
    pub document: String,
    /// How many elements its event list has, heartbeats included.
    pub events: u32,
    /// What is wrong with the record.
    pub fault: Option<Fault>,
    /// When the record arrived, in milliseconds since 1970.
    pub arrived: u64,
}

impl Record {
    /// What a decoder must make of this record, as one JSON object: `index`, `resource` and `envelope` (the
    /// document), or `index`, `fault`, `stage` and `reason`.
    #[must_use]
    pub fn expected(&self) -> String {
        let Self { index, resource, document, .. } = self;
        match self.fault {
            None => format!(r#"{{"index":{index},"resource":"{resource}","envelope":{document}}}"#),
            Some(fault) => format!(
                r#"{{"index":{index},"fault":"{}","stage":"{}","reason":"{}"}}"#,
                fault.name(),
                fault.stage(),
                fault.reason()
            ),
        }
    }
}

/// A synthetic stream: an iterator over its records, of which it holds one at a time.
pub struct Stream {
    settings: Settings,
    instances: Vec<Instance>,
    schedule: Dice,
    next: u64,
    faults: u64,
}

impl Stream {
    /// A stream that has not begun yet.
    ///
    /// # Errors
    /// When a setting is out of its bounds or does not fit the others.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let mut engines: Vec<Engine> = Vec::new();
        for &engine in &settings.engines {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
        let new = |engine| (0..settings.instances).map(move |place| Instance::new(settings.seed, engine, place));
        let instances: Vec<_> = engines.into_iter().flat_map(new).collect();
        let schedule = Dice::new(settings.seed, Purpose::Schedule);
        Ok(Self { settings, instances, schedule, next: 0, faults: 0 })
    }

    /// The resource ids of all records, each once.
    #[must_use]
    pub fn resources(&self) -> Vec<&str> {
        let mut resources: Vec<_> = self.instances.iter().map(|instance| instance.server.resource.as_str()).collect();
        resources.dedup();
        resources
    }

    /// Writes every wrapping key of the stream as a keyring file: `{"keys":[{"ciphertext","context","plaintext"}]}`.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_keyring(&self, out: &mut impl Write) -> io::Result<()> {
        let mut separator = "{\"keys\":[\n";
        for instance in &self.instances {
            for period in 0..=self.settings.rotations {
                let key = WrappingKey::new(self.settings.seed, instance.server.number, period);
                out.write_all(separator.as_bytes())?;
                serde_json::to_writer(&mut *out, &key.entry(&instance.server))?;
                separator = ",\n";
            }
        }
        out.write_all(b"\n]}\n")
    }
}

impl Iterator for Stream {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let index = self.next;
        if index == self.settings.records {
            return None;
        }
        let place = self.schedule.between(0, self.instances.len() as u32 - 1) as usize;
        let load = self.load();
        let document = self.instances[place].document(load);
        let mut damage = Dice::new(self.settings.seed, Purpose::Damage(index));
        let fault = self.settings.fault_at(index, self.faults, |rate| damage.percent(rate));
        let line = self.seal(place, &document, fault, &mut damage);
        self.faults += u64::from(fault.is_some());
        self.next += 1;
        let Instance { server, .. } = &self.instances[place];
        let arrived = self.instances[place].now().milliseconds() + 120;
        Some(Record {
            index,
            resource: server.resource.clone(),
            line,
            document,
            events: load.elements(),
            fault,
            arrived,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.settings.records - self.next);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

impl Stream {
    /// What the next record holds.
    fn load(&mut self) -> Load {
        let Self { settings, schedule, .. } = self;
        if schedule.percent(settings.heartbeats) {
            return Load::Heartbeat;
        }
        if schedule.percent(settings.empty) {
            return Load::Empty;
        }
        let count = schedule.between(*settings.events.start(), *settings.events.end());
        Load::Events { count, heartbeat: schedule.percent(settings.heartbeats / 10.0) }
    }

    /// The wrapping key of an instance at this point of the stream.
    fn key(&self, instance: u32) -> WrappingKey {
        let Settings { seed, records, rotations, .. } = self.settings;
        let period = u128::from(self.next) * (u128::from(rotations) + 1) / u128::from(records);
        WrappingKey::new(seed, instance, u32::try_from(period).unwrap_or(rotations))
    }

    /// Compresses, encrypts and wraps a document, and does the damage on the way.
    fn seal(&self, place: usize, document: &str, fault: Option<Fault>, damage: &mut Dice) -> String {
        let (seed, index, frame_length) = (self.settings.seed, self.next, self.settings.frame_length);
        let Instance { server, .. } = &self.instances[place];
        let (number, version) = (server.number, server.engine.version());
        let key = self.key(number);
        let mut material = Material::new(key.plaintext, &mut Dice::new(seed, Purpose::Message(index)));
        let mut envelope = Envelope::new(version, &key.blob);
        match fault {
            Some(Fault::NotJson) => return "the stream is out of order, please call again".to_owned(),
            Some(Fault::WrongKey) => material.wrapping_key = damage.bytes(),
            Some(Fault::UnknownKey) => {
                envelope = Envelope::new(version, &WrappingKey::unknown(seed, number, index).blob)
            }
            _ => {}
        }
        let payload = fault.and_then(|fault| fault.payload(document)).unwrap_or_else(|| gzip(document.as_bytes()));
        let message = match fault {
            // A short message is cut into at least four frames where the fault is about frames.
            Some(fault) if fault.needs_frames() => {
                encrypt(&payload, &material, frame_length.min(payload.len() as u32 / 4))
            }
            _ => encrypt(&payload, &material, frame_length),
        };
        let bytes = match fault {
            Some(fault) => fault.damage(message, damage),
            None => message.bytes,
        };
        envelope.hold(&bytes);
        fault.into_iter().for_each(|fault| fault.disfigure(&mut envelope));
        envelope.to_string()
    }
}
