//! Shape `envelope`: a line per record and route, the decrypted document without the events that go elsewhere.

use super::{Kept, Shaped, push_part};
use crate::outputs::Outputs;
use crate::redact::Redactor;

/// The document as it was, but for redacted values, when every event is kept and goes to one route; with the list's
/// other elements cut out when not; no line when none is kept.
pub(super) fn write(shaped: &Shaped<'_>, redactor: &mut Redactor, outputs: &mut Outputs) {
    let document = shaped.document;
    let Some(first) = shaped.kept().next() else { return };
    let stays = |kept: &Kept<'_>| kept.output == first.output && kept.sigma.is_none();
    if shaped.kept().filter(stays).count() == shaped.events.len() {
        outputs.want(first.output, document.text.len().saturating_add(1));
        outputs.reserve();
        return outputs.line(first.output, |line| push_whole(shaped, redactor, line));
    }
    let before = document.text.get(..document.list.start).unwrap_or_default();
    let behind = document.text.get(document.list.end..).unwrap_or_default();
    for output in 0..outputs.count() {
        let events = || shaped.kept().filter(|kept| kept.output == output);
        if events().next().is_none() {
            continue;
        }
        outputs.line(output, |line| {
            push_part(before, document, line);
            for (position, kept) in events().enumerate() {
                line.push(if position == 0 { '[' } else { ',' });
                push_event(&kept, shaped, redactor, line);
            }
            line.push(']');
            push_part(behind, document, line);
        });
    }
}

/// All of the document, with redacted events in their places.
fn push_whole(shaped: &Shaped<'_>, redactor: &mut Redactor, line: &mut String) {
    let document = shaped.document;
    let (mut clean, is_idle) = (0, redactor.is_idle());
    for (event, kept) in shaped.events.iter().zip(shaped.kept()).filter(|_| !is_idle) {
        push_part(document.text.get(clean..event.range.start).unwrap_or_default(), document, line);
        push_part(redactor.redact(kept.event), document, line);
        clean = event.range.end;
    }
    push_part(document.text.get(clean..).unwrap_or_default(), document, line);
}

/// The event as it was; what a Sigma rule says about it goes in front of its own members.
fn push_event(kept: &Kept<'_>, shaped: &Shaped<'_>, redactor: &mut Redactor, line: &mut String) {
    let event = redactor.redact(kept.event);
    let Some(sigma) = kept.sigma else { return push_part(event, shaped.document, line) };
    line.push_str("{\"sigma\":");
    line.push_str(sigma);
    let members = event.strip_prefix('{').unwrap_or(event);
    if !members.trim_start().starts_with('}') {
        line.push(',');
    }
    push_part(members, shaped.document, line);
}
