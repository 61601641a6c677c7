//! The scanner as its callers use it: members and elements in order, raw slices, positions, errors.

use super::super::{DEEPEST, Error, Kind, Scanner, What};

#[test]
fn members_are_given_raw_and_in_order() {
    let text = "{ \"a\" : 1 ,\"\\u0062\":\"x\\\"y\" , \"é\":[ 2 ], \"\":{\"a\":null},\"long name of more than sixteen bytes\":-1.5e+3 }";
    let mut members = Vec::new();
    let mut scanner = Scanner::new(text, DEEPEST);
    scanner
        .object(|scanner, name| -> Result<(), Error> {
            let kind = scanner.kind();
            let (start, value) = (scanner.position(), scanner.value()?);
            assert_eq!(scanner.slice(start, scanner.position_here()), value);
            members.push((name.raw(), kind, value));
            Ok(())
        })
        .unwrap();
    scanner.end().unwrap();
    let expected = [
        ("a", Kind::Other, "1"),
        ("\\u0062", Kind::String, "\"x\\\"y\""),
        ("é", Kind::Array, "[ 2 ]"),
        ("", Kind::Object, "{\"a\":null}"),
        ("long name of more than sixteen bytes", Kind::Other, "-1.5e+3"),
    ];
    assert_eq!(members, expected);
}

#[test]
fn elements_are_given_in_order() {
    let mut elements = Vec::new();
    let mut scanner = Scanner::new("[ [], {}, \"a\\\\\" ,\n0,null ]", DEEPEST);
    scanner.array(|scanner| scanner.value().map(|value| elements.push(value))).unwrap();
    assert_eq!(elements, ["[]", "{}", "\"a\\\\\"", "0", "null"]);
    for empty in ["[]", "[ \n]"] {
        Scanner::new(empty, DEEPEST).array(|_| -> Result<(), Error> { panic!("no element") }).unwrap();
    }
}

#[test]
fn strings_of_every_length_end_where_they_end() {
    for length in 0..300 {
        let body = "x".repeat(length);
        for (text, before) in [(format!("\"{body}\""), 0), (format!("  [\"{body}\"] "), 3)] {
            let mut scanner = Scanner::new(&text, DEEPEST);
            if before > 0 {
                scanner.array(|scanner| scanner.string().map(|found| assert_eq!(found.raw(), body))).unwrap();
            } else {
                assert_eq!(scanner.string().unwrap().raw(), body);
            }
            scanner.end().unwrap();
        }
        let with_escapes = format!("{body}\\\"\\\\{body}\\u00e9é");
        let text = format!("\"{with_escapes}\"");
        assert_eq!(Scanner::new(&text, DEEPEST).string().unwrap().raw(), with_escapes);
    }
}

#[test]
fn a_caller_that_gives_up_is_obeyed() {
    let mut seen = 0;
    let stopped = Scanner::new("[1,2,3]", DEEPEST).array(|scanner| {
        seen += 1;
        scanner.value()?;
        if seen == 2 { Err(Error { at: 99, what: What::Expected("nothing more") }) } else { Ok(()) }
    });
    assert_eq!((seen, stopped.unwrap_err().at), (2, 99));
}

#[test]
fn errors_say_where_and_what() {
    let cases = [
        ("", 0, "a value"),
        ("[1 2]", 3, "`,` or `]`"),
        ("{\"a\" 1}", 5, "`:`"),
        ("{\"a\":1,}", 7, "a member name"),
        ("{\"a\":1 \"b\"}", 7, "`,` or `}`"),
        ("[nul]", 1, "true, false or null"),
        ("1.", 2, "a digit"),
        ("-", 1, "a digit"),
        ("[1e+]", 4, "a digit"),
        ("\"a\\x\"", 3, "an escape of JSON"),
        ("\"a\\u12g4\"", 3, "an escape of JSON"),
        ("\"ab\ncd\"", 3, "no control character inside a string"),
        ("\"abc", 4, "the end of the string"),
        ("[1]]", 3, "the end of the text"),
        ("[1", 2, "`,` or `]`"),
        ("[", 1, "a value"),
    ];
    for (text, at, what) in cases {
        let mut scanner = Scanner::new(text, DEEPEST);
        let error = scanner.value().and_then(|_| scanner.end()).unwrap_err();
        assert_eq!(error, Error { at, what: What::Expected(what) }, "{text:?}");
        assert_eq!(error.to_string(), format!("byte {at}: expected {what}"));
    }
}
