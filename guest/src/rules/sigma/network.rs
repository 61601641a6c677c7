//! `cidr`: an address lies in a network, IPv4 or IPv6.

use std::net::IpAddr;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    four: bool,
    /// The address without the bits behind the prefix.
    address: u128,
    mask: u128,
}

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32`; an address alone is a network of one.
    pub(super) fn parse(text: &str) -> Result<Network, String> {
        let wrong = || format!("expected a network such as 10.0.0.0/8 or 2001:db8::/32, found {text:?}");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let (four, address) = bits(address.parse().map_err(|_| wrong())?);
        let most = if four { 32 } else { 128 };
        let prefix: u32 = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        if prefix > most {
            return Err(format!("expected a prefix of at most {most} bits, found {text:?}"));
        }
        let mask = u128::MAX.checked_shl(most.saturating_sub(prefix)).unwrap_or(0);
        Ok(Network { four, address: address & mask, mask })
    }

    /// `text` is an address in it. An IPv4 address may be written as IPv6 (`::ffff:10.0.0.1`), and an IPv6 address may
    /// name its zone (`fe80::1%eth0`).
    pub(super) fn contains(&self, text: &str) -> bool {
        let text = text.split_once('%').map_or(text, |(address, _)| address);
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        let is_in = |address: IpAddr| {
            let (four, address) = bits(address);
            four == self.four && address & self.mask == self.address
        };
        is_in(address) || is_in(address.to_canonical())
    }
}

fn bits(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(four) => (true, u32::from(four).into()),
        IpAddr::V6(six) => (false, six.into()),
    }
}
