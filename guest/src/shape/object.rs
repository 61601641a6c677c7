//! JSON objects written straight into a line.

use std::fmt::Write;

use crate::fields::Field;
use crate::redact::push_body;

/// An object that is being written. It sets the commas itself.
pub(super) struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl<'o> Object<'o> {
    /// Writes a whole object.
    pub(super) fn write(out: &'o mut String, members: impl FnOnce(&mut Object<'_>)) {
        out.push('{');
        let mut object = Object { out, is_empty: true };
        members(&mut object);
        object.out.push('}');
    }

    /// The name of the next member; its value is written into what this answers.
    pub(super) fn name(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// An object; without members it is left out.
    pub(super) fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        let (before, was_empty) = (self.out.len(), self.is_empty);
        let out = self.name(name);
        out.push('{');
        let mut object = Object { out, is_empty: true };
        members(&mut object);
        let is_empty = object.is_empty;
        self.out.push('}');
        if is_empty {
            self.out.truncate(before);
            self.is_empty = was_empty;
        }
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        let _ = write!(self.name(name), "{number}");
    }

    /// A text that needs no escape.
    pub(super) fn plain(&mut self, name: &str, text: &str) {
        let out = self.name(name);
        out.push('"');
        out.push_str(text);
        out.push('"');
    }

    /// A field as a text; a number, list or object as it is written. `null` and the empty text are left out.
    pub(super) fn text(&mut self, name: &str, field: Option<Field<'_>>) {
        if let Some(field) = field.filter(|field| says_something(*field)) {
            push_text(field, self.name(name));
        }
    }

    /// The same in lower case.
    pub(super) fn lower(&mut self, name: &str, field: Option<Field<'_>>) {
        if let Some(field) = field.filter(|field| says_something(*field)) {
            let out = self.name(name);
            let start = out.len();
            push_text(field, out);
            if let Some(written) = out.get_mut(start..) {
                // Of escapes only the digits of `\u` have letters that may change.
                written.make_ascii_lowercase();
            }
        }
    }

    /// A list of one text.
    pub(super) fn list_of(&mut self, name: &str, field: Option<Field<'_>>) {
        if let Some(field) = field.filter(|field| says_something(*field)) {
            let out = self.name(name);
            out.push('[');
            push_text(field, out);
            out.push(']');
        }
    }

    /// A field as a whole number, as a number or in a text; anything else is left out.
    pub(super) fn integer(&mut self, name: &str, field: Option<Field<'_>>) {
        if let Some(number) = field.and_then(integer) {
            self.number(name, number);
        }
    }
}

/// Neither `null` nor the empty text.
pub(super) fn says_something(field: Field<'_>) -> bool {
    !field.is_null() && field.raw() != "\"\""
}

/// The whole number in a field.
pub(super) fn integer(field: Field<'_>) -> Option<i64> {
    field.body().unwrap_or(field.raw()).parse().ok()
}

/// The value as a JSON text.
pub(super) fn push_text(field: Field<'_>, out: &mut String) {
    match field.body() {
        Some(_) => out.push_str(field.raw()),
        None => {
            out.push('"');
            push_body(field.raw(), out);
            out.push('"');
        }
    }
}
