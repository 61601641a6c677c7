//! What may happen to a pipeline, small: the same cases that `make faults` plays at full length.

use dastap_tests::faults::{Row, Scale, Table, case};

fn play(name: &str) -> Row {
    let row = (case(name).expect("a case").play)(Scale::SMALL);
    println!("{Table}\n{row}");
    row
}

#[test]
fn a_sink_that_is_down_is_waited_for() {
    play("sink-down");
}

#[test]
fn a_slow_sink_slows_the_source() {
    play("sink-slow");
}

#[test]
fn a_full_disk_is_waited_out() {
    play("disk-full");
}

#[test]
fn a_kms_that_is_down_is_waited_for() {
    play("kms-down");
}

#[test]
fn a_kms_that_throttles_is_asked_again() {
    play("kms-throttling");
}

#[test]
fn what_a_kms_denies_is_kept() {
    play("kms-denying");
}

#[test]
fn what_a_disabled_key_cannot_open_is_kept() {
    play("key-disabled");
}

#[test]
fn broken_records_are_kept_and_stop_nobody() {
    play("poison");
}

#[test]
fn killed_twenty_times_it_loses_nothing() {
    play("kill");
}

#[test]
fn stopped_under_load_it_loses_and_repeats_nothing() {
    play("sigterm");
}

#[test]
fn a_second_process_on_the_same_positions_is_refused() {
    play("two-processes");
}

#[test]
fn resharding_loses_nothing() {
    play("resharding");
}
