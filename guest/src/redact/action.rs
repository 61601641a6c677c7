//! What is written in a value's place.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::json;
use super::sql::{self, Dialect};
use crate::fields::Field;
use crate::settings::{Action, RedactKey};

/// What the actions of an event share, with the buffers they use again.
pub(super) struct Writer {
    key: Option<Hmac<Sha256>>,
    text: String,
    decoded: String,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Nothing: it stays as it is.
    Nothing,
    Instead,
    /// SQL that cannot be read is masked whole.
    Whole,
}

/// How an event's SQL is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Statement {
    /// None: nobody knows.
    pub(super) dialect: Option<Dialect>,
    /// It goes on where another event's has stopped, maybe in the middle of a string.
    pub(super) is_continued: bool,
}

impl Writer {
    pub(super) fn new(key: Option<&RedactKey>) -> Self {
        // HMAC takes keys of any length.
        let key = key.and_then(|key| Hmac::new_from_slice(key.bytes()).ok());
        Writer { key, text: String::new(), decoded: String::new() }
    }

    /// Appends to `out` what stands for `value`, as JSON.
    pub(super) fn write(&mut self, action: Action, value: Field<'_>, sql: Statement, out: &mut String) -> Written {
        match action {
            Action::Drop => Written::Nothing,
            Action::Mask if holds_nothing(value) => Written::Nothing,
            Action::Mask => mask(out),
            _ if value.is_null() => Written::Nothing,
            Action::Hash => self.hash(value, out),
            Action::Truncate(characters) => self.truncate(value, characters, out),
            Action::SqlLiterals => self.sql(value, sql, out),
        }
    }

    fn hash(&mut self, value: Field<'_>, out: &mut String) -> Written {
        // The settings do not come without a key.
        let Some(mut mac) = self.key.clone() else { return mask(out) };
        mac.update(value.text_in(&mut self.text).unwrap_or(value.raw()).as_bytes());
        out.push('"');
        push_hex(&mac.finalize().into_bytes(), out);
        out.push('"');
        Written::Instead
    }

    fn truncate(&mut self, value: Field<'_>, characters: u32, out: &mut String) -> Written {
        let text = value.text_in(&mut self.text).unwrap_or(value.raw());
        let most = usize::try_from(characters).unwrap_or(usize::MAX);
        let Some((end, _)) = text.char_indices().nth(most) else { return Written::Nothing };
        out.push('"');
        json::push_body(text.get(..end).unwrap_or_default(), out);
        let _ = write!(out, "... ({} bytes, sha256 ", text.len());
        push_hex(&Sha256::digest(text.as_bytes()), out);
        out.push_str(")\"");
        Written::Instead
    }

    fn sql(&mut self, value: Field<'_>, statement: Statement, out: &mut String) -> Written {
        let before = out.len();
        let Some(text) = value.text_in(&mut self.text) else { return mask(out) };
        // Where it holds no escape, it is the text itself.
        let is_plain = text.len().saturating_add(2) == value.raw().len();
        if text.is_empty() {
            return Written::Nothing;
        }
        out.push('"');
        let written = match statement {
            Statement { dialect: Some(dialect), is_continued: false } => {
                sql::write(text, is_plain, dialect, &mut self.decoded, out).is_ok()
            }
            _ => false,
        };
        if !written {
            let _ = write!(out, "*** ({} bytes)\"", text.len());
            return Written::Whole;
        }
        out.push('"');
        if out.get(before..) == Some(value.raw()) {
            out.truncate(before);
            return Written::Nothing;
        }
        Written::Instead
    }
}

/// There is nothing to hide, and that nothing is there may count: no error message is no error.
fn holds_nothing(value: Field<'_>) -> bool {
    matches!(value.raw(), "null" | "\"\"" | "[]" | "{}")
}

fn mask(out: &mut String) -> Written {
    out.push_str("\"***\"");
    Written::Instead
}

fn push_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0x0f));
    }
}
