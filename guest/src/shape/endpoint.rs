//! Hosts: an address, a name, or something else that a database calls a host.

use std::net::IpAddr;

use super::facts::body;
use super::object::says_something;
use crate::fields::Field;

/// What a host field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    Address(Field<'a>),
    Name(Field<'a>),
    /// `[local]`, `10.0.0.1:5432`.
    Other(Field<'a>),
    Nothing,
}

impl<'a> Host<'a> {
    pub(super) fn of(field: Option<Field<'a>>) -> Self {
        let Some(field) = field.filter(|field| says_something(*field)) else { return Host::Nothing };
        let Some(text) = body(Some(field)) else { return Host::Other(field) };
        // `fe80::1%eth0` has the interface behind it.
        let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
        let is_zone = |zone: &str| !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match address.parse() {
            Ok(IpAddr::V4(_)) if zone.is_none() => Host::Address(field),
            Ok(IpAddr::V6(_)) if zone.is_none_or(is_zone) && text.len() <= ADDRESS_MOST => Host::Address(field),
            _ => match is_host_name(text) {
                true => Host::Name(field),
                false => Host::Other(field),
            },
        }
    }
}

fn is_host_name(text: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    text.len() <= NAME_MOST && text.split('.').all(is_label)
}

/// OCSF's bound on an address.
const ADDRESS_MOST: usize = 40;

/// RFC 1035.
const NAME_MOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        for (text, expected) in [
            (r#""10.0.0.1""#, "address"),
            (r#""::ffff:10.0.0.1""#, "address"),
            (r#""fe80::1%eth0""#, "address"),
            (r#""::1""#, "address"),
            (r#""localhost""#, "name"),
            (r#""ip-10-0-0-1.ec2.internal""#, "name"),
            (r#""[local]""#, "other"),
            (r#""10.0.0.1:5432""#, "other"),
            (r#""10.0.0.1%eth0""#, "other"),
            (r#""a b""#, "other"),
            (r#""\u0031""#, "other"),
            ("7", "other"),
            ("null", "nothing"),
            (r#""""#, "nothing"),
        ] {
            let found = match Host::of(Some(Field::new(text, 0..text.len()))) {
                Host::Address(_) => "address",
                Host::Name(_) => "name",
                Host::Other(_) => "other",
                Host::Nothing => "nothing",
            };
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(Host::of(None), Host::Nothing);
    }
}
