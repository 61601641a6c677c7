//! Compact JSON with more escapes than it needs, as some producers write it. A decoder that parses and prints again
//! loses them.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{self, Write};

/// `value` as JSON, with every sign inside texts written as `\uXXXX` for which `escaped` says so.
pub(super) fn print(value: &impl Serialize, escaped: fn(char) -> bool) -> String {
    let mut bytes = Vec::with_capacity(4096);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Escaping { escaped });
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Java's Gson: what means something inside HTML, and two line ends that JavaScript trips over.
pub(super) fn means_something_in_html(sign: char) -> bool {
    matches!(sign, '=' | '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}')
}

/// Everything that is not ASCII.
pub(super) fn is_not_ascii(sign: char) -> bool {
    !sign.is_ascii()
}

struct Escaping {
    escaped: fn(char) -> bool,
}

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(self.escaped) {
            let (plain, from) = rest.split_at(place);
            CompactFormatter.write_string_fragment(writer, plain)?;
            let mut signs = from.chars();
            if let Some(sign) = signs.next() {
                for unit in sign.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = signs.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_the_text_and_not_the_value() {
        let value = "(TYPE=X) 'é' \"🚚\"\n";
        let html = print(&value, means_something_in_html);
        assert_eq!(html, r#""(TYPE\u003dX) \u0027é\u0027 \"🚚\"\n""#);
        let ascii = print(&value, is_not_ascii);
        assert_eq!(ascii, r#""(TYPE=X) '\u00e9' \"\ud83d\ude9a\"\n""#);
        for text in [html, ascii] {
            assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), value);
        }
    }
}
