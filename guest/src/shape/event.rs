//! Shape `event`: a line per event, the event's own bytes with three members in front.

use std::fmt::Write;

use super::{Shaped, push_part};

/// `{"eventId":"<message id>-<index>","clusterId":...,"instanceId":...,` and the rest of the event as it was.
pub(super) fn write(shaped: &Shaped<'_>, lines: &mut String) -> u32 {
    let document = shaped.document;
    let (cluster, instance) = (document.cluster.unwrap_or("null"), document.instance.unwrap_or("null"));
    // One allocation for all lines: the events and what stands in front of each.
    let front = shaped.id.len().saturating_add(cluster.len()).saturating_add(instance.len()).saturating_add(64);
    lines.reserve(document.list.len().saturating_add(front.saturating_mul(shaped.events.len())));
    let mut written = 0u32;
    for (index, event) in shaped.kept() {
        lines.push_str("{\"eventId\":\"");
        lines.push_str(shaped.id);
        let _ = write!(lines, "-{index}\",\"clusterId\":");
        push_part(cluster, document, lines);
        lines.push_str(",\"instanceId\":");
        push_part(instance, document, lines);
        let members = event.strip_prefix('{').unwrap_or(event);
        if !members.trim_start().starts_with('}') {
            lines.push(',');
        }
        push_part(members, document, lines);
        lines.push('\n');
        written = written.saturating_add(1);
    }
    written
}
