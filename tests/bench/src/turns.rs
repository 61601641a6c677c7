//! Turns: every side does the same small share of the work, one behind the other, again and again.
//!
//! A machine that is not ours alone changes its speed from second to second, and one processor differs from the next. So
//! a turn takes milliseconds, all sides have theirs on one processor, and a ratio is taken within a turn: what is
//! reported is the median of the turns' ratios, not the ratio of medians. Before its turn each side decodes one batch
//! that is not timed, since the side before it has filled the caches. And one and the same side was some per cent faster
//! in one process than in the next (probably by where its memory came to lie), so each round has new sides.

use std::ops::Range;

use crate::Result;
use crate::class::Class;
use crate::processor::Pinned;

/// Something that decodes the batches of a class.
pub(crate) trait Side {
    /// Decodes some of the batches, in which there are so many events; the seconds that this took. Fails where it finds
    /// other events, so all sides do the same work.
    fn turn(&mut self, batches: Range<usize>, events: usize) -> Result<f64>;
}

/// Seconds of a turn of the first side, about.
const TURN: f64 = 0.006;

/// Rounds of a measurement, each with new sides.
pub(crate) const ROUNDS: usize = 10;

/// Seconds per record: for each turn, those of all sides.
#[derive(Default)]
pub(crate) struct Turns(Vec<Vec<f64>>);

impl Turns {
    /// Lets all sides have so many turns more.
    pub(crate) fn take(&mut self, sides: &mut [&mut dyn Side], class: &Class, turns: usize) -> Result<()> {
        let _pinned = Pinned::new()?;
        let all = class.batches.len();
        let first = sides.first_mut().ok_or("expected a side")?.turn(0..all, class.events_in(0..all))?;
        let batches = ((TURN / first * all as f64) as usize).clamp(1, all);
        let warm = 0..all.min(3 * batches);
        for side in sides.iter_mut() {
            side.turn(warm.clone(), class.events_in(warm.clone()))?;
        }
        let mut start = 0;
        for _ in 0..turns {
            if start + batches > all {
                start = 0;
            }
            let (warm, timed) = (start..start + 1, start..start + batches);
            let mut turn = Vec::new();
            for side in sides.iter_mut() {
                side.turn(warm.clone(), class.events_in(warm.clone()))?;
                let taken = side.turn(timed.clone(), class.events_in(timed.clone()))?;
                turn.push(taken / class.records_in(timed.clone()) as f64);
            }
            self.0.push(turn);
            start += batches;
        }
        Ok(())
    }

    /// Seconds that a record takes this side: the median.
    pub(crate) fn seconds(&self, side: usize) -> f64 {
        median(&self.0.iter().map(|turn| turn[side]).collect::<Vec<_>>())
    }

    /// How many times as long `side` takes as `other`, turn by turn.
    pub(crate) fn ratios(&self, side: usize, other: usize) -> Vec<f64> {
        self.0.iter().map(|turn| turn[side] / turn[other]).collect()
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of the values lies, between two of them where it must be.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    match (sorted.get(place.floor() as usize), sorted.get(place.ceil() as usize)) {
        (Some(below), Some(above)) => below + (above - below) * place.fract(),
        _ => f64::NAN,
    }
}
