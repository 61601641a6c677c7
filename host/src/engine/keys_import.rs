//! `keys.decrypt`: the one import. Everything that the guest hands over is bounded before it is copied.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, WasmList, WasmStr};

use super::instance::State;
use crate::keys::{KeyError, KeyRequest};

/// Bytes of a KMS ciphertext, at most.
const CIPHERTEXT_BYTES: usize = 6144;
/// Pairs of an encryption context, at most; DAS has one.
const CONTEXT_PAIRS: usize = 8;
/// Bytes of a name or a value, at most.
const CONTEXT_BYTES: usize = 1024;

/// `key-request`, still in the guest's memory.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Request {
    ciphertext: WasmList<u8>,
    context: WasmList<(WasmStr, WasmStr)>,
}

/// `key-error`.
#[derive(ComponentType, Lower)]
#[component(variant)]
enum Refusal {
    #[component(name = "refused")]
    Refused(String),
    #[component(name = "unavailable")]
    Unavailable(String),
}

/// The key goes over as `Arc<[u8]>`: wasmtime would drop a `Vec` without wiping it.
type Answer = Result<Arc<[u8]>, Refusal>;

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut keys = linker.instance("dastap:decoder/keys@0.1.0")?;
    keys.func_wrap_async("decrypt", |store, (request,): (Request,)| Box::new(decrypt(store, request)))
}

async fn decrypt(mut store: StoreContextMut<'_, State>, request: Request) -> wasmtime::Result<(Answer,)> {
    let request = match copy(&mut store, &request)? {
        Ok(request) => request,
        Err(text) => return Ok((Err(Refusal::Refused(text)),)),
    };
    let keys = Arc::clone(&store.data().keys);
    let asked = Instant::now();
    let answer = keys.decrypt(request).await;
    store.data_mut().stopwatch.waited_since(asked);
    let answer = match answer {
        Ok(secret) => {
            let lent = secret.lend();
            // Kept until the call ends, so that the last handle to drop is one that wipes.
            store.data_mut().lent.push(secret);
            Ok(lent)
        }
        Err(KeyError::Refused(text)) => Err(Refusal::Refused(text)),
        Err(KeyError::Unavailable(text)) => Err(Refusal::Unavailable(text)),
    };
    Ok((answer,))
}

/// The request as our own, or why its size is refused.
fn copy(store: &mut StoreContextMut<'_, State>, request: &Request) -> wasmtime::Result<Result<KeyRequest, String>> {
    let length = request.ciphertext.len();
    if !(1..=CIPHERTEXT_BYTES).contains(&length) {
        return Ok(Err(format!("expected a ciphertext of 1 to {CIPHERTEXT_BYTES} bytes, found {length}")));
    }
    if request.context.len() > CONTEXT_PAIRS {
        return Ok(Err(format!("an encryption context of {} pairs, limit {CONTEXT_PAIRS}", request.context.len())));
    }
    let mut context = Vec::new();
    for index in 0..request.context.len() {
        let Some(pair) = request.context.get(&mut *store, index) else { break };
        let (name, value) = pair?;
        let (name, value) = (name.to_str(&*store)?, value.to_str(&*store)?);
        if name.len() > CONTEXT_BYTES || value.len() > CONTEXT_BYTES {
            return Ok(Err(format!("an encryption context with a text over {CONTEXT_BYTES} bytes")));
        }
        context.push((name.into_owned(), value.into_owned()));
    }
    let ciphertext = request.ciphertext.as_le_slice(&*store).to_vec();
    Ok(Ok(KeyRequest { ciphertext, context }))
}
