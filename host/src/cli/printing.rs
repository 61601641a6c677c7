//! What a command prints: a reader that has seen enough ends it well, whatever else it lacks is an error.

use std::io;

use super::Error;

/// Why a command that prints ended early.
pub(super) enum Ended {
    /// The text could not be written.
    Output(io::Error),
    Other(Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Output(error)
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Other(error)
    }
}

/// What the command gave; `closed` when its reader went away. `what` says what was to be printed.
pub(super) fn printed<T, E: Into<Ended>>(result: Result<T, E>, what: &str, closed: T) -> Result<T, Error> {
    match result.map_err(Into::into) {
        Ok(given) => Ok(given),
        Err(Ended::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(closed),
        Err(Ended::Output(error)) => Err(Error::Failed(format!("cannot write {what}: {error}"))),
        Err(Ended::Other(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_a_good_end_and_nothing_else_is() {
        let ends = |result: Result<u8, Ended>| {
            printed(result, "the answer", 7).map_err(|error| match error {
                Error::Usage(text) | Error::Failed(text) => text,
            })
        };
        assert_eq!(ends(Ok(1)), Ok(1));
        assert_eq!(ends(Err(io::Error::from(io::ErrorKind::BrokenPipe).into())), Ok(7));
        let full = io::Error::new(io::ErrorKind::StorageFull, "no room");
        assert_eq!(ends(Err(full.into())), Err("cannot write the answer: no room".to_owned()));
        assert_eq!(ends(Err(Error::Failed("no record".to_owned()).into())), Err("no record".to_owned()));
    }
}
