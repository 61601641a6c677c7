//! gzip streams of every form, whole and damaged.

mod bombs;
mod checksum;
mod copies;
mod damage;
mod header;
mod members;
mod stream;
