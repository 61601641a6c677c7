//! The KMS client against a small HTTP server that says what a test wants. The real protocol, on a loopback port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;

use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Answers each request with the next of `answers` (status, error code or none, body), and reports the requests.
fn serve(answers: Vec<(u16, &'static str, String)>) -> (SocketAddr, mpsc::Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for (status, code, body) in answers {
            let (stream, _) = listener.accept().expect("a connection");
            sender.send(read_request(&stream)).ok();
            let error = if code.is_empty() { String::new() } else { format!("x-amzn-errortype: {code}\r\n") };
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.1\r\n{error}connection: close\r\n"
            );
            write!(&stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).expect("written");
        }
    });
    (address, requests)
}

fn read_request(stream: &TcpStream) -> serde_json::Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

fn kms(address: SocketAddr, key_id: Option<&str>) -> Kms {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let settings = KmsSettings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(format!("http://{address}")),
        key_id: key_id.map(ToOwned::to_owned),
    };
    // One attempt: retries are the SDK's own affair, and their pauses are real.
    Kms::build(&config, settings, RetryConfig::disabled()).expect("good settings")
}

fn request() -> KeyRequest {
    let context = vec![("aws:rds:dbc-id".to_owned(), "cluster-ABC".to_owned())];
    KeyRequest { ciphertext: b"sealed".to_vec(), context }
}

fn error(code: &'static str, status: u16) -> (u16, &'static str, String) {
    (status, code, format!(r#"{{"__type":"{code}","message":"says kms"}}"#))
}

#[tokio::test]
async fn asks_decrypt_and_returns_the_plaintext() {
    let body = format!(r#"{{"KeyId":"arn:x","Plaintext":"{}"}}"#, STANDARD.encode([7; 32]));
    let (address, requests) = serve(vec![(200, "", body)]);
    let secret = kms(address, Some("alias/stream")).decrypt(&request()).await.expect("a key");
    assert_eq!(secret.expose(), [7; 32]);
    let expected = serde_json::json!({
        "CiphertextBlob": STANDARD.encode("sealed"),
        "EncryptionContext": { "aws:rds:dbc-id": "cluster-ABC" },
        "KeyId": "alias/stream",
    });
    assert_eq!(requests.recv().expect("a request"), expected);
}

#[tokio::test]
async fn without_settings_neither_key_id_nor_context_is_sent() {
    let (address, requests) = serve(vec![error("NotFoundException", 404)]);
    let request = KeyRequest { context: vec![], ..request() };
    kms(address, None).decrypt(&request).await.expect_err("no key");
    assert_eq!(requests.recv().expect("a request"), serde_json::json!({ "CiphertextBlob": STANDARD.encode("sealed") }));
}

#[tokio::test]
async fn errors_of_the_service_keep_their_class_and_show_no_blob() {
    for (code, status, refused) in [
        ("AccessDeniedException", 400, true),
        ("InvalidCiphertextException", 400, true),
        ("DisabledException", 409, true),
        ("UnrecognizedClientException", 400, true),
        ("KMSInternalException", 500, false),
        ("KeyUnavailableException", 500, false),
        ("ExpiredTokenException", 400, false),
        ("ThrottlingException", 400, false),
    ] {
        let (address, _requests) = serve(vec![error(code, status)]);
        let error = kms(address, None).decrypt(&request()).await.expect_err("no key");
        assert_eq!(matches!(error, KeyError::Refused(_)), refused, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("kms in eu-west-1 says {code}")), "{text}");
        assert!(!text.contains("sealed") && !text.contains(&STANDARD.encode("sealed")), "{text}");
    }
}

#[tokio::test]
async fn throttling_pauses_all_keys() {
    let (address, requests) = serve(vec![error("ThrottlingException", 400)]);
    let kms = kms(address, None);
    kms.decrypt(&request()).await.expect_err("throttled");
    requests.recv().expect("a request");
    let other = KeyRequest { ciphertext: b"other".to_vec(), ..request() };
    let Err(KeyError::Unavailable(text)) = kms.decrypt(&other).await else { panic!("must pause") };
    assert!(text.starts_with("kms in eu-west-1 throttles this account; asked again in 0."), "{text}");
    assert!(requests.try_recv().is_err(), "nothing was asked");
}

#[tokio::test]
async fn an_answer_that_is_not_from_kms_refuses_nothing() {
    for (status, body) in [(403, "<html>proxy</html>"), (200, "{}"), (200, "not JSON")] {
        let (address, _requests) = serve(vec![(status, "", body.to_owned())]);
        let error = kms(address, None).decrypt(&request()).await.expect_err("no key");
        assert!(matches!(error, KeyError::Unavailable(_)), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn an_unreachable_endpoint_is_unavailable() {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let Err(KeyError::Unavailable(text)) = kms(address, None).decrypt(&request()).await else { panic!("nobody there") };
    assert!(text.to_lowercase().contains("connection refused"), "{text}");
}

#[tokio::test]
async fn missing_credentials_are_named() {
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    assert!(matches!(Kms::with_sdk_config(&config, KmsSettings::default()), Err(ConnectError::NoRegion)));
    let error = connect::check_credentials(&config).await.expect_err("none").to_string();
    assert!(error.starts_with("no AWS credentials found"), "{error}");
}

#[test]
fn the_budget_covers_all_attempts_and_stays_below_the_limit_of_those_who_wait() {
    assert_eq!(BUDGET, Duration::from_millis(9750));
}

#[test]
fn scope_and_debug_tell_providers_apart_without_secrets() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let (one, other) = (kms(address, None), kms(address, Some("alias/stream")));
    assert_eq!(one.scope(), "kms eu-west-1 http://127.0.0.1:1 any key");
    assert_eq!(other.scope(), "kms eu-west-1 http://127.0.0.1:1 alias/stream");
    assert_eq!(format!("{other:?}"), r#"Kms { region: "eu-west-1", key_id: Some("alias/stream"), .. }"#);
}

/// At the most talkative level, the SDK's own lines included.
#[cfg(feature = "cli")]
#[tokio::test]
async fn no_log_line_shows_a_key() {
    use crate::keys::{Cache, CacheSettings};

    const KEY: &[u8; 32] = b"this-is-the-plaintext-data-key-1";
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let body = format!(r#"{{"Plaintext":"{}"}}"#, STANDARD.encode(KEY));
    let (address, _requests) = serve(vec![(200, "", body), error("AccessDeniedException", 400)]);
    let cache = Cache::new(kms(address, None), CacheSettings::default());
    cache.decrypt(request()).await.expect("a key");
    let denied = KeyRequest { ciphertext: b"denied".to_vec(), ..request() };
    cache.decrypt(denied).await.expect_err("no key");
    tracing::info!(?cache, "done");
    drop(cache);

    let log = String::from_utf8_lossy(&log.0.lock().expect("unpoisoned")).into_owned();
    assert!(log.contains("data key decrypted") && log.contains("says AccessDeniedException"), "{log}");
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    for leak in [STANDARD.encode(KEY), hex, format!("{KEY:?}"), String::from_utf8_lossy(KEY).into_owned()] {
        assert!(!log.contains(&leak), "{leak} in the log");
    }
}

/// A log in memory.
#[cfg(feature = "cli")]
#[derive(Clone, Default)]
struct Log(std::sync::Arc<Mutex<Vec<u8>>>);

#[cfg(feature = "cli")]
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
