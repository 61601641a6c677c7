//! What the end-to-end tests stand on: the program under test, its foreign peers, and the records that go between.

pub mod aws;
pub mod component;
pub mod corpus;
pub mod document;
pub mod faults;
pub mod lambda;
pub mod peer;
pub mod pipeline;
pub mod program;
pub mod readme;
pub mod record;
pub mod replay;
pub mod running;
pub mod service;
pub mod soak;
pub mod speed;
pub mod stream;
