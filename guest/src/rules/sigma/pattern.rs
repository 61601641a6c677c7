//! Texts of rules: `*` for any characters, `?` for one, a backslash in front of either for itself.

use super::folding;
use super::matcher::Matcher;
use super::part::Part;

/// Where in a value a text has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Contains,
    Start,
    End,
}

/// A text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Character(char),
    /// `?`
    One,
    /// `*`
    Many,
}

const BYTES_MOST: usize = 4096;

impl Pattern {
    /// Reads a text as it stands in a rule.
    pub(super) fn parse(text: &str, place: Option<Place>) -> Result<Pattern, String> {
        if text.len() > BYTES_MOST {
            return Err(format!("expected a text of at most {BYTES_MOST} bytes, found {}", text.len()));
        }
        let mut tokens = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                // A backslash in front of anything else stands for itself.
                '\\' => Token::Character(characters.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\')),
                '*' => Token::Many,
                '?' => Token::One,
                other => Token::Character(other),
            });
        }
        Ok(Pattern(tokens).placed(place))
    }

    /// A text without wildcards.
    pub(super) fn literal(text: &str, place: Option<Place>) -> Pattern {
        Pattern(text.chars().map(Token::Character).collect()).placed(place)
    }

    /// A keyword: it may stand anywhere in a value.
    pub(super) fn keyword(text: &str) -> Result<Pattern, String> {
        Pattern::parse(text, Some(Place::Contains))
    }

    fn placed(mut self, place: Option<Place>) -> Pattern {
        if let Some(Place::Contains | Place::End) = place {
            self.0.insert(0, Token::Many);
        }
        if let Some(Place::Contains | Place::Start) = place {
            self.0.push(Token::Many);
        }
        self.0.dedup_by(|next, token| *next == Token::Many && *token == Token::Many);
        self
    }

    /// The cheapest way to match it. Unless `cased`, it will be held against values in lower case.
    pub(super) fn matcher(self, cased: bool) -> Matcher {
        let tokens: Vec<Token> = self.0.into_iter().map(|token| if cased { token } else { token.folded() }).collect();
        let (open_start, rest) = match tokens.as_slice() {
            [Token::Many, rest @ ..] => (true, rest),
            all => (false, all),
        };
        let (open_end, middle) = match rest {
            [rest @ .., Token::Many] => (true, rest),
            all => (false, all),
        };
        match (literal(middle), open_start, open_end) {
            // `*` alone.
            (Some(text), _, _) if text.is_empty() && (open_start || open_end) => Matcher::Anything,
            (Some(text), false, false) => Matcher::Equals(text),
            (Some(text), false, true) => Matcher::Starts(text),
            (Some(text), true, false) => Matcher::Ends(text),
            (Some(text), true, true) => Matcher::Contains(Box::new(Part::new(&text))),
            (None, _, _) => Matcher::Glob(Glob::new(&tokens)),
        }
    }
}

impl Token {
    fn folded(self) -> Token {
        match self {
            Token::Character(character) => Token::Character(folding::fold(character)),
            wildcard => wildcard,
        }
    }
}

fn literal(tokens: &[Token]) -> Option<Box<str>> {
    let character = |token: &Token| if let Token::Character(character) = token { Some(*character) } else { None };
    tokens.iter().map(character).collect::<Option<String>>().map(String::into_boxed_str)
}

/// Wildcards in the middle: what stands between `*`, in order.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    head: Stretch,
    /// None where the pattern has no `*`: then the head is all of it.
    tail: Option<Stretch>,
    middle: Vec<Stretch>,
}

/// Characters, none for `?`.
#[derive(Clone, Debug)]
struct Stretch(Vec<Option<char>>);

impl Glob {
    fn new(tokens: &[Token]) -> Glob {
        let stretch = |tokens: &[Token]| {
            Stretch(tokens.iter().map(|token| if let Token::Character(c) = token { Some(*c) } else { None }).collect())
        };
        let mut stretches = tokens.split(|token| *token == Token::Many).map(stretch);
        let head = stretches.next().unwrap_or(Stretch(Vec::new()));
        let mut middle: Vec<Stretch> = stretches.collect();
        let tail = middle.pop();
        Glob { head, tail, middle }
    }

    /// The whole of `text` matches. What is between two `*` is taken where it first stands: later never helps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(rest) = self.head.behind(text) else { return false };
        let Some(tail) = &self.tail else { return rest.is_empty() };
        let Some(mut rest) = tail.before(rest) else { return false };
        for stretch in &self.middle {
            match stretch.find(rest) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        true
    }
}

impl Stretch {
    /// What follows it at the start of `text`.
    fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut characters = text.chars();
        for expected in &self.0 {
            let found = characters.next()?;
            if expected.is_some_and(|expected| expected != found) {
                return None;
            }
        }
        Some(characters.as_str())
    }

    /// What stands before it at the end of `text`.
    fn before<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut characters = text.chars();
        for expected in self.0.iter().rev() {
            let found = characters.next_back()?;
            if expected.is_some_and(|expected| expected != found) {
                return None;
            }
        }
        Some(characters.as_str())
    }

    /// What follows the first place where it stands in `text`.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text.chars();
        loop {
            if let Some(Some(first)) = self.0.first() {
                rest = rest.as_str().get(rest.as_str().find(*first)?..)?.chars();
            }
            if let Some(behind) = self.behind(rest.as_str()) {
                return Some(behind);
            }
            rest.next()?;
        }
    }
}
