//! The subject of an alert: a text with fields of the event in it, within what SNS allows.

use serde::Deserialize;

use super::alert::Alert;

/// Text and fields, in turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Subject(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(&'static str),
}

/// The fields that a subject may have.
const FIELDS: [&str; 7] = ["rule", "level", "user", "database", "cluster", "instance", "route"];
/// SNS takes less than 100 characters.
const LONGEST: usize = 99;

impl Default for Subject {
    fn default() -> Self {
        Subject(vec![Part::Field("rule"), Part::Text(" by ".to_owned()), Part::Field("user")])
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (mut parts, mut rest) = (vec![], text.as_str());
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, behind) = behind.split_once('}').ok_or("expected } behind {, found none")?;
            let known = FIELDS.iter().find(|known| **known == name);
            let known =
                known.ok_or_else(|| format!("expected one of {{{}}}, found {{{name}}}", FIELDS.join("}, {")))?;
            parts.extend([Part::Text(before.to_owned()), Part::Field(known)]);
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        match text.trim().is_empty() {
            true => Err("expected a text, found nothing".to_owned()),
            false => Ok(Subject(parts)),
        }
    }
}

impl Subject {
    /// The subject of this alert: printable ASCII, never empty, and it does not begin with a space.
    pub(super) fn of(&self, alert: &Alert) -> String {
        let text: String = self
            .0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Field(name) => alert.field(name),
            })
            .collect();
        let printable = |character: char| if matches!(character, ' '..='~') { character } else { '?' };
        let text: String = text.trim_start().chars().map(printable).take(LONGEST).collect();
        if text.is_empty() { "alert".to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::super::alert::alerts;
    use super::*;

    fn subject(template: &str, event: &str) -> Result<String, String> {
        let alert = alerts(event, "ddl").pop().expect("an alert");
        Ok(Subject::try_from(template.to_owned())?.of(&alert))
    }

    #[test]
    fn fields_stand_in_the_text() {
        let event =
            r#"{"clusterId":"cluster-A","sigma":{"title":"Løgin\n as admin","level":"high"},"dbUserName":"bob"}"#;
        assert_eq!(subject("[{level}] {rule}: {user}{database}!", event).unwrap(), "[high] L?gin? as admin: bob!");
        assert_eq!(subject("{database}", event).unwrap(), "alert");
        let long = event.replace("bob", &"b".repeat(150));
        assert_eq!(subject("  {rule} by {user}", &long).unwrap().len(), 99);
    }

    #[test]
    fn an_unknown_field_is_named() {
        assert!(subject("{usr}", "{}").unwrap_err().ends_with("found {usr}"));
        assert_eq!(subject("{rule", "{}").unwrap_err(), "expected } behind {, found none");
        assert_eq!(subject(" ", "{}").unwrap_err(), "expected a text, found nothing");
    }
}
