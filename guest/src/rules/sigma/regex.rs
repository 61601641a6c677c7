//! `re`: regular expressions in linear time, bounded in size, compiled when the settings are read.

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// The sub-modifiers `i`, `m` and `s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    insensitive: bool,
    multi_line: bool,
    dot_matches_line_feed: bool,
}

impl Flags {
    pub(super) fn set(&mut self, name: &str) {
        match name {
            "i" => self.insensitive = true,
            "m" => self.multi_line = true,
            _ => self.dot_matches_line_feed = true,
        }
    }
}

const BYTES_MOST: usize = 4096;
/// Of the compiled program. `\w{50}` fits, `\w{500}` does not.
const PROGRAM_BYTES_MOST: usize = 512 << 10;
/// Of what a search keeps for the next one.
const CACHE_BYTES_MOST: usize = 256 << 10;
const DEPTH_MOST: u32 = 64;

/// Compiles an expression; an error names the character.
pub(super) fn compile(text: &str, flags: Flags) -> Result<Regex, String> {
    if text.len() > BYTES_MOST {
        return Err(format!("expected a regular expression of at most {BYTES_MOST} bytes, found {}", text.len()));
    }
    // Said in words first: the error of the builder is a drawing.
    ParserBuilder::new().nest_limit(DEPTH_MOST).build().parse(text).map_err(|error| explain(&error))?;
    RegexBuilder::new(text)
        .case_insensitive(flags.insensitive)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_matches_line_feed)
        .nest_limit(DEPTH_MOST)
        .size_limit(PROGRAM_BYTES_MOST)
        .dfa_size_limit(CACHE_BYTES_MOST)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!(
                    "the regular expression needs more than {} KiB; shorten its repetitions",
                    PROGRAM_BYTES_MOST >> 10
                )
            }
            other => other.to_string().replace('\n', " "),
        })
}

fn explain(error: &regex_syntax::Error) -> String {
    let (column, what) = match error {
        regex_syntax::Error::Parse(error) => (error.span().start.column, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (error.span().start.column, error.kind().to_string()),
        other => return other.to_string().replace('\n', " "),
    };
    format!("regular expression, character {column}: {what}")
}
