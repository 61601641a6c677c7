//! A stream whose shards are split and merged while it is read.

use std::time::Instant;

use super::corpus::Corpus;
use super::stage::{EVENTS, Stage, recovery, wait_for};
use super::{Row, Scale};
use crate::peer::Kinesis;

/// Records that are put at once.
const PUT: usize = 2000;

/// Four shards become eight, and those become six again.
pub(super) fn resharding(scale: Scale) -> Row {
    let corpus = Corpus::new(scale.records, 0.0);
    let (mut kinesis, stream) = (Kinesis::start(), format!("aws-rds-das-{}", corpus.resource));
    kinesis.create(&stream, 4);
    let sink = format!("type: file, path: {EVENTS}");
    let stage = Stage::new(corpus, &sink);
    let source = format!(
        "type: kinesis, stream: {stream}, region: eu-west-1, endpoint-url: '{}', checkpoint: state, poll: 200ms, \
         discovery: 1s",
        kinesis.endpoint
    );
    stage.configure("keyring: keyring.json", &source, &stage.corpus.resource, &sink);
    let (mut running, mut count) = (stage.run().start(), stage.watch());
    put(&mut kinesis, &stream, &stage, 0);
    wait_for(&mut running, scale.records / 30, &mut count);
    for shard in 0..4 {
        kinesis.split(&stream, &name(shard));
    }
    put(&mut kinesis, &stream, &stage, 1);
    // The first shard became 4 and 5, the next 6 and 7.
    kinesis.merge(&stream, &name(5), &name(6));
    kinesis.merge(&stream, &name(9), &name(10));
    let (resharded, before) = (Instant::now(), count());
    let recovery = std::thread::scope(|scope| {
        scope.spawn(|| put(&mut kinesis, &stream, &stage, 2));
        recovery(&mut running, resharded, before, scale.records, &mut count)
    });
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert_eq!((tally.dead, tally.cut), (0, 0));
    Row::new("resharding", "kinesis > file", scale.records, tally)
        .recovered(recovery)
        .note("4 shards, split into 8, merged into 6")
        .checked(0)
}

/// Puts a third of the records.
fn put(kinesis: &mut Kinesis, stream: &str, stage: &Stage, third: usize) {
    for (number, lines) in stage.corpus.records[stage.part(third, 3)].chunks(PUT).enumerate() {
        let record = |(index, line): (usize, &String)| (format!("{number}-{index}"), line.clone());
        let records: Vec<(String, String)> = lines.iter().enumerate().map(record).collect();
        kinesis.put(stream, records.iter().map(|(key, line)| (key.clone(), line.as_bytes())));
    }
}

fn name(shard: usize) -> String {
    format!("shardId-{shard:012}")
}
