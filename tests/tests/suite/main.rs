//! The end-to-end tests, one file per feature. One binary, so that they are linked once.

mod alerts;
mod builds;
mod cipher;
mod cli;
mod conservation;
mod containment;
mod corpus;
mod differential;
mod firehose;
mod frames;
mod input;
mod kms;
mod lambda;
mod limits;
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
mod templates;
