//! How a call says that it failed: a code, and a text in the caller's buffer.

use std::os::raw::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{Code, Error};

/// Why a call failed, on this side.
pub(crate) enum Problem {
    /// The caller's own mistake.
    Argument(&'static str),
    /// The library's answer.
    Library(engine::Error),
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        Problem::Library(error)
    }
}

impl Problem {
    fn code(&self) -> Code {
        match self {
            Problem::Argument(_) => Code::Argument,
            Problem::Library(engine::Error::Settings(_)) => Code::Settings,
            Problem::Library(engine::Error::Keys(_) | engine::Error::NoKeys) => Code::Keys,
            Problem::Library(_) => Code::Sandbox,
        }
    }

    fn text(&self) -> String {
        match self {
            Problem::Argument(text) => (*text).to_owned(),
            Problem::Library(error) => error.to_string(),
        }
    }
}

/// Runs the body of a call. A panic ends here: it must not unwind into C.
///
/// # Safety
/// `error` is NULL or points to a place for an error.
pub(crate) unsafe fn guarded(error: *mut Error, body: impl FnOnce() -> Result<(), Problem>) -> Code {
    // Unwind safety: what a panic leaves half-done is dropped with the closure, or behind locks that ignore poison.
    let (code, text) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => (Code::Ok, String::new()),
        Ok(Err(problem)) => (problem.code(), problem.text()),
        Err(panic) => {
            // What it carries may panic when it is dropped.
            std::mem::forget(panic);
            (Code::Internal, "a bug of the library: please report it".to_owned())
        }
    };
    if !error.is_null() {
        // SAFETY: a place for an error, as the caller promises; it may be uninitialised, so it is written as a whole.
        unsafe { error.write(Error { code, text: zero_ended(&text) }) };
    }
    code
}

/// The text in a buffer of C's, cut between characters where it is too long. A zero inside would end it early.
fn zero_ended<const ROOM: usize>(text: &str) -> [c_char; ROOM] {
    let mut buffer = [0; ROOM];
    let end = text.floor_char_boundary(ROOM - 1);
    for (place, byte) in buffer.iter_mut().zip(text.bytes().take(end)) {
        *place = if byte == 0 { b' ' } else { byte }.cast_signed() as c_char;
    }
    buffer
}
