//! Sink `firehose`: lines to an Amazon Data Firehose delivery stream, by `PutRecordBatch`.
//!
//! A line is a record, or several are packed into one. Lines keep their line ends, so that what Firehose writes is
//! NDJSON. Accepted when Firehose has answered for every record of an item. Of a batch that it took in part, only the
//! rest is sent again, before anything behind it: order holds as far as Firehose keeps it. A line of more than 1000 KiB
//! goes to the dead letter. A delivery stream that is itself the dead letter cannot accept such a line, and whoever handed
//! the record over is told.

mod outgoing;
mod request;

use std::time::Instant;

use async_trait::async_trait;
use dastap_guest::settings::Size;
use serde::Deserialize;

use super::{Flush, Sink, SinkContext, SinkError, SinkSettings};
use crate::aws::Access;
use crate::config::Time;
use crate::runner::Item;
use outgoing::Outgoing;
use request::Requests;

/// Where to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The name of the delivery stream. It must take direct puts.
    delivery_stream: String,
    /// Its Region. Default: the AWS chain.
    region: Option<String>,
    /// The role to assume. Default: whoever runs the program.
    role_arn: Option<String>,
    /// Another address for Firehose: a VPC endpoint, or a local one.
    endpoint_url: Option<String>,
    /// Packs consecutive lines into records of at most this size, 5KiB to 1000KiB. Default: each line is a record.
    ///
    /// Firehose bills every record as a multiple of 5 KB, and takes a limited number of records a second; events are
    /// smaller. But a destination that counts records, such as dynamic partitioning, wants each line alone.
    pack: Option<Size>,
    /// How long lines wait for others before they are sent together: 0s to 15m. Default: 1s.
    #[serde(default = "default_linger")]
    linger: Time,
}

/// The largest record that Firehose takes.
const LARGEST: usize = 1000 << 10;
/// What one record is billed as at least.
const BILLED: usize = 5 << 10;

struct Firehose {
    context: SinkContext,
    requests: Requests,
    outgoing: Outgoing,
    linger: Time,
}

#[async_trait]
impl SinkSettings for Settings {
    fn check(&self) -> Result<(), String> {
        let named = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
        let name = &self.delivery_stream;
        if !(1..=64).contains(&name.len()) || !name.chars().all(named) {
            return Err(format!("delivery-stream: expected a name (letters, digits, _ . -), found \"{name}\""));
        }
        self.linger.within("linger", Time::seconds(0)..=Time::seconds(900))?;
        match self.pack {
            Some(Size(size)) if !(BILLED..=LARGEST).contains(&size) => {
                Err(format!("pack: expected 5KiB to 1000KiB, found {size} bytes"))
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> String {
        format!("delivery stream {}{}", self.delivery_stream, self.access().in_words())
    }

    async fn open(&self, context: SinkContext) -> Result<Box<dyn Sink>, String> {
        let requests = Requests::new(&self.delivery_stream, &self.access().sdk_config().await?, &context);
        let outgoing = Outgoing::new(self.pack.map(|size| size.0));
        Ok(Box::new(Firehose { context, requests, outgoing, linger: self.linger }))
    }
}

impl Settings {
    fn access(&self) -> Access {
        let Settings { region, role_arn, endpoint_url, .. } = self;
        Access { region: region.clone(), role_arn: role_arn.clone(), endpoint_url: endpoint_url.clone() }
    }
}

#[async_trait]
impl Sink for Firehose {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        let Item { lines, ack, room } = item;
        let mut too_large = String::new();
        for line in lines.text.split_inclusive('\n') {
            match line.len() <= LARGEST {
                true => self.outgoing.push(line),
                false => too_large.push_str(line),
            }
        }
        if too_large.is_empty() {
            self.outgoing.end(ack, room);
            while self.outgoing.is_full() {
                self.send().await;
            }
            return Ok(());
        }
        // One acknowledgement stands for both: what can be sent is sent before the dead letter gets it.
        while !self.outgoing.is_empty() {
            self.send().await;
        }
        self.context
            .refuse(&lines, &too_large, "larger than 1000 KiB, the largest record that Firehose takes", ack)
            .await;
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.outgoing.since().map(|since| since + self.linger.0)
    }

    async fn flush(&mut self, _what: Flush) -> Result<(), SinkError> {
        while !self.outgoing.is_empty() {
            self.send().await;
        }
        Ok(())
    }
}

impl Firehose {
    async fn send(&mut self) {
        let records = self.outgoing.next();
        self.requests.put(records).await;
        self.outgoing.sent();
    }
}

fn default_linger() -> Time {
    Time::seconds(1)
}
