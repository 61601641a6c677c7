//! `dastap run` from objects to objects in local folders: nothing is lost, whatever happens on the way.

use std::process::Command;
use std::time::Duration;

use dastap::synth::{Engine, Fault, Settings};
use dastap_tests::replay::{Replay, files, wait_until};

const FROM: &str = "url: '@/in', checkpoint: '@/state'";
const TO: &str = "url: '@/out'";

fn settings(records: u64) -> Settings {
    let faults = vec![Fault::BadBase64, Fault::FrameBit];
    Settings {
        engines: vec![Engine::Postgres],
        records,
        events: 1..=20,
        faults,
        fault_rate: Some(5.0),
        ..Settings::default()
    }
}

#[test]
fn objects_become_objects_and_every_compression_is_readable_by_the_standard_programs() {
    let replay = Replay::new(settings(600));
    replay.write_objects(7);
    for (compression, ending) in [("none", "ndjson"), ("gzip", "gz"), ("zstd", "zst")] {
        let _ = std::fs::remove_file(replay.path("failed.ndjson"));
        let _ = std::fs::remove_dir_all(replay.path("out"));
        let sink = format!("{TO}, compression: {compression}, size: 100KiB, path: 'x/{{route}}/{{hh}}/{{id}}.ndjson'");
        replay.run("url: '@/in'", &sink).run().expect(0);
        let objects = files(&replay.path("out"));
        assert!(objects.len() > 3, "rolled by size: {}", objects.len());
        assert!(objects.iter().all(|file| file.to_string_lossy().ends_with(ending)));
        assert!(objects[0].starts_with(replay.path("out/x/default")));
        assert_eq!(replay.assert_conserved(&replay.delivered()), 0, "{compression}");
    }
    let staging = std::fs::read_dir(replay.path("out/.dastap")).expect("the staging folder");
    assert_eq!(staging.count(), 0, "nothing unfinished is left");
}

#[test]
fn a_second_run_reads_what_is_new_and_nothing_twice() {
    let replay = Replay::new(settings(300));
    replay.write_objects(6);
    let last = files(&replay.path("in")).pop().expect("objects");
    let later = replay.path("later");
    std::fs::rename(&last, &later).expect("one file system");
    replay.run(FROM, TO).run().expect(0);
    assert!(replay.delivered().lines.len() < replay.expected.len());
    std::fs::rename(&later, &last).expect("one file system");
    for _ in 0..2 {
        replay.run(FROM, TO).run().expect(0);
        assert_eq!(replay.assert_conserved(&replay.delivered()), 0);
    }
}

#[test]
fn a_filter_chooses_by_name() {
    let replay = Replay::new(settings(60));
    replay.write_objects(6);
    replay.run("url: '@/in', filter: '**/*.gz'", TO).run().expect(0);
    let found = replay.delivered().lines.len();
    assert!(found > 0 && found < replay.expected.len(), "{found} of {}", replay.expected.len());
    replay.run("url: '@/in', filter: '2026/000[!x]'", TO).run().expect(0);
    assert_eq!(replay.delivered().lines.len(), found, "signs that mean nothing match themselves only");
}

#[test]
fn told_to_stop_it_delivers_what_is_under_way_and_the_next_run_goes_on_there() {
    let replay = Replay::new(settings(6000));
    replay.write_objects(3);
    let mut stops = 0;
    for _ in 0..30 {
        let mut running = replay.run(FROM, &format!("{TO}, size: 64KiB")).start();
        let before = files(&replay.path("out")).len();
        running
            .until("an object or the end", |running| files(&replay.path("out")).len() > before || running.has_ended());
        running.terminate();
        assert_eq!(running.end(), 0, "{}", running.log());
        stops += 1;
        if replay.delivered().lines.len() == replay.expected.len() {
            break;
        }
    }
    replay.run(FROM, TO).run().expect(0);
    let duplicates = replay.assert_conserved(&replay.delivered());
    assert!(stops > 1, "stopped in the middle");
    assert_eq!(duplicates, 0, "a clean stop repeats nothing");
}

#[test]
fn killed_at_any_moment_it_loses_nothing() {
    let replay = Replay::new(settings(6000));
    replay.write_objects(12);
    let sink = format!("{TO}, size: 64KiB");
    let mut kills = 0;
    for round in 0..20 {
        let mut running = replay.run(FROM, &sink).start();
        std::thread::sleep(Duration::from_millis(30 + round * 17));
        assert!(!running.has_ended(), "round {round}: killed before its end");
        running.kill();
        kills += 1;
        // What it left unfinished is not to be seen: every visible line is whole and expected.
        let delivered = replay.delivered();
        assert!(delivered.lines.iter().all(|(id, line)| replay.expected.get(id) == Some(line)));
        if delivered.lines.len() * 2 > replay.expected.len() {
            break;
        }
    }
    let seen = replay.delivered().lines.len();
    replay.run(FROM, &sink).run().expect(0);
    let duplicates = replay.assert_conserved_after(kills, &replay.delivered());
    eprintln!("{seen} events were out before the last run; {duplicates} of {} twice", replay.expected.len());
}

#[test]
fn a_full_disk_is_waited_out() {
    let replay = Replay::new(settings(1500));
    replay.write_objects(3);
    // No file may grow beyond 8 MB, which writes meet as an error where the signal is ignored: enough for the sandbox,
    // whose memory image is a file too, and not for the one object that this makes.
    let limit = |pid: u32, bytes: &str| {
        let limited =
            Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:unlimited")]).status();
        assert!(limited.expect("prlimit is there").success());
    };
    let mut running = replay.run(FROM, TO).ignoring("XFSZ").start();
    limit(running.id(), "8000000");
    std::thread::sleep(Duration::from_secs(5));
    assert!(files(&replay.path("out")).is_empty(), "nothing is complete");
    limit(running.id(), "unlimited");
    assert_eq!(running.end(), 0, "{}", running.log());
    assert!(running.log().contains("not accepted, trying again"), "the disk was full: {}", running.log());
    assert_eq!(replay.assert_conserved(&replay.delivered()), 0);
}

#[test]
fn an_object_that_cannot_be_read_is_told_and_the_others_are_delivered() {
    let replay = Replay::new(settings(300));
    replay.write_objects(6);
    let damaged = replay.path("in/2026/0001");
    let whole = std::fs::read(&damaged).expect("an object");
    std::fs::write(&damaged, &whole[..whole.len() / 2]).expect("writable");
    let outcome = replay.run(FROM, TO).run().expect(1);
    assert!(outcome.stderr.contains("1 objects could not be read to their end"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("2026/0001"), "{}", outcome.stderr);
    let found = replay.delivered().lines.len();
    assert!(found > replay.expected.len() / 2 && found < replay.expected.len(), "{found}");
    // Mended, it is another version: read whole.
    std::fs::write(&damaged, &whole).expect("writable");
    let _ = std::fs::remove_file(replay.path("failed.ndjson"));
    replay.run(FROM, TO).run().expect(0);
    assert!(replay.delivered().lines == replay.expected);
}

#[test]
fn new_objects_are_found_where_it_follows() {
    let replay = Replay::new(settings(120));
    let objects = replay.objects(4);
    let put = |(name, bytes): &(String, Vec<u8>)| {
        // As every writer should: complete when it appears.
        std::fs::create_dir_all(replay.path("in/2026")).expect("writable");
        std::fs::write(replay.path("in/.new"), bytes).expect("writable");
        std::fs::rename(replay.path("in/.new"), replay.path("in").join(name)).expect("one file system");
    };
    put(&objects[0]);
    let running = replay.run(&format!("{FROM}, follow: 1s"), &format!("{TO}, age: 1s")).start();
    wait_until("the first object is delivered", || !files(&replay.path("out")).is_empty());
    objects[1..].iter().for_each(put);
    wait_until("all is delivered", || replay.delivered().lines.len() == replay.expected.len());
    assert_eq!(running.stop(), 0);
    assert_eq!(replay.assert_conserved(&replay.delivered()), 0);
}

#[test]
fn two_processes_do_not_share_a_checkpoint() {
    let replay = Replay::new(settings(30));
    replay.write_objects(1);
    let running = replay.run(&format!("{FROM}, follow: 1h"), &format!("{TO}, age: 1s")).start();
    wait_until("it runs", || !files(&replay.path("out")).is_empty());
    let second = replay.run(FROM, TO).run().expect(2);
    assert!(second.stderr.contains("another process or source is working with it"), "{}", second.stderr);
    assert_eq!(running.stop(), 0);
}
