//! The message footer: the signature over header and body (data-format/message-footer.md).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256, Sha384};

use super::error::Error;
use super::reader::Reader;
use super::suite::Curve;

/// Checks what follows the body and that the message ends there: for a signed suite a 16-bit length and a
/// DER-encoded ECDSA signature over `signed`, the header and the body as received; nothing for the others.
/// `public_key`: the compressed point in base64, as it stands in the encryption context.
pub(crate) fn verify(
    mut rest: Reader<'_>,
    curve: Option<Curve>,
    public_key: Option<&[u8]>,
    signed: &[u8],
) -> Result<(), Error> {
    let signature = match curve {
        Some(_) => Some(rest.field("signature")?),
        None => None,
    };
    // client-apis/decrypt.md, *Behavior*: bytes behind the message are an error.
    if !rest.is_empty() {
        return Err(Error::TrailingBytes(rest.left()));
    }
    let (Some(curve), Some(public_key), Some(signature)) = (curve, public_key, signature) else {
        return Ok(());
    };
    let point = STANDARD.decode(public_key).map_err(|_| Error::BadSignature("a public key that is not base64"))?;
    match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| BAD_POINT)?;
            let signature = p256::ecdsa::DerSignature::from_bytes(signature).map_err(|_| BAD_DER)?;
            key.verify_prehash(&Sha256::digest(signed), &signature)
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| BAD_POINT)?;
            let signature = p384::ecdsa::DerSignature::from_bytes(signature).map_err(|_| BAD_DER)?;
            key.verify_prehash(&Sha384::digest(signed), &signature)
        }
    }
    .map_err(|_| Error::BadSignature("the signature does not match"))
}

const BAD_POINT: Error = Error::BadSignature("a public key that is no point of the suite's curve");
const BAD_DER: Error = Error::BadSignature("a signature that is not DER");
