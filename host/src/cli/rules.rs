//! `dastap rules`: is a set of rules right, and which of them would decide on these events?

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use super::decode::{readable, runtime};
use super::printing::{Ended, printed};
use super::text::one_line;
use super::{Error, explained};
use crate::Decoder;
use crate::config::{Config, sigma};
use crate::keys::Keyring;
use crate::record::{Content, Input, Records};

const AFTER_HELP: &str = "\
FILE is a configuration file, a Sigma rule, or a folder of Sigma rules. A set is right as a whole or not at all; \
the first rule that matches an event decides.

Events may be lines that `dastap decode` wrote, or documents as it writes them with --shape envelope.

Exit code: 0 the rules are right; 2 they are not.

Examples:
  dastap rules dastap.yaml
  dastap rules sigma/ --test events.ndjson";

/// Check rules, and show which of them decide on events
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Rules {
    /// Configuration files, Sigma rules, or folders of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Show what becomes of the events in this file; `-` is standard input
    #[arg(long, value_name = "EVENTS")]
    test: Option<PathBuf>,
}

impl Rules {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let mut transform = Map::new();
        for file in &self.files {
            let section = section(file)?;
            // Each file alone first, so that an error names it.
            let opened = decoder(section.clone());
            opened.map_err(|error| Error::Usage(format!("{}: {error}", file.display())))?;
            merge(&mut transform, section);
        }
        let decoder = decoder(transform.clone()).map_err(Error::usage)?;
        match &self.test {
            None => {
                println!("{}", right(&transform));
                Ok(ExitCode::SUCCESS)
            }
            Some(events) => {
                readable(events)?;
                printed(runtime(1)?.block_on(test(&decoder, events)), "what matched", ())?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The transform section of a configuration file, or one made of Sigma rules.
fn section(file: &Path) -> Result<Map<String, Value>, Error> {
    let is_sigma = file.is_dir() || fs::read_to_string(file).is_ok_and(|text| looks_like_sigma(&text));
    if !is_sigma {
        return Config::load(file).map(|config| config.transform).map_err(Error::usage);
    }
    let documents = sigma::load(file).map_err(Error::Usage)?;
    Ok(Map::from_iter([("rules".to_owned(), json!([{ "sigma": documents }]))]))
}

/// A Sigma rule has a detection at the top, which no configuration has.
fn looks_like_sigma(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("detection:") || line.trim_start().starts_with("\"detection\""))
}

/// Rules add up, in the order of the files; of other settings the last counts.
fn merge(transform: &mut Map<String, Value>, section: Map<String, Value>) {
    for (name, value) in section {
        match (transform.get_mut(&name), value) {
            (Some(Value::Array(rules)), Value::Array(more)) if name == "rules" => rules.extend(more),
            (_, value) => _ = transform.insert(name, value),
        }
    }
}

fn decoder(transform: Map<String, Value>) -> Result<Decoder, crate::Error> {
    let none = Keyring::from_json(r#"{"keys":[]}"#).map_err(|error| crate::Error::Settings(error.to_string()))?;
    Decoder::builder().transform(Value::Object(transform)).keys(none).workers(1).build()
}

fn right(transform: &Map<String, Value>) -> String {
    let rules = transform.get("rules").and_then(Value::as_array).into_iter().flatten();
    let count: usize = rules.map(|rule| rule.get("sigma").and_then(Value::as_array).map_or(1, Vec::len)).sum();
    match count {
        1 => "1 rule, and it is right".to_owned(),
        count => format!("{count} rules, and they are right"),
    }
}

/// One line per event: what decided, where it goes, and the event.
async fn test(decoder: &Decoder, file: &Path) -> Result<(), Ended> {
    let failed = |problem: String| Ended::Other(Error::Failed(format!("{}: {problem}", file.display())));
    let input = Input::open(file, Arc::default()).map_err(|error| failed(error.to_string()))?;
    let mut out = BufWriter::new(io::stdout().lock());
    for (number, record) in (1_u64..).zip(Records::new(input)) {
        let record = record.map_err(|error| failed(error.to_string()))?;
        let text = match &record.content {
            Content::Text(text) => text,
            Content::Refused(_, why) => return Err(failed(format!("line {number}: {}", why.detail()))),
        };
        let document = document(text).map_err(|problem| failed(format!("line {number}: {problem}")))?;
        let record = json!({ "type": "DatabaseActivityMonitoringRecords", "databaseActivityEvents": document });
        let answer = decoder.explain(&record.to_string(), None).await.map_err(|error| failed(error.to_string()))?;
        let answer = explained::events(&answer).map_err(|problem| failed(format!("line {number}: {problem}")))?;
        let events = document["databaseActivityEventList"].as_array().into_iter().flatten();
        for (explained, event) in answer.iter().zip(events) {
            writeln!(out, "{}  {}", explained::in_words(explained), summary(event))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A decrypted document: itself, or one event as its only one.
fn document(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("expected JSON: {error}"))?;
    match &value {
        Value::Object(members) if members.contains_key("databaseActivityEventList") => Ok(value),
        Value::Object(members) => match members.get("databaseActivityEvents") {
            Some(Value::Object(_)) => Ok(value["databaseActivityEvents"].clone()),
            Some(_) => Err("expected events, found an encrypted record; decode it first".to_owned()),
            None => Ok(json!({ "databaseActivityEventList": [value] })),
        },
        _ => Err("expected an event".to_owned()),
    }
}

/// What the event is about, on one line.
fn summary(event: &Value) -> String {
    let words = ["class", "command", "dbUserName", "commandText"].iter().filter_map(|name| event[*name].as_str());
    one_line(&words.collect::<Vec<_>>().join(" "), 100)
}
