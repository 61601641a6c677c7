//! `/metrics` for Prometheus and `/healthz` for whoever restarts programs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Metrics;

/// The text format that Prometheus asks for: https://github.com/prometheus/OpenMetrics
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until the program ends. Returns the address, whose port may have been left to the system.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn serve(metrics: Arc<Metrics>, address: SocketAddr) -> io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, routes(metrics));
    tokio::spawn(async move { server.await });
    tracing::info!(%address, "metrics are served");
    Ok(address)
}

fn routes(metrics: Arc<Metrics>) -> Router {
    counters(metrics).merge(health())
}

/// `/metrics`, for servers that have more.
pub(crate) fn counters<S: Clone + Send + Sync + 'static>(metrics: Arc<Metrics>) -> Router<S> {
    Router::new().route("/metrics", get(text)).with_state(metrics)
}

/// `/healthz`, for servers that have more.
pub(crate) fn health() -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" }))
}

async fn text(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
