//! Shape `envelope`: a line per record and route, the decrypted document without the events that go elsewhere.

use super::lines::{Full, Target};
use super::{Kept, Shaped, has_members, push_part};
use crate::redact::Redactor;

/// The document as it was, but for redacted values, when every event is kept and goes to one route; with the list's
/// other elements cut out when not; no line when none is kept.
pub(super) fn write(shaped: &Shaped<'_>, redactor: &mut Redactor, target: &mut impl Target) -> Result<(), Full> {
    let Some(first) = shaped.kept().next() else { return Ok(()) };
    let stays = |kept: &Kept<'_>| kept.output == first.output && kept.sigma.is_none();
    if shaped.kept().filter(stays).count() == shaped.events.len() {
        return write_whole(shaped, first.output, redactor, target);
    }
    for output in (0..shaped.outputs).filter(|output| *output != shaped.last).chain([shaped.last]) {
        write_some(shaped, output, redactor, target)?;
    }
    Ok(())
}

/// All of the document, with redacted events in their places.
fn write_whole(
    shaped: &Shaped<'_>,
    output: usize,
    redactor: &mut Redactor,
    target: &mut impl Target,
) -> Result<(), Full> {
    let mut clean = 0;
    if !redactor.is_idle() {
        for kept in shaped.kept() {
            target.part(output, clean..kept.range.start)?;
            clean = kept.range.end;
            write_event(&kept, shaped, redactor, target)?;
        }
    }
    target.part(output, clean..shaped.length)?;
    target.end(output)
}

/// The document with the events of one output.
fn write_some(
    shaped: &Shaped<'_>,
    output: usize,
    redactor: &mut Redactor,
    target: &mut impl Target,
) -> Result<(), Full> {
    let mut events = shaped.kept().filter(|kept| kept.output == output).peekable();
    if events.peek().is_none() {
        return Ok(());
    }
    let list = &shaped.document.list;
    target.part(output, 0..list.start)?;
    for (position, kept) in events.enumerate() {
        let start = kept.range.start;
        target.text(output, start..start, |_, line| line.push(if position == 0 { '[' } else { ',' }))?;
        write_event(&kept, shaped, redactor, target)?;
    }
    target.text(output, list.end..list.end, |_, line| line.push(']'))?;
    target.part(output, list.end..shaped.length)?;
    target.end(output)
}

/// The event as it was; what a Sigma rule says about it goes in front of its own members.
fn write_event(
    kept: &Kept<'_>,
    shaped: &Shaped<'_>,
    redactor: &mut Redactor,
    target: &mut impl Target,
) -> Result<(), Full> {
    let (output, event) = (kept.output, kept.range.clone());
    let push_front = |event: &str, line: &mut String| {
        let Some(sigma) = kept.sigma else { return line.push('{') };
        line.push_str("{\"sigma\":");
        line.push_str(sigma);
        if has_members(event) {
            line.push(',');
        }
    };
    if redactor.is_idle() {
        let members = event.start.saturating_add(1)..event.end;
        target.text(output, event, push_front)?;
        return target.part(output, members);
    }
    target.text(output, event, |event, line| {
        let event = redactor.redact(event);
        push_front(event, line);
        push_part(event.strip_prefix('{').unwrap_or(event), shaped.document, line);
    })
}
