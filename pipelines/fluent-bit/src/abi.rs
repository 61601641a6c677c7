//! Fluent Bit's side: the layout of a filter as versions 3.2 to 5.1 have it (2.2 to 3.1: the beginning of it), and the
//! two functions that are called in the program that loaded us.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

pub(crate) const OK: c_int = 0;
pub(crate) const FAILED: c_int = -1;
/// The chunk is replaced.
pub(crate) const MODIFIED: c_int = 1;
/// The chunk stays as it is.
pub(crate) const NOT_TOUCHED: c_int = 2;

/// Log records, not metrics or traces.
const LOGS: c_int = 1;

type Init = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
type Exit = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
type Run = unsafe extern "C" fn(
    *const c_void,
    usize,
    *const c_char,
    c_int,
    *mut *mut c_void,
    *mut usize,
    *mut c_void,
    *mut c_void,
    *mut c_void,
    *mut c_void,
) -> c_int;

/// `struct flb_filter_plugin`. Fluent Bit copies it by value, so it must not be shorter than its own.
#[repr(C)]
pub struct FilterPlugin {
    event_type: c_int,
    flags: c_int,
    name: *const c_char,
    description: *const c_char,
    /// None: options reach us unchecked.
    config_map: *const c_void,
    pre_run: Option<Init>,
    init: Init,
    run: Run,
    exit: Exit,
    /// A link of Fluent Bit's own list, and what later versions may put here.
    rest: [*const c_void; 16],
}

// SAFETY: nothing in it ever changes; Fluent Bit writes into its copy.
unsafe impl Sync for FilterPlugin {}

impl FilterPlugin {
    pub(crate) const fn new(name: &'static CStr, description: &'static CStr, init: Init, run: Run, exit: Exit) -> Self {
        FilterPlugin {
            event_type: LOGS,
            flags: 0,
            name: name.as_ptr(),
            description: description.as_ptr(),
            config_map: null(),
            pre_run: None,
            init,
            run,
            exit,
            rest: [null(); 16],
        }
    }
}

unsafe extern "C" {
    fn flb_filter_get_property(key: *const c_char, instance: *mut c_void) -> *const c_char;
    fn flb_filter_set_context(instance: *mut c_void, context: *mut c_void);
    // By its dynamic symbol: Fluent Bit brings its own allocator, and frees with it.
    fn malloc(size: usize) -> *mut c_void;
}

/// An option of the instance, as it was written.
///
/// # Safety
/// `instance` is a filter instance of Fluent Bit's.
pub(crate) unsafe fn property(instance: *mut c_void, name: &str) -> Option<String> {
    let name = CString::new(name).ok()?;
    // SAFETY: a filter instance, as promised, and a name with a zero at its end.
    let value = unsafe { flb_filter_get_property(name.as_ptr(), instance) };
    // SAFETY: not NULL, so a text of Fluent Bit's with a zero at its end.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_string_lossy().into_owned())
}

/// Leaves a pointer with the instance.
///
/// # Safety
/// As [`property`].
pub(crate) unsafe fn set_context(instance: *mut c_void, context: *mut c_void) {
    // SAFETY: as promised.
    unsafe { flb_filter_set_context(instance, context) };
}

/// A copy in memory that Fluent Bit can free; NULL for nothing, None where there is no memory.
///
/// # Safety
/// Whoever gets it frees it with `free`.
pub(crate) unsafe fn allocated(bytes: &[u8]) -> Option<*mut c_void> {
    if bytes.is_empty() {
        return Some(null_mut());
    }
    // SAFETY: any size may be asked for.
    let memory = unsafe { malloc(bytes.len()) };
    if memory.is_null() {
        return None;
    }
    // SAFETY: so many bytes are there, and they are new.
    unsafe { memory.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Some(memory)
}
