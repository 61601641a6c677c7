//! What every source and every sink may say, whatever its kind; the rest is for the kind itself.

use dastap_guest::settings::nearest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Keys, explain};

/// One entry of `sources` or `sinks`, or the `dead-letter`.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Its `type`.
    pub(crate) kind: String,
    /// Its name in metrics and logs. Default: its type.
    pub(crate) name: Option<String>,
    /// Sources: who is asked for data keys instead of the top-level `keys`.
    pub(crate) keys: Option<Keys>,
    /// Sinks: the routes that it takes, exact or with `*` at the end. Default: all.
    pub(crate) routes: Vec<String>,
    /// Sinks: bytes of lines that may wait for it. Default: 16 MiB.
    pub(crate) queue: usize,
    /// The settings of its kind.
    pub(crate) rest: Map<String, Value>,
}

/// Enough to keep a sink busy while the decoder works on the next batch; 100 KiB at least, 1 GiB at most.
const QUEUE: usize = 16 << 20;
const QUEUE_BOUNDS: std::ops::RangeInclusive<usize> = 100 << 10..=1 << 30;

impl Endpoint {
    /// Takes apart what stands at this place of the file.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub(crate) fn read(place: &str, mut section: Map<String, Value>, kinds: &[&str]) -> Result<Self, String> {
        let text = |value: Value, what: &str| match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            other => Err(format!("{place}.{what}: expected text, found {other}")),
        };
        let known = || kinds.join(", ");
        let Some(kind) = section.remove("type") else {
            return Err(format!("{place}.type: expected one of {}, found nothing", known()));
        };
        let kind = text(kind, "type")?;
        if !kinds.contains(&kind.as_str()) {
            return Err(match nearest(&kind, kinds) {
                Some(near) => format!("{place}.type: unknown kind `{kind}`; did you mean `{near}`?"),
                None => format!("{place}.type: unknown kind `{kind}`; known are {}", known()),
            });
        }
        let name = section.remove("name").map(|name| text(name, "name")).transpose()?;
        // What belongs to the other side is left for the kind to refuse.
        let is_source = place.starts_with("sources");
        let mut take = |name: &str, of_source: bool| (of_source == is_source).then(|| section.remove(name)).flatten();
        let keys = take("keys", true).map(|keys| read_at(&format!("{place}.keys"), keys)).transpose()?;
        let routes = take("routes", false).map(|routes| read_at(&format!("{place}.routes"), routes)).transpose()?;
        let queue = match take("queue", false) {
            None => QUEUE,
            Some(size) => {
                let size: dastap_guest::settings::Size = read_at(&format!("{place}.queue"), size)?;
                if !QUEUE_BOUNDS.contains(&size.0) {
                    return Err(format!("{place}.queue: expected 100KiB to 1GiB, found {} bytes", size.0));
                }
                size.0
            }
        };
        Ok(Endpoint { kind, name, keys, routes: routes.unwrap_or_default(), queue, rest: section })
    }
}

/// Reads the settings of one kind.
///
/// # Errors
/// What is wrong, with the name of the setting and the nearest known.
pub(crate) fn read_settings<S: DeserializeOwned>(settings: Map<String, Value>) -> Result<S, String> {
    serde_path_to_error::deserialize(Value::Object(settings)).map_err(|error| {
        let place = error.path().to_string();
        explain(if place == "." { "" } else { &place }, &error.inner().to_string())
    })
}

fn read_at<S: DeserializeOwned>(place: &str, value: Value) -> Result<S, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inside = error.path().to_string();
        let place = if inside == "." { place.to_owned() } else { format!("{place}.{inside}") };
        explain(&place, &error.inner().to_string())
    })
}
