//! Sink `sns`: an alert for each event of the chosen routes, as a message to an Amazon SNS topic.
//!
//! People stop reading when mails pour in. So within a window the same rule and user is told once, and no more than a
//! few alerts go out in a minute; what is held back is counted, and one digest says how many by rule and user when the
//! window ends. An item is accepted when each of its events was published, or the digest that counts it was: after a
//! crash it is read again, and no count is lost. Until then its position waits, for a window at most.

mod alert;
mod subject;
mod window;

use std::time::Instant;

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use serde::Deserialize;

use super::{Attempt, Flush, Retry, Sink, SinkContext, SinkError, SinkSettings};
use crate::aws::{self, Access};
use crate::config::Time;
use crate::runner::{Ack, Item};
use alert::{Alert, alerts};
use subject::Subject;
use window::Window;

/// Whom to alert, and how often.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The topic: `arn:aws:sns:<region>:<account>:<name>`.
    topic_arn: String,
    /// The Region. Default: the topic's.
    region: Option<String>,
    /// The role to assume. Default: whoever runs the program.
    role_arn: Option<String>,
    /// Another address for SNS: a VPC endpoint, or a local one.
    endpoint_url: Option<String>,
    /// The subject of a mail, with `{rule}`, `{level}`, `{user}`, `{database}`, `{cluster}`, `{instance}` and `{route}`.
    /// Default: `{rule} by {user}`. SNS takes 100 ASCII characters; others are replaced, the rest is cut.
    #[serde(default)]
    subject: Subject,
    /// How long the same rule and user is told only once, and how long what is held back waits for the digest: 1s to 1h.
    /// Default: 5m. Longer is quieter, and more is read again after a crash.
    #[serde(default = "default_window")]
    window: Time,
    /// Most alerts in a minute, 1 to 100, digests not counted. Default: 10, what a person can still read.
    #[serde(default = "default_limit")]
    limit: usize,
}

/// More items than this do not wait for a digest; then it goes out early.
const HELD: usize = 10_000;

struct Sns {
    context: SinkContext,
    topic: Topic,
    subject: Subject,
    window: Window,
    /// The items of which an event waits for the digest.
    held: Vec<Ack>,
}

/// Where messages go.
struct Topic {
    client: Client,
    arn: String,
    retry: Retry,
}

#[async_trait]
impl SinkSettings for Settings {
    fn check(&self) -> Result<(), String> {
        let parts: Vec<&str> = self.topic_arn.split(':').collect();
        if !matches!(parts.as_slice(), ["arn", _, "sns", region, account, name] if ![region, account, name].contains(&&""))
        {
            return Err(format!(
                "topic-arn: expected arn:aws:sns:<region>:<account>:<name>, found \"{}\"",
                self.topic_arn
            ));
        }
        if self.topic_arn.ends_with(".fifo") {
            return Err("topic-arn: expected a standard topic, found a FIFO topic, which sends no mail".to_owned());
        }
        if !(1..=100).contains(&self.limit) {
            return Err(format!("limit: expected 1 to 100 alerts in a minute, found {}", self.limit));
        }
        self.window.within("window", Time::seconds(1)..=Time::seconds(3600))
    }

    fn plan(&self) -> String {
        format!("alerts to {}{}", self.topic_arn, self.access().in_words())
    }

    /// A digest tells how many, not what.
    fn keeps(&self) -> bool {
        false
    }

    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String> {
        let config = aws::unhurried(&self.access().sdk_config().await?);
        let topic = Topic { client: Client::new(&config), arn: self.topic_arn.clone(), retry: Retry::new(&context) };
        let window = Window::new(self.window.0, self.limit);
        Ok(Box::new(Sns { context, topic, subject: self.subject.clone(), window, held: vec![] }))
    }
}

impl Settings {
    fn access(&self) -> Access {
        let Settings { region, role_arn, endpoint_url, .. } = self;
        let region = region.clone().or_else(|| self.topic_arn.split(':').nth(3).map(str::to_owned));
        Access { region, role_arn: role_arn.clone(), endpoint_url: endpoint_url.clone() }
    }
}

#[async_trait]
impl Sink for Sns {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        // Only counts are kept, so the room is free for others at once.
        let Item { lines, ack, room: _room } = item;
        self.flush(Flush::Due).await?;
        let (mut counts, mut refused, mut why) = (false, String::new(), String::new());
        for line in lines.text.split_inclusive('\n') {
            let mut is_refused = false;
            for alert in alerts(line, &lines.route) {
                if !self.window.lets_out(alert.rule(), alert.user(), Instant::now()) {
                    counts = true;
                } else if let Err(problem) = self.topic.publish(&self.subject.of(&alert), alert.message(), &alert).await
                {
                    (is_refused, why) = (true, problem);
                }
            }
            if is_refused {
                refused.push_str(line);
            }
        }
        if !refused.is_empty() {
            // One acknowledgement stands for both.
            self.flush(Flush::All).await?;
            self.context.refuse(&lines, &refused, &why, ack).await;
        } else if counts {
            self.held.push(ack);
        } else {
            ack.accept();
        }
        if self.held.len() >= HELD { self.flush(Flush::All).await } else { Ok(()) }
    }

    fn due(&self) -> Option<Instant> {
        self.window.due()
    }

    async fn flush(&mut self, what: Flush) -> Result<(), SinkError> {
        let is_over = self.due().is_some_and(|due| due <= Instant::now());
        if let Some(digest) = self.window.digest().filter(|_| is_over || what == Flush::All) {
            self.topic.publish_digest(&digest.subject, digest.message).await;
            self.window.published();
            self.held.drain(..).for_each(Ack::accept);
        }
        self.window.roll(Instant::now());
        Ok(())
    }
}

impl Topic {
    /// Publishes an alert, or says why SNS will never take it.
    async fn publish(&self, subject: &str, message: String, alert: &Alert) -> Result<(), String> {
        let attributes = alert.attributes().filter_map(|(name, value)| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()?;
            Some((name.to_owned(), value))
        });
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(message);
        let request = request.set_message_attributes(Some(attributes.collect()));
        let send = || async {
            let sent = request.clone().send().await;
            sent.map(|_| ()).map_err(|error| match error.code() {
                Some("InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid" | "ValidationError") => {
                    Attempt::Refused(aws::failure(&error))
                }
                // A topic that is missing or forbidden is somebody's mistake, which is waited out.
                _ => Attempt::Again(aws::failure(&error), None),
            })
        };
        self.retry.until_accepted(send).await
    }

    /// Publishes a digest. Nobody else has what it counts, so it is never given up.
    async fn publish_digest(&self, subject: &str, message: String) {
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(message);
        let send = || async {
            let sent = request.clone().send().await;
            sent.map(|_| ()).map_err(|error| Attempt::<std::convert::Infallible>::Again(aws::failure(&error), None))
        };
        match self.retry.until_accepted(send).await {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }
}

fn default_window() -> Time {
    Time::seconds(300)
}

fn default_limit() -> usize {
    10
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problem(settings: serde_json::Value) -> String {
        let settings: Settings = serde_json::from_value(settings).unwrap();
        settings.check().unwrap_err()
    }

    #[test]
    fn what_cannot_be_right_is_named() {
        let arn = "arn:aws:sns:eu-west-1:123456789012:alerts";
        assert!(problem(json!({ "topic-arn": "alerts" })).starts_with("topic-arn: expected arn:aws:sns:"));
        assert!(problem(json!({ "topic-arn": format!("{arn}.fifo") })).contains("standard topic"));
        assert_eq!(
            problem(json!({ "topic-arn": arn, "limit": 0 })),
            "limit: expected 1 to 100 alerts in a minute, found 0"
        );
        assert_eq!(problem(json!({ "topic-arn": arn, "window": "2h" })), "window: expected 1s to 1h, found 2h");
    }

    #[test]
    fn the_region_is_the_topics() {
        let settings = json!({ "topic-arn": "arn:aws:sns:eu-north-1:123456789012:alerts" });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        assert_eq!(settings.access().region.as_deref(), Some("eu-north-1"));
    }
}
