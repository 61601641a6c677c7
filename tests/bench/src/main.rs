//! `make bench`: how fast the sandbox is, as ratios. All sides of a ratio run in turn, in one process and on the same
//! records; each figure is the median of its rounds. Prints tables beside the goals and writes `target/bench.json`.
//!
//!     bench [ROUNDS] [--class NAME]...

mod class;
mod clock;
mod component;
mod native;
mod parts;
mod process;
mod python;
mod report;
mod rules;

use std::path::PathBuf;
use std::time::Instant;

use class::Class;
use report::{Report, Row};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Something that decodes all records of a class.
trait Side {
    /// Decodes them once; the answer is the number of events, to see that all sides do the same work.
    fn decode(&mut self, class: &Class) -> Result<usize>;

    /// Seconds of one turn. A side that runs elsewhere measures itself.
    fn turn(&mut self, class: &Class) -> Result<f64> {
        let start = Instant::now();
        let events = self.decode(class)?;
        let seconds = start.elapsed().as_secs_f64();
        match events == class.events {
            true => Ok(seconds),
            false => Err(format!("class {}: expected {} events, found {events}", class.name, class.events).into()),
        }
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench").peekable();
    let rounds = arguments.peek().and_then(|n| n.parse().ok()).unwrap_or(7usize).max(1);
    let wanted: Vec<String> = arguments.skip_while(|argument| argument != "--class").skip(1).collect();
    let folder = tempfile::tempdir()?;
    let mut classes = class::all(folder.path())?;
    classes.retain(|class| wanted.is_empty() || wanted.iter().any(|name| name == class.name));

    let mut report = Report::new(rounds);
    for class in &classes {
        report.rows.push(measure(class, rounds)?);
    }
    if let Some(class) = classes.iter().find(|class| class.name == "100") {
        report.rules = rules::measure(class, rounds)?;
    }
    report.parts = parts::measure(rounds)?;
    report.hertz = clock::hertz();
    report.process = process::measure(rounds, folder.path())?;
    print!("{report}");
    let path = target().join("bench.json");
    std::fs::write(&path, report.json().to_string())?;
    println!("\nwritten to {}", path.display());
    Ok(())
}

/// Seconds that a turn takes at least: the shortest classes would be all noise else.
const TURN: f64 = 0.15;

/// All sides on one class, in turn, after one turn that only tells how often each side has to decode in the others.
fn measure(class: &Class, rounds: usize) -> Result<Row> {
    let mut sides: Vec<(&str, Box<dyn Side>)> = vec![
        ("component", Box::new(component::Component::new(class, 1)?)),
        ("core", Box::new(parts::Core::new(class)?)),
        ("native", Box::new(native::Native::new(class)?)),
        ("python", Box::new(python::Lambda::new(class)?)),
    ];
    let mut seconds = vec![Vec::new(); sides.len()];
    let mut times = vec![1; sides.len()];
    for round in 0..=rounds {
        for (((_, side), seconds), times) in sides.iter_mut().zip(&mut seconds).zip(&mut times) {
            let mut turn = 0.0;
            for _ in 0..*times {
                turn += side.turn(class)?;
            }
            match round {
                0 => *times = (TURN / turn).ceil() as usize,
                _ => seconds.push(turn / *times as f64),
            }
        }
    }
    let median = |index: usize| report::median(&seconds[index]) / class.records.len() as f64;
    Ok(Row {
        class: class.name,
        component: median(0),
        core: median(1),
        native: median(2),
        python: median(3),
        plain_bytes: class.plain_bytes as f64 / class.records.len() as f64,
        scaling: component::scaling(class, rounds)?,
        record_bytes: class.records.iter().map(String::len).sum::<usize>() as f64 / class.records.len() as f64,
    })
}

/// The target directory: this program is `target/<profile>/dastap-bench`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map_or_else(|| "target".into(), PathBuf::from)
}
