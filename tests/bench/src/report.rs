//! The tables beside the goals, and the same as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::parts::Part;
use crate::process::Process;
use crate::rules::Cost;

/// One class: seconds per record, and what the turns' ratios say.
pub(crate) struct Row {
    pub(crate) class: &'static str,
    pub(crate) component: f64,
    pub(crate) core: f64,
    pub(crate) native: f64,
    pub(crate) python: f64,
    pub(crate) to_native: f64,
    pub(crate) to_python: f64,
    /// The share of a record's time that the component's boundary takes: the quartiles of the turns.
    pub(crate) boundary: [f64; 3],
    pub(crate) plain_bytes: f64,
    pub(crate) record_bytes: f64,
    /// How much faster two workers are than one; none on a machine with one processor.
    pub(crate) scaling: Option<f64>,
}

pub(crate) struct Report {
    turns: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) rules: Vec<Cost>,
    pub(crate) parts: Vec<Part>,
    pub(crate) process: Process,
}

/// What every change is held to: class, the component against the native library, against the Python Lambda.
const GOALS: [(&str, f64, f64); 5] =
    [("H", 0.45, 20.0), ("1", 0.50, 12.0), ("10", 0.58, 8.0), ("100", 0.68, 6.5), ("1000", 0.72, 6.0)];

impl Row {
    fn goals(&self) -> (f64, f64) {
        GOALS.iter().find(|goal| goal.0 == self.class).map_or((f64::NAN, f64::NAN), |goal| (goal.1, goal.2))
    }
}

impl Report {
    pub(crate) fn new(turns: usize) -> Self {
        let process = Process { first_event: 0.0, peak_ordinary: 0, peak_large: 0 };
        Report { turns, rows: Vec::new(), rules: Vec::new(), parts: Vec::new(), process }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "machine": machine(),
            "turns": self.turns,
            "classes": self.rows.iter().map(|row| json!({
                "class": row.class,
                "recordBytes": row.record_bytes,
                "plainBytes": row.plain_bytes,
                "recordsPerSecond": {
                    "component": 1.0 / row.component, "core": 1.0 / row.core,
                    "native": 1.0 / row.native, "python": 1.0 / row.python,
                },
                "toNative": row.to_native, "toNativeGoal": row.goals().0,
                "toPython": row.to_python, "toPythonGoal": row.goals().1,
                "boundaryQuartiles": row.boundary,
                "twoWorkersToOne": row.scaling,
            })).collect::<Value>(),
            "rules": self.rules.iter().map(|cost| json!({ "setting": cost.name, "toNone": cost.ratio, "goal": cost.goal })).collect::<Value>(),
            "parts": self.parts.iter().map(|part| json!({
                "part": part.name,
                "cyclesPerByte": part.cycles,
                "bytesPerSecond": { "embedded": part.embedded, "portable": part.portable, "native": part.native },
            })).collect::<Value>(),
            "firstEventSeconds": self.process.first_event,
            "peakBytes": { "ordinary": self.process.peak_ordinary, "records1MiB": self.process.peak_large },
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; medians of {} turns; interrupt checks on\n", machine(), self.turns)?;
        writeln!(
            f,
            "| events a record | record | sandboxed, records/s | / native aws-lc (goal) | / Python Lambda (goal) | boundary | two workers |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let (native, python) = row.goals();
            writeln!(
                f,
                "| {} | {} | {:.0} | {:.2} ({native:.2}) | {:.1} ({python:.1}) | {} | {} |",
                if row.class == "H" { "heartbeat" } else { row.class },
                size(row.record_bytes),
                1.0 / row.component,
                row.to_native,
                row.to_python,
                percent(row.boundary),
                row.scaling.map_or_else(String::new, |scaling| format!("{scaling:.2}")),
            )?;
        }
        writeln!(
            f,
            "\n| part alone, MB/s | sandboxed | cycles a byte | portable build | native aws-lc |\n|---|---|---|---|---|"
        )?;
        for part in &self.parts {
            let [embedded, portable, native] = [part.embedded, part.portable, part.native].map(|bytes| bytes / 1e6);
            let cycles = part.cycles.map_or_else(String::new, |cycles| format!("{cycles:.1}"));
            writeln!(f, "| {} | {embedded:.0} | {cycles} | {portable:.0} | {native:.0} |", part.name)?;
        }
        for Cost { name, ratio, goal } in &self.rules {
            writeln!(
                f,
                "{}With {name}: {ratio:.2} of the throughput without (goal {goal:.2}).",
                if *name == "20 rules" { "\n" } else { "" }
            )?;
        }
        writeln!(
            f,
            "\nProcess start to first event: {:.0} ms. Peak memory: {} on ordinary records, {} on records of 1 MiB.",
            self.process.first_event * 1e3,
            size(self.process.peak_ordinary as f64),
            size(self.process.peak_large as f64),
        )
    }
}

/// The median, and in brackets the quartiles.
fn percent(quartiles: [f64; 3]) -> String {
    let [low, median, high] = quartiles.map(|share| share * 100.0);
    format!("{median:.1} % ({low:.1} to {high:.1})")
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b >= (1 << 20) as f64 => format!("{:.0} MiB", b / (1 << 20) as f64),
        b if b >= 1024.0 => format!("{:.1} KiB", b / 1024.0),
        b => format!("{b:.0} B"),
    }
}

/// Processor and cores.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.unwrap_or(std::env::consts::ARCH))
}
