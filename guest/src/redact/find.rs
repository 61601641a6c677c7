//! Where the values stand that are to be redacted.

use crate::fields::Member;
use crate::json;

/// Calls `found` with every member at `path`. Of members with the same name each one counts, and a name that holds
/// dots as well: what a reader may find must not be left.
pub(super) fn each<'a>(members: impl Iterator<Item = Member<'a>>, path: &str, found: &mut impl FnMut(Member<'a>)) {
    for member in members {
        let name = member.name.body().unwrap_or_default();
        if json::equals(name, path) {
            found(member);
        }
        for (dot, _) in path.match_indices('.') {
            if let (Some(first), Some(rest)) = (path.get(..dot), path.get(dot.saturating_add(1)..))
                && json::equals(name, first)
                && let Some(inside) = member.value.members()
            {
                each(inside, rest, found);
            }
        }
    }
}
