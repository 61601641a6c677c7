//! `make bench`: how fast the sandbox is, as ratios. All sides of a ratio take turns, in one process and on the same
//! records (`turns.rs`); each figure is the median of the turns. Prints tables beside the goals and writes
//! `target/bench.json`.
//!
//!     bench [TURNS] [--class NAME]
//!     bench --alone component|core|native --class NAME    for a profiler

mod class;
mod clock;
mod component;
mod native;
mod parts;
mod process;
mod processor;
mod python;
mod report;
mod rules;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use class::Class;
use report::{Report, Row};
use turns::{ROUNDS, Side, Turns, median, quantile};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let turns = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100usize).max(1);
    let wanted = option("--class");
    let folder = tempfile::tempdir()?;
    let mut classes = class::all(folder.path())?;
    classes.retain(|class| wanted.as_deref().is_none_or(|name| name == class.name));
    if let (Some(side), [class]) = (option("--alone"), classes.as_slice()) {
        return alone(&side, class);
    }

    let mut report = Report::new(turns);
    for class in &classes {
        report.rows.push(measure(class, turns)?);
    }
    if let Some(class) = classes.iter().find(|class| class.name == "100") {
        report.rules = rules::measure(class, turns)?;
    }
    if wanted.is_none() {
        report.parts = parts::measure(turns)?;
        report.process = process::measure(folder.path())?;
    }
    print!("{report}");
    let path = target().join("bench.json");
    std::fs::write(&path, report.json().to_string())?;
    println!("\nwritten to {}", path.display());
    Ok(())
}

/// What stands behind this option.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// One side decodes the class again and again.
fn alone(side: &str, class: &Class) -> Result<()> {
    let all = 0..class.batches.len();
    let mut side: Box<dyn Side + '_> = match side {
        "component" => Box::new(component::Component::new(class, serde_json::json!({}))?),
        "core" => Box::new(parts::Core::new(class)?),
        "native" => Box::new(native::Native::new(class)?),
        other => return Err(format!("expected component, core or native, found {other}").into()),
    };
    let (start, mut seconds) = (Instant::now(), Vec::new());
    while start.elapsed() < ALONE {
        seconds.push(side.turn(all.clone(), class.events_in(all.clone()))? / class.records_in(all.clone()) as f64);
    }
    println!("{:.2} microseconds a record", median(&seconds) * 1e6);
    Ok(())
}

/// Long enough for a profiler to see the parts.
const ALONE: Duration = Duration::from_secs(10);

fn measure(class: &Arc<Class>, turns: usize) -> Result<Row> {
    let mut python = python::Lambda::new(class)?;
    let mut taken = Turns::default();
    for _ in 0..ROUNDS {
        let mut component = component::Component::new(class, serde_json::json!({}))?;
        let mut core = parts::Core::new(class)?;
        let mut native = native::Native::new(class)?;
        taken.take(&mut [&mut component, &mut core, &mut native, &mut python], class, turns.div_ceil(ROUNDS))?;
    }
    let [to_core, to_native, to_python] = [1, 2, 3].map(|side| taken.ratios(side, 0));
    let boundary: Vec<f64> = to_core.iter().map(|ratio| 1.0 - ratio).collect();
    let records = class.records().count() as f64;
    Ok(Row {
        class: class.name,
        component: taken.seconds(0),
        core: taken.seconds(1),
        native: taken.seconds(2),
        python: taken.seconds(3),
        to_native: median(&to_native),
        to_python: median(&to_python),
        boundary: [0.25, 0.5, 0.75].map(|share| quantile(&boundary, share)),
        plain_bytes: class.plain_bytes as f64 / records,
        record_bytes: class.records().map(String::len).sum::<usize>() as f64 / records,
        scaling: component::scaling(class, turns.div_ceil(5))?,
    })
}

/// The target directory: this program is `target/<profile>/dastap-bench`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map_or_else(|| "target".into(), PathBuf::from)
}
