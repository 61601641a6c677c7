//! What a line is: every shape of every engine through the program, and OCSF lines against the published schemas.

use std::collections::BTreeMap;

use dastap::synth::{Engine, Settings};
use dastap_tests::corpus;
use dastap_tests::document;
use dastap_tests::peer;
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};

fn stream(engine: Engine) -> Synthetic {
    Synthetic::new(Settings { engines: vec![engine], records: 60, seed: 4, ..Settings::default() })
}

/// The value of a member by its path.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

#[test]
fn every_engine_has_every_shape_with_the_same_ids() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let events = stream.decode("shape: event");
        let expected = stream.events();
        assert_eq!(events.lines.len(), expected.len(), "{engine:?}");
        let ids: Vec<Value> = events.values().iter().map(|line| line["eventId"].clone()).collect();
        for (shape, id, instance) in
            [("ocsf", "metadata.uid", "dst_endpoint.instance_uid"), ("ecs", "event.id", "service.node.name")]
        {
            let left = stream.decode(&format!("shape: {shape}"));
            let lines = left.values();
            assert!(lines.iter().map(|line| at(line, id)).eq(&ids), "{engine:?}, {shape}");
            for (line, event) in lines.iter().zip(events.values()) {
                assert_eq!(at(line, instance), &event["instanceId"], "{engine:?}, {shape}");
            }
            assert_eq!(left.stats["events"], events.stats["events"], "{engine:?}, {shape}");
        }
        let envelopes = stream.decode("shape: envelope").values();
        let inside = envelopes.iter().flat_map(|line| line["databaseActivityEventList"].as_array().expect("a list"));
        assert!(inside.map(Value::to_string).eq(expected.iter().map(Value::to_string)), "{engine:?}");
    }
}

#[test]
fn what_was_done_by_whom_and_whether_it_worked_stands_in_every_shape() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let [ocsf, ecs] = ["ocsf", "ecs"].map(|shape| stream.decode(&format!("shape: {shape}")).values());
        let mut outcomes = BTreeMap::<_, u32>::new();
        for (event, (ocsf, ecs)) in stream.events().iter().zip(ocsf.iter().zip(&ecs)) {
            assert_eq!((&ocsf["class_uid"], &ocsf["category_uid"]), (&json!(6005), &json!(6)));
            let user = &event["dbUserName"];
            assert_eq!((at(ocsf, "actor.user.name"), at(ecs, "user.name")), (user, user), "{event}");
            // The one tells milliseconds, the other RFC 3339.
            let time = ecs["@timestamp"].as_str().expect("a time");
            assert!(time.starts_with("2026-") && time.ends_with('Z'), "{time}");
            assert!(ocsf["time"].as_u64().is_some_and(|time| time > 1_767_225_600_000), "{}", ocsf["time"]);
            let outcome = at(ecs, "event.outcome").as_str().expect("an outcome");
            let status = ["unknown", "success", "failure"].iter().position(|known| *known == outcome);
            assert_eq!(ocsf["status_id"].as_u64(), status.map(|id| id as u64), "{event}");
            *outcomes.entry(outcome).or_default() += 1;
            let statement = event["commandText"].as_str().filter(|text| !text.is_empty());
            if event["class"] != "AUX" && statement.is_some() {
                let said = (at(ocsf, "query_info.query_string").as_str(), at(ecs, "db.query.text").as_str());
                assert_eq!(said, (statement, statement), "{event}");
            }
        }
        assert!(outcomes["success"] > outcomes["failure"], "{engine:?}: {outcomes:?}");
    }
}

#[test]
fn the_event_itself_is_inside_on_request_and_only_then() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let events = stream.decode("{}").lines;
        for (shape, raw) in [("ocsf", "raw_data"), ("ecs", "event.original")] {
            let lines = stream.decode(&format!("shape: {shape}\nraw: true")).values();
            for (line, event) in lines.iter().zip(&events) {
                // The bytes of the database.
                assert_eq!(at(line, raw).as_str(), Some(document::event_of(event).as_str()), "{engine:?}, {shape}");
            }
            let lines = stream.decode(&format!("shape: {shape}")).values();
            assert!(lines.iter().all(|line| at(line, raw).is_null()));
        }
    }
}

#[test]
fn the_option_goes_before_the_configuration() {
    let stream = stream(Engine::Mysql);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.yaml");
    std::fs::write(&config, "shape: ecs").expect("writable");
    let run = |shape: &str| {
        let run = stream.run("decode", folder.path()).arg("--config").arg(&config).args(["--shape", shape]).run();
        run.expect(0).lines().remove(0)
    };
    assert_eq!(run("ocsf")["class_uid"], 6005);
    assert!(run("event")["eventId"].is_string());
    assert!(run("ecs")["ecs"]["version"].is_string());
    let wrong = stream.run("decode", folder.path()).args(["--shape", "cef"]).run().expect(2);
    assert!(wrong.stderr.contains("ocsf"), "{}", wrong.stderr);
}

#[test]
fn every_ocsf_line_is_valid_by_the_published_schemas() {
    let Some(schemas) = corpus::schemas() else { return };
    let stream = Synthetic::new(Settings { records: 400, seed: 9, ..Settings::default() });
    let mark = r#"rules: [{ sigma: [{ title: "a \"b\"", level: high, tags: [x], detection: { s: { class|exists: true }, condition: s } }] }]"#;
    for config in [
        "",
        "heartbeats: keep\nraw: true\nocsf: { version: 1.8.0, iam: true }",
        "raw: true\nredact: sql",
        "redact: { preset: sql, dbUserName: hash, remoteHost: mask, commandText: { truncate: 20 }, databaseName: drop }\nredact-key: a key of many bytes",
        &format!("{mark}\nocsf: {{ iam: true }}"),
    ] {
        let left = stream.decode(&format!("shape: ocsf\n{config}"));
        assert_eq!(left.lines.len(), left.stats["events"]["kept"].as_u64().expect("a number") as usize);
        assert!(left.lines.len() > 3000, "{}", left.lines.len());
        let lines = left.lines.join("\n");
        let said = peer::run("ocsf_validate.py", &[schemas.as_os_str()], lines.as_bytes());
        let said = said.unwrap_or_else(|said| panic!("{config}\n{said}"));
        assert!(said.ends_with("0 not valid\n"), "{said}");
        assert!(said.contains("of class 6005, version 1.8.0"), "{said}");
        assert_eq!(said.contains("of class 3002, version 1.8.0"), config.contains("iam: true"), "{said}");
    }
}
