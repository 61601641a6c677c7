//! The component through the public host library, as an embedder has it, for tests that do not need a process.

use dastap::{Decoded, Decoder, Failure, Verdict, keys};
use serde_json::Value;

use crate::document::CLUSTER;
use crate::record::Keyring;

/// A decoder and the executor it runs on.
pub struct Component {
    decoder: Decoder,
    runtime: tokio::runtime::Runtime,
}

impl Component {
    /// With the keys of a keyring and a `transform` section.
    pub fn new(keyring: &Keyring, transform: Value) -> Self {
        let keys = keys::Keyring::from_json(&keyring.text()).expect("a keyring");
        let decoder = Decoder::builder().transform(transform).keys(keys).workers(1).build().expect("a decoder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Component { decoder, runtime: runtime.expect("an executor") }
    }

    /// The verdicts on records of the tests' cluster.
    pub fn decode(&self, records: &[String]) -> Vec<Verdict> {
        let verdicts = self.runtime.block_on(self.decoder.decode(records, Some(CLUSTER)));
        assert_eq!(verdicts.len(), records.len(), "one verdict a record");
        verdicts
    }

    /// The verdict on one record that must decode.
    #[track_caller]
    pub fn decoded(&self, record: &str) -> Decoded {
        match self.verdict(record) {
            Verdict::Decoded(decoded) => decoded,
            Verdict::Failed(failure) => panic!("expected events, found {failure:?}"),
        }
    }

    /// The verdict on one record that must fail.
    #[track_caller]
    pub fn failed(&self, record: &str) -> Failure {
        match self.verdict(record) {
            Verdict::Failed(failure) => failure,
            Verdict::Decoded(decoded) => panic!("expected a failure, found {} events", decoded.kept),
        }
    }

    /// What `inspect` says of a record.
    pub fn inspect(&self, record: &str) -> Value {
        let text = self.runtime.block_on(self.decoder.inspect(record)).expect("an explanation");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The decoder itself.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    fn verdict(&self, record: &str) -> Verdict {
        self.decode(&[record.to_owned()]).pop().expect("one verdict")
    }
}

/// All lines of a decoded record.
pub fn lines(decoded: &Decoded) -> String {
    decoded.outputs.iter().map(|output| output.lines.as_str()).collect()
}
