//! The depth limit is exact, however the containers are opened.

use super::super::{DEEPEST, Error, Scanner, What};

/// `depth` containers inside each other, the innermost empty or not.
fn nested(depth: usize, kind: impl Fn(usize) -> bool, innermost: &str) -> String {
    let (mut before, mut behind) = (String::new(), Vec::new());
    for level in 1..=depth {
        let object = kind(level);
        let last = level == depth && innermost.is_empty();
        before.push_str(match (object, last) {
            (true, true) => "{",
            (true, false) => "{\"a\":",
            (false, _) => "[",
        });
        behind.push(if object { "}" } else { "]" });
    }
    behind.reverse();
    format!("{before}{innermost}{}", behind.concat())
}

fn check(text: &str, depth: u32) -> Result<(), Error> {
    let mut scanner = Scanner::new(text, depth);
    scanner.value().and_then(|_| scanner.end())
}

#[test]
fn as_deep_as_the_limit_and_no_deeper() {
    let kinds: [fn(usize) -> bool; 4] = [|_| false, |_| true, |level| level % 2 == 0, |level| level % 3 == 0];
    for depth in (1..=70).chain([127, 128, 129, 511, 512, 513, 1023, 1024]) {
        for kind in kinds {
            for innermost in ["", "0", "\"\""] {
                let text = nested(depth, kind, innermost);
                let limit = u32::try_from(depth).unwrap();
                assert_eq!(check(&text, limit), Ok(()), "{text}");
                let refused = check(&text, limit - 1).unwrap_err();
                assert_eq!(refused.what, What::TooDeep, "{text}");
            }
        }
    }
}

#[test]
fn there_is_a_limit_above_all_limits() {
    for kind in [|_| false, |_| true] as [fn(usize) -> bool; 2] {
        assert_eq!(check(&nested(DEEPEST as usize, kind, ""), u32::MAX), Ok(()));
        assert_eq!(check(&nested(DEEPEST as usize + 1, kind, ""), u32::MAX).unwrap_err().what, What::TooDeep);
        assert_eq!(check(&nested(200_000, kind, "0"), u32::MAX).unwrap_err().what, What::TooDeep);
    }
}

#[test]
fn containers_side_by_side_do_not_add_up() {
    let text = format!("[{}]", vec!["[[],{\"a\":{}}]"; 2000].join(","));
    assert_eq!(check(&text, 4), Ok(()));
    assert_eq!(check(&text, 3).unwrap_err().what, What::TooDeep);
}

#[test]
fn entered_and_skipped_containers_count_together() {
    let text = r#"{"a":[{"b":[[0]]}],"c":[]}"#;
    for (depth, accepted) in [(5, true), (4, false), (3, false), (2, false), (1, false), (0, false)] {
        let mut scanner = Scanner::new(text, depth);
        let walked = scanner.object(|scanner, name| match name.raw() {
            "a" => scanner.array(|scanner| scanner.value().map(|_| ())),
            _ => scanner.value().map(|_| ()),
        });
        match accepted {
            true => assert_eq!(walked, Ok(())),
            false => assert_eq!(walked.unwrap_err().what, What::TooDeep, "limit {depth}"),
        }
    }
}

#[test]
fn the_first_container_too_many_is_named() {
    assert_eq!(check("[1,[2,[3]]]", 2), Err(Error { at: 7, what: What::TooDeep }));
    assert_eq!(check("[[[]]]", 2), Err(Error { at: 4, what: What::TooDeep }));
}
