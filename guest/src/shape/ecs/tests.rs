//! Lines of the schema: what each engine's events become.

use serde_json::{Value, json};

use crate::shape::engines::{DOCUMENTS, MYSQL, ORACLE, POSTGRESQL, SQL_SERVER, check_no_nulls, lines};

fn ecs(document: &str) -> Vec<Value> {
    lines(json!({ "shape": "ecs" }), document)
}

fn check(event: &Value, expected: &[(&str, Value)]) {
    for (path, value) in expected {
        assert_eq!(event.pointer(path).unwrap_or(&Value::Null), value, "{path} of {event:#}");
    }
}

#[test]
fn every_line_has_what_the_schema_demands() {
    let texts = ["/@timestamp", "/event/action", "/event/code", "/user/name", "/source/address", "/db/query/text"];
    for document in DOCUMENTS {
        for event in lines(json!({ "shape": "ecs", "heartbeats": "keep", "raw": true }), document) {
            check_no_nulls(&event, &["native", "parameters"]);
            assert_eq!(event["event"]["kind"], "event");
            assert_eq!(event["event"]["dataset"], "aws.rds_das");
            assert!(event["ecs"]["version"].is_string() && event["event"]["id"].is_string());
            assert!(event["event"]["original"].is_string());
            let listed = |name: &str, known: &[&str]| {
                let list = event["event"][name].as_array().unwrap();
                assert!(!list.is_empty() && list.iter().all(|value| known.contains(&value.as_str().unwrap())));
            };
            listed("category", &["database", "authentication", "session", "iam"]);
            listed("type", &["access", "change", "info", "error"]);
            assert!(["success", "failure", "unknown"].contains(&event["event"]["outcome"].as_str().unwrap()));
            for path in texts {
                assert!(event.pointer(path).is_none_or(Value::is_string), "{path}");
            }
            assert!(event.pointer("/process/pid").is_none_or(Value::is_i64));
            assert!(event.pointer("/client/port").is_none_or(Value::is_i64));
        }
    }
}

#[test]
fn postgresql() {
    let events = ecs(POSTGRESQL);
    check(
        &events[0],
        &[
            ("/@timestamp", json!("2021-06-04T02:12:05.649566Z")),
            ("/event/category", json!(["database"])),
            ("/event/type", json!(["access"])),
            ("/event/action", json!("select")),
            ("/event/outcome", json!("success")),
            ("/event/start", json!("2021-06-04T02:12:04.649566Z")),
            ("/event/end", json!("2021-06-04T02:12:05.649566Z")),
            ("/event/duration", json!(1_000_000_000)),
            ("/event/sequence", json!(1)),
            ("/event/provider", json!("Amazon Aurora PostgreSQL-Compatible edition")),
            ("/user/name", json!("app")),
            ("/client", json!({ "address": "10.0.1.108", "ip": "10.0.1.108", "port": 42216 })),
            ("/source", json!({ "address": "10.0.1.108", "ip": "10.0.1.108", "port": 42216 })),
            ("/server", json!({ "address": "10.0.4.153", "ip": "10.0.4.153" })),
            ("/service/type", json!("postgresql")),
            ("/service/node/name", json!("db-PG")),
            ("/network", json!({ "transport": "tcp", "protocol": "postgresql" })),
            ("/process/pid", json!(20324)),
            ("/user_agent/original", json!("psql")),
            ("/related", json!({ "user": ["app"], "ip": ["10.0.1.108", "10.0.4.153"] })),
            ("/db/query/text", json!("SELECT 'secret' FROM public.city")),
            ("/db/system/name", json!("postgresql")),
            ("/db/namespace", json!("app")),
            ("/db/collection/name", json!("public.city")),
            ("/db/operation/name", json!("SELECT")),
            ("/aws/rds/das/cluster_id", json!("cluster-PG")),
            ("/aws/rds/das/row_count", json!(3)),
            ("/aws/rds/das/parameters", json!(["secret"])),
            ("/event/original", Value::Null),
            ("/error", Value::Null),
        ],
    );
    check(
        &events[1],
        &[
            ("/event/category", json!(["database", "authentication", "session"])),
            ("/event/type", json!(["info", "error"])),
            ("/event/outcome", json!("failure")),
            ("/event/code", json!("-1")),
            ("/error", json!({ "code": "-1", "message": "password authentication failed" })),
            ("/client", json!({ "address": "[local]" })),
        ],
    );
    check(&events[2], &[("/event/category", json!(["database", "iam"])), ("/event/type", json!(["change", "error"]))]);
}

#[test]
fn other_engines() {
    let mysql = ecs(MYSQL);
    check(
        &mysql[0],
        &[
            ("/event/type", json!(["change"])),
            ("/event/duration", json!(1_017_375_000)),
            ("/db/operation/name", json!("UPDATE")),
            ("/related/hosts", json!(["master", "writer"])),
            ("/server/domain", json!("writer")),
        ],
    );
    check(
        &mysql[1],
        &[
            ("/event/outcome", json!("unknown")),
            ("/db/query", Value::Null),
            ("/aws/rds/das/objects", json!("item")),
            ("/event/type", json!(["access"])),
        ],
    );
    let oracle = ecs(ORACLE);
    check(
        &oracle[0],
        &[
            ("/db/system/name", json!("oracle.db")),
            ("/server/user/name", json!("TEST")),
            ("/client/user/name", json!("ec2-user")),
            ("/user/roles", json!(["CREATE SESSION"])),
            ("/related/user", json!(["TEST", "ec2-user"])),
            ("/aws/rds/das/native/OS_USERNAME", json!("ec2-user")),
        ],
    );
    let sql_server = ecs(SQL_SERVER);
    check(&sql_server[0], &[("/event/outcome", json!("success")), ("/event/duration", json!(12_000_000))]);
    check(&sql_server[1], &[("/event/outcome", json!("failure")), ("/event/action", json!("login failed"))]);
}

#[test]
fn nothing_redacted_comes_back() {
    for document in [POSTGRESQL, MYSQL, ORACLE, SQL_SERVER] {
        for event in lines(json!({ "shape": "ecs", "raw": true, "redact": "sql" }), document) {
            assert!(!event.to_string().contains("secret"), "{event:#}");
        }
    }
}
