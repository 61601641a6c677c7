//! The verdict on each event of a record: presets, then rules, then `otherwise`.

use super::candidates::Candidates;
use super::explain::Cause;
use super::set::{Action, Set};
use super::sigma::Values;
use crate::counts::Tally;
use crate::events::{Document, Event, Noted};
use crate::outputs::{DEFAULT_ROUTE, Outputs};
use crate::settings::{Keep, Settings};

/// A rule set with the buffers that it uses again for every event.
pub(crate) struct Rules {
    heartbeats: Keep,
    system_users: Keep,
    mysql_aux: Keep,
    otherwise: Keep,
    set: Set,
    candidates: Candidates,
    values: Values,
    /// Some rule looks at fields, or a preset does.
    needs_fields: bool,
    route: String,
    rulings: Vec<Ruling>,
    /// Events of the last record that each rule decided about.
    hits: Vec<u32>,
}

/// What was decided about an event. There is one for each event of a record: eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// The number of the output it goes to; none when it is dropped.
    output: Option<u16>,
    /// What decided.
    pub(crate) by: By,
}

/// What decides about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Heartbeats,
    SystemUsers,
    MysqlAux,
    Rule(u16),
    Otherwise,
}

impl Ruling {
    fn new(by: By, output: Option<usize>) -> Self {
        // There are far fewer routes than that.
        Ruling { output: output.and_then(|output| u16::try_from(output).ok()), by }
    }

    /// Which output the event goes to; none when it is dropped.
    pub(crate) fn output(&self) -> Option<usize> {
        self.output.map(usize::from)
    }
}

impl Rules {
    /// The rules of these settings.
    ///
    /// # Errors
    /// A sentence that names the rule, the field and the position of the first mistake.
    pub(crate) fn open(settings: &Settings) -> Result<Self, String> {
        let set = Set::open(&settings.rules)?;
        Ok(Rules {
            heartbeats: settings.heartbeats,
            system_users: settings.system_users,
            mysql_aux: settings.mysql_aux,
            otherwise: settings.otherwise,
            candidates: Candidates::new(set.rules().iter().map(|rule| &rule.when)),
            values: Values::new(set.fields()),
            needs_fields: !set.rules().is_empty() || settings.mysql_aux == Keep::Drop,
            hits: vec![0; set.rules().len()],
            set,
            route: String::new(),
            rulings: Vec::new(),
        })
    }

    /// What is to be noted of each event while its document is read.
    pub(crate) fn noted(&self) -> Noted {
        match self.needs_fields {
            true => self.values.noted(),
            false => Noted::default(),
        }
    }

    /// Deciding takes more of an event than what every reader sees of it.
    pub(crate) fn read_events(&self) -> bool {
        self.needs_fields
    }

    /// Decides about every event of a record, and finds the outputs of those that stay.
    pub(crate) fn decide(
        &mut self,
        document: &Document<'_>,
        events: &[Event],
        noted: &Noted,
        outputs: &mut Outputs,
        tally: &mut Tally,
    ) {
        self.rulings.clear();
        self.hits.fill(0);
        for (number, event) in events.iter().enumerate() {
            if self.needs_fields {
                self.values.begin(noted.of(number));
            }
            let ruling = self.ruling(event, document.event(event), outputs, tally);
            count(tally, &mut self.hits, ruling, event);
            self.rulings.push(ruling);
        }
    }

    /// What was decided about the events of the last record, one entry each.
    pub(crate) fn rulings(&self) -> &[Ruling] {
        &self.rulings
    }

    /// How many events of the last record each rule decided about.
    pub(crate) fn hits(&self) -> &[u32] {
        &self.hits
    }

    /// The names of the rules' counters.
    pub(crate) fn counters(&self) -> &[String] {
        self.set.counters()
    }

    /// What the Sigma rule that decided says about the event: a JSON object.
    pub(crate) fn sigma(&self, ruling: &Ruling) -> Option<&str> {
        match ruling.by {
            By::Rule(rule) => self.set.rules().get(usize::from(rule))?.sigma.as_deref(),
            _ => None,
        }
    }

    /// What decided, for people.
    pub(crate) fn cause(&self, by: By) -> Cause {
        match by {
            By::Heartbeats => Cause::Heartbeats,
            By::SystemUsers => Cause::SystemUsers,
            By::MysqlAux => Cause::MysqlAux,
            By::Otherwise => Cause::Otherwise,
            By::Rule(rule) => {
                let rule = self.set.rules().get(usize::from(rule));
                Cause::Rule { index: rule.map_or(0, |rule| rule.entry), name: rule.and_then(|rule| rule.name.clone()) }
            }
        }
    }

    fn ruling(&mut self, event: &Event, text: &str, outputs: &mut Outputs, tally: &mut Tally) -> Ruling {
        if event.heartbeat && self.heartbeats == Keep::Drop {
            return Ruling::new(By::Heartbeats, None);
        }
        if event.system_user && self.system_users == Keep::Drop {
            return Ruling::new(By::SystemUsers, None);
        }
        if self.mysql_aux == Keep::Drop && self.set.is_mysql_aux(&mut self.values, text) {
            return Ruling::new(By::MysqlAux, None);
        }
        let rules = self.set.rules();
        let found = self.candidates.first(&mut self.values, text, |rule, is_known, values| match rules.get(rule) {
            Some(rule) if is_known => rule.when.matches_beyond(values, text),
            Some(rule) => rule.when.matches(values, text),
            None => false,
        });
        let Some((index, rule)) = found.and_then(|index| Some((index, rules.get(index)?))) else {
            // A heartbeat that its own setting keeps stays, unless a rule says otherwise.
            let keep = self.otherwise == Keep::Keep || event.heartbeat;
            let by = if event.heartbeat && self.otherwise == Keep::Drop { By::Heartbeats } else { By::Otherwise };
            return Ruling::new(by, keep.then(|| outputs.at(DEFAULT_ROUTE).output));
        };
        let output = match (rule.action, &rule.route) {
            (Action::Drop, _) => None,
            (Action::Keep, None) => Some(outputs.at(DEFAULT_ROUTE).output),
            (Action::Keep, Some(route)) => {
                let place = outputs.at(route.of(&mut self.values, text, &mut self.route));
                tally.overflowed = tally.overflowed.saturating_add(place.overflowed.into());
                Some(place.output)
            }
        };
        // There are at most a thousand rules.
        Ruling::new(By::Rule(index as u16), output)
    }
}

fn count(tally: &mut Tally, hits: &mut [u32], ruling: Ruling, event: &Event) {
    let add = |counter: &mut u32| *counter = counter.saturating_add(1);
    if event.heartbeat {
        add(&mut tally.heartbeats);
    }
    if let By::Rule(rule) = ruling.by
        && let Some(hits) = hits.get_mut(usize::from(rule))
    {
        add(hits);
    }
    match (ruling.output(), ruling.by) {
        (Some(_), _) => add(&mut tally.kept),
        (None, By::Heartbeats) => add(&mut tally.dropped_heartbeats),
        (None, By::SystemUsers) => add(&mut tally.dropped_system_users),
        (None, By::MysqlAux) => add(&mut tally.dropped_mysql_aux),
        (None, By::Rule(_)) => add(&mut tally.dropped_by_rules),
        (None, By::Otherwise) => add(&mut tally.dropped_otherwise),
    }
}
