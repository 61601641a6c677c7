//! Which names are read: `*` and `?` within a step of the path, `**` over steps.

/// Whether the whole name matches. Work is bounded by the product of the lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // Which beginnings of the name match the pattern so far.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut rest = pattern;
    while let Some((sign, behind)) = rest.split_first() {
        let many = *sign == b'*';
        let all = many && behind.first() == Some(&b'*');
        rest = if all { behind.get(1..).unwrap_or_default() } else { behind };
        // `**/` also stands for no step at all.
        let optional = all && rest.first() == Some(&b'/');
        let before = reached.clone();
        if !many {
            reached.fill(false);
        }
        for (place, byte) in name.iter().enumerate() {
            let from = if many { reached.get(place) } else { before.get(place) }.copied().unwrap_or(false);
            let takes = match sign {
                b'*' => all || *byte != b'/',
                b'?' => *byte != b'/',
                sign => sign == byte,
            };
            if let Some(next) = reached.get_mut(place + 1)
                && from
                && takes
            {
                *next = true;
            }
        }
        if optional {
            // Behind a whole step, or where `**` began.
            let ends = |place: usize| place > 0 && name.get(place - 1) == Some(&b'/');
            let after: Vec<bool> =
                (0..reached.len()).map(|place| reached[place] && ends(place) || before[place]).collect();
            reached = after;
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_in_their_step_and_double_stars_do_not() {
        for (pattern, name, expected) in [
            ("*.gz", "a.gz", true),
            ("*.gz", "x/a.gz", false),
            ("**/*.gz", "a.gz", true),
            ("**/*.gz", "x/y/a.gz", true),
            ("**/*.gz", "x/y/a.gzip", false),
            ("2026/08/**", "2026/08/21/a", true),
            ("2026/08/**", "2026/09/21/a", false),
            ("2026/*/21/*", "2026/08/21/a", true),
            ("2026/**/a", "2026/a", true),
            ("2026/**/a", "2026/ba", false),
            ("2026/**/a", "2026/x/ba", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("**", "", true),
            ("", "", true),
            ("", "a", false),
            ("\u{e4}*", "\u{e4}b", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
