//! Records that cannot be decoded.

use std::time::Instant;

use super::corpus::Corpus;
use super::stage::{EVENTS, Stage, recovery};
use super::{Row, Scale};

/// 5 % of the records are broken, in every way there is.
pub(super) fn poison(scale: Scale) -> Row {
    let mut stage = Stage::new(Corpus::new(scale.records, 5.0), &format!("type: file, path: {EVENTS}"));
    stage.publish(stage.part(0, 1));
    let (mut running, mut count) = (stage.run().start(), stage.watch());
    let poison = stage.corpus.poison();
    let all = recovery(&mut running, Instant::now(), 0, scale.records, &mut count).all;
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert_eq!(tally.dead, poison, "the broken ones, and no others");
    assert!(poison * 100 > scale.records * 4, "about 5 %: {poison}");
    assert!(tally.reasons.len() > 10, "{:?}", tally.reasons);
    let note = format!("{} reasons; {:.0} records/s", tally.reasons.len(), scale.records as f64 / all.as_secs_f64());
    Row::new("5 % poison", "objects > file", scale.records, tally).note(note).checked(0)
}
