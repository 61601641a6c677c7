//! `BlockingDecoder`: the decoder for callers without a tokio runtime, such as another language or a plugin.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::keys::{Cache, KeyProvider};
use crate::verdict::NOT_UTF8;
use crate::{Decoder, Error, Failure, Stage, Verdict};

/// A [`Decoder`] with a runtime of its own. Its calls block; any number of threads may make them at the same time, and
/// each decodes on its own thread. So many as the configuration has `workers` are decoded at once, the others wait.
///
/// The runtime adds one thread, for connections and timers. Threads do not survive `fork`: open it in the process that
/// uses it. Not for asynchronous code: there, calls panic; use [`Decoder`].
pub struct BlockingDecoder {
    decoder: Decoder,
    runtime: Runtime,
}

impl BlockingDecoder {
    /// As [`Decoder::from_config`].
    ///
    /// # Errors
    /// As there, and [`Error::Engine`] where no thread can be started.
    pub fn from_config(text: &str) -> Result<Self, Error> {
        let runtime = runtime()?;
        let decoder = runtime.block_on(Decoder::from_config(text))?;
        Ok(BlockingDecoder { decoder, runtime })
    }

    /// As [`Decoder::from_config_with_keys`].
    ///
    /// # Errors
    /// As [`Self::from_config`].
    pub fn from_config_with_keys(text: &str, provider: impl KeyProvider) -> Result<Self, Error> {
        let decoder = Decoder::from_config_with_keys(text, provider)?;
        Ok(BlockingDecoder { decoder, runtime: runtime()? })
    }

    /// As [`Decoder::decode`], for records as bytes: one that is not UTF-8 fails in stage [`Stage::Envelope`].
    pub fn decode(&self, batch: &[&[u8]], stream: Option<&str>) -> Vec<Verdict> {
        let texts: Vec<Option<&str>> = batch.iter().map(|bytes| std::str::from_utf8(bytes).ok()).collect();
        let readable: Vec<String> = texts.iter().flatten().map(|text| (*text).to_owned()).collect();
        let mut verdicts = self.runtime.block_on(self.decoder.decode(&readable, stream)).into_iter();
        let verdict = |text: Option<&str>| match text {
            Some(_) => verdicts.next(),
            None => Some(Verdict::Failed(not_utf8())),
        };
        texts.into_iter().filter_map(verdict).collect()
    }

    /// The key cache, for its statistics.
    pub fn keys(&self) -> &Arc<Cache> {
        self.decoder.keys()
    }
}

fn runtime() -> Result<Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name("dastap").enable_all().build();
    runtime.map_err(|error| Error::Engine(format!("cannot start a thread: {error}")))
}

fn not_utf8() -> Failure {
    let (reason, detail) = ("not-json".to_owned(), NOT_UTF8.to_owned());
    Failure { stage: Stage::Envelope, reason, detail, retryable: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keyring;

    const RECORD: &str = r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":
        {"databaseActivityEventList":[{"type":"record","command":"DROP TABLE"}]}}"#;

    fn kept(verdicts: &[Verdict]) -> Vec<Option<u32>> {
        let kept = |verdict: &Verdict| match verdict {
            Verdict::Decoded(decoded) => Some(decoded.kept),
            Verdict::Failed(_) => None,
        };
        verdicts.iter().map(kept).collect()
    }

    #[test]
    fn verdicts_keep_their_records_places() {
        let keys = Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
        let decoder = BlockingDecoder::from_config_with_keys("", keys).expect("a decoder");
        let batch: [&[u8]; 4] = [b"\xff", RECORD.as_bytes(), b"\xc0\xaf", RECORD.as_bytes()];
        let verdicts = decoder.decode(&batch, None);
        assert_eq!(kept(&verdicts), [None, Some(1), None, Some(1)]);
        assert!(matches!(&verdicts[0], Verdict::Failed(failure) if failure.reason == "not-json"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(kept(&decoder.decode(&batch[1..2], None)), [Some(1)]));
            }
        });
    }
}
