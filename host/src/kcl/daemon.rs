//! The conversation with the MultiLangDaemon on standard input and output: one question at a time.

use std::io::{self, BufRead, Read, Write};

use tokio::sync::mpsc;

use super::message::{Answer, Message};

/// A line at most, in bytes: 10,000 records of together 10 MiB in base64, and room for what stands around them.
const MOST_LINE: u64 = 64 << 20;

/// The other end.
pub(super) struct Daemon {
    messages: mpsc::Receiver<io::Result<Message>>,
}

impl Daemon {
    /// Starts to listen.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, messages) = mpsc::channel(1);
        // Reading may block for ever; the thread ends with the process.
        std::thread::Builder::new().name("daemon".into()).spawn(move || listen(&sender))?;
        Ok(Daemon { messages })
    }

    /// The next message; none when the daemon has closed.
    ///
    /// # Errors
    /// The input cannot be read, or is not the daemon's.
    pub(super) async fn next(&mut self) -> io::Result<Option<Message>> {
        self.messages.recv().await.transpose()
    }

    /// Says something.
    ///
    /// # Errors
    /// The daemon has gone.
    pub(super) fn say(&self, answer: &Answer<'_>) -> io::Result<()> {
        let mut output = io::stdout().lock();
        // The daemon skips text in front of a line that another part of the process left unfinished; a new line ends it.
        output.write_all(b"\n")?;
        serde_json::to_writer(&mut output, answer)?;
        output.write_all(b"\n")?;
        output.flush()
    }
}

fn listen(sender: &mpsc::Sender<io::Result<Message>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let message = match input.by_ref().take(MOST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(_) => serde_json::from_slice(&line).map_err(|error| {
                io::Error::other(format!(
                    "expected a message of the MultiLangDaemon in a line of at most 64 MiB: {error}"
                ))
            }),
            Err(error) => Err(error),
        };
        let is_over = message.is_err();
        if sender.blocking_send(message).is_err() || is_over {
            return;
        }
    }
}
