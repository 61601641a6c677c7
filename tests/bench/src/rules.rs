//! What rules and redaction cost: the same records of 100 events without them and with them, through the component.

use serde_json::{Value, json};

use crate::class::Class;
use crate::component::Component;
use crate::report::median;
use crate::{Result, Side};

/// Throughput of a setting, as a share of the throughput without.
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) ratio: f64,
    pub(crate) goal: f64,
}

pub(crate) fn measure(class: &Class, rounds: usize) -> Result<Vec<Cost>> {
    let settings = [
        ("no rules", json!({}), 1.0),
        ("20 rules", json!({ "rules": rules() }), 0.75),
        ("sql-literals", json!({ "redact": { "commandText": "sql-literals" } }), 0.35),
    ];
    let mut sides = Vec::new();
    for (_, transform, _) in &settings {
        sides.push(Component::with(class, 1, transform.clone())?);
    }
    let mut seconds = vec![Vec::new(); sides.len()];
    for round in 0..=rounds {
        for (side, seconds) in sides.iter_mut().zip(&mut seconds) {
            let turn = side.turn(class)?;
            if round > 0 {
                seconds.push(turn);
            }
        }
    }
    let none = median(&seconds[0]);
    let costs = settings.iter().zip(&seconds).skip(1);
    Ok(costs.map(|((name, _, goal), seconds)| Cost { name, ratio: none / median(seconds), goal: *goal }).collect())
}

/// Twenty rules on class, command and dbUserName, and one on the statement. None of them drops anything here, so all
/// are asked about every event, and both sides write the same.
fn rules() -> Vec<Value> {
    let classes = ["ROLE_ADMIN", "MAINTENANCE", "REPLICATION", "BACKUP", "RESTORE", "VACUUM_ALL"];
    let commands = ["CREATE ROLE", "DROP ROLE", "REINDEX", "CLUSTER", "LISTEN", "NOTIFY", "PREPARE TRANSACTION"];
    let users = ["xbackup_", "xetl_", "xmonitor_", "xreplica_", "xreport_", "xsvc_"];
    let mut rules: Vec<Value> = Vec::new();
    rules.extend(classes.map(|class| json!({ "drop": { "class": class } })));
    rules.extend(commands.map(|command| json!({ "drop": { "class": "DDL", "command": command } })));
    rules.extend(users.map(|user| json!({ "drop": { "class": "READ", "dbUserName|startswith": user } })));
    rules.push(json!({ "drop": { "commandText|contains": "pg_sleep_until" } }));
    rules
}
