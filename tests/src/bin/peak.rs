//! `peak FILE COMMAND ARGUMENT...`: runs the command, writes its largest resident size in bytes to FILE, and ends as it
//! ended. A program of its own, because a child counts the memory of the process that started it: this one has none.

use std::process::{Command, ExitCode};

use wait4::Wait4;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(file), Some(command)) = (arguments.next(), arguments.next()) else {
        eprintln!("expected: peak FILE COMMAND ARGUMENT...");
        return ExitCode::from(125);
    };
    let ended = Command::new(&command).args(arguments).spawn().and_then(|child| child.wait4());
    match ended {
        Ok(ended) => {
            std::fs::write(file, ended.rusage.maxrss.to_string()).expect("the file for the peak is writable");
            ExitCode::from(ended.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(126))
        }
        Err(error) => {
            eprintln!("cannot run {}: {error}", command.display());
            ExitCode::from(127)
        }
    }
}
