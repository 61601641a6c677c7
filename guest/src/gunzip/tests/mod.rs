//! gzip streams of every form, whole and damaged.

mod bombs;
mod checksum;
mod damage;
mod header;
mod members;
mod stream;
