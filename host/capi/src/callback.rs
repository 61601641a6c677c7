//! Keys by a function of the caller's, behind the library's cache.
//!
//! The function runs on a thread of the runtime that may block, with an ordinary stack: the calling thread is inside
//! the sandbox on a stack of its own, which other languages' runtimes do not expect.

use std::ffi::{CStr, c_void};
use std::sync::Arc;

use engine::keys::{Answer, KeyError, KeyProvider, KeyRequest, Secret};
use zeroize::Zeroize;

use crate::abi::{self, Bytes, ERROR_ROOM, KEY_ROOM, KeyAnswer, KeyCode, Pair};

/// A [`KeyProvider`] that asks the caller's function.
pub(crate) struct Callback(Arc<Function>);

/// [`abi::DecryptKey`] that is there.
type Decrypt = unsafe extern "C" fn(*mut c_void, *const abi::KeyRequest, *mut KeyAnswer) -> i32;

/// The function, and what it is called with.
struct Function {
    decrypt: Decrypt,
    user_data: *mut c_void,
}

// SAFETY: `Callback::new` is promised that the function may be called with this pointer from any thread.
unsafe impl Send for Function {}
// SAFETY: the same; nothing here changes.
unsafe impl Sync for Function {}

impl Callback {
    /// # Safety
    /// `decrypt` may be called with `user_data` from any thread, and from several at once, while this lives and while a
    /// call is running.
    pub(crate) unsafe fn new(decrypt: Decrypt, user_data: *mut c_void) -> Self {
        Callback(Arc::new(Function { decrypt, user_data }))
    }
}

impl KeyProvider for Callback {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        let (function, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(async move {
            let answered = tokio::task::spawn_blocking(move || function.ask(&request)).await;
            answered.unwrap_or_else(|_| Err(KeyError::Unavailable("the key callback was abandoned".to_owned())))
        })
    }

    fn scope(&self) -> &str {
        "callback"
    }
}

impl Function {
    fn ask(&self, request: &KeyRequest) -> Result<Secret, KeyError> {
        let pair = |(name, value): &(String, String)| Pair { name: Bytes::of(name), value: Bytes::of(value) };
        let context: Vec<Pair> = request.context.iter().map(pair).collect();
        let ciphertext = Bytes { data: request.ciphertext.as_ptr().cast(), len: request.ciphertext.len() };
        let question = abi::KeyRequest { ciphertext, context: context.as_ptr(), context_len: context.len() };
        let mut answer = Wiped(KeyAnswer { key_len: 0, key: [0; KEY_ROOM], text: [0; ERROR_ROOM] });
        // SAFETY: the function's own promise; both structs live until it returns.
        let code = unsafe { (self.decrypt)(self.user_data, &raw const question, &raw mut answer.0) };
        if code == KeyCode::Found as i32 {
            let length = answer.0.key_len;
            return match answer.0.key.get(..length) {
                Some(key) if !key.is_empty() => Ok(Secret::new(key.to_vec())),
                _ => Err(KeyError::Refused(format!(
                    "expected a key of 1 to {KEY_ROOM} bytes from the key callback, found {length}"
                ))),
            };
        }
        let text = answer.text().unwrap_or_else(|| "the key callback gave no reason".to_owned());
        match code == KeyCode::Refused as i32 {
            true => Err(KeyError::Refused(text)),
            false => Err(KeyError::Unavailable(text)),
        }
    }
}

/// The caller's answer, overwritten when it goes.
struct Wiped(KeyAnswer);

impl Wiped {
    /// The reason, up to its zero or the end of its room.
    fn text(&mut self) -> Option<String> {
        *self.0.text.last_mut()? = 0;
        // SAFETY: the last byte is a zero, inside the array.
        let text = unsafe { CStr::from_ptr(self.0.text.as_ptr()) }.to_string_lossy();
        (!text.is_empty()).then(|| text.into_owned())
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.key.zeroize();
        self.0.text.zeroize();
    }
}
