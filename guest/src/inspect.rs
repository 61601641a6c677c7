//! Explains a record without a key: what the bytes claim to be. `wit/inspector.wit` has the shape of the answer.

use serde_json::{Map, Value, json};

use crate::envelope::{self, Envelope, Payload};
use crate::error::Failure;
use crate::esdk::{self, Content, Derivation, Frames, Header, Kind, RawAesInfo, Suite};
use crate::settings::Settings;

/// The explanation of one outer record, as JSON. Nothing in it is authenticated.
pub fn inspect(record: &str) -> Value {
    let mut report = Map::new();
    if let Err(failure) = explain(record, &mut report) {
        let failure = json!({
            "stage": failure.stage.as_str(),
            "reason": failure.reason.as_str(),
            "detail": failure.detail,
        });
        report.insert("failure".to_string(), failure);
    }
    Value::Object(report)
}

fn explain(record: &str, report: &mut Map<String, Value>) -> Result<(), Failure> {
    let settings = Settings::default();
    let envelope = Envelope::read(record, settings.limits.record.0, settings.limits.depth)?;
    let mut outer = json!({
        "type": "DatabaseActivityMonitoringRecords",
        "version": envelope.version,
        "bytes": record.len(),
        "encrypted": matches!(envelope.events, Payload::Encrypted { .. }),
    });
    let Payload::Encrypted { message, key } = envelope.events else {
        report.insert("envelope".to_string(), outer);
        return Ok(());
    };
    let mut bytes = Vec::new();
    let decoded = envelope::decode_message(&message, &mut bytes);
    let key = envelope::decode_key(&key);
    if let Value::Object(outer) = &mut outer {
        outer.insert("ciphertextBytes".to_string(), bytes.len().into());
        outer.insert("keyBytes".to_string(), key.as_ref().map(Vec::len).ok().into());
    }
    report.insert("envelope".to_string(), outer);
    decoded?;
    let explained = explain_message(&bytes, report);
    key.map(|_| ())?;
    Ok(explained?)
}

fn explain_message(bytes: &[u8], report: &mut Map<String, Value>) -> Result<(), esdk::Error> {
    let header = Header::read(bytes, &esdk::Limits::default())?;
    let (_, rest) = bytes.split_at_checked(header.bytes).unwrap_or_default();
    let (body, walked) = explain_body(&header, rest);
    let message = json!({
        "format": header.suite.format,
        "suite": explain_suite(header.suite),
        "messageId": hex(header.message_id),
        "context": header.context.pairs().iter().map(|(name, value)| json!([text(name), text(value)])).collect::<Value>(),
        "encryptedDataKeys": header.encrypted_data_keys().map(|entry| explain_key(&entry)).collect::<Value>(),
        "headerBytes": header.bytes,
        "bytes": bytes.len(),
        "body": body,
    });
    report.insert("message".to_string(), message);
    walked
}

fn explain_suite(suite: &Suite) -> Value {
    let (derivation, words) = match suite.derivation {
        Derivation::Identity => ("none", "no key derivation"),
        Derivation::HkdfSha256 => ("HKDF-SHA256", "HKDF-SHA256"),
        Derivation::HkdfSha384 => ("HKDF-SHA384", "HKDF-SHA384"),
        Derivation::HkdfSha512Commit => ("HKDF-SHA512", "HKDF-SHA512"),
    };
    let signature = suite.signature.map(|curve| match curve {
        esdk::Curve::P256 => "ECDSA P-256",
        esdk::Curve::P384 => "ECDSA P-384",
    });
    let bits = suite.key_bytes.saturating_mul(8);
    let name = format!(
        "AES-{bits}-GCM, {words}, {}, {}",
        if suite.commits() { "key commitment" } else { "no key commitment" },
        signature.unwrap_or("no signature"),
    );
    json!({
        "id": format!("0x{:04x}", suite.id),
        "name": name,
        "keyBits": bits,
        "derivation": derivation,
        "commitment": suite.commits(),
        "signature": signature,
    })
}

fn explain_key(entry: &esdk::EncryptedDataKey<'_>) -> Value {
    let info = RawAesInfo::read(entry.info);
    json!({
        "provider": text(entry.provider),
        "name": info.as_ref().map(|info| text(info.name)),
        "infoBytes": entry.info.len(),
        "ciphertextBytes": entry.ciphertext.len(),
        "tagBits": info.as_ref().map(|info| info.tag_bits),
        "ivBytes": info.as_ref().map(|info| info.iv_bytes),
    })
}

/// Walks the frames; what was walked is reported even when the walk ends in an error.
fn explain_body(header: &Header<'_>, bytes: &[u8]) -> (Value, Result<(), esdk::Error>) {
    let mut frames = Frames::new(header.content, bytes);
    let (mut regular, mut last, mut ciphertext_bytes) = (0u32, None, 0usize);
    let walked = loop {
        match frames.next() {
            Ok(Some(frame)) => {
                ciphertext_bytes = ciphertext_bytes.saturating_add(frame.ciphertext.len());
                match frame.kind {
                    Kind::Regular => regular = regular.saturating_add(1),
                    Kind::Final | Kind::SingleBlock => last = Some(frame.ciphertext.len()),
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let mut rest = frames.rest();
    let signature = header.suite.signature.map(|_| rest.field("signature").map(<[u8]>::len));
    let body = json!({
        "framed": header.content != Content::SingleBlock,
        "frameLength": match header.content { Content::SingleBlock => 0, Content::Framed(length) => length },
        "frames": regular,
        "finalFrameBytes": last,
        "ciphertextBytes": ciphertext_bytes,
        "signatureBytes": signature.clone().and_then(Result::ok),
        "trailingBytes": walked.is_ok().then(|| rest.left()),
    });
    let behind = match signature.transpose() {
        Err(error) => Err(error),
        Ok(_) if !rest.is_empty() => Err(esdk::Error::TrailingBytes(rest.left())),
        Ok(_) => Ok(()),
    };
    (body, walked.and(behind))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
