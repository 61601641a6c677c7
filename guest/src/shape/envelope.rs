//! Shape `envelope`: a line per record, the decrypted document without the dropped events.

use super::{Shaped, push_part};

/// The document as it was when every event is kept; with the list's other elements cut out when some are; no line
/// when none is.
pub(super) fn write(shaped: &Shaped<'_>, lines: &mut String) -> u32 {
    let document = shaped.document;
    if !shaped.keep.contains(&true) {
        return 0;
    }
    lines.reserve(document.text.len().saturating_add(1));
    if shaped.keep.contains(&false) {
        let before = document.text.get(..document.list.start).unwrap_or_default();
        let behind = document.text.get(document.list.end..).unwrap_or_default();
        push_part(before, document, lines);
        for (position, (_, event)) in shaped.kept().enumerate() {
            lines.push(if position == 0 { '[' } else { ',' });
            push_part(event, document, lines);
        }
        lines.push(']');
        push_part(behind, document, lines);
    } else {
        push_part(document.text, document, lines);
    }
    lines.push('\n');
    1
}
