//! All chance in a synthetic stream: ChaCha12 from one seed, with a separate stream of numbers per purpose, so that
//! asking for a fault, another frame length or a longer run does not change what the databases did.

use rand::rngs::ChaCha12Rng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use std::fmt::Write;

/// What a stream of numbers is for. The same seed and purpose always give the same numbers.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Which instance speaks next, and how much.
    Schedule,
    /// What happens on the instance of this number.
    Activity(u32),
    /// The names and addresses of the instance of this number.
    Identity(u32),
    /// The resource id of an engine's cluster, by the engine's number.
    Cluster(u32),
    /// The name of the KMS key that guards all wrapping keys.
    KmsKey,
    /// The wrapping key of an instance in a period between two key rotations.
    WrappingKey { instance: u32, period: u32 },
    /// Message id, data key and initialisation vector of the record of this index.
    Message(u64),
    /// Where the record of this index is damaged.
    Damage(u64),
    /// What the record of this index is called on its way.
    PartitionKey(u64),
}

/// A generator of random choices.
pub(super) struct Dice(ChaCha12Rng);

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose) -> Self {
        let (kind, number) = match purpose {
            Purpose::Schedule => (0u8, 0),
            Purpose::Activity(instance) => (1, u64::from(instance)),
            Purpose::Identity(instance) => (2, u64::from(instance)),
            Purpose::WrappingKey { instance, period } => (3, u64::from(instance) << 32 | u64::from(period)),
            Purpose::Message(index) => (4, index),
            Purpose::Damage(index) => (5, index),
            Purpose::KmsKey => (7, 0),
            Purpose::PartitionKey(index) => (8, index),
            Purpose::Cluster(engine) => (6, u64::from(engine)),
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = kind;
        let mut generator = ChaCha12Rng::from_seed(bytes);
        generator.set_stream(number);
        Self(generator)
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high)
    }

    /// True once in `n` throws.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.between(1, n) == 1
    }

    /// True in so many of a hundred throws.
    pub(super) fn percent(&mut self, share: f64) -> bool {
        self.0.random_bool((share / 100.0).clamp(0.0, 1.0))
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// On an empty slice: every caller hands in a list that is written in the code.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        choices.choose(&mut self.0).unwrap_or_else(|| unreachable!("a list of choices is never empty"))
    }

    /// The item whose weight the throw falls on.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let mut throw = self.between(1, choices.iter().map(|(weight, _)| weight).sum());
        for &(weight, item) in choices {
            if throw <= weight {
                return item;
            }
            throw -= weight;
        }
        unreachable!("the throw is at most the sum of the weights")
    }

    /// `N` random bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// So many lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        self.text(digits, b"0123456789abcdef")
    }

    /// So many characters of `alphabet`.
    pub(super) fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// A random UUID.
    pub(super) fn uuid(&mut self) -> String {
        let mut bytes: [u8; 16] = self.bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes.iter().enumerate().fold(String::with_capacity(36), |mut text, (place, byte)| {
            if matches!(place, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the numbers themselves: a new version of the generator must not silently change every stream.
    #[test]
    fn the_same_seed_gives_the_same_numbers_everywhere() {
        let mut dice = Dice::new(1, Purpose::Message(7));
        assert_eq!(dice.hex(16), "42dd9a76c3318f8a");
        assert_eq!(dice.between(1, 1_000_000), 337_108);
        assert_eq!(dice.uuid(), "5d2efe02-a8ee-462f-ae2d-596ec966a136");
    }

    #[test]
    fn purposes_do_not_share_numbers() {
        let one = Dice::new(1, Purpose::Activity(1)).bytes::<32>();
        assert_ne!(one, Dice::new(1, Purpose::Identity(1)).bytes::<32>());
        assert_ne!(one, Dice::new(1, Purpose::Activity(2)).bytes::<32>());
        assert_ne!(one, Dice::new(2, Purpose::Activity(1)).bytes::<32>());
    }

    #[test]
    fn weights_decide_how_often() {
        let mut dice = Dice::new(1, Purpose::Schedule);
        let heavy = (0..1000).filter(|_| dice.weighted(&[(9, true), (1, false)])).count();
        assert!((850..950).contains(&heavy), "{heavy}");
    }
}
