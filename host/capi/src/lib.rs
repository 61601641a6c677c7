//! The C interface: `dastap.h` over the Rust library.
//!
//! `abi.rs` has what C sees of data, `error.rs` how a call says that it failed, `answer.rs` what a batch came to,
//! `callback.rs` keys by a function of the caller's. The functions themselves are here. No panic crosses into C, and
//! `unsafe` is only where C's pointers are believed: each such place says which promise of the header it relies on.

#![allow(unsafe_code, reason = "a C interface is made of pointers; every use says why it is sound")]

pub mod abi;
mod answer;
mod callback;
mod error;

use std::os::raw::c_char;

use engine::BlockingDecoder;

use abi::{ABI_VERSION, Bytes, Code, DecryptKey, Error, ResultView, bytes, text};
use answer::Answer;
use callback::Callback;
use error::{Problem, guarded};

/// A decoder: the sandbox, its settings, its key cache. Any number of threads may use one at the same time.
pub struct Decoder(BlockingDecoder);

/// The version of this interface that the library was built with. Compare it with DASTAP_ABI_VERSION of the header.
#[unsafe(no_mangle)]
pub extern "C" fn dastap_abi_version() -> u32 {
    ABI_VERSION
}

/// The version of the library, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn dastap_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Makes a decoder from a configuration: YAML or JSON with the sections keys, transform and workers, or the settings of
/// transform only. Without a section keys, AWS KMS is asked, with the Region and credentials that every AWS tool finds.
///
/// On DASTAP_OK, *decoder is to be given to dastap_close. Else *decoder is NULL and *error, which may be a null
/// pointer, says why. The library starts one thread: call this after fork, not before.
///
/// # Safety
/// `config` points to `config_len` bytes; `decoder` to a place for a pointer; `error` to a place for an error, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_open(
    config: *const c_char,
    config_len: usize,
    decoder: *mut *mut Decoder,
    error: *mut Error,
) -> Code {
    // SAFETY: the caller promises the same.
    unsafe { open(config, config_len, decoder, error, BlockingDecoder::from_config) }
}

/// The same with keys by a function of the caller's, instead of the configuration's: of the section keys only cache may
/// be there. An answer is cached, so that one data key costs about one call an hour.
///
/// decrypt is called on threads of the library, possibly on several at once, until dastap_close has returned.
///
/// # Safety
/// As dastap_open; `decrypt` may be called from any thread with `user_data` until the decoder is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_open_with_keys(
    config: *const c_char,
    config_len: usize,
    decrypt: DecryptKey,
    user_data: *mut std::ffi::c_void,
    decoder: *mut *mut Decoder,
    error: *mut Error,
) -> Code {
    let with_keys = |config: &str| {
        let decrypt = decrypt.ok_or(Problem::Argument("decrypt is NULL: expected a function"))?;
        // SAFETY: the caller promises that the function may be called with this pointer from any thread.
        let keys = unsafe { Callback::new(decrypt, user_data) };
        Ok::<_, Problem>(BlockingDecoder::from_config_with_keys(config, keys)?)
    };
    // SAFETY: the caller promises the same.
    unsafe { open(config, config_len, decoder, error, with_keys) }
}

/// Decodes a batch: outer JSON records of one stream, as Kinesis delivers them. resource is the stream's cluster-... or
/// db-... id, its name or its ARN; NULL where the configuration has resources. Blocks, at most for the time that keys
/// take.
///
/// A record that cannot be decoded is not an error: its verdict says why. On DASTAP_OK, *result is to be given to
/// dastap_result_free. Else *result is NULL, and *error, which may be a null pointer, says why.
///
/// # Safety
/// `decoder` is open; `records` points to `records_len` records, each of which points to its bytes; `resource` points to
/// `resource_len` bytes or is NULL; `result` points to a place for a pointer; `error` to one for an error, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_decode(
    decoder: *const Decoder,
    records: *const Bytes,
    records_len: usize,
    resource: *const c_char,
    resource_len: usize,
    result: *mut *const ResultView,
    error: *mut Error,
) -> Code {
    let decode = || {
        // SAFETY: `result` is NULL or a place for a pointer, as the caller promises; the same below for each argument.
        let result = unsafe { result.as_mut() }.ok_or(Problem::Argument("result is NULL: expected a place for it"))?;
        *result = std::ptr::null();
        // SAFETY: an open decoder, as promised, or NULL.
        let decoder = unsafe { decoder.as_ref() }.ok_or(Problem::Argument("decoder is NULL: expected an open one"))?;
        // SAFETY: an array of so many records, as promised.
        let records = unsafe { abi::array(records, records_len) }
            .ok_or(Problem::Argument("records is NULL, or their number is impossible"))?;
        let batch = records
            .iter()
            // SAFETY: each record points to its bytes, as promised.
            .map(|record| unsafe { bytes(record.data, record.len) })
            .collect::<Option<Vec<&[u8]>>>()
            .ok_or(Problem::Argument("a record's data is NULL, or its length is impossible"))?;
        let resource = match resource.is_null() {
            true => None,
            // SAFETY: points to so many bytes, as promised.
            false => Some(unsafe { text(resource, resource_len) }.ok_or(Problem::Argument("resource is not UTF-8"))?),
        };
        *result = Answer::of(decoder.0.decode(&batch, resource)).into_view();
        Ok(())
    };
    // SAFETY: `error` is NULL or a place for an error, as the caller promises.
    unsafe { guarded(error, decode) }
}

/// The same for one record.
///
/// # Safety
/// As dastap_decode; `record` points to `record_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_decode_one(
    decoder: *const Decoder,
    record: *const c_char,
    record_len: usize,
    resource: *const c_char,
    resource_len: usize,
    result: *mut *const ResultView,
    error: *mut Error,
) -> Code {
    let record = Bytes { data: record, len: record_len };
    // SAFETY: one record, and all else as the caller promises.
    unsafe { dastap_decode(decoder, &raw const record, 1, resource, resource_len, result, error) }
}

/// Frees a result and everything that it points to. NULL is ignored.
///
/// # Safety
/// `result` came from this library and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_result_free(result: *const ResultView) {
    let free = || {
        // SAFETY: made by `into_view` and freed once, as the caller promises.
        unsafe { Answer::free(result) };
        Ok(())
    };
    // SAFETY: no error is written.
    unsafe { guarded(std::ptr::null_mut(), free) };
}

/// Closes a decoder, wipes its keys, and ends its thread; waits for a key callback that is running. NULL is ignored.
/// Results that are still there stay valid.
///
/// # Safety
/// `decoder` came from this library, was not closed before, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dastap_close(decoder: *mut Decoder) {
    let close = || {
        if !decoder.is_null() {
            // SAFETY: it came out of a box in `open`, and is closed once.
            drop(unsafe { Box::from_raw(decoder) });
        }
        Ok(())
    };
    // SAFETY: no error is written.
    unsafe { guarded(std::ptr::null_mut(), close) };
}

/// What both ways of opening share.
///
/// # Safety
/// As dastap_open.
unsafe fn open<E: Into<Problem>>(
    config: *const c_char,
    config_len: usize,
    decoder: *mut *mut Decoder,
    error: *mut Error,
    make: impl FnOnce(&str) -> Result<BlockingDecoder, E>,
) -> Code {
    let open = || {
        // SAFETY: NULL or a place for a pointer, as the caller promises.
        let place = unsafe { decoder.as_mut() }.ok_or(Problem::Argument("decoder is NULL: expected a place for it"))?;
        *place = std::ptr::null_mut();
        // SAFETY: points to so many bytes, as the caller promises.
        let config = unsafe { text(config, config_len) }.ok_or(Problem::Argument("config is NULL or not UTF-8"))?;
        *place = Box::into_raw(Box::new(Decoder(make(config).map_err(Into::into)?)));
        Ok(())
    };
    // SAFETY: `error` is NULL or a place for an error, as the caller promises.
    unsafe { guarded(error, open) }
}
