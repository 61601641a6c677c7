//! The files that `dastap gen` writes: the records, their keyring, and what decoding must give.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use super::{Error, Gen};
use crate::synth::{Carrier, Record, Stream};

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) records: u64,
    pub(super) faults: u64,
    /// Elements of the event lists of the records without a fault.
    pub(super) events: u64,
}

/// What is open for writing.
pub(super) struct Files {
    output: Carrier<BufWriter<Box<dyn Write>>>,
    output_name: PathBuf,
    expected: Option<(BufWriter<File>, PathBuf)>,
}

impl Files {
    /// Opens all files and writes the keyring: who reads the records from a pipe may need it at once.
    pub(super) fn open(options: &Gen, stream: &Stream) -> Result<Self, Error> {
        let names = [options.keyring.as_ref(), options.expected.as_ref(), Some(&options.output)];
        if (0..names.len()).any(|place| names[place].is_some() && names[..place].contains(&names[place])) {
            return Err(Error::usage("--keyring, --expected and --output must be different files"));
        }
        if let Some(path) = &options.keyring {
            let mut keyring = BufWriter::new(private(path).map_err(named(path)).map_err(Error::usage)?);
            let written = stream.write_keyring(&mut keyring).and_then(|()| keyring.flush());
            written.map_err(named(path)).map_err(Error::failed)?;
        }
        let create = |path: &PathBuf| File::create(path).map_err(named(path)).map_err(Error::usage);
        let expected = match &options.expected {
            Some(path) => Some((BufWriter::new(create(path)?), path.clone())),
            None => None,
        };
        let output: Box<dyn Write> =
            if options.to_stdout() { Box::new(io::stdout()) } else { Box::new(create(&options.output)?) };
        let output = Carrier::new(options.format, BufWriter::with_capacity(256 * 1024, output));
        Ok(Self { output, output_name: options.output.clone(), expected })
    }

    pub(super) fn write(mut self, stream: impl Iterator<Item = Record>, bar: &ProgressBar) -> io::Result<Total> {
        let mut total = Total::default();
        for record in stream {
            total.records += 1;
            match record.fault {
                Some(_) => total.faults += 1,
                None => total.events += u64::from(record.events),
            }
            if let Some((file, path)) = &mut self.expected {
                writeln!(file, "{}", record.expected()).map_err(named(path))?;
            }
            self.output.put(record).map_err(named(&self.output_name))?;
            bar.inc(1);
        }
        if let Some((mut file, path)) = self.expected {
            file.flush().map_err(named(&path))?;
        }
        self.output.finish().map_err(named(&self.output_name))?;
        Ok(total)
    }
}

/// A file that nobody but its owner can read, also if it was there before.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Puts the file's name in front of an error.
fn named(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{Format, Settings};
    use std::io::ErrorKind;

    #[test]
    fn a_reader_that_goes_away_is_told_by_its_own_kind_of_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Carrier::new(Format::Ndjson, BufWriter::new(Box::new(Closed) as Box<dyn Write>));
        let files = Files { output, output_name: "-".into(), expected: None };
        let stream = Stream::new(Settings::default()).expect("the settings are sound");
        let error = files.write(stream, &ProgressBar::hidden()).expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
