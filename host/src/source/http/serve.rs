//! Listening: plain or with TLS, bounded in connections and in patience, and a graceful end.

use std::future::{Ready, ready};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::sync::Semaphore;

use super::access::{Key, ask_for_token};
use super::memory::Memory;
use super::settings::{Settings, Tls};
use super::{Shared, decode, firehose, relay};
use crate::metrics;
use crate::runner::Intake;
use crate::source::{Source, SourceError};

/// Connections beside those whose requests are served: senders that keep theirs open, scrapers.
const SPARE_CONNECTIONS: usize = 256;

/// The longest that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The source, listening but not yet serving.
pub(super) struct Server {
    settings: Settings,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    token: Option<Arc<Key>>,
    access_key: Option<Arc<Key>>,
}

impl Server {
    /// Reads secrets and certificate, and takes the address.
    ///
    /// # Errors
    /// What cannot be read, or that the address is taken.
    pub(super) async fn open(settings: Settings, name: &str) -> Result<Self, String> {
        let key = |name: &str, place: &Option<_>| match place {
            None => Ok(None),
            Some(place) => {
                Key::read(place).map(|key| Some(Arc::new(key))).map_err(|problem| format!("{name}: {problem}"))
            }
        };
        let token = key("token", &settings.token)?;
        let access_key = key("access-key", &settings.access_key)?.or_else(|| token.clone());
        let tls = match &settings.tls {
            None => None,
            Some(tls) => Some(load(tls).await?),
        };
        let address = settings.listen;
        let cannot = |error: io::Error| format!("listen: cannot listen on {address}: {error}");
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        tracing::info!(source = name, %address, tls = tls.is_some(), token = token.is_some(), "listening for requests");
        Ok(Server { settings, listener, tls, token, access_key })
    }
}

/// Reads certificate and key.
async fn load(tls: &Tls) -> Result<RustlsConfig, String> {
    let read = |name: &str, path: &std::path::Path| {
        std::fs::read(path).map_err(|error| format!("tls.{name}: cannot read {}: {error}", path.display()))
    };
    let (certificate, key) = (read("certificate", &tls.certificate)?, read("key", &tls.key)?);
    let config = RustlsConfig::from_pem(certificate, key).await.map_err(|error| {
        let (certificate, key) = (tls.certificate.display(), tls.key.display());
        format!("tls: expected a certificate in {certificate} and its private key in {key}, both PEM: {error}")
    })?;
    // What is served is HTTP/1.1, see below.
    let mut inner = (*config.get_inner()).clone();
    inner.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.reload_from_config(Arc::new(inner));
    Ok(config)
}

#[async_trait]
impl Source for Server {
    async fn run(self: Box<Self>, intake: Intake) -> Result<(), SourceError> {
        let Server { settings, listener, tls, token, access_key } = *self;
        let routes = routes(Shared {
            intake: intake.clone(),
            token,
            access_key,
            requests: Arc::new(Semaphore::new(settings.requests)),
            memory: Memory::new(settings.memory.0),
            settings: Arc::new(settings.clone()),
        });
        let handle = Handle::new();
        let few = Few { handle: handle.clone(), most: settings.requests + SPARE_CONNECTIONS };
        let failed = |error: io::Error| SourceError(format!("cannot serve requests: {error}"));
        let server = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
        let headers = settings.receive_timeout.0 / 3;
        let stopping = async {
            intake.stopped().await;
            // No further connections; requests under way are answered, however long the run lets them.
            handle.graceful_shutdown(None);
            std::future::pending::<()>().await;
        };
        let routes = routes.into_make_service();
        let serving = async {
            match tls {
                None => with_limits(server.acceptor(few), headers).serve(routes).await,
                Some(config) => {
                    let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE).acceptor(few);
                    with_limits(server.acceptor(acceptor), headers).serve(routes).await
                }
            }
        };
        tokio::select! {
            served = serving => served.map_err(failed),
            () = stopping => Ok(()),
        }
    }
}

/// HTTP/1.1 only: senders of logs use no other, and its headers can be waited for with a limit.
fn with_limits<A>(server: axum_server::Server<SocketAddr, A>, headers: Duration) -> axum_server::Server<SocketAddr, A> {
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(headers);
    server
}

fn routes(shared: Shared) -> Router {
    let metrics = Arc::clone(shared.intake.metrics());
    let asked = Router::new()
        .route("/decode", post(decode::decode))
        .route("/relay", post(relay::relay))
        .merge(metrics::counters(metrics))
        .layer(from_fn_with_state(shared.clone(), ask_for_token));
    let firehose = Router::new().route("/firehose", post(firehose::firehose));
    asked.merge(firehose).with_state(shared).merge(metrics::health())
}

/// Turns connections away that are too many: each takes memory.
#[derive(Clone)]
struct Few {
    handle: Handle<SocketAddr>,
    most: usize,
}

impl<I, S> Accept<I, S> for Few {
    type Stream = I;
    type Service = S;
    type Future = Ready<io::Result<(I, S)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        ready(match self.handle.connection_count() <= self.most {
            true => Ok((stream, service)),
            false => Err(io::Error::other("too many connections")),
        })
    }
}
