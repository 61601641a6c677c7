//! Who may post: a bearer token, an access key, compared in constant time.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Problem, Shared};
use crate::config::SecretPlace;

/// A secret that senders must know. Only its hash is kept: comparing hashes tells nobody where, or at which length, a
/// guess went wrong.
pub(super) struct Key([u8; 32]);

impl Key {
    /// Reads the secret.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn read(place: &SecretPlace) -> Result<Self, String> {
        Ok(Key(Sha256::digest(place.read()?.expose()).into()))
    }

    /// Whether this is the secret.
    pub(super) fn is(&self, guess: &[u8]) -> bool {
        let guess: [u8; 32] = Sha256::digest(guess).into();
        self.0.ct_eq(&guess).into()
    }
}

/// Lets requests through that know the token.
pub(super) async fn ask_for_token(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    match &shared.token {
        Some(token) if !bearer(request.headers()).is_some_and(|guess| token.is(guess)) => {
            Problem::Unauthorized("expected Authorization: Bearer with the token").answer(0)
        }
        _ => next.run(request).await,
    }
}

/// What stands behind `Bearer`, whose case does not matter (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_the_case() {
        for (value, expected) in [
            ("Bearer hush", Some("hush")),
            ("bearer  hush ", Some("hush")),
            ("Basic aHVzaA==", None),
            ("Bearer", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(bearer(&headers), expected.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn only_the_secret_is_the_key() {
        let key = Key(Sha256::digest(b"hush").into());
        assert!(key.is(b"hush"));
        assert!([&b""[..], b"hus", b"hushh", b"HUSH"].iter().all(|guess| !key.is(guess)));
    }
}
