//! What `decode` says at the end: how many records failed, why, and what to do about it.

use std::path::Path;

use super::log::LogFormat;
use crate::pass::{Report, Stats};

/// Tells on standard error what failed; nothing when nothing did.
pub(super) fn print(report: &Report, dead_letter: &Path, format: LogFormat) {
    for (path, error) in &report.unreadable {
        match format {
            LogFormat::Text => eprintln!("error: cannot read {} to its end: {error}", path.display()),
            LogFormat::Json => tracing::error!(input = %path.display(), %error, "cannot read an input to its end"),
        }
    }
    if report.stats.failed == 0 {
        return;
    }
    match format {
        LogFormat::Text => eprint!("{}", text(report, dead_letter)),
        LogFormat::Json => {
            for ((stage, reason), (count, detail)) in &report.failures {
                tracing::warn!(stage, reason, count, detail, dead_letter = %dead_letter.display(), "records failed");
            }
        }
    }
}

fn text(report: &Report, dead_letter: &Path) -> String {
    let Stats { records, failed, .. } = report.stats;
    let noun = if records == 1 { "record" } else { "records" };
    let mut text = format!("warning: {failed} of {records} {noun} failed, kept in {}\n", dead_letter.display());
    for ((stage, reason), (count, detail)) in &report.failures {
        text += &format!("{count:>7}  {stage}/{reason}: {detail}\n");
        if let Some(hint) = hint(stage, reason) {
            text += &format!("         {hint}\n");
        }
    }
    if report.failures.get(&("key".to_owned(), "refused".to_owned())).is_some_and(|(count, _)| *count == records) {
        text += "Every record was refused, so the resource id is probably wrong. It is the DbClusterResourceId or \
                 DbiResourceId\n(cluster-... or db-...), not the name, and it changes when a database is restored:\n  \
                 aws rds describe-db-clusters --query 'DBClusters[].[DBClusterIdentifier,DbClusterResourceId]'\n";
    }
    text
}

/// What to do about a failure.
fn hint(stage: &str, reason: &str) -> Option<&'static str> {
    Some(match (stage, reason) {
        ("envelope", "not-json") => "not a record: a line that was cut, or another kind of file",
        ("envelope", "wrong-type" | "missing-field") => "JSON, but no record of an activity stream",
        ("envelope", "bad-base64") => "the record was damaged on its way here",
        ("envelope", "too-large") => "raise transform.limits.record in a --config file, if this is a record",
        ("key", "refused") => {
            "check --resource-id, and with KMS the permission kms:Decrypt and that the key is enabled"
        }
        ("key", "unavailable") => "the key service did not answer: decode the dead letter again when it does",
        ("key", "wrong-length") => "the key service or keyring answered with something else than a data key",
        ("key", "no-resource") => "say whose records these are: --resource-id cluster-... or db-...",
        ("message", "unsupported-version" | "unsupported-suite") => {
            "run dastap inspect on the dead letter to see what it is"
        }
        ("message", "no-usable-key") => "the data key does not fit: the record was damaged, or the keyring is wrong",
        ("message", _) => "the record was damaged; run dastap inspect on the dead letter to see where",
        ("gunzip", "too-large") => {
            "raise transform.limits.plaintext in a --config file, if the record is to be trusted"
        }
        ("events", "too-large") => "raise transform.limits in a --config file, if the record is to be trusted",
        ("gunzip" | "events", _) => "authentic, but not as the database writes it: please report this record's shape",
        ("guest", "timed-out" | "out-of-memory") => {
            "the record asks for more than it should; lower transform.limits to refuse it earlier"
        }
        ("guest", _) => "a mistake in dastap, contained by the sandbox: please report it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(records: u64, failures: &[(&str, &str, u64)]) -> String {
        let mut report = Report::default();
        report.stats.records = records;
        for (stage, reason, count) in failures {
            report.stats.failed += count;
            report.failures.insert(((*stage).into(), (*reason).into()), (*count, "detail".into()));
        }
        text(&report, Path::new("failed.ndjson"))
    }

    #[test]
    fn failures_are_grouped_with_a_hint_each() {
        let expected = "\
warning: 3 of 10 records failed, kept in failed.ndjson
      1  envelope/not-json: detail
         not a record: a line that was cut, or another kind of file
      2  message/not-authentic: detail
         the record was damaged; run dastap inspect on the dead letter to see where
";
        assert_eq!(summary(10, &[("message", "not-authentic", 2), ("envelope", "not-json", 1)]), expected);
    }

    #[test]
    fn a_wrong_resource_id_is_guessed_when_everything_is_refused() {
        assert!(summary(2, &[("key", "refused", 2)]).contains("resource id is probably wrong"));
        assert!(!summary(3, &[("key", "refused", 2)]).contains("probably wrong"));
    }
}
