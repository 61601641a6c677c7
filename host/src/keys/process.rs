//! Keeps keys out of core dumps.

/// Switches core dumps off for this process, so that no key ends in a file after a crash. Call it once, first thing in
/// `main`.
///
/// Sets the core-file limit to zero and, on Linux, makes the process not dumpable, which also keeps other processes of
/// the same user from attaching to it. What the system does not allow is logged as a warning.
pub fn protect_process() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::warn!(%error, "cannot switch core dumps off: a crash may write data keys to disk");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "cannot make the process not dumpable: a crash may write data keys to disk");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn no_core_dumps() {
        super::protect_process();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().expect("readable"), DumpableBehavior::NotDumpable);
    }
}
