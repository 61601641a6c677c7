//! The end-to-end tests, one file per feature. One binary, so that they are linked once.

mod cipher;
mod cli;
mod conservation;
mod containment;
mod corpus;
mod differential;
mod frames;
mod input;
mod kms;
mod limits;
mod objects;
mod objects_s3;
mod peer;
mod published;
mod recipes_s3;
mod redaction;
mod rules;
mod secrets;
mod shapes;
mod sigma;
mod supply;
mod tampering;
