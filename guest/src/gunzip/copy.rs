//! Copies of what was written before (RFC 1951, section 3.2.3).

use crate::vector::Bytes;

/// How many bytes the longest copy may write: 258 and some that do not count.
pub(super) const FAR: usize = SHORT + STEPS * STEP;
/// Most copies are not longer, and this many bytes are written without asking.
const SHORT: usize = 32;
/// What a longer copy writes at once, and how often at most.
const STEP: usize = 64;
const STEPS: usize = 4;

/// Copies `length` bytes from `distance` bytes before `end` to `end`, and some more that do not count. None if there is
/// no room for [`FAR`] bytes.
#[inline(always)]
pub(super) fn copy(output: &mut [u8], end: usize, distance: usize, length: usize) -> Option<()> {
    let (before, behind) = output.split_at_mut_checked(end)?;
    let room = behind.first_chunk_mut::<FAR>()?;
    let source = before.get(end.wrapping_sub(distance)..)?;
    if length <= SHORT
        && let Some(source) = source.first_chunk::<SHORT>()
    {
        copy_bytes::<SHORT>(source, room, 0);
    } else if let Some(source) = source.first_chunk::<FAR>() {
        copy_bytes::<SHORT>(source, room, 0);
        for step in 0..STEPS {
            let start = SHORT.wrapping_add(step.wrapping_mul(STEP));
            if length <= start {
                break;
            }
            copy_bytes::<STEP>(source, room, start);
        }
    } else {
        copy_near(output, end, distance, length);
    }
    Some(())
}

#[inline(always)]
fn copy_bytes<const COUNT: usize>(source: &[u8], room: &mut [u8; FAR], start: usize) {
    let Some(source) = source.get(start..).and_then(|source| source.first_chunk::<COUNT>()) else { return };
    let Some(place) = room.get_mut(start..).and_then(|room| room.first_chunk_mut::<COUNT>()) else { return };
    *place = *source;
}

/// The copy overlaps what it copies, or might do so if it wrote as much as others.
#[inline(never)]
fn copy_near(output: &mut [u8], mut end: usize, mut distance: usize, length: usize) {
    let behind = end.wrapping_add(length);
    // What repeats after a few bytes also repeats after twice as many.
    while distance < VECTOR {
        copy_vector(output, end, distance);
        end = end.wrapping_add(distance);
        distance = distance.wrapping_mul(2);
    }
    while end < behind {
        copy_vector(output, end, distance);
        end = end.wrapping_add(VECTOR);
    }
}

const VECTOR: usize = Bytes::COUNT;

#[inline(always)]
fn copy_vector(output: &mut [u8], end: usize, distance: usize) {
    let Some(source) = output.get(end.wrapping_sub(distance)..).and_then(|bytes| bytes.first_chunk()) else { return };
    let vector = Bytes::load(source);
    let Some(place) = output.get_mut(end..).and_then(|bytes| bytes.first_chunk_mut()) else { return };
    *place = vector.store();
}
