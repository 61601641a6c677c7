//! One database instance: who it is, who is connected to it, and the documents it sends (das-format, section 4).

use super::clock::Moment;
use super::dice::{Dice, Purpose};
use super::session::{Activity, Deed, Mishap, Session};
use super::settings::Engine;
use super::statement::Verb;
use super::{mysql, oracle, postgres, sql, sqlserver};
use std::collections::VecDeque;

/// More instances than one engine may have: keeps the numbers of two engines' instances apart.
const NUMBERS_PER_ENGINE: u32 = 10_000;

/// What an instance is called.
pub(super) struct Server {
    pub(super) engine: Engine,
    /// Its place among the instances of its engine, from 0.
    pub(super) place: u32,
    /// Its place among the instances of all engines.
    pub(super) number: u32,
    /// The resource id its stream is named after.
    pub(super) resource: String,
    /// The `clusterId` of its documents: empty on RDS.
    pub(super) cluster: String,
    /// The `instanceId` of its documents.
    pub(super) id: String,
    /// The name its owner gave it.
    pub(super) name: String,
    pub(super) address: String,
}

impl Server {
    fn new(seed: u64, engine: Engine, place: u32) -> Self {
        let number = engine as u32 * NUMBERS_PER_ENGINE + place;
        let mut dice = Dice::new(seed, Purpose::Identity(number));
        let id = format!("db-{}", resource_id(&mut dice));
        let cluster = if engine.is_aurora() {
            format!("cluster-{}", resource_id(&mut Dice::new(seed, Purpose::Cluster(engine as u32))))
        } else {
            String::new()
        };
        Self {
            engine,
            place,
            number,
            resource: if engine.is_aurora() { cluster.clone() } else { id.clone() },
            cluster,
            id,
            name: format!("{}-{}-{}", dice.pick(&["shop", "crm", "ledger"]), engine.name(), place + 1),
            address: format!("10.0.{}.{}", dice.between(16, 31), dice.between(4, 250)),
        }
    }
}

fn resource_id(dice: &mut Dice) -> String {
    dice.text(26, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

/// How an engine reports an activity: one or several events, each a JSON object, in the order of its choice.
pub(super) trait Teller {
    fn tell(&mut self, server: &Server, activity: &Activity<'_>, dice: &mut Dice) -> Vec<String>;
}

/// What a document's event list holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Load {
    /// Nothing but a heartbeat.
    Heartbeat,
    /// Nothing at all.
    Empty,
    /// So many events, and maybe a heartbeat among them.
    Events { count: u32, heartbeat: bool },
}

impl Load {
    /// The length of the list.
    pub(super) fn elements(self) -> u32 {
        match self {
            Self::Heartbeat => 1,
            Self::Empty => 0,
            Self::Events { count, heartbeat } => count + u32::from(heartbeat),
        }
    }
}

/// The only form of a heartbeat.
const HEARTBEAT: &str = r#"{"type":"heartbeat"}"#;

/// Sessions that are open at the same time.
const SESSIONS: usize = 6;

/// A database instance at work.
pub(super) struct Instance {
    pub(super) server: Server,
    now: Moment,
    dice: Dice,
    sessions: Vec<Session>,
    teller: Box<dyn Teller + Send>,
    /// Events that did not fit into the last document: twins may be apart.
    waiting: VecDeque<String>,
}

impl Instance {
    pub(super) fn new(seed: u64, engine: Engine, place: u32) -> Self {
        let server = Server::new(seed, engine, place);
        let mut dice = Dice::new(seed, Purpose::Activity(server.number));
        let now = Moment::BEGIN.after(dice.between(0, 1_000_000), 0);
        let sessions = (0..SESSIONS).map(|_| Session::open(engine, now, &mut dice)).collect();
        let teller: Box<dyn Teller + Send> = match engine {
            Engine::Postgres => Box::new(postgres::Teller),
            Engine::Mysql => Box::new(mysql::Teller::new(&mut dice)),
            Engine::Oracle => Box::new(oracle::Teller::new(&mut dice)),
            Engine::Sqlserver => Box::new(sqlserver::Teller::new(&mut dice)),
        };
        Self { server, now, dice, sessions, teller, waiting: VecDeque::new() }
    }

    /// The time on this server.
    pub(super) fn now(&self) -> Moment {
        self.now
    }

    /// The next decrypted document.
    pub(super) fn document(&mut self, load: Load) -> String {
        let mut events = Vec::new();
        match load {
            Load::Heartbeat => {
                self.now = self.now.after(1_000_000, 0);
                events.push(HEARTBEAT.to_owned());
            }
            Load::Empty => {}
            Load::Events { count, heartbeat } => {
                events.extend((0..count).map(|_| self.event()));
                if heartbeat {
                    events.insert(self.dice.between(0, count) as usize, HEARTBEAT.to_owned());
                }
            }
        }
        // Aurora MySQL has been seen to leave the cluster out.
        let cluster = if self.server.engine == Engine::Mysql && self.dice.one_in(8) {
            String::new()
        } else {
            format!(r#""clusterId":"{}","#, self.server.cluster)
        };
        format!(
            r#"{{"type":"DatabaseActivityMonitoringRecord",{cluster}"instanceId":"{}","databaseActivityEventList":[{}]}}"#,
            self.server.id,
            events.join(",")
        )
    }

    fn event(&mut self) -> String {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return event;
            }
            self.act();
        }
    }

    /// Something happens in one of the sessions.
    fn act(&mut self) {
        let Self { server, now, dice, sessions, teller, waiting } = self;
        let place = dice.between(0, SESSIONS as u32 - 1) as usize;
        let start = now.after(dice.between(40, 400_000), dice.between(0, 9));
        let longest = dice.weighted(&[(90, 900), (9, 70_000), (1, 9_000_000)]);
        let end = start.after(dice.between(30, longest), dice.between(0, 9));
        *now = end;
        let session = &mut sessions[place];
        session.statements += 1;
        // A new session says hello before it does anything else; some never get that far.
        let deed = match session.statements {
            1 if dice.one_in(5) => Deed::LoginRefused,
            1 => Deed::Connect,
            _ if dice.one_in(30) => Deed::Disconnect,
            _ => work(server.engine, session, dice),
        };
        let over = matches!(deed, Deed::LoginRefused | Deed::Disconnect);
        waiting.extend(teller.tell(server, &Activity { session, deed, start, end }, dice));
        if over {
            *session = Session::open(server.engine, end, dice);
        }
    }
}

fn work(engine: Engine, session: &Session, dice: &mut Dice) -> Deed {
    let statement = sql::statement(engine, session.user.role, dice);
    let mishaps: &[Mishap] = match statement.verb {
        _ if statement.objects.is_empty() => &[],
        Verb::Insert | Verb::Update => &[Mishap::Duplicate, Mishap::Deadlock, Mishap::NoPermission],
        Verb::Delete => &[Mishap::Deadlock, Mishap::NoPermission],
        Verb::CreateTable => &[Mishap::NoPermission],
        _ => &[Mishap::NoSuchTable, Mishap::NoPermission],
    };
    if mishaps.is_empty() || !dice.one_in(20) {
        return Deed::Ran(statement);
    }
    Deed::Failed(statement, *dice.pick(mishaps))
}

/// Events of one instance, as text and as JSON.
#[cfg(test)]
pub(super) fn sample(engine: Engine, place: u32, count: u32) -> Vec<(String, serde_json::Value)> {
    let mut instance = Instance::new(1, engine, place);
    let parsed = |text: String| (serde_json::from_str(&text).expect("an event is JSON"), text);
    (0..count).map(|_| parsed(instance.event())).map(|(value, text)| (text, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn list(document: &str) -> Vec<Value> {
        let document: Value = serde_json::from_str(document).expect("a document is JSON");
        document["databaseActivityEventList"].as_array().expect("the list is an array").clone()
    }

    #[test]
    fn a_document_holds_what_it_was_told_to() {
        for engine in Engine::ALL {
            let mut instance = Instance::new(1, engine, 0);
            let id = instance.server.id.clone();
            let lone = instance.document(Load::Heartbeat);
            assert!(
                lone.ends_with(&format!(
                    r#""instanceId":"{id}","databaseActivityEventList":[{{"type":"heartbeat"}}]}}"#
                ))
            );
            assert!(instance.document(Load::Empty).ends_with(r#""databaseActivityEventList":[]}"#));
            assert_eq!(list(&instance.document(Load::Events { count: 7, heartbeat: false })).len(), 7);
            let mixed = list(&instance.document(Load::Events { count: 7, heartbeat: true }));
            assert_eq!(mixed.iter().filter(|event| event["type"] == "heartbeat").count(), 1);
            assert_eq!(mixed.len(), 8);
        }
    }

    #[test]
    fn the_stream_is_named_after_the_cluster_or_after_the_instance() {
        for engine in [Engine::Postgres, Engine::Mysql] {
            let (one, two) = (Server::new(1, engine, 0), Server::new(1, engine, 1));
            assert!(one.resource.starts_with("cluster-") && one.resource == one.cluster);
            assert_eq!(one.resource, two.resource);
            assert_ne!(one.id, two.id);
        }
        for engine in [Engine::Oracle, Engine::Sqlserver] {
            let (one, two) = (Server::new(1, engine, 0), Server::new(1, engine, 1));
            assert!(one.resource.starts_with("db-") && one.resource == one.id && one.cluster.is_empty());
            assert_ne!(one.resource, two.resource);
        }
    }

    #[test]
    fn some_mysql_documents_leave_the_cluster_out() {
        let mut instance = Instance::new(1, Engine::Mysql, 0);
        let without = (0..200).filter(|_| !instance.document(Load::Heartbeat).contains("clusterId")).count();
        assert!((5..60).contains(&without), "{without} of 200");
    }
}
