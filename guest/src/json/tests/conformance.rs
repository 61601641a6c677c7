//! A conformance set of RFC 8259: what must be accepted, what must be refused, and what each reader may decide.
//! Every text stands alone, then inside an array, a member, white space and a long string, so that each rule is met at
//! many places of the text.

use super::oracle::{agree, ours};

#[test]
fn valid_texts_are_accepted() {
    for text in VALID {
        everywhere(text.as_bytes(), true);
    }
}

#[test]
fn invalid_texts_are_refused() {
    for text in INVALID {
        everywhere(text.as_bytes(), false);
    }
    for bytes in NOT_UTF8 {
        everywhere(bytes, false);
    }
}

/// No rule of RFC 8259 settles these. Audit data must not be lost, so what can be passed through is.
#[test]
fn what_readers_may_decide_is_decided() {
    for &(text, accepted) in DECIDED {
        assert_eq!(ours(text.as_bytes()).is_some(), accepted, "{text:?}");
        agree(text.as_bytes());
    }
}

/// Every byte inside a string, alone, behind a backslash and in each place of `\uXXXX`.
#[test]
fn every_byte_inside_a_string() {
    for byte in 0..=u8::MAX {
        for before in 0..40 {
            let mut text = vec![b'"'];
            text.resize(before + 1, b'x');
            text.extend([byte, b'"']);
            agree(&text);
        }
        agree(&[b'"', b'\\', byte, b'"']);
        for place in 0..4 {
            let mut text = *br#""\u0000""#;
            text[3 + place] = byte;
            agree(&text);
        }
    }
}

/// Every pair of bytes as a whole text, and as the whole inside of an array and of a string.
#[test]
fn every_pair_of_bytes() {
    for pair in (0..=u16::MAX).map(u16::to_be_bytes) {
        agree(&pair);
        agree(&[b'[', pair[0], pair[1], b']']);
        agree(&[b'"', pair[0], pair[1], b'"']);
    }
}

#[track_caller]
fn everywhere(bytes: &[u8], valid: bool) {
    let long = [b'x'; 70];
    let frames: [(&[u8], &[u8]); 6] = [
        (b"", b""),
        (b"[", b"]"),
        (b"[0,", b",0]"),
        (br#"{"k":"#, b"}"),
        (b" \t\r\n", b"\n \t\r"),
        (br#"{"":{"":["#, b"]}}"),
    ];
    for (before, behind) in frames {
        for padding in [0, 1, 7, 8, 15, 16, 17, 31, 63, 64, 65] {
            let mut text = [br#"[""#, &long[..padding], br#"","#].concat();
            text.extend([before, bytes, behind, b"]"].concat());
            agree(&text);
            // What is refused alone can stand between brackets: an empty text, or two values with a comma.
            if valid {
                assert!(ours(&text).is_some(), "{:?}", String::from_utf8_lossy(&text));
            }
        }
    }
    agree(bytes);
    assert_eq!(ours(bytes).is_some(), valid, "{:?}", String::from_utf8_lossy(bytes));
}

const VALID: &[&str] = &[
    // Literals and empty containers.
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    r#"{"a":{}}"#,
    r#"{"a":[]}"#,
    "[null,true,false]",
    // White space: the four, and nothing else, between any two tokens.
    " null",
    "null ",
    "\tnull\n",
    "\r\n[\r\n]\r\n",
    "[ \t\n\r]",
    "{ \t\n\r}",
    "[ 1 , 2 ]",
    "{ \"a\" : 1 , \"b\" : 2 }",
    "{\n\t\"a\"\r\n:\t[\n]\n}",
    // Numbers.
    "0",
    "-0",
    "9",
    "10",
    "-1",
    "1234567890",
    "0.0",
    "-0.0",
    "0.1",
    "12.340",
    "1e5",
    "1E5",
    "1e+5",
    "1e-5",
    "0e0",
    "0E+00",
    "-0e-0",
    "1.5e300",
    "1.25E-07",
    "[0,-1,2.5,1e3]",
    "1234567890123456",
    "12345678901234567",
    "-123456789012345678901234567890",
    "0.12345678901234567890123456789",
    "1e000000000000000000000000001",
    // Strings.
    r#""""#,
    r#"" ""#,
    r#""a""#,
    r#""/""#,
    r#""\"\\\/\b\f\n\r\t""#,
    r#""\u0000\u001f\u0020\u00e9\uFFFF\uabCD""#,
    r#""\\u12""#,
    r#""\\""#,
    r#""\\\"""#,
    r#""[]{}:,""#,
    "\"\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\"",
    "\"\u{feff}\"",
    "\"\u{2028}\u{2029}\"",
    "\"é監☃😀\"",
    "\"0123456789abcde\u{e9}\"",
    "\"0123456789abcd\u{76e3}\"",
    "\"0123456789abc\u{1f600}\"",
    r#""\ud83d\ude00""#,
    // Members.
    r#"{"":0}"#,
    r#"{"a":"b","c":[1,{"d":null}]}"#,
    r#"{"\u0061\n":1}"#,
    r#"{"é":1}"#,
    r#"{"a b":"c:d,e}f"}"#,
    r#"[[[[{"a":[{}]}]]]]"#,
];

const INVALID: &[&str] = &[
    // Nothing, or something that is not a value.
    "",
    " ",
    "\n",
    "x",
    "nul",
    "nulll",
    "nall",
    "tru",
    "truee",
    "trie",
    "fals",
    "falsee",
    "NULL",
    "True",
    "FALSE",
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "'a'",
    "a",
    "\\",
    "\\\"",
    "/",
    "// comment",
    "/* comment */ 1",
    "1 // comment",
    "#",
    // Two values, or rubbish behind one.
    "1 2",
    "null null",
    "[] []",
    "{}{}",
    "\"\"\"\"",
    "\"a\" \"b\"",
    "[]]",
    "{}}",
    "[],",
    "1,",
    "{}\\",
    "[]\"",
    // Brackets.
    "[",
    "]",
    "{",
    "}",
    "[[]",
    "[}",
    "{]",
    "[1}",
    "{\"a\":1]",
    "[{]}",
    "{[}]",
    // Commas and colons.
    ",",
    ":",
    "[,]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    "[\"a\":1]",
    "[\"a\" \"b\"]",
    "[\"a\"\"b\"]",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\":1,,\"b\":2}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":\"b\"\"c\":1}",
    "{\"a\",1}",
    "{\"a\":1:2}",
    "{\"a\"::1}",
    "{\"a\" 1}",
    "{:1}",
    "{:}",
    "{1}",
    "{1:1}",
    "{a:1}",
    "{'a':1}",
    "{null:1}",
    "{[]:1}",
    "{\"a\":1,2}",
    "{\"a\":1,null}",
    "{\"a\":b}",
    // Numbers.
    "-",
    "+",
    "+1",
    "--1",
    "-a",
    "01",
    "-01",
    "00",
    "-00",
    "1.",
    "-1.",
    ".5",
    "-.5",
    "1.e1",
    "1..2",
    "1.2.3",
    "1e",
    "1e+",
    "1e-",
    "1ee1",
    "1e1.5",
    "1e++1",
    "0x10",
    "1_000",
    "1 .5",
    "1a",
    "0a",
    "1,5",
    "1234567890123456.",
    "-1234567890123456e",
    // Strings.
    "\"",
    "\"a",
    "a\"",
    "\"\\\"",
    "\"\\",
    "\"\\u",
    "\"\\u12",
    "\"\\x41\"",
    "\"\\u12G4\" ",
];

/// Not UTF-8: stray and missing continuation bytes, overlong forms, surrogates, code points beyond U+10FFFF.
const NOT_UTF8: &[&[u8]] = &[
    b"\"\x80\"",
    b"\"\xbf\"",
    b"\"\xc3\"",
    b"\"\xc3",
    b"\"\xc3(\"",
    b"\"\xc0\xaf\"",
    b"\"\xc1\xbf\"",
    b"\"\xe2\x98\"",
    b"\"\xe2(\x83\"",
    b"\"\xe0\x9f\xbf\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xed\xbf\xbf\"",
    b"\"\xf0\x9f\x98\"",
    b"\"\xf0\x8f\xbf\xbf\"",
    b"\"\xf4\x90\x80\x80\"",
    b"\"\xf5\x80\x80\x80\"",
    b"\"\xff\"",
    b"\"\xc3\\\xa9\"",
    b"\"\\\xc3\xa9\"",
    b"\"a\xc3\xa9\xa9\"",
    b"\xc3\xa9",
    b"[\xff]",
];

/// Text, and whether it is accepted.
const DECIDED: &[(&str, bool)] = &[
    // Half of a surrogate pair: text that UTF-8 cannot write, but JSON can.
    (r#""\ud800""#, true),
    (r#""\udc00""#, true),
    (r#""\udc00\ud800""#, true),
    (r#""\ud800\u0041""#, true),
    (r#""\ud800x""#, true),
    (r#"{"\udead":1}"#, true),
    // Numbers that no machine type holds.
    ("1e400", true),
    ("-1e400", true),
    ("1e-400", true),
    ("100000000000000000000000000000000000000000", true),
    ("0.000000000000000000000000000000000000000000000000000000000000001", true),
    ("1e99999999999999999999999999999999999999999999999999999999999999", true),
    // The same name twice.
    (r#"{"a":1,"a":2}"#, true),
    (r#"{"a":1,"\u0061":2}"#, true),
    (r#"{"":1,"":2}"#, true),
    // Characters that are no characters.
    ("\"\u{fffe}\u{ffff}\u{1ffff}\"", true),
    (r#""\uffff\ufdd0""#, true),
    ("\"\\u0000\"", true),
    // A byte order mark is no white space, nor are Unicode's other blanks.
    ("\u{feff}null", false),
    ("\u{a0}1", false),
    ("[1\u{2028}]", false),
    ("\u{b}1", false),
];
