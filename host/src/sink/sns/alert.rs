//! What an alert says: the fields of one event, in every shape, as text for people.

use std::fmt::Write;

use serde_json::Value;

/// The fields of one event that an alert tells. Each is empty where the event has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Alert {
    rule: String,
    level: String,
    user: String,
    command: String,
    database: String,
    client: String,
    cluster: String,
    instance: String,
    time: String,
    event: String,
    route: String,
    statement: String,
}

/// Where a field stands in the shapes `event` and `envelope`, `ocsf`, and `ecs`.
type Places = &'static [&'static str];

const RULE: Places = &["/sigma/title", "/unmapped/sigma/title", "/aws/rds/das/sigma/title"];
const LEVEL: Places = &["/sigma/level", "/unmapped/sigma/level", "/aws/rds/das/sigma/level"];
const USER: Places = &["/dbUserName", "/actor/user/name", "/user/name"];
const COMMAND: Places = &["/command", "/unmapped/command", "/aws/rds/das/command"];
const DATABASE: Places = &["/databaseName", "/database/name", "/db/namespace"];
const CLIENT: Places = &["/remoteHost", "/src_endpoint/ip", "/src_endpoint/hostname", "/source/address"];
const CLUSTER: Places = &["/clusterId", "/database/groups/0/uid", "/aws/rds/das/cluster_id"];
const INSTANCE: Places = &["/instanceId", "/dst_endpoint/instance_uid", "/cloud/instance/id"];
const TIME: Places = &["/logTime", "/metadata/original_time", "/@timestamp"];
const EVENT: Places = &["/eventId", "/metadata/uid", "/event/id"];
const STATEMENT: Places =
    &["/commandText", "/query_info/query_string", "/unmapped/commandText", "/db/query/text", "/aws/rds/das/objects"];

/// Most characters of a field other than the statement: names come from outside.
const LONGEST: usize = 200;
/// SNS takes 256 KB with the attributes, each of which is a field.
const MESSAGE: usize = (256 << 10) - (8 << 10);

/// The alerts that a line of any shape stands for: one for each event.
pub(super) fn alerts(line: &str, route: &str) -> Vec<Alert> {
    // The decoder writes nothing but JSON objects; what cannot be read is told without fields rather than lost.
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    match value.get("databaseActivityEventList").and_then(Value::as_array) {
        Some(events) => events.iter().map(|event| Alert::of(event, &value, route)).collect(),
        None => vec![Alert::of(&value, &value, route)],
    }
}

impl Alert {
    /// `document`: what the ids of cluster and instance stand in.
    fn of(event: &Value, document: &Value, route: &str) -> Self {
        let short = |places| text(event, places).chars().take(LONGEST).collect::<String>();
        let id = |places| text(document, places).chars().take(LONGEST).collect::<String>();
        let rule = short(RULE);
        Alert {
            rule: if rule.is_empty() { route.chars().take(LONGEST).collect() } else { rule },
            level: short(LEVEL),
            user: short(USER),
            command: short(COMMAND),
            database: short(DATABASE),
            client: short(CLIENT),
            cluster: id(CLUSTER),
            instance: id(INSTANCE),
            time: short(TIME),
            event: short(EVENT),
            route: route.chars().take(LONGEST).collect(),
            statement: text(event, STATEMENT),
        }
    }

    /// The rule that matched, else the route.
    pub(super) fn rule(&self) -> &str {
        &self.rule
    }

    /// The database user.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// A field that a subject may name; others are empty.
    pub(super) fn field(&self, name: &str) -> &str {
        match name {
            "rule" => &self.rule,
            "level" => &self.level,
            "user" => &self.user,
            "database" => &self.database,
            "cluster" => &self.cluster,
            "instance" => &self.instance,
            "route" => &self.route,
            _ => "",
        }
    }

    /// What a subscription can filter by. SNS refuses an empty one.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'static str, String)> {
        let names = ["rule", "level", "user", "cluster", "route"];
        names.into_iter().map(|name| (name, printable(self.field(name)))).filter(|(_, value)| !value.is_empty())
    }

    /// The message. The statement comes last, and is cut where SNS would refuse the whole.
    pub(super) fn message(&self) -> String {
        let mut message = String::new();
        for (name, value) in [
            ("Rule", &self.rule),
            ("Level", &self.level),
            ("User", &self.user),
            ("Client", &self.client),
            ("Command", &self.command),
            ("Database", &self.database),
            ("Cluster", &self.cluster),
            ("Instance", &self.instance),
            ("Time", &self.time),
            ("Event", &self.event),
        ] {
            if !value.is_empty() {
                let _ = writeln!(message, "{:<10}{}", format!("{name}:"), printable(value));
            }
        }
        if self.statement.is_empty() {
            return message;
        }
        let statement = printable(&self.statement);
        let shown = statement.get(..statement.floor_char_boundary(MESSAGE - message.len())).unwrap_or_default();
        let _ = write!(message, "\n{shown}");
        if shown.len() < statement.len() {
            let _ = write!(message, "\n[the statement is cut: {} of {} bytes]", shown.len(), statement.len());
        }
        message
    }
}

/// The first of these places that holds something.
fn text(event: &Value, places: Places) -> String {
    let found = places.iter().filter_map(|place| event.pointer(place)).find_map(|value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// Without the characters that SNS refuses, in place of which stands U+FFFD.
fn printable(text: &str) -> String {
    let is_refused = |character: char| {
        character.is_control() && !matches!(character, '\n' | '\t' | '\r')
            || matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    text.replace(is_refused, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "eventId": "0a-1", "clusterId": "cluster-A", "instanceId": "db-1",
            "sigma": { "title": "Table dropped", "level": "high" },
            "dbUserName": "bob", "databaseName": "app", "remoteHost": "10.0.0.7", "command": "DROP TABLE",
            "logTime": "2026-03-02 07:00:00+00", "commandText": "DROP TABLE a\u{0}b",
        })
    }

    #[test]
    fn a_message_names_what_happened() {
        let alerts = alerts(&event().to_string(), "ddl");
        let expected = "Rule:     Table dropped\nLevel:    high\nUser:     bob\nClient:   10.0.0.7\n\
            Command:  DROP TABLE\nDatabase: app\nCluster:  cluster-A\nInstance: db-1\n\
            Time:     2026-03-02 07:00:00+00\nEvent:    0a-1\n\nDROP TABLE a\u{fffd}b";
        assert_eq!(alerts.iter().map(Alert::message).collect::<Vec<_>>(), [expected]);
        assert_eq!(
            alerts[0].attributes().map(|(name, _)| name).collect::<Vec<_>>(),
            ["rule", "level", "user", "cluster", "route"]
        );
    }

    #[test]
    fn without_a_sigma_rule_the_route_is_the_rule() {
        let alert = alerts("{}", "ddl").pop().unwrap();
        assert_eq!((alert.rule(), alert.user(), alert.message().as_str()), ("ddl", "", "Rule:     ddl\n"));
    }

    #[test]
    fn every_event_of_an_envelope_is_an_alert() {
        let document = json!({ "clusterId": "cluster-A", "instanceId": "db-1", "databaseActivityEventList":
            [{ "dbUserName": "a", "clusterId": 1 }, { "dbUserName": "b" }] });
        let alerts = alerts(&document.to_string(), "ddl");
        let said: Vec<_> = alerts.iter().map(|alert| (alert.user(), alert.field("cluster"))).collect();
        assert_eq!(said, [("a", "cluster-A"), ("b", "cluster-A")]);
    }

    #[test]
    fn a_long_statement_is_cut_and_says_so() {
        let mut event = event();
        event["commandText"] = "ø".repeat(200_000).into();
        let message = alerts(&event.to_string(), "ddl").pop().unwrap().message();
        assert!(message.len() <= MESSAGE + 100, "{}", message.len());
        assert!(message.ends_with(" of 400000 bytes]"), "{}", &message[message.len() - 60..]);
        event["dbUserName"] = "u".repeat(5000).into();
        assert_eq!(alerts(&event.to_string(), "ddl").pop().unwrap().user().len(), 200);
    }
}
