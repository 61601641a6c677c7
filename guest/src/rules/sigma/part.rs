//! A text that another one has to contain: looked for in lower case, or in the text as it is.

use memchr::memmem::Finder;

use crate::vector::Bytes;

/// A text to look for.
#[derive(Clone, Debug)]
pub(super) struct Part {
    finder: Finder<'static>,
    /// Two of its bytes, where it is all ASCII: what stands around both is compared.
    pair: Option<[Rare; 2]>,
}

/// A byte of the text and where it stands.
#[derive(Clone, Copy, Debug)]
struct Rare {
    position: usize,
    byte: u8,
    /// The bit in which its cases differ; zero where it has none.
    case: u8,
}

impl Part {
    /// Of a text, in lower case where it is looked for in any case.
    pub(super) fn new(text: &str) -> Self {
        let pair = text.is_ascii().then(|| pair(text.as_bytes())).flatten();
        Part { finder: Finder::new(text.as_bytes()).into_owned(), pair }
    }

    /// It stands in `text`, to the byte.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.finder.find(text.as_bytes()).is_some()
    }

    /// It stands in `text` when both are in lower case. None when that has to be made to know it: `text` is not all
    /// ASCII, and other characters may have their lower case there.
    pub(super) fn is_in_any_case(&self, text: &str) -> Option<bool> {
        let [one, other] = self.pair?;
        let (text, sought) = (text.as_bytes(), self.finder.needle());
        let is_at = |at: usize| {
            text.get(at..at.wrapping_add(sought.len())).is_some_and(|found| found.eq_ignore_ascii_case(sought))
        };
        let last = text.len().wrapping_sub(sought.len());
        let (mut at, mut all) = (0usize, Bytes::all(0));
        while let (Some(first), Some(second)) = (one.load(text, at), other.load(text, at)) {
            let mut places = one.stands_in(first).and(other.stands_in(second)).bits::<7>();
            while places != 0 {
                if is_at(at.wrapping_add(places.trailing_zeros() as usize)) {
                    return Some(true);
                }
                places &= places.wrapping_sub(1);
            }
            all = all.or(first).or(second);
            at = at.wrapping_add(Bytes::COUNT);
        }
        if sought.len() <= text.len() && (at..=last).any(is_at) {
            return Some(true);
        }
        // What was loaded lies behind the start and before the end.
        let [start, end] = [text.get(..one.position.min(other.position)), text.get(at..)];
        let is_ascii = all.is_ascii() && [start, end].iter().all(|part| part.unwrap_or_default().is_ascii());
        is_ascii.then_some(false)
    }
}

impl Rare {
    #[inline(always)]
    fn load(self, text: &[u8], at: usize) -> Option<Bytes> {
        text.get(at.wrapping_add(self.position)..)?.first_chunk().map(Bytes::load)
    }

    #[inline(always)]
    fn stands_in(self, bytes: Bytes) -> Bytes {
        bytes.or(Bytes::all(self.case)).equal(Bytes::all(self.byte))
    }
}

/// The two bytes of a text that are rarest in statements.
fn pair(text: &[u8]) -> Option<[Rare; 2]> {
    const COMMON: &[u8] = b" etaoinsrlcdmup_hgfb.,'ywk=vxqjz";
    let rarity = |byte: u8| COMMON.iter().position(|common| *common == byte).unwrap_or(COMMON.len());
    let mut all: Vec<(usize, u8)> = text.iter().map(u8::to_ascii_lowercase).enumerate().collect();
    all.sort_by_key(|(_, byte)| std::cmp::Reverse(rarity(*byte)));
    let rare = |(position, byte): (usize, u8)| {
        let case = if byte.is_ascii_lowercase() { 0x20 } else { 0 };
        Rare { position, byte, case }
    };
    let first = rare(*all.first()?);
    Some([first, all.get(1).map_or(first, |second| rare(*second))])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::folding::fold;
    use super::*;

    proptest! {
        #[test]
        fn in_any_case_is_in_lower_case(
            text in "[abAB@`\\[{K ]{0,50}|[abAB@`\\[{Kk ]{0,50}",
            part in "[ab@`\\[{k ]{1,4}|[abk]{1,20}"
        ) {
            let folded: String = text.chars().map(fold).collect();
            let found = Part::new(&part).is_in_any_case(&text);
            prop_assert_eq!(Part::new(&part).is_in(&folded), folded.contains(&part));
            if let Some(found) = found {
                prop_assert_eq!(found, folded.contains(&part));
            }
            prop_assert!(found.is_some() || !text.is_ascii());
        }
    }
}
