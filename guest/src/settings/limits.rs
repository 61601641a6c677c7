//! What a record may cost: sizes with their bounds.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::json;

/// What a record may cost before it is refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of an outer record. Default 10 MiB, Kinesis' own limit; at most 64 MiB.
    pub record: Size,
    /// Bytes of a decrypted document. Default 64 MiB; at most 512 MiB.
    pub plaintext: Size,
    /// Events of a record. Default 100000; at most 10 million.
    pub events: u32,
    /// JSON containers inside each other. Default 64; at most 1024.
    pub depth: u32,
}

/// A number of bytes: `1048576` or `"1MiB"`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub struct Size(pub usize);

/// As it is written in settings, in the largest unit that leaves a whole number: `64MiB`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.trailing_zeros() >= *shift) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl Limits {
    /// Bytes of memory that a document may take with its lines: both where they are made, and the host's copy of them.
    /// Follows from `plaintext`.
    pub fn lines(&self) -> usize {
        self.plaintext.0.saturating_mul(2).saturating_add(AROUND_LINES)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        within("record", self.record.0, 1 << 10, 64 << 20)?;
        within("plaintext", self.plaintext.0, 1 << 10, 512 << 20)?;
        within("events", usize::try_from(self.events).unwrap_or(usize::MAX), 1, 10_000_000)?;
        within("depth", usize::try_from(self.depth).unwrap_or(usize::MAX), 4, 1024)
    }
}

/// Lines are longer than what they are made of, those of small documents many times.
const AROUND_LINES: usize = 44 << 20;

impl Default for Limits {
    fn default() -> Self {
        Limits { record: Size(10 << 20), plaintext: Size(64 << 20), events: 100_000, depth: 64 }
    }
}

impl TryFrom<Value> for Size {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let size = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => parse_size(text),
            _ => None,
        };
        size.and_then(|n| usize::try_from(n).ok())
            .map(Size)
            .ok_or_else(|| format!("expected a size such as \"10MiB\" or a number of bytes, found {value}"))
    }
}

/// `10MiB`, `64 KiB`, `1GB`: a whole number and a unit of 1024 (`KiB`) or 1000 (`kB`).
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn within(name: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(format!("transform.limits.{name}: expected {least} to {most}, found {value}")),
    }
}

const _: () = assert!(json::DEEPEST == 1024, "the bound of limits.depth");
