//! What rules and redaction cost: the same records of 100 events without them and with them, through the component.

use serde_json::{Value, json};

use crate::Result;
use crate::class::Class;
use crate::component::Component;
use crate::turns::{ROUNDS, Turns, median};

/// Throughput of a setting, as a share of the throughput without.
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) ratio: f64,
    pub(crate) goal: f64,
}

pub(crate) fn measure(class: &Class, turns: usize) -> Result<Vec<Cost>> {
    let settings = [
        ("20 rules", json!({ "rules": rules() }), 0.75),
        ("sql-literals", json!({ "redact": { "commandText": "sql-literals" } }), 0.35),
    ];
    let mut costs = Vec::new();
    for (name, transform, goal) in settings {
        let mut taken = Turns::default();
        for _ in 0..ROUNDS {
            let (mut without, mut with) =
                (Component::new(class, json!({}))?, Component::new(class, transform.clone())?);
            taken.take(&mut [&mut without, &mut with], class, turns.div_ceil(ROUNDS))?;
        }
        costs.push(Cost { name, ratio: median(&taken.ratios(0, 1)), goal });
    }
    Ok(costs)
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
