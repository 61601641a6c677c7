//! `dastap inspect`: what a record claims to be, and with keys, which step fails and why.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::Error;
use super::decode::{readable, runtime};
use super::keys::KeyArgs;
use super::printing::{Ended, printed};
use super::text::printable;
use crate::keys::{Cache, CacheSettings, Keyring};
use crate::record::{Content, Input, Record, Records, Refusal};
use crate::{Decoder, Failure, Verdict};

const AFTER_HELP: &str = "\
Without keys, nothing is decrypted: what is shown is what the bytes claim to be. With --keyring or \
--kms each record is also decoded, to show which step fails and why. Input may be anything that \
`dastap decode` reads.

Exit code: 0 all records are sound as far as they were checked; 1 some are not; 2 wrong usage.

Examples:
  dastap inspect records.ndjson
  dastap inspect --keyring keyring.json --resource-id db-XYZ dastap-failed.ndjson
  dastap inspect --json records.ndjson | jq .message.suite.id";

/// Explain records: envelope, message, key entries, frames, sizes
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Inspect {
    /// A file of records; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    file: PathBuf,

    #[command(flatten)]
    keys: KeyArgs,

    /// Print one JSON object a record
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        readable(&self.file)?;
        match printed(runtime(1)?.block_on(self.inspect()), "the explanation", true)? {
            true => Ok(ExitCode::SUCCESS),
            false => Ok(ExitCode::FAILURE),
        }
    }

    /// Whether all records are sound.
    async fn inspect(&self) -> Result<bool, Ended> {
        let keys = self.keys.cache(None).await?;
        let decodes = keys.is_some();
        let decoder = decoder(keys, self.keys.resources())?;
        let unreadable = |error| Ended::Other(Error::Failed(format!("cannot read {}: {error}", self.file.display())));
        let input = Input::open(&self.file, Arc::default()).map_err(unreadable)?;
        let mut out = BufWriter::new(io::stdout().lock());
        let (mut sound, mut empty) = (true, true);
        for (number, record) in (1_u64..).zip(Records::new(input)) {
            let report = explain(&decoder, &record.map_err(unreadable)?, decodes).await?;
            empty = false;
            sound &= report["failure"].is_null() && report["decode"]["failure"].is_null();
            if self.json {
                writeln!(out, "{report}")?;
            } else {
                write!(out, "{}", in_words(number, &report))?;
            }
            out.flush()?;
        }
        if empty {
            return Err(Error::Failed(format!("expected records in {}, found none", name(&self.file))).into());
        }
        Ok(sound)
    }
}

/// A decoder that keeps every event. Without keys it can still explain.
fn decoder(keys: Option<Arc<Cache>>, resources: &[String]) -> Result<Decoder, Error> {
    let keys = match keys {
        Some(keys) => keys,
        None => {
            let none = Keyring::from_json(r#"{"keys":[]}"#).map_err(Error::failed)?;
            Arc::new(Cache::new(none, CacheSettings::default()))
        }
    };
    let transform = json!({ "resources": resources, "heartbeats": "keep" });
    Decoder::builder().transform(transform).key_cache(keys).workers(1).build().map_err(Error::usage)
}

/// The inspector's answer (`wit/inspector.wit`), and under `decode` what decoding gave.
async fn explain(decoder: &Decoder, record: &Record, decodes: bool) -> Result<Value, Error> {
    let text = match &record.content {
        Content::Text(text) => text,
        Content::Refused(bytes, why) => return Ok(refused(bytes, *why)),
    };
    let report = decoder.inspect(text).await.map_err(Error::failed)?;
    let mut report: Value = serde_json::from_str(&report).map_err(Error::failed)?;
    if let Some(resource) = &record.resource {
        report["resource"] = resource.as_ref().into();
    }
    if decodes {
        let verdicts = decoder.decode(std::slice::from_ref(text), record.resource.as_deref()).await;
        report["decode"] = verdicts.first().map_or(Value::Null, verdict);
    }
    Ok(report)
}

fn verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Decoded(decoded) => json!({ "events": decoded.kept, "heartbeats": decoded.heartbeats }),
        Verdict::Failed(Failure { stage, reason, detail, retryable }) => json!({
            "failure": { "stage": stage.as_str(), "reason": reason, "detail": detail, "retryable": retryable },
        }),
    }
}

fn refused(bytes: &[u8], why: Refusal) -> Value {
    json!({
        "envelope": { "bytes": bytes.len() },
        "failure": { "stage": "envelope", "reason": why.reason(), "detail": why.detail() },
    })
}

/// The report as a few lines for people.
fn in_words(number: u64, report: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("  {name:<11} {text}\n"));
    let (envelope, message) = (&report["envelope"], &report["message"]);
    if let Some(resource) = report["resource"].as_str() {
        line("stream of", resource.to_owned());
    }
    if envelope["encrypted"] == true {
        line("envelope", format!("version {}, {}", word(&envelope["version"]), bytes(&envelope["bytes"])));
        line(
            "holds",
            format!("message of {}, data key of {}", bytes(&envelope["ciphertextBytes"]), bytes(&envelope["keyBytes"])),
        );
    } else if envelope["encrypted"] == false {
        let size = bytes(&envelope["bytes"]);
        line("envelope", format!("version {}, {size}, already decrypted", word(&envelope["version"])));
    } else if !envelope["bytes"].is_null() {
        line("envelope", bytes(&envelope["bytes"]));
    }
    if message.is_object() {
        let suite = &message["suite"];
        line(
            "message",
            format!("format {}, suite {} ({})", word(&message["format"]), word(&suite["id"]), word(&suite["name"])),
        );
        line("message id", word(&message["messageId"]));
        line("context", context(&message["context"]));
        line("header", bytes(&message["headerBytes"]));
        for key in list(&message["encryptedDataKeys"]) {
            line("key entry", key_entry(key));
        }
        line("body", body(&message["body"]));
        if let Some(signature) = message["body"]["signatureBytes"].as_u64() {
            line("signature", format!("{signature} bytes"));
        }
        match message["body"]["trailingBytes"].as_u64() {
            Some(0) => line("behind it", "nothing".to_owned()),
            Some(count) => line("behind it", format!("{count} bytes that do not belong to the message")),
            None => {}
        }
    }
    if report["failure"].is_object() {
        line("broken", failure(&report["failure"]));
    }
    let decode = &report["decode"];
    if decode["failure"].is_object() {
        let same = failure(&decode["failure"]) == failure(&report["failure"]);
        let why = if same { "for the same reason".to_owned() } else { failure(&decode["failure"]) };
        line("decode", format!("fails: {why}"));
    } else if decode.is_object() {
        line(
            "decode",
            format!("{} events, {} of them heartbeats", word(&decode["events"]), word(&decode["heartbeats"])),
        );
    }
    format!("record {number}\n{}", lines.concat())
}

fn context(pairs: &Value) -> String {
    let pairs: Vec<_> = list(pairs).iter().map(|pair| format!("{} = {}", word(&pair[0]), word(&pair[1]))).collect();
    if pairs.is_empty() { "empty".to_owned() } else { pairs.join(", ") }
}

fn key_entry(key: &Value) -> String {
    let mut text = format!("{}/{}", word(&key["provider"]), word(&key["name"]));
    text += &format!(", encrypted data key of {}", bytes(&key["ciphertextBytes"]));
    if let (Some(tag), Some(iv)) = (key["tagBits"].as_u64(), key["ivBytes"].as_u64()) {
        text += &format!(", tag of {tag} bits, IV of {iv} bytes");
    }
    text
}

fn body(body: &Value) -> String {
    if body["framed"] == false {
        return format!("one block of {}", bytes(&body["ciphertextBytes"]));
    }
    let regular = match body["frames"].as_u64() {
        Some(0) | None => "no regular frame".to_owned(),
        Some(1) => "one regular frame".to_owned(),
        Some(count) => format!("{count} regular frames"),
    };
    let last = match body["finalFrameBytes"].as_u64() {
        Some(count) => format!("one final frame of {count} bytes"),
        None => "no final frame".to_owned(),
    };
    format!("frame length {}, {regular}, {last}", word(&body["frameLength"]))
}

fn failure(failure: &Value) -> String {
    format!("{}/{}: {}", word(&failure["stage"]), word(&failure["reason"]), word(&failure["detail"]))
}

fn bytes(count: &Value) -> String {
    count.as_u64().map_or("unknown size".to_owned(), |count| format!("{count} bytes"))
}

/// A text or number; `unknown` for what is not there. Control characters, which a terminal would obey, are escaped.
fn word(value: &Value) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::String(text) => text.chars().flat_map(printable).collect(),
        other => other.to_string(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}
