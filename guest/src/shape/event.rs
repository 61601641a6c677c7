//! Shape `event`: a line per event, the event's own bytes with a few members in front.

use std::fmt::Write;

use super::{Shaped, push_part};
use crate::outputs::Outputs;
use crate::redact::Redactor;

/// `{"eventId":"<message id>-<index>","clusterId":...,"instanceId":...,` and the rest of the event as it was. Behind
/// the ids stands what a Sigma rule says about the event, if one matched.
pub(super) fn write(shaped: &Shaped<'_>, redactor: &mut Redactor, outputs: &mut Outputs) {
    let document = shaped.document;
    let (cluster, instance) = (document.cluster.unwrap_or("null"), document.instance.unwrap_or("null"));
    let front = shaped.id.len().saturating_add(cluster.len()).saturating_add(instance.len()).saturating_add(64);
    for kept in shaped.kept() {
        let front = front.saturating_add(kept.sigma.map_or(0, str::len));
        outputs.want(kept.output, kept.event.len().saturating_add(front));
    }
    outputs.reserve();
    for kept in shaped.kept() {
        let event = redactor.redact(kept.event);
        outputs.line(kept.output, |line| {
            line.push_str("{\"eventId\":\"");
            line.push_str(shaped.id);
            let _ = write!(line, "-{}\",\"clusterId\":", kept.index);
            push_part(cluster, document, line);
            line.push_str(",\"instanceId\":");
            push_part(instance, document, line);
            if let Some(sigma) = kept.sigma {
                line.push_str(",\"sigma\":");
                line.push_str(sigma);
            }
            let members = event.strip_prefix('{').unwrap_or(event);
            if !members.trim_start().starts_with('}') {
                line.push(',');
            }
            push_part(members, document, line);
        });
    }
}
