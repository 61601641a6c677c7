//! The setting `rules`, entry by entry. A rule set is taken as a whole or refused as a whole.

use serde_json::{Map, Value};

use super::route::Route;
use super::sigma::{Compiler, Document, Expression, Fields, Values};
use crate::settings::{kind, meant};

/// The rules in their order.
pub(crate) struct Set {
    rules: Vec<Rule>,
    counters: Vec<String>,
    fields: Fields,
    mysql_aux: Expression,
}

/// One rule: an entry of the setting, or one document of a `sigma` entry.
pub(crate) struct Rule {
    /// Its entry's place in the setting.
    pub(crate) entry: usize,
    pub(crate) name: Option<String>,
    pub(crate) when: Expression,
    pub(crate) action: Action,
    pub(crate) route: Option<Route>,
    /// What a match adds to the event: a JSON object.
    pub(crate) sigma: Option<String>,
}

/// What happens to an event that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Keep,
    Drop,
}

/// More rules than this are refused: each event may have to be held against all of them.
const RULES_MOST: usize = 1000;
const NAME_BYTES_MOST: usize = 256;
const KNOWN: [&str; 5] = ["drop", "keep", "sigma", "route", "name"];

impl Set {
    /// Reads and compiles all of them.
    pub(crate) fn open(entries: &[Value]) -> Result<Self, String> {
        let mut reader = Reader { rules: Vec::new(), compiler: Compiler::default() };
        for (index, entry) in entries.iter().enumerate() {
            reader.entry(index, entry).map_err(|error| format!("transform.rules[{index}]{error}"))?;
        }
        let mysql_aux = reader.compiler.selection(&serde_json::json!({ "class|cased": "AUX" }))?;
        let counters = counters(&reader.rules)?;
        Ok(Set { rules: reader.rules, counters, fields: reader.compiler.into_fields(), mysql_aux })
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The names of the rules' counters.
    pub(crate) fn counters(&self) -> &[String] {
        &self.counters
    }

    /// The fields that any rule looks at.
    pub(crate) fn fields(&self) -> Fields {
        self.fields.clone()
    }

    /// The second event that Aurora MySQL writes for a statement. No other engine has its class.
    pub(crate) fn is_mysql_aux(&self, values: &mut Values, event: &str) -> bool {
        self.mysql_aux.matches(values, event)
    }
}

struct Reader {
    rules: Vec<Rule>,
    compiler: Compiler,
}

impl Reader {
    /// Errors start with the place inside the entry.
    fn entry(&mut self, entry: usize, value: &Value) -> Result<(), String> {
        let Value::Object(members) = value else {
            return Err(format!(": expected a map with drop, keep or sigma, found {}", kind(value)));
        };
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(format!(".{unknown}: unknown member of a rule; {}", meant(unknown, &KNOWN)));
        }
        let name = members.get("name").map(name).transpose().map_err(|error| format!(".name: {error}"))?;
        let shown = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        self.named_entry(entry, members, name).map_err(|error| format!("{shown}{error}"))
    }

    fn named_entry(&mut self, entry: usize, members: &Map<String, Value>, name: Option<String>) -> Result<(), String> {
        let route = match members.get("route") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                Some(Route::parse(text, &mut self.compiler).map_err(|error| format!(".route: {error}"))?)
            }
            Some(other) => return Err(format!(".route: expected a text, found {}", kind(other))),
        };
        match (members.get("drop"), members.get("keep"), members.get("sigma")) {
            (Some(_), None, None) if route.is_some() => {
                Err(".route: an event that is dropped goes nowhere; leave the route out, or keep the event".to_string())
            }
            (Some(fields), None, None) => {
                let when = self.compiler.selection(fields).map_err(|error| format!(".drop{error}"))?;
                self.push(Rule { entry, name, when, action: Action::Drop, route: None, sigma: None })
            }
            (None, Some(fields), None) => {
                let when = self.compiler.selection(fields).map_err(|error| format!(".keep{error}"))?;
                self.push(Rule { entry, name, when, action: Action::Keep, route, sigma: None })
            }
            (None, None, Some(documents)) => {
                self.sigma(entry, name, documents, route).map_err(|error| format!(".sigma{error}"))
            }
            (None, None, None) => Err(": expected one of drop, keep and sigma, found none".to_string()),
            _ => Err(": expected one of drop, keep and sigma, found several; make a rule of each".to_string()),
        }
    }

    /// Whole Sigma rules. The sandbox has no files: hosts put the documents where a path stood.
    fn sigma(
        &mut self,
        entry: usize,
        name: Option<String>,
        documents: &Value,
        route: Option<Route>,
    ) -> Result<(), String> {
        let Value::Array(documents) = documents else {
            return Err(match documents {
                Value::String(path) => {
                    format!(": expected the rules themselves, found the path {path:?}; the host reads the files")
                }
                other => format!(": expected a list of Sigma rules, found {}", kind(other)),
            });
        };
        if documents.is_empty() {
            return Err(": expected at least one Sigma rule".to_string());
        }
        for (position, document) in documents.iter().enumerate() {
            let document = Document::read(document, &mut self.compiler)
                .map_err(|(title, error)| format!("[{position}]{}{error}", shown(title)))?;
            let name = match &name {
                None => document.title,
                Some(name) => format!("{name}/{}", document.title),
            };
            self.push(Rule {
                entry,
                name: Some(name),
                when: document.when,
                action: Action::Keep,
                route: route.clone(),
                sigma: Some(document.mark),
            })?;
        }
        Ok(())
    }

    fn push(&mut self, rule: Rule) -> Result<(), String> {
        if self.rules.len() >= RULES_MOST {
            return Err(format!(": more than {RULES_MOST} rules"));
        }
        self.rules.push(rule);
        Ok(())
    }
}

fn shown(title: Option<&str>) -> String {
    title.map(|title| format!(" ({title})")).unwrap_or_default()
}

fn name(value: &Value) -> Result<String, String> {
    match value {
        Value::String(name) if name.is_empty() || name.len() > NAME_BYTES_MOST => {
            Err(format!("expected a name of 1 to {NAME_BYTES_MOST} bytes, found {}", name.len()))
        }
        Value::String(name) if name.contains(char::is_control) => {
            Err("expected a name without control characters".to_string())
        }
        Value::String(name) => Ok(name.clone()),
        other => Err(format!("expected a text, found {}", kind(other))),
    }
}

/// `dropped.rule.<name or place>`, `kept.rule.<name or place>`: one of its own for each rule.
fn counters(rules: &[Rule]) -> Result<Vec<String>, String> {
    let mut counters: Vec<String> = Vec::with_capacity(rules.len());
    let mut taken = std::collections::HashSet::new();
    for (position, rule) in rules.iter().enumerate() {
        let place = rule.entry.to_string();
        let name = rule.name.as_deref().unwrap_or(&place);
        let name = match (taken.insert(name.to_string()), &rule.sigma) {
            (true, _) => name.to_string(),
            // Titles of Sigma rules need not be unique.
            (false, Some(_)) => format!("{name}#{position}"),
            (false, None) => return Err(format!("transform.rules[{place}].name: another rule is named {name:?}, too")),
        };
        let action = if rule.action == Action::Drop { "dropped" } else { "kept" };
        counters.push(format!("{action}.rule.{name}"));
    }
    Ok(counters)
}
