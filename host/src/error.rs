//! What can go wrong with a decoder as a whole. What goes wrong with a record is a verdict.

/// Why there is no decoder, or no answer from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong; the text names it, and the nearest one that exists.
    #[error("{0}")]
    Settings(String),
    /// No key provider was given.
    #[error("expected a key provider: give the builder one with `keys` or `key_cache`")]
    NoKeys,
    /// The key provider that the configuration names cannot be opened: no Region, no credentials, no such keyring.
    #[error("keys: {0}")]
    Keys(String),
    /// The sandbox cannot run on this machine.
    #[error("the sandbox cannot start: {0}")]
    Engine(String),
    /// The sandbox gave no answer.
    #[error("the sandbox gave no answer: {0}")]
    Guest(String),
}
