//! HTTP, bounded: one request, one response, or an error that says whether the request may have arrived.

use crate::cluster;
use crate::error::CallError;
use crate::guard::{AllowedHosts, Resolver};
use crate::limits::{CLUSTERS_MAX, CONNECT_LIMIT, IDLE_LIMIT, KEEPALIVE};
use baton_integrations::{Response, limits};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

type Pool = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Sends requests over connections that it keeps for the next. Made at first use: reading the system's certificates takes
/// a while, and many an execution calls nobody.
#[derive(Debug, Default)]
pub struct HttpClient {
    pool: OnceLock<Pool>,
    guard: Option<Arc<AllowedHosts>>,
    /// Those to clusters, by their certificate authorities.
    clusters: Mutex<BTreeMap<String, Pool>>,
}

impl HttpClient {
    /// A client that calls no private address, but for those of the hosts that are allowed.
    #[must_use]
    pub fn guarded(allowed: AllowedHosts) -> Self {
        HttpClient { guard: Some(Arc::new(allowed)), ..HttpClient::default() }
    }

    /// Posts a JSON body to an address.
    ///
    /// # Errors
    ///
    /// [`CallError`] if there is no response. One of any status is a response.
    pub async fn post_json(
        &self,
        address: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        time_limit: Duration,
    ) -> Result<Response, CallError> {
        let mut request = http::Request::post(address).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body));
        self.send(request.map_err(|error| CallError::Malformed(error.into()))?, time_limit).await
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn send(
        &self,
        request: http::Request<Full<Bytes>>,
        time_limit: Duration,
    ) -> Result<Response, CallError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let resolver = Resolver::new(self.guard.clone());
        if let Err(forbidden) = resolver.check(request.uri()) {
            return Err(CallError::Unconnected { host, source: forbidden.into() });
        }
        let pool = self.pool(&host, resolver)?;
        within(time_limit, exchange(pool, request, host)).await
    }

    /// The same to a cluster, which is trusted by this certificate authority.
    pub(crate) async fn send_to_cluster(
        &self,
        request: http::Request<Full<Bytes>>,
        authority: &str,
        time_limit: Duration,
    ) -> Result<Response, CallError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let pool = self.cluster_pool(authority)?;
        within(time_limit, exchange(&pool, request, host)).await
    }

    fn cluster_pool(&self, authority: &str) -> Result<Pool, CallError> {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = clusters.get(authority) {
            return Ok(pool.clone());
        }
        let builder = HttpsConnectorBuilder::new().with_tls_config(cluster::trust(authority)?);
        let pool = new_pool(builder, Resolver::new(None));
        if clusters.len() >= CLUSTERS_MAX {
            clusters.pop_first();
        }
        clusters.insert(authority.to_owned(), pool.clone());
        Ok(pool)
    }

    fn pool(&self, host: &str, resolver: Resolver) -> Result<&Pool, CallError> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let unconnected = |error: std::io::Error| CallError::Unconnected {
            host: host.to_owned(),
            source: error.into(),
        };
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider());
        let made = new_pool(tls.map_err(unconnected)?, resolver);
        Ok(self.pool.get_or_init(|| made))
    }
}

async fn within(
    limit: Duration,
    answer: impl Future<Output = Result<Response, CallError>>,
) -> Result<Response, CallError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(CallError::TimedOut(limit)),
    }
}

/// Sends a request and reads the whole response.
async fn exchange(
    pool: &Pool,
    request: http::Request<Full<Bytes>>,
    host: String,
) -> Result<Response, CallError> {
    let response = match pool.request(request).await {
        Ok(response) => response,
        Err(error) if error.is_connect() => {
            return Err(CallError::Unconnected { host, source: error.into() });
        }
        Err(error) => return Err(CallError::Broken { host, source: error.into() }),
    };
    let (head, body) = response.into_parts();
    let bytes_max = limits::RESPONSE_BYTES_MAX;
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(CallError::TooLarge(bytes_max));
    }
    let body = match Limited::new(body, bytes_max).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(CallError::TooLarge(bytes_max));
        }
        Err(source) => return Err(CallError::Broken { host, source }),
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Ok(Response { status: head.status.as_u16(), headers: headers.collect(), body: body.into() })
}

fn new_pool(tls: HttpsConnectorBuilder<WantsSchemes>, resolver: Resolver) -> Pool {
    let mut connector = HttpConnector::new_with_resolver(resolver);
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_nodelay(true);
    let connector = tls.https_or_http().enable_http1().wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_LIMIT)
        .pool_timer(TokioTimer::new())
        .build(connector)
}
