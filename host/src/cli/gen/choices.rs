//! What the options of `dastap gen` may be: names from a list, and ranges.

use std::ops::RangeInclusive;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::synth::{Engine, Fault, Format};

/// One of several, or all of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice<T> {
    All,
    One(T),
}

impl<T: Copy> Choice<T> {
    pub(super) fn resolve(choices: &[Self], all: &[T]) -> Vec<T> {
        let one = |choice: &Self| match choice {
            Self::All => all.to_vec(),
            Self::One(item) => vec![*item],
        };
        choices.iter().flat_map(one).collect()
    }
}

pub(super) fn engines() -> impl TypedValueParser<Value = Choice<Engine>> {
    one_or_all(Engine::ALL.iter().map(|engine| (engine.name(), *engine)).collect())
}

pub(super) fn faults() -> impl TypedValueParser<Value = Choice<Fault>> {
    one_or_all(Fault::ALL.iter().map(|fault| (fault.name(), *fault)).collect())
}

pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    let find = |name: String| Format::ALL.into_iter().find(|format| format.name() == name).unwrap_or(Format::Ndjson);
    PossibleValuesParser::new(Format::ALL.map(Format::name)).map(find)
}

fn one_or_all<T>(items: Vec<(&'static str, T)>) -> impl TypedValueParser<Value = Choice<T>>
where
    T: Copy + Send + Sync + 'static,
{
    let names: Vec<_> = items.iter().map(|(name, _)| *name).chain(["all"]).collect();
    PossibleValuesParser::new(names).map(move |found: String| {
        let item = items.iter().find(|(name, _)| *name == found);
        item.map_or(Choice::All, |(_, item)| Choice::One(*item))
    })
}

/// The long help of `--fault`: the table of faults.
pub(super) fn fault_help() -> String {
    let mut help = "Damage records in this way; may be given several times. Each fault occurs once, evenly spread, unless \
                    --fault-rate is set.\n\n  all: every one of these, which fail in the stage and for the reason that is named\n"
        .to_owned();
    for fault in Fault::ALL {
        help += &format!("  {}: {} ({}/{})\n", fault.name(), fault.what(), fault.stage(), fault.reason());
    }
    help
}

/// `N` or `MIN-MAX`.
pub(super) fn range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok(low..=high),
        _ => Err("expected a number, or two like 5-50 with the smaller one first".to_owned()),
    }
}
