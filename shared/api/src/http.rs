//! The API over HTTP/1.1, for whoever listens on a port.
//!
//! [`router`] answers the AWS protocol at `POST /`; a console can be merged into it. [`serve`] runs a router on a listener
//! until it is told to stop.
//!
//! # Invariants
//!
//! * A client that is slow, silent or gone costs one connection for a bounded time, and never another client's request.
//! * A request that was read is carried out to its end, whether or not its client still waits; but for one that itself
//!   only waits, for a task.
//! * A panic ends the request that caused it, with AWS's answer for an internal error.

use crate::{Answer, Api, ApiError, limits};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use baton_driver::Tasks;
use baton_store::Backend;
use futures_util::{FutureExt, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

/// How long a connection may be idle, or take for a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a request's body may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may take to read on from an answer.
pub(crate) const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long requests under way may take once the server is told to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(20);
/// Connections at a time; more wait to be accepted. A thousand workers may poll each activity (QUO-22).
const CONNECTIONS_MAX: usize = 4_096;
/// The bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// A body that is too large is read this far before it is refused, so that its client reads the refusal.
const DISCARDED_BYTES_MAX: usize = 8 * limits::REQUEST_BYTES_MAX;
/// How long to wait where a connection cannot be accepted: for file handles, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The routes of the API: `POST /`, and AWS's answer for everything else.
pub fn router<B: Backend, T: Tasks>(api: Arc<Api<B, T>>) -> Router {
    Router::new()
        .route("/", post(answer::<B, T>))
        .method_not_allowed_fallback(elsewhere::<B, T>)
        .fallback(elsewhere::<B, T>)
        .with_state(api)
}

/// Serves a router until `shutdown` is done; then finishes the requests under way.
///
/// # Errors
///
/// The listener is not usable.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, permit) = accept(&listener, &connections) => {
                spawn_connection(stream, permit, router.clone(), &graceful);
            }
        }
    }
    drop(listener);
    if timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the server stopped");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = connections.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a pause of the server, not of an execution"
                )]
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn spawn_connection(
    stream: TcpStream,
    permit: Option<OwnedSemaphorePermit>,
    router: Router,
    graceful: &GracefulShutdown,
) {
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME_MAX));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
        drop(permit);
    });
}

/// A request of the AWS protocol.
async fn answer<B: Backend, T: Tasks>(
    State(api): State<Arc<Api<B, T>>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let header = |name: &str| text(&head.headers, name).map(str::to_owned);
    let (target, trace_header) = (header("x-amz-target"), header("x-amzn-trace-id"));
    let authorization = header("authorization");
    let body = match timeout(BODY_TIME_MAX, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return respond(api.refuse(&error)),
        Err(_) => {
            let error = ApiError::serialization("The request's body did not arrive in time.");
            return closing(respond(api.refuse(&error)));
        }
    };
    let target = target.unwrap_or_default();
    if Api::<B, T>::is_wait(&target) {
        // A poll ends with its client: nobody would do the task that it is given.
        let (trace, signature) = (trace_header.as_deref(), authorization.as_deref());
        let work = api.handle_signed(&target, &body, trace, signature);
        return match AssertUnwindSafe(work).catch_unwind().await {
            Ok(answer) => respond(answer),
            Err(_) => respond(api.refuse(&ApiError::crashed())),
        };
    }
    // A task of its own goes on when the client does not.
    let work = tokio::spawn({
        let api = api.clone();
        async move {
            let (trace, signature) = (trace_header.as_deref(), authorization.as_deref());
            api.handle_signed(&target, &body, trace, signature).await
        }
    });
    respond(work.await.unwrap_or_else(|error| api.refuse(&ApiError::internal(&error))))
}

/// A request that is none of the AWS protocol.
async fn elsewhere<B: Backend, T: Tasks>(
    State(api): State<Arc<Api<B, T>>>,
    request: Request,
) -> Response {
    let path = format!("{} {}", request.method(), request.uri().path());
    let answer = api.refuse(&ApiError::unknown_operation(&path));
    respond(Answer { status: StatusCode::NOT_FOUND.as_u16(), ..answer })
}

async fn read(body: Body) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::serialization("The request's body broke off."))?;
        length = length.saturating_add(chunk.len());
        if length <= limits::REQUEST_BYTES_MAX {
            bytes.extend_from_slice(&chunk);
        } else if length > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if length > limits::REQUEST_BYTES_MAX {
        return Err(ApiError::request_too_large(limits::REQUEST_BYTES_MAX));
    }
    Ok(bytes.into())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let [id, content_type] = answer.headers().map(|(name, value)| (name, value.to_owned()));
    (status, [id, content_type], answer.body).into_response()
}

/// The connection's state is unknown: it ends with this answer.
fn closing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(axum::http::header::CONNECTION, axum::http::HeaderValue::from_static("close"));
    response
}
