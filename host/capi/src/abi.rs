//! What C sees of data. A change here is a change of the interface: count `ABI_VERSION` and the soname up.

use std::ffi::c_void;
use std::os::raw::c_char;

/// The version of this interface. It changes when a program has to be compiled again.
pub const ABI_VERSION: u32 = 1;

/// Room for the text of an error, its final zero included; a longer text is cut.
pub const ERROR_ROOM: usize = 1024;

/// Room for a plaintext data key. AES-256 keys have 32 bytes.
pub const KEY_ROOM: usize = 64;

/// What a call came to.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// All is well.
    Ok = 0,
    /// A pointer is NULL that must not be, or a text is not UTF-8.
    Argument = 1,
    /// A setting of the configuration is wrong; the text names it.
    Settings = 2,
    /// The configured key provider cannot be opened.
    Keys = 3,
    /// The sandbox cannot run on this machine.
    Sandbox = 4,
    /// A bug of the library. The decoder may be used further.
    Internal = 5,
}

/// Why a call failed.
#[repr(C)]
pub struct Error {
    /// The same as the call's answer.
    pub code: Code,
    /// For people, in UTF-8: what was expected and what was found. Ends with a zero.
    pub text: [c_char; ERROR_ROOM],
}

/// Bytes that somebody else owns; no zero at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// May be NULL where len is 0.
    pub data: *const c_char,
    /// How many.
    pub len: usize,
}

/// What became of a record.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It was decoded.
    Decoded = 0,
    /// The outer JSON.
    Envelope = 1,
    /// The data key.
    Key = 2,
    /// The encrypted message.
    Message = 3,
    /// The compressed document.
    Gunzip = 4,
    /// The document's events.
    Events = 5,
    /// The sandbox itself: trap, time or memory.
    Guest = 6,
}

/// Events of one record that share a route.
#[repr(C)]
pub struct Output {
    /// Where they go: "default" unless a rule says otherwise.
    pub route: Bytes,
    /// Their lines, inside the result's buffer: NDJSON, each line ends with a newline.
    pub lines: Bytes,
    /// The number of lines.
    pub events: u32,
}

/// What became of one record: all of it, or nothing and the reason.
#[repr(C)]
pub struct Verdict {
    /// The record's place in the batch, from 0. Verdicts are in this order, one for each record.
    pub record: usize,
    /// DASTAP_STAGE_DECODED, or the step that failed.
    pub stage: Stage,
    /// Whether the same record may succeed later: the key service was away.
    pub retryable: bool,
    /// Of a failed record: a stable word to alert on, such as "not-authentic". Else empty.
    pub reason: Bytes,
    /// Of a failed record: for people. Never payload, never a key. Else empty.
    pub detail: Bytes,
    /// Events that are in the lines.
    pub kept: u32,
    /// Events that a setting or a rule removed.
    pub dropped: u32,
    /// How many of the record's events were heartbeats, kept or dropped.
    pub heartbeats: u32,
    /// Where the record's lines begin in the result's buffer.
    pub lines_start: usize,
    /// How many bytes of lines it has there, of all its routes.
    pub lines_len: usize,
    /// The same lines by route.
    pub outputs: *const Output,
    /// How many routes.
    pub outputs_len: usize,
}

/// What became of a batch. Everything in it is freed by dastap_result_free.
#[repr(C)]
pub struct ResultView {
    /// The event lines of all records, in order, in one buffer: NDJSON.
    pub lines: Bytes,
    /// One for each record.
    pub verdicts: *const Verdict,
    /// How many records there were.
    pub verdicts_len: usize,
}

/// A pair of the encryption context. For activity streams there is one: aws:rds:dbc-id or aws:rds:db-id.
#[repr(C)]
pub struct Pair {
    /// UTF-8.
    pub name: Bytes,
    /// UTF-8.
    pub value: Bytes,
}

/// The request of KMS Decrypt. It is valid during the call.
#[repr(C)]
pub struct KeyRequest {
    /// The CiphertextBlob, at most 6144 bytes.
    pub ciphertext: Bytes,
    /// The EncryptionContext, at most 8 pairs.
    pub context: *const Pair,
    /// How many pairs.
    pub context_len: usize,
}

/// Where a key callback writes its answer. The library wipes it.
#[repr(C)]
pub struct KeyAnswer {
    /// With DASTAP_KEY_CODE_FOUND: the length of the plaintext key.
    pub key_len: usize,
    /// With DASTAP_KEY_CODE_FOUND: the plaintext key.
    pub key: [u8; KEY_ROOM],
    /// Else: why not, for people, in UTF-8, with a zero at its end. It reaches the verdict: no secrets.
    pub text: [c_char; ERROR_ROOM],
}

/// What a key callback returns. Any other number counts as DASTAP_KEY_CODE_UNAVAILABLE.
#[repr(C)]
pub enum KeyCode {
    /// The key is in the answer.
    Found = 0,
    /// The key service said no: asking again is useless until somebody changes something.
    Refused = 1,
    /// The key service said nothing: asking again later helps.
    Unavailable = 2,
}

/// Decrypts a data key: one call of KMS Decrypt, in three lines of any SDK. It must return within 30 seconds and must
/// not call this library. Returns a dastap_key_code.
pub type DecryptKey =
    Option<unsafe extern "C" fn(user_data: *mut c_void, request: *const KeyRequest, answer: *mut KeyAnswer) -> i32>;

impl Bytes {
    /// A view of a text; valid for as long as the text stays where it is.
    pub(crate) fn of(text: &str) -> Self {
        Bytes { data: text.as_ptr().cast(), len: text.len() }
    }
}

/// C's array as a slice; None where it cannot be one.
///
/// # Safety
/// `data` points to `len` values, or is NULL.
pub(crate) unsafe fn array<'a, T>(data: *const T, len: usize) -> Option<&'a [T]> {
    match (data.is_null(), len) {
        (_, 0) => Some(&[]),
        (true, _) => None,
        _ if !data.is_aligned() || len.checked_mul(size_of::<T>()).is_none_or(|all| all > isize::MAX as usize) => None,
        // SAFETY: not NULL, aligned, and of a possible size; the caller promises the rest.
        _ => Some(unsafe { std::slice::from_raw_parts(data, len) }),
    }
}

/// C's bytes as a slice.
///
/// # Safety
/// As [`array`].
pub(crate) unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller promises.
    unsafe { array(data.cast(), len) }
}

/// C's bytes as text.
///
/// # Safety
/// As [`array`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Option<&'a str> {
    // SAFETY: as the caller promises.
    unsafe { bytes(data, len) }.and_then(|bytes| std::str::from_utf8(bytes).ok())
}
