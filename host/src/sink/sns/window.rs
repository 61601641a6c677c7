//! Which alerts go out at once and which are only counted, and the digest of the counted ones.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Who was told what, and what was held back.
#[derive(Debug)]
pub(super) struct Window {
    length: Duration,
    /// Most alerts in a minute.
    limit: usize,
    /// When the first alert of this window came.
    opened: Option<Instant>,
    /// Rules and users that were told in this window. At most the limit a minute, so it is bounded.
    told: HashSet<(String, String)>,
    /// When the alerts of the last minute went out.
    recent: VecDeque<Instant>,
    /// How many were held back, by rule and user.
    counts: BTreeMap<(String, String), u64>,
    /// How many more, of rules and users that have no place in the list.
    others: u64,
}

/// One message for all that was held back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) subject: String,
    pub(super) message: String,
}

/// Most pairs of rule and user in a digest: users' names come from outside.
const PAIRS: usize = 500;
const MINUTE: Duration = Duration::from_secs(60);

impl Window {
    pub(super) fn new(length: Duration, limit: usize) -> Self {
        Window {
            length,
            limit,
            opened: None,
            told: HashSet::new(),
            recent: VecDeque::new(),
            counts: BTreeMap::new(),
            others: 0,
        }
    }

    /// Whether an alert of this rule and user goes out now; if not, it is counted.
    pub(super) fn lets_out(&mut self, rule: &str, user: &str, now: Instant) -> bool {
        self.opened.get_or_insert(now);
        while self.recent.pop_front_if(|then| now.duration_since(*then) >= MINUTE).is_some() {}
        let pair = (rule.to_owned(), user.to_owned());
        if self.told.contains(&pair) || self.recent.len() >= self.limit {
            self.count(pair);
            return false;
        }
        self.recent.push_back(now);
        self.told.insert(pair);
        true
    }

    fn count(&mut self, pair: (String, String)) {
        if self.counts.len() < PAIRS || self.counts.contains_key(&pair) {
            *self.counts.entry(pair).or_default() += 1;
        } else {
            self.others += 1;
        }
    }

    /// When the digest has to go out; `None` while nothing is held back.
    pub(super) fn due(&self) -> Option<Instant> {
        self.opened.filter(|_| !self.counts.is_empty()).map(|opened| opened + self.length)
    }

    /// What was held back, if anything was. It stays counted until [`Self::published`].
    pub(super) fn digest(&self) -> Option<Digest> {
        let all = self.counts.values().sum::<u64>() + self.others;
        if all == 0 {
            return None;
        }
        let subject = format!("{all} further alert{}", if all == 1 { "" } else { "s" });
        let mut message = format!("{subject}, by rule and user:\n\n");
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((rule, user), count) in counts {
            let _ = writeln!(message, "{count:>8}  {rule} by {user}");
        }
        if self.others > 0 {
            let _ = writeln!(message, "{:>8}  others", self.others);
        }
        Some(Digest { subject, message })
    }

    /// The digest was published.
    pub(super) fn published(&mut self) {
        self.counts.clear();
        self.others = 0;
    }

    /// Ends the window when its time is over and nothing is held back.
    pub(super) fn roll(&mut self, now: Instant) {
        let is_over = self.opened.is_some_and(|opened| now.duration_since(opened) >= self.length);
        if is_over && self.counts.is_empty() {
            self.opened = None;
            self.told.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(300);

    #[test]
    fn a_rule_and_user_is_told_once_in_a_window() {
        let (mut window, start) = (Window::new(LENGTH, 10), Instant::now());
        assert!(window.lets_out("drop", "bob", start));
        assert_eq!((window.due(), window.digest()), (None, None));
        assert!(!window.lets_out("drop", "bob", start));
        assert!(!window.lets_out("drop", "bob", start + LENGTH / 2));
        assert!(window.lets_out("drop", "eve", start) && window.lets_out("login", "bob", start));
        assert_eq!(window.due(), Some(start + LENGTH));
        let digest = window.digest().unwrap();
        assert_eq!(digest.subject, "2 further alerts");
        assert_eq!(digest.message, "2 further alerts, by rule and user:\n\n       2  drop by bob\n");
        window.roll(start + LENGTH);
        assert!(!window.lets_out("drop", "bob", start + LENGTH), "what is held back keeps the window open");
        window.published();
        window.roll(start + LENGTH);
        assert!(window.lets_out("drop", "bob", start + LENGTH));
    }

    #[test]
    fn no_more_than_the_limit_go_out_in_a_minute() {
        let (mut window, start) = (Window::new(LENGTH, 2), Instant::now());
        let told = |window: &mut Window, user: &str, after: u64| {
            window.lets_out("drop", user, start + Duration::from_secs(after))
        };
        assert!(told(&mut window, "a", 0) && told(&mut window, "b", 30));
        assert!(!told(&mut window, "c", 59));
        assert!(told(&mut window, "c", 60), "the first is a minute old");
        assert!(!told(&mut window, "d", 60));
    }

    #[test]
    fn nothing_is_uncounted() {
        let (mut window, start) = (Window::new(LENGTH, 1), Instant::now());
        let all = 2 * PAIRS as u64;
        let out: u64 = (0..all).map(|user| u64::from(window.lets_out("r", &user.to_string(), start))).sum();
        let digest = window.digest().unwrap();
        assert_eq!(digest.subject, format!("{} further alerts", all - out));
        let counted = digest.message.lines().skip(2).map(|line| line.split_whitespace().next().unwrap());
        assert_eq!(counted.map(|count| count.parse::<u64>().unwrap()).sum::<u64>(), all - out);
        assert!(digest.message.ends_with("     499  others\n"));
    }
}
