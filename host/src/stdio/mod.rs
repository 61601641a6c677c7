//! `dastap` as the child process of another pipeline: one line in, exactly one line out, in order.
//!
//! Two ways: the answer is the events themselves ([`answer_lines`]), or a word that confirms that the sinks have accepted
//! them ([`Confirm`]). [`LineReader`] bounds what comes in, [`Reply`] makes the line that goes out. Nothing else is ever written to standard
//! output, and every line is answered: what fails is answered with the reason and the original.

mod confirm;
mod line;
mod reply;

use std::io::{self, Write};
use std::time::Duration;

use crate::backoff::{Backoff, roll};
use crate::record::{Content, Records};
use crate::{Decoder, Failure, Stage, Verdict};
pub(crate) use confirm::Confirm;
use line::{Line, LineReader};
pub(crate) use reply::Reply;

/// How lines are answered.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The form of an answer.
    pub(crate) reply: Reply,
    /// An answer is given within this time, whatever KMS does.
    pub(crate) deadline: Duration,
    /// Bytes of a line at most; a longer one is answered as too large.
    pub(crate) most_line: usize,
    /// Bytes of an answer at most; a longer one is replaced by a failure.
    pub(crate) most_reply: usize,
    /// The stream's resource id, where the lines are of one stream.
    pub(crate) resource: Option<String>,
}

/// What became of the records in one line.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// NDJSON.
    pub(crate) events: String,
    /// What failed, with the bytes as they came.
    pub(crate) failed: Vec<(Failure, Vec<u8>)>,
}

/// Answers lines until the input ends. A closed output is a normal end.
///
/// # Errors
/// The input cannot be read, or the output cannot be written.
pub(crate) async fn answer_lines(
    decoder: &Decoder,
    settings: &Settings,
    input: impl io::Read,
    mut output: impl Write,
) -> io::Result<()> {
    let mut lines = LineReader::new(input, settings.most_line);
    while let Some(line) = lines.next()? {
        let answer = match line {
            Line::Whole(bytes) => decode(decoder, settings, &bytes).await,
            Line::TooLong(beginning) => {
                let expected = format!("expected at most {} bytes in a line", settings.most_line);
                Answer {
                    events: String::new(),
                    failed: vec![(failure(Stage::Envelope, "too-large", expected), beginning)],
                }
            }
        };
        let mut text = settings.reply.text(&answer);
        if text.len() > settings.most_reply {
            let detail =
                format!("the answer has {} bytes, {} are allowed: raise --max-reply", text.len(), settings.most_reply);
            let failed = vec![(failure(Stage::Events, "too-large", detail), vec![])];
            text = settings.reply.text(&Answer { events: String::new(), failed });
        }
        text.push('\n');
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

/// Decodes the records in a line. What may pass is tried again until the deadline.
async fn decode(decoder: &Decoder, settings: &Settings, line: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let deadline = tokio::time::Instant::now() + settings.deadline;
    for record in Records::with_limit(line, settings.most_line).flatten() {
        let text = match record.content {
            Content::Text(text) => text,
            Content::Refused(bytes, why) => {
                answer.failed.push((why.into(), bytes));
                continue;
            }
        };
        let resource = record.resource.as_deref().or(settings.resource.as_deref());
        match until(deadline, decoder, &text, resource).await {
            Verdict::Decoded(decoded) => {
                decoded.outputs.iter().for_each(|output| answer.events.push_str(&output.lines));
            }
            Verdict::Failed(failure) => answer.failed.push((failure, text.into_bytes())),
        }
    }
    answer
}

async fn until(deadline: tokio::time::Instant, decoder: &Decoder, text: &String, resource: Option<&str>) -> Verdict {
    let begun = std::time::Instant::now();
    let mut backoff = Backoff::default();
    let mut last = failure(Stage::Key, "unavailable", "no answer within the deadline".to_owned());
    last.retryable = true;
    loop {
        let decoding = decoder.decode(std::slice::from_ref(text), resource);
        match tokio::time::timeout_at(deadline, decoding).await.ok().and_then(|mut verdicts| verdicts.pop()) {
            Some(Verdict::Failed(failure)) if failure.retryable => last = failure,
            Some(verdict) => return verdict,
            None => return Verdict::Failed(last),
        }
        backoff.fail(begun.elapsed(), roll());
        let pause = backoff.left(begun.elapsed()).unwrap_or_default();
        if tokio::time::Instant::now() + pause >= deadline {
            return Verdict::Failed(last);
        }
        tokio::time::sleep(pause).await;
    }
}

fn failure(stage: Stage, reason: &str, detail: String) -> Failure {
    Failure { stage, reason: reason.to_owned(), detail, retryable: false }
}
