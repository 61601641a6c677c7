//! Source `lambda`: the program as an AWS Lambda function, called with records by a Kinesis trigger or by Firehose.
//!
//! The Lambda Runtime API hands over one event at a time; keys, sandboxes and sinks stay warm from one to the next. A
//! Kinesis trigger's records go to the sinks, and the answer names the first that was not delivered. Firehose's records
//! go back in the answer, each with a result. Either way the sender keeps a record until it has the answer, so nothing
//! is lost when the function ends at any moment.

mod event;
mod kinesis;
mod transformation;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use super::{Source, SourceContext, SourceError, SourceSettings};
use crate::runner::Intake;
use event::Event;

/// It has no settings: Lambda's own say how many records come at once, and how long they may take.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {}

/// What the runtime needs to know of its function; Lambda sets all of it.
const ENVIRONMENT: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// So much of the time that is left is kept for the answer: a tenth, within these bounds.
const MARGIN: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(3));

struct Lambda;

#[async_trait]
impl SourceSettings for Settings {
    fn plan(&self) -> String {
        "what AWS Lambda calls the function with".to_owned()
    }

    fn is_kept_by_sender(&self) -> bool {
        true
    }

    async fn open(&self, _context: SourceContext) -> Result<Box<dyn Source>, String> {
        match ENVIRONMENT.iter().find(|name| std::env::var_os(name).is_none()) {
            Some(name) => Err(format!("expected {name} in the environment, where AWS Lambda sets it, found nothing")),
            None => Ok(Box::new(Lambda)),
        }
    }
}

#[async_trait]
impl Source for Lambda {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let invoked = service_fn(|call: LambdaEvent<Box<RawValue>>| {
            let intake = intake.clone();
            async move { answer(&intake, call).await }
        });
        tokio::select! {
            // What is not answered is handed over again, to another instance of the function.
            () = intake.stopped() => Ok(()),
            ended = lambda_runtime::run(invoked) => ended.map_err(|error| SourceError(format!("the Lambda runtime: {error}"))),
        }
    }
}

/// The answer to one call. An error fails the call as a whole; Lambda and Firehose then repeat it.
async fn answer(intake: &Intake, call: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Diagnostic> {
    let deadline = before(call.context.deadline());
    let answer = match Event::read(call.payload.get()).map_err(|problem| failed("event", problem))? {
        Event::Kinesis(records) => {
            let answer = kinesis::deliver(intake, records, deadline).await;
            to_raw_value(&answer.map_err(|problem| failed("configuration", problem))?)
        }
        Event::Transformation(records) => match transformation::transform(intake, records, deadline).await {
            Ok(answer) => to_raw_value(&answer),
            Err(error) => Err(error),
        },
    };
    answer.map_err(|error| failed("answer", error.to_string()))
}

fn failed(error_type: &str, error_message: String) -> Diagnostic {
    tracing::error!("{error_message}");
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// When the work has to end, so that the answer is there at the deadline.
fn before(deadline: SystemTime) -> Instant {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + left.saturating_sub((left / 10).clamp(MARGIN.0, MARGIN.1))
}
