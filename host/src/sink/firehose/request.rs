//! One request after the other, each until every record in it is accepted.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_firehose::Client;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{PutRecordBatchResponseEntry, Record};

use super::super::{Attempt, Retry, SinkContext};
use crate::aws;

/// Sends to one delivery stream.
#[derive(Debug)]
pub(super) struct Requests {
    client: Client,
    stream: String,
    retry: Retry,
}

impl Requests {
    pub(super) fn new(stream: &str, config: &SdkConfig, context: &SinkContext) -> Self {
        Requests { client: Client::new(&aws::unhurried(config)), stream: stream.to_owned(), retry: Retry::new(context) }
    }

    /// Returns when Firehose has every record. It refuses none for good: a stream that is missing or forbidden is
    /// somebody's mistake, which is waited out, so that nothing goes another way than it was told to.
    pub(super) async fn put(&self, records: Vec<Vec<u8>>) {
        let records = records.into_iter().filter_map(|data| Record::builder().data(Blob::new(data)).build().ok());
        let waiting = Mutex::new(records.collect::<Vec<_>>());
        let done = self.retry.until_accepted(|| async {
            let records = waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let request = self.client.put_record_batch().delivery_stream_name(&self.stream);
            match request.set_records(Some(records)).send().await {
                Ok(answer) => {
                    rest(&mut waiting.lock().unwrap_or_else(PoisonError::into_inner), answer.request_responses())
                }
                Err(error) => Err(Attempt::<Infallible>::Again(aws::failure(&error), None)),
            }
        });
        match done.await {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }
}

/// Leaves in `records` what was not accepted. An answer that does not speak of every record accepts none.
fn rest(records: &mut Vec<Record>, answers: &[PutRecordBatchResponseEntry]) -> Result<(), Attempt<Infallible>> {
    let again = |why: String| Err(Attempt::Again(why, None));
    if answers.len() != records.len() {
        return again(format!("expected an answer for each of {} records, found {}", records.len(), answers.len()));
    }
    let Some(code) = answers.iter().find_map(PutRecordBatchResponseEntry::error_code) else { return Ok(()) };
    let why = format!("{code} for some of {} records", records.len());
    let mut answers = answers.iter();
    records.retain(|_| answers.next().is_some_and(|answer| answer.error_code().is_some()));
    again(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        Record::builder().data(Blob::new(text)).build().unwrap()
    }

    fn answer(code: Option<&str>) -> PutRecordBatchResponseEntry {
        PutRecordBatchResponseEntry::builder().set_error_code(code.map(str::to_owned)).build()
    }

    #[test]
    fn only_what_failed_is_left_in_order() {
        let mut records: Vec<_> = ["a", "b", "c", "d"].map(record).into();
        let failed = Some("ServiceUnavailableException");
        let first = rest(&mut records, &[None, failed, None, failed].map(answer));
        assert!(matches!(first, Err(Attempt::Again(why, None)) if why.starts_with("ServiceUnavailableException")));
        assert_eq!(records, ["b", "d"].map(record));
        assert!(rest(&mut records, &[answer(None)]).is_err(), "one answer for two records");
        assert_eq!(records.len(), 2);
        assert!(rest(&mut records, &[answer(None), answer(None)]).is_ok());
    }
}
