//! dastap as a filter of Fluent Bit: a log record that holds an encrypted record becomes its events.
//!
//! `abi.rs` is Fluent Bit's side, `settings.rs` the options, `chunk.rs` records in and out, `event.rs` event lines as
//! MessagePack. `unsafe` is here and in `abi.rs` only, where Fluent Bit's pointers are believed. A chunk that cannot be
//! read, and any bug of ours, leave the chunk as it was.

#![allow(unsafe_code, reason = "a native plugin is made of Fluent Bit's pointers; every use says why it is sound")]

mod abi;
mod chunk;
mod event;
mod settings;

use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use abi::{FAILED, FilterPlugin, MODIFIED, NOT_TOUCHED, OK};
use chunk::Filter;

/// What Fluent Bit looks for, by this name, in the file of this name. It copies the struct.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "Fluent Bit builds the name from that of the file")]
pub static filter_dastap_plugin: FilterPlugin =
    FilterPlugin::new(c"dastap", c"Decode AWS Database Activity Streams", init, filter, exit);

/// Reads the options and opens the decoder; Fluent Bit does not start where it fails.
unsafe extern "C" fn init(instance: *mut c_void, _config: *mut c_void, _data: *mut c_void) -> c_int {
    let init = || {
        // SAFETY: Fluent Bit gives the instance that the options belong to.
        let filter = Filter::open(settings::read(|name| unsafe { abi::property(instance, name) }))?;
        // SAFETY: the same instance; the context comes back in `filter` and `exit`.
        unsafe { abi::set_context(instance, Box::into_raw(Box::new(filter)).cast()) };
        Ok::<(), String>(())
    };
    match catch_unwind(AssertUnwindSafe(init)) {
        Ok(Ok(())) => OK,
        Ok(Err(problem)) => {
            eprintln!("[dastap] {problem}");
            FAILED
        }
        Err(_) => FAILED,
    }
}

/// One chunk: untouched, or a new one in memory that Fluent Bit frees.
#[allow(clippy::too_many_arguments, reason = "Fluent Bit's signature")]
unsafe extern "C" fn filter(
    data: *const c_void,
    bytes: usize,
    _tag: *const c_char,
    _tag_len: c_int,
    out_data: *mut *mut c_void,
    out_bytes: *mut usize,
    _instance: *mut c_void,
    _input: *mut c_void,
    context: *mut c_void,
    _config: *mut c_void,
) -> c_int {
    let rewrite = || {
        if data.is_null() || bytes == 0 {
            return None;
        }
        // SAFETY: `init` made it, and `exit` has not been called.
        let filter = unsafe { context.cast::<Filter>().as_ref() }?;
        // SAFETY: Fluent Bit's chunk, of this size, alive during the call.
        let chunk = unsafe { std::slice::from_raw_parts(data.cast(), bytes) };
        // SAFETY: the result is given to Fluent Bit, which frees it.
        filter.rewrite(chunk, |made| unsafe { abi::allocated(made) }.map(|copy| (copy, made.len())))?
    };
    match catch_unwind(AssertUnwindSafe(rewrite)) {
        Ok(Some((made, length))) => {
            // SAFETY: Fluent Bit gives places for both.
            unsafe {
                out_data.write(made);
                out_bytes.write(length);
            }
            MODIFIED
        }
        _ => NOT_TOUCHED,
    }
}

/// Closes the decoder.
unsafe extern "C" fn exit(context: *mut c_void, _config: *mut c_void) -> c_int {
    if !context.is_null() {
        // SAFETY: `init` made it out of a box; Fluent Bit calls this once.
        let filter = unsafe { Box::from_raw(context.cast::<Filter>()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(filter)));
    }
    OK
}
