//! The end-to-end tests, one file per feature. One binary, so that they are linked once.

mod builds;
mod cipher;
mod cli;
mod connect;
mod conservation;
mod containment;
mod corpus;
mod differential;
mod fluentd;
mod frames;
mod input;
mod kcl;
mod kms;
mod limits;
mod peer;
mod published;
mod redaction;
mod rsyslog;
mod rules;
mod secrets;
mod shapes;
mod sigma;
mod supply;
mod syslog_ng;
mod tampering;
