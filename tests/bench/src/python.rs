//! The usual Python Lambda's decode (`tests/peer/usual_lambda.py`), a process that takes turns with the others.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::class::Class;
use crate::{Result, Side};

pub(crate) struct Lambda {
    process: Child,
    turns: ChildStdin,
    answers: BufReader<ChildStdout>,
    seconds: f64,
}

impl Lambda {
    pub(crate) fn new(class: &Class) -> Result<Self> {
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
        Ok(Lambda { process, turns, answers, seconds: 0.0 })
    }
}

impl Side for Lambda {
    fn decode(&mut self, _: &Class) -> Result<usize> {
        writeln!(self.turns, "turn")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        self.seconds = answer["seconds"].as_f64().ok_or("expected seconds")?;
        Ok(answer["events"].as_u64().ok_or("expected events")? as usize)
    }

    fn turn(&mut self, class: &Class) -> Result<f64> {
        match self.decode(class)? == class.events {
            true => Ok(self.seconds),
            false => Err("the Python side found other events".into()),
        }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
