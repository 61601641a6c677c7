//! What formats need to know of an event, read from its line.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::runner::Lines;

/// One line that a request carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    /// JSON, without the line end.
    pub(super) line: &'a str,
    /// The route that the rules chose.
    pub(super) route: &'a str,
}

/// What a line says of itself, in any shape.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Facts<'a> {
    #[serde(borrow, rename = "eventId")]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "clusterId")]
    cluster: Option<&'a RawValue>,
    #[serde(borrow, rename = "instanceId")]
    instance: Option<&'a RawValue>,
    #[serde(borrow, rename = "logTime")]
    log_time: Option<&'a RawValue>,
    /// Shape `ecs`.
    #[serde(borrow, rename = "@timestamp")]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    /// Shape `ocsf`: milliseconds.
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, alias = "uid")]
    id: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// A line among others.
    pub(super) fn new(line: &'a str, lines: &'a Lines) -> Self {
        Event { line, route: &lines.route }
    }

    /// What the line says of itself; nothing if it is no JSON object.
    pub(super) fn facts(&self) -> Facts<'a> {
        serde_json::from_str(self.line).unwrap_or_default()
    }
}

impl<'a> Facts<'a> {
    /// The id that the same event has again when its record is decoded again; shape `envelope` has none.
    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        let inner = |value: Option<&'a RawValue>| serde_json::from_str::<Inner<'a>>(value?.get()).ok()?.id;
        text(self.id).or_else(|| inner(self.event)).or_else(|| inner(self.metadata))
    }

    /// The cluster's id.
    pub(super) fn cluster(&self) -> Option<Cow<'a, str>> {
        text(self.cluster).filter(|id| !id.is_empty())
    }

    /// The instance's id.
    pub(super) fn instance(&self) -> Option<Cow<'a, str>> {
        text(self.instance).filter(|id| !id.is_empty())
    }

    /// When the database wrote it.
    pub(super) fn time(&self) -> Option<Timestamp> {
        let written = text(self.log_time).or_else(|| text(self.timestamp));
        match written {
            Some(written) => written.parse().ok().or_else(|| {
                // Oracle writes no offset and means UTC.
                let civil: DateTime = written.parse().ok()?;
                Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
            }),
            None => Timestamp::from_millisecond(self.time?.get().parse().ok()?).ok(),
        }
    }
}

fn text(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Some(serde_json::from_str::<Text<'_>>(value?.get()).ok()?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(line: &str) -> Facts<'_> {
        Event { line, route: "default" }.facts()
    }

    #[test]
    fn every_shape_has_an_id_and_a_time() {
        for line in [
            r#"{"eventId":"ab-1","clusterId":"cluster-A","instanceId":"db-B","logTime":"2021-06-04 02:12:05.649566+00"}"#,
            r#"{"eventId":"ab-1","logTime":"2021-06-04 02:12:05.649566"}"#,
            r#"{"@timestamp":"2021-06-04T02:12:05.649566Z","event":{"id":"ab-1"}}"#,
        ] {
            let facts = facts(line);
            assert_eq!(facts.id().as_deref(), Some("ab-1"), "{line}");
            assert_eq!(facts.time().unwrap().as_microsecond(), 1_622_772_725_649_566, "{line}");
        }
        let ocsf = facts(r#"{"metadata":{"uid":"ab-1"},"time":1622772725649}"#);
        assert_eq!((ocsf.id().as_deref(), ocsf.time().unwrap().as_millisecond()), (Some("ab-1"), 1_622_772_725_649));
    }

    #[test]
    fn values_of_other_types_are_no_facts() {
        for line in [r#"{"eventId":1,"logTime":{},"time":"x","metadata":[1],"event":null}"#, "{}", "[]", ""] {
            let facts = facts(line);
            assert!(facts.id().is_none() && facts.time().is_none() && facts.cluster().is_none(), "{line}");
        }
    }
}
