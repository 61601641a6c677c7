//! Text as the body of a JSON text.

/// Appends `text`, escaped as JSON wants it and no further.
pub(crate) fn push_body(text: &str, out: &mut String) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(clean..at).unwrap_or_default());
        clean = at.wrapping_add(1);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(digit(other >> 4));
                out.push(digit(other & 0x0f));
            }
        }
    }
    out.push_str(text.get(clean..).unwrap_or_default());
}
