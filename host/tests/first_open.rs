//! The first decoders of a process, opened at once. A program of its own, because it must be the first.

use std::sync::Barrier;

use dastap::Decoder;
use dastap::keys::Keyring;

#[test]
fn threads_may_open_the_first_decoders_at_once() {
    let start = Barrier::new(8);
    let open = || {
        let keys = Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
        start.wait();
        Decoder::builder().keys(keys).build().map(|_| ())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        for thread in threads {
            thread.join().expect("no panic").expect("a decoder");
        }
    });
}
