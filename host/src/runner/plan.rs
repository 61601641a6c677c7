//! From a configuration to everything opened: first all of it is read and checked, then it can be shown, then opened.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::flow::{Flow, Outlet, Routes};
use super::queue::{Queue, drive};
use super::{Intake, Runner};
use crate::Decoder;
use crate::config::{self, Config, Endpoint};
use crate::keys::Cache;
use crate::metrics::Metrics;
use crate::sink::{self, SinkContext, SinkSettings};
use crate::source::{self, SourceContext, SourceSettings};

/// The place of the dead letter in the file, and its name unless it has one of its own.
const DEAD_LETTER: &str = "dead-letter";

/// What a configuration asks for, checked.
pub(crate) struct Plan {
    keys: Vec<(config::Keys, Arc<str>)>,
    transform: Map<String, Value>,
    sources: Vec<PlannedSource>,
    sinks: Vec<PlannedSink>,
    /// None where the senders of all records keep them until they are delivered.
    dead_letter: Option<PlannedSink>,
    workers: usize,
    drain: Duration,
}

struct PlannedSource {
    name: Arc<str>,
    settings: Box<dyn SourceSettings>,
    /// The place in [`Plan::keys`] of who is asked for its data keys.
    keys: usize,
}

struct PlannedSink {
    name: Arc<str>,
    settings: Box<dyn SinkSettings>,
    routes: Routes,
    queue: usize,
}

impl Plan {
    /// Reads and checks every section.
    ///
    /// # Errors
    /// What is wrong, with its place: `sources[0].stream: ..`.
    pub(crate) fn read(config: Config) -> Result<Plan, String> {
        let Config { keys, transform, sources, sinks, dead_letter, workers, drain, .. } = config;
        let default_keys = keys.unwrap_or_default();
        let mut plan = Plan {
            keys: vec![],
            sources: vec![],
            sinks: vec![],
            dead_letter: dead_letter.map(|section| planned_sink(DEAD_LETTER, section)).transpose()?,
            workers: workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            drain: drain.0,
            transform,
        };
        if sources.is_empty() {
            return Err("sources: expected at least one, such as { type: stdin }, found none".to_owned());
        }
        for (index, section) in sources.into_iter().enumerate() {
            plan.add_source(&format!("sources[{index}]"), section, &default_keys)?;
        }
        for (index, section) in sinks.into_iter().enumerate() {
            let sink = planned_sink(&format!("sinks[{index}]"), section)?;
            if plan.sinks.iter().any(|other| other.name == sink.name) {
                return Err(format!(
                    "sinks[{index}].name: \"{}\" is taken; give each sink a name of its own",
                    sink.name
                ));
            }
            plan.sinks.push(sink);
        }
        if !plan.is_kept_by_senders() && plan.dead_letter.is_none() {
            plan.dead_letter = Some(planned_sink(DEAD_LETTER, default_dead_letter())?);
        }
        plan.check_routes()?;
        Ok(plan)
    }

    fn add_source(&mut self, place: &str, section: Map<String, Value>, keys: &config::Keys) -> Result<(), String> {
        let Endpoint { kind, name, keys: own_keys, rest, .. } =
            Endpoint::read(place, section, &source::KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>())?;
        let read = source::KINDS.iter().find(|known| known.name == kind).map(|kind| kind.read);
        let read = read.ok_or_else(|| format!("{place}.type: unknown source {kind}"))?;
        let settings = read(rest).map_err(|problem| format!("{place}.{problem}"))?;
        let name: Arc<str> = name.unwrap_or(kind).into();
        if self.sources.iter().any(|other| other.name == name) {
            return Err(format!("{place}.name: \"{name}\" is taken; give each source a name of its own"));
        }
        let access = settings.access();
        let mut keys = own_keys.unwrap_or_else(|| keys.clone());
        keys.region = keys.region.or(access.region);
        keys.role_arn = keys.role_arn.or(access.role_arn);
        let known = self.keys.iter().position(|(known, _)| *known == keys);
        let keys = known.unwrap_or_else(|| {
            self.keys.push((keys, Arc::clone(&name)));
            self.keys.len() - 1
        });
        self.sources.push(PlannedSource { name, settings, keys });
        Ok(())
    }

    /// Puts a source that only a program can make in the place of the first.
    pub(crate) fn with_source(mut self, settings: Box<dyn SourceSettings>) -> Self {
        if let Some(source) = self.sources.first_mut() {
            source.settings = settings;
        }
        self
    }

    /// Whether nothing is lost when neither a sink nor a dead letter has it.
    fn is_kept_by_senders(&self) -> bool {
        self.sources.iter().all(|source| source.settings.is_kept_by_sender())
    }

    /// Events of a route that no sink takes would be lost.
    fn check_routes(&self) -> Result<(), String> {
        if self.sinks.is_empty() && self.is_kept_by_senders() {
            return Ok(());
        }
        let drops_the_rest = self.transform.get("otherwise").is_some_and(|otherwise| otherwise == "drop");
        let catches_all = self.sinks.iter().any(|sink| sink.routes.take("default"));
        match catches_all || drops_the_rest && !self.sinks.is_empty() {
            true => Ok(()),
            false => {
                Err("sinks: no sink takes events of the route `default`: give a sink without `routes`, or drop them \
                          with transform.otherwise: drop"
                    .to_owned())
            }
        }
    }

    /// What would run, for people.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for source in &self.sources {
            text += &format!("source  {:<12} {}\n", source.name, source.settings.plan());
            if let Some((keys, _)) = self.keys.get(source.keys) {
                text += &format!("        {:<12} data keys from {}\n", "", keys.in_words());
            }
        }
        for sink in &self.sinks {
            let routes = match sink.routes.0.as_slice() {
                [] => String::new(),
                routes => format!(", routes {}", routes.join(" ")),
            };
            text += &format!("sink    {:<12} {}{routes}\n", sink.name, sink.settings.plan());
        }
        text += &match &self.dead_letter {
            Some(sink) => format!("failed  {:<12} {}\n", sink.name, sink.settings.plan()),
            None => format!("failed  {:<12} back to the sender\n", ""),
        };
        text + &format!("workers {}\n", self.workers)
    }

    /// The key caches, one for each way to ask.
    ///
    /// # Errors
    /// No credentials, a keyring that cannot be read.
    pub(crate) async fn open_keys(&self, metrics: &Arc<Metrics>) -> Result<Vec<Arc<Cache>>, String> {
        let mut caches = Vec::new();
        for (keys, source) in &self.keys {
            let cache = keys
                .open_timed(Arc::clone(metrics))
                .await
                .map_err(|problem| format!("keys of source {source}: {problem}"))?;
            caches.push(Arc::new(cache));
        }
        Ok(caches)
    }

    /// Asks every KMS once.
    ///
    /// # Errors
    /// KMS does not answer, or not to these credentials.
    pub(crate) async fn ask_kms(&self) -> Result<(), String> {
        for (keys, source) in self.keys.iter().filter(|(keys, _)| keys.is_kms()) {
            let answer = keys.kms().await?.ask_once().await;
            answer.map_err(|problem| format!("keys of source {source}: {problem}"))?;
        }
        Ok(())
    }

    /// Opens everything: keys, sources, then sinks. A second process on one set of positions is refused by the source,
    /// before it touches a file that the first is writing.
    ///
    /// # Errors
    /// A sentence for people; nothing was read or sent.
    pub(crate) async fn open(self, metrics: Arc<Metrics>) -> Result<Runner, String> {
        let caches = self.open_keys(&metrics).await?;
        let mut decoders = Vec::new();
        for cache in caches {
            let decoder = Decoder::builder()
                .transform(Value::Object(self.transform.clone()))
                .key_cache(cache)
                .workers(self.workers)
                .build();
            decoders.push(decoder.map_err(|error| error.to_string())?);
        }
        metrics.watch_keys(decoders.iter().map(|decoder| Arc::clone(decoder.keys())).collect());
        let mut opened_sources = Vec::new();
        for PlannedSource { name, settings, keys } in self.sources {
            let context = SourceContext { name: Arc::clone(&name) };
            let source = settings.open(context).await.map_err(|problem| format!("source {name}: {problem}"))?;
            let Some(decoder) = decoders.get(keys).cloned() else { continue };
            opened_sources.push((name, source, decoder));
        }
        let (lanes, idle) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let mut drivers = JoinSet::new();
        let mut opened = async |planned: PlannedSink, dead_letter: Option<Queue>| {
            let PlannedSink { name, settings, queue, .. } = planned;
            let context = SinkContext { name: Arc::clone(&name), metrics: Arc::clone(&metrics), dead_letter };
            let sink = settings.open(context).await.map_err(|problem| format!("sink {name}: {problem}"))?;
            let (queue, items) = Queue::new(Arc::clone(&name), queue, Arc::clone(&metrics));
            let idle = idle.clone();
            drivers.spawn(async move { (name, drive(sink, items, idle).await) });
            Ok::<Queue, String>(queue)
        };
        let dead_letter = match self.dead_letter {
            Some(planned) => Some(opened(planned, None).await?),
            None => None,
        };
        let mut outlets = Vec::new();
        for sink in self.sinks {
            let routes = sink.routes.clone();
            outlets.push(Outlet { queue: opened(sink, dead_letter.clone()).await?, routes });
        }
        let flow = Arc::new(Flow::new(Arc::clone(&metrics), self.workers, outlets, dead_letter, lanes, stopped));
        let with_intake = |(name, source, decoder)| {
            let intake = Intake { flow: Arc::clone(&flow), source: Arc::clone(&name), decoder };
            (name, source, intake)
        };
        let sources = opened_sources.into_iter().map(with_intake).collect();
        Ok(Runner { sources, drivers, flow, stop, drain: self.drain })
    }
}

fn planned_sink(place: &str, section: Map<String, Value>) -> Result<PlannedSink, String> {
    let Endpoint { kind, name, routes, queue, rest, .. } =
        Endpoint::read(place, section, &sink::KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>())?;
    let read = sink::KINDS.iter().find(|known| known.name == kind).map(|kind| kind.read);
    let read = read.ok_or_else(|| format!("{place}.type: unknown sink {kind}"))?;
    let settings = read(rest).map_err(|problem| format!("{place}.{problem}"))?;
    if place == DEAD_LETTER && !settings.keeps() {
        return Err(format!("{place}.type: expected a sink that keeps whole records, such as `file`, found `{kind}`"));
    }
    let name = name.unwrap_or_else(|| if place == DEAD_LETTER { place.to_owned() } else { kind });
    Ok(PlannedSink { name: name.into(), settings, routes: Routes(routes), queue })
}

/// Beside the program, as with `dastap decode`.
fn default_dead_letter() -> Map<String, Value> {
    let file = [("type", "file"), ("path", crate::dead_letter::DEFAULT_DEAD_LETTER)];
    file.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect()
}
