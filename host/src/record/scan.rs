//! One JSON value in a stream of bytes: where it ends, or where it stops being JSON (RFC 8259, structure only).
//!
//! The scanner checks what is needed to know the end of a value and to notice that another one was glued into it: the
//! order of keys, colons, commas and brackets, and that no string holds a raw line end. Literals and escapes are left
//! to the decoder. It can be fed in parts and never looks at a byte twice.

use memchr::memchr3;

/// How many arrays and objects may be open at once. Nothing that carries records nests deeper.
const DEPTH: u32 = 128;

/// How far a value reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The value is not finished: more bytes are needed.
    Open,
    /// The value ends before this position.
    Closed(usize),
    /// The byte at this position cannot follow what stands before it.
    Broken(usize),
}

/// The place in a value where the scanner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Literal,
    Text { key: bool },
    Escape { key: bool },
}

/// A scanner that stands somewhere in one value.
#[derive(Debug, Clone)]
pub(super) struct Scanner {
    position: usize,
    expect: Expect,
    depth: u32,
    /// One bit for each open array or object, the innermost lowest: set for an object.
    objects: u128,
}

impl Scanner {
    /// Stands before the first byte of a value.
    pub(super) fn new() -> Self {
        Scanner { position: 0, expect: Expect::Value, depth: 0, objects: 0 }
    }

    /// Goes on where the last call stopped. `bytes` begin with the value's first byte every time.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Reach {
        loop {
            if let Expect::Text { key } = self.expect {
                match self.text(bytes, key) {
                    Some(reach) => return reach,
                    None => continue,
                }
            }
            let Some(&byte) = bytes.get(self.position) else { return Reach::Open };
            if !self.step(byte) {
                return Reach::Broken(self.position);
            }
            if self.depth == 0 {
                return Reach::Closed(self.position);
            }
        }
    }

    /// The first `count` bytes were taken away: positions count from the new first byte.
    pub(super) fn forget(&mut self, count: usize) {
        self.position = self.position.saturating_sub(count);
    }

    /// Inside a string: on to its end, to an escape, or to what cannot stand in it.
    fn text(&mut self, bytes: &[u8], key: bool) -> Option<Reach> {
        let rest = bytes.get(self.position..).unwrap_or_default();
        let Some(length) = memchr3(b'"', b'\\', b'\n', rest) else {
            self.position = bytes.len();
            return Some(Reach::Open);
        };
        self.position += length;
        match rest.get(length) {
            Some(b'"') => self.expect = if key { Expect::Colon } else { Expect::CommaOrEnd },
            Some(b'\\') => self.expect = Expect::Escape { key },
            _ => return Some(Reach::Broken(self.position)),
        }
        self.position += 1;
        None
    }

    /// Takes one byte outside of a string, and says whether it may stand there.
    fn step(&mut self, byte: u8) -> bool {
        self.expect = match (self.expect, byte) {
            (Expect::Escape { .. }, b'\n') => return false,
            (Expect::Escape { key }, _) => Expect::Text { key },
            (Expect::Literal, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') => Expect::Literal,
            (Expect::Literal, b' ' | b'\t' | b'\r' | b'\n') => Expect::CommaOrEnd,
            (expect, b' ' | b'\t' | b'\r' | b'\n') => expect,
            (Expect::Key | Expect::KeyOrEnd, b'"') => Expect::Text { key: true },
            (Expect::Colon, b':') => Expect::Value,
            (Expect::Value | Expect::ValueOrEnd, b'"') => Expect::Text { key: false },
            (Expect::Value | Expect::ValueOrEnd, b'{') if self.open(true) => Expect::KeyOrEnd,
            (Expect::Value | Expect::ValueOrEnd, b'[') if self.open(false) => Expect::ValueOrEnd,
            (Expect::Value | Expect::ValueOrEnd, b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => Expect::Literal,
            (Expect::CommaOrEnd | Expect::Literal, b',') if self.in_object() => Expect::Key,
            (Expect::CommaOrEnd | Expect::Literal, b',') => Expect::Value,
            (Expect::CommaOrEnd | Expect::Literal | Expect::KeyOrEnd, b'}') if self.in_object() => self.close(),
            (Expect::CommaOrEnd | Expect::Literal | Expect::ValueOrEnd, b']') if !self.in_object() => self.close(),
            _ => return false,
        };
        self.position += 1;
        true
    }

    fn open(&mut self, object: bool) -> bool {
        if self.depth == DEPTH {
            return false;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        true
    }

    fn close(&mut self) -> Expect {
        self.depth -= 1;
        self.objects >>= 1;
        Expect::CommaOrEnd
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reach(text: &str) -> Reach {
        Scanner::new().advance(text.as_bytes())
    }

    #[test]
    fn a_value_ends_with_its_last_bracket() {
        for value in [
            "{}",
            "[]",
            r#"{"a":"b"}"#,
            "{ \"a\" :\r\n\t[ 1 , -2.5e+3 , true,null , {} ] }",
            r#"{"a":"}\"]{","\\":{"b":[[],[{}]]}}"#,
        ] {
            assert_eq!(reach(value), Reach::Closed(value.len()), "{value}");
            assert_eq!(reach(&format!("{value}{{")), Reach::Closed(value.len()), "{value}");
        }
    }

    #[test]
    fn what_cannot_follow_is_broken_there() {
        for (text, at) in [
            ("{\"a\":\"b\n", 7),
            ("{\"a\":\"b\\\n", 8),
            (r#"{"a":"b{"type":"#, 9),
            (r#"{"a":1{"#, 6),
            (r#"{"a":{},{"#, 8),
            (r#"{"a"}"#, 4),
            ("{{", 1),
            ("{]", 1),
            ("[}", 1),
            (r#"[1,]"#, 3),
            (r#"{"a":1]"#, 6),
            ("[1 2", 3),
        ] {
            assert_eq!(reach(text), Reach::Broken(at), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let depth = DEPTH as usize;
        assert_eq!(reach(&("[".repeat(depth) + &"]".repeat(depth))), Reach::Closed(2 * depth));
        assert_eq!(reach(&"[".repeat(depth + 1)), Reach::Broken(depth));
    }

    proptest! {
        #[test]
        fn parts_give_the_same_as_the_whole(text in r#"[{}\[\]",:1\\ \n]{0,40}"#, parts in 1_usize..8) {
            let text = format!("{{{text}");
            let mut scanner = Scanner::new();
            let mut fed = 0;
            let in_parts = loop {
                fed = (fed + parts).min(text.len());
                let reach = scanner.advance(&text.as_bytes()[..fed]);
                if reach != Reach::Open || fed == text.len() {
                    break reach;
                }
            };
            prop_assert_eq!(in_parts, reach(&text));
        }

        #[test]
        fn whatever_a_json_writer_writes_is_one_value(value in json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(reach(&text), Reach::Closed(text.len()));
            }
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        let nested = leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(".{0,6}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        proptest::collection::vec(nested, 0..4).prop_map(Value::from)
    }
}
