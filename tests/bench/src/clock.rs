//! Cycles a second while this program runs: a loop of dependent decrements takes one cycle a turn.

use std::time::Instant;

/// Cycles a second just now, the best of some tries; none where this cannot be measured.
pub(crate) fn hertz() -> Option<f64> {
    let tries = (0..3).map_while(|_| turn()).map(|seconds| f64::from(TURNS) / seconds);
    tries.max_by(f64::total_cmp)
}

const TURNS: u32 = 2_000_000;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "a loop that the compiler cannot shorten")]
fn turn() -> Option<f64> {
    let start = Instant::now();
    // SAFETY: changes one register and the flags.
    unsafe { std::arch::asm!("2:", "dec {0:e}", "jnz 2b", inout(reg) TURNS => _, options(nomem, nostack)) };
    Some(start.elapsed().as_secs_f64())
}

#[cfg(not(target_arch = "x86_64"))]
fn turn() -> Option<f64> {
    None
}
