//! The end-to-end tests, one file per feature. One binary, so that they are linked once.

mod builds;
mod cipher;
mod cli;
mod conservation;
mod containment;
mod corpus;
mod differential;
mod frames;
mod http_sink;
mod http_source;
mod input;
mod kms;
mod limits;
mod metrics;
mod peer;
mod published;
mod redaction;
mod rules;
mod run;
mod secrets;
mod shapes;
mod sigma;
mod stdio;
mod supply;
mod tampering;
