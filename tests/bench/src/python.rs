//! The usual Python Lambda's decode (`tests/peer/usual_lambda.py`), a process that takes turns with the others.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::Result;
use crate::class::Class;
use crate::processor::Pinned;
use crate::turns::Side;

pub(crate) struct Lambda<'a> {
    process: Child,
    turns: ChildStdin,
    answers: BufReader<ChildStdout>,
    class: &'a Class,
}

impl<'a> Lambda<'a> {
    pub(crate) fn new(class: &'a Class) -> Result<Self> {
        let _pinned = Pinned::new()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peer/usual_lambda.py");
        let python = std::env::var_os("DASTAP_PYTHON").ok_or("expected DASTAP_PYTHON; run `make bench`")?;
        let mut process = Command::new(python)
            .arg(script)
            .args([&class.records_path, &class.keyring_path])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let turns = process.stdin.take().ok_or("expected a pipe")?;
        let answers = BufReader::new(process.stdout.take().ok_or("expected a pipe")?);
        Ok(Lambda { process, turns, answers, class })
    }
}

impl Side for Lambda<'_> {
    /// It measures itself: the way to it and back is not its work.
    fn turn(&mut self, batches: Range<usize>, events: usize) -> Result<f64> {
        let first = self.class.records_in(0..batches.start);
        writeln!(self.turns, "{first} {}", first + self.class.records_in(batches))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        match answer["events"].as_u64() == Some(events as u64) {
            true => Ok(answer["seconds"].as_f64().ok_or("expected seconds")?),
            false => Err(format!("the Python side: expected {events} events, found {}", answer["events"]).into()),
        }
    }
}

impl Drop for Lambda<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
