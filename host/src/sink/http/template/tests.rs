use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn texts(template: &str) -> Texts<'_> {
    Texts { prefix: "", template, separator: "\n", suffix: "" }
}

fn body(texts: Texts<'_>, lines: &[&str]) -> String {
    let events: Vec<_> = lines.iter().map(|line| Event { line, route: "a/\"b" }).collect();
    let mut body = vec![];
    Template::read(texts).unwrap().encode(&events, &mut body);
    String::from_utf8(body).unwrap()
}

fn problem(texts: Texts<'_>) -> String {
    Template::read(texts).unwrap_err()
}

const LINE: &str = r#"{"eventId":"ab-1","logTime":"2021-06-04 02:12:05.649566+00","commandText":"say \"h\u0069\"\n","rowCount":1.50,"paramList":["a\"b"],"errorMessage":null,"sigma":{"title":"T"}}"#;

#[test]
fn values_stand_between_quotes_and_elsewhere() {
    for (template, expected) in [
        ("{event}", LINE.to_owned()),
        (r#"["{event}"]"#, json!([LINE]).to_string()),
        (r#"{"a":"{commandText}!"}"#, r#"{"a":"say \"h\u0069\"\n!"}"#.to_owned()),
        (r#"[{commandText},{rowCount},{paramList}]"#, r#"["say \"h\u0069\"\n",1.50,["a\"b"]]"#.to_owned()),
        (r#"["{rowCount}","{paramList}"]"#, r#"["1.50","[\"a\\\"b\"]"]"#.to_owned()),
        (r#"[{pid},"{pid}",{errorMessage},"{errorMessage}"]"#, r#"[null,"",null,""]"#.to_owned()),
        (r#"["{sigma.title}",{sigma.title},{sigma.title.x},{sigma.y}]"#, r#"["T","T",null,null]"#.to_owned()),
        (r#"[{route},"{{{route}}}"]"#, r#"["a/\"b","{a/\"b}"]"#.to_owned()),
        (
            r#"[{time},"{time}",{time:s},{time:ms},"{time:ns}"]"#,
            r#"["2021-06-04T02:12:05.649566Z","2021-06-04T02:12:05.649566Z",1622772725,1622772725649,"1622772725649566000"]"#
                .to_owned(),
        ),
    ] {
        assert_eq!(body(texts(template), &[LINE]), expected, "{template}");
    }
}

#[test]
fn a_request_has_what_stands_around_its_events() {
    let loki = Texts {
        prefix: r#"{"streams":[{"stream":{"job":"dastap"},"values":["#,
        template: r#"["{time:ns}","{event}"]"#,
        separator: ",",
        suffix: "]}]}",
    };
    let sent: Json = serde_json::from_str(&body(loki, &[LINE, "{}"])).unwrap();
    let values = &sent["streams"][0]["values"];
    assert_eq!(values[0], json!(["1622772725649566000", LINE]));
    let now: i128 = values[1][0].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().as_nanosecond() - now < 60_000_000_000, "the request's time");
    assert_eq!(body(texts("{event}"), &["{}", "{}"]), "{}\n{}");
    let mut plain = vec![];
    Template::of_events("[", ",", "]").encode(&[Event { line: LINE, route: "" }; 2], &mut plain);
    assert_eq!(String::from_utf8(plain).unwrap(), format!("[{LINE},{LINE}]"));
}

#[test]
fn what_makes_no_json_is_told_with_its_place() {
    let array = |template| Texts { prefix: "[", template, separator: ",", suffix: "]" };
    for (texts, expected) in [
        (texts(r#"{"ä":{clustrId}}"#), "template: character 6: unknown name {clustrId}; did you mean {clusterId}?"),
        (texts(r#"{"a":{event},}"#), "template: character 14: expected JSON: key must be a string"),
        (texts("{\n\"a\":{event}\n\"b\":1}"), "template: character 15: expected JSON: expected `,` or `}`"),
        (texts(r#"{{rowCount}:1}"#), "template: character 2: expected JSON: key must be a string"),
        (texts(r#"{"a":{rowCount}5}"#), "template: character 16: expected JSON: expected `,` or `}`"),
        (texts(r#"{"a":-{rowCount}}"#), "template: character 7: expected JSON: invalid number"),
        (array("{event}]"), "separator: character 1: expected JSON: expected value"),
        (array(r#"{"a":{event}"#), "template: character 1: expected JSON: key must be a string"),
        (Texts { suffix: "", ..array("{event}") }, "template: expected JSON of prefix, template, separator and suffix"),
        (
            Texts { prefix: r#"{"route":{route},"a":["#, suffix: "]}", ..array("{event}") },
            "prefix: character 10: expected no name: it stands only once in a request",
        ),
        (texts("1"), "template: expected a name in it"),
        (texts(""), "template: expected a name in it"),
    ] {
        let found = problem(texts);
        assert!(found.starts_with(expected), "{texts:?}: {found}");
    }
    let long = format!("\"{}\"", "x".repeat(LONGEST));
    assert_eq!(problem(texts(&long)), format!("template: expected at most {LONGEST} bytes, found {}", LONGEST + 2));
}

/// Names, pieces of JSON and of nonsense, put together at random.
fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{event}",
        "{commandText}",
        "{rowCount}",
        "{paramList}",
        "{sigma.title}",
        "{route}",
        "{time}",
        "{time:ms}",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\":",
        "\"a\"",
        "1",
        "null",
        "-",
        "\\",
        "{{",
        "}}",
        "e5",
        " ",
        "\n",
    ])
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![
        any::<String>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        Just(Json::Null),
        prop::collection::vec(any::<String>(), 0..3).prop_map(Json::from),
    ]
}

fn documents(body: &str) -> Result<usize, serde_json::Error> {
    serde_json::Deserializer::from_str(body)
        .into_iter::<serde::de::IgnoredAny>()
        .try_fold(0, |count, one| one.map(|_| count + 1))
}

proptest! {
    #[test]
    fn what_passes_the_check_makes_json_of_every_event(
        template in prop::collection::vec(fragment(), 1..8),
        values in prop::collection::vec(value(), 4),
    ) {
        let template = template.concat();
        if let Ok(read) = Template::read(texts(&template)) {
            let line = json!({
                "commandText": values[0], "rowCount": values[1], "paramList": values[2], "sigma": { "title": values[3] },
            }).to_string();
            let mut body = vec![];
            read.encode(&[Event { line: &line, route: "\"\\\u{1}" }; 2], &mut body);
            let body = String::from_utf8(body).unwrap();
            prop_assert!(documents(&body).is_ok(), "{} gives {}", template, body);
        }
    }

    #[test]
    fn hostile_values_come_out_as_they_went_in(text in any::<String>(), number in any::<i64>()) {
        let line = json!({ "commandText": text, "rowCount": number }).to_string();
        let sent = body(texts(r#"{"a":{commandText},"b":"{commandText}","c":"{event}","d":{event},"e":"{rowCount}"}"#), &[&line]);
        let sent: Json = serde_json::from_str(&sent).unwrap();
        let number = number.to_string();
        prop_assert_eq!([&sent["a"], &sent["b"], &sent["c"], &sent["e"]].map(|it| it.as_str()), [
            Some(text.as_str()), Some(text.as_str()), Some(line.as_str()), Some(number.as_str()),
        ]);
        prop_assert_eq!(&sent["d"]["commandText"], &json!(text));
    }
}
