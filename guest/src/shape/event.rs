//! Shape `event`: a line per event, the event's own bytes with a few members in front.

use super::lines::{Full, Target};
use super::{Kept, Shaped, has_members, push_part};
use crate::redact::Redactor;

/// `{"eventId":"<message id>-<index>","clusterId":...,"instanceId":...,` and the rest of the event as it was. Behind
/// the ids stands what a Sigma rule says about the event, if one matched.
pub(super) fn write(shaped: &Shaped<'_>, redactor: &mut Redactor, target: &mut impl Target) -> Result<(), Full> {
    for kept in shaped.kept() {
        let event = kept.range.clone();
        if redactor.is_idle() {
            let members = event.start.saturating_add(1)..event.end;
            target.text(kept.output, event, |event, line| push_front(shaped, &kept, event, line))?;
            target.part(kept.output, members)?;
        } else {
            target.text(kept.output, event, |event, line| {
                let event = redactor.redact(event);
                push_front(shaped, &kept, event, line);
                push_part(event.strip_prefix('{').unwrap_or(event), shaped.document, line);
            })?;
        }
        target.end(kept.output)?;
    }
    Ok(())
}

/// Bytes of a line, about.
pub(super) fn size(shaped: &Shaped<'_>, kept: &Kept<'_>) -> usize {
    let ids = [Some(shaped.id), shaped.document.cluster, shaped.document.instance, kept.sigma];
    ids.into_iter().flatten().fold(kept.range.len().saturating_add(64), |sum, text| sum.saturating_add(text.len()))
}

fn push_front(shaped: &Shaped<'_>, kept: &Kept<'_>, event: &str, line: &mut String) {
    let document = shaped.document;
    line.push_str("{\"eventId\":\"");
    line.push_str(shaped.id);
    line.push('-');
    line.push_str(itoa::Buffer::new().format(kept.index));
    line.push_str("\",\"clusterId\":");
    push_part(document.cluster.unwrap_or("null"), document, line);
    line.push_str(",\"instanceId\":");
    push_part(document.instance.unwrap_or("null"), document, line);
    if let Some(sigma) = kept.sigma {
        line.push_str(",\"sigma\":");
        line.push_str(sigma);
    }
    if has_members(event) {
        line.push(',');
    }
}
