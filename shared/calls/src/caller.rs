//! Sends integration requests to the services.

use crate::cluster;
use crate::credentials::CredentialsProvider;
use crate::endpoint::Endpoints;
use crate::error::CallError;
use crate::http::HttpClient;
use crate::patience::{Attempted, Patience};
use crate::signature::{malformed, sign_request};
use crate::trace::without_lineage;
use baton_engine::Failure;
use baton_integrations::{Request, Response, Task};
use http_body_util::Full;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Sends requests to services, signed.
#[derive(Debug)]
pub struct Caller<P> {
    client: Arc<HttpClient>,
    endpoints: Endpoints,
    provider: P,
}

/// On what terms one request is sent.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The role that the call is made with.
    pub role_arn: &'a str,
    /// The execution's trace header.
    pub trace_header: Option<&'a str>,
    /// How long the response may take.
    pub time_limit: Duration,
    /// The time, for the signature.
    pub now: SystemTime,
}

impl<P: CredentialsProvider> Caller<P> {
    /// A caller that finds services by `endpoints` and signs with what `provider` finds.
    #[must_use]
    pub fn new(client: Arc<HttpClient>, endpoints: Endpoints, provider: P) -> Self {
        Caller { client, endpoints, provider }
    }

    /// The rules by which it finds services.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Where its credentials come from.
    #[must_use]
    pub fn provider(&self) -> &P {
        &self.provider
    }

    /// Sends a request, once.
    ///
    /// # Errors
    ///
    /// [`CallError`] if there is no response. A service's refusal is a response.
    pub async fn call(&self, request: &Request, terms: &Terms<'_>) -> Result<Response, CallError> {
        let address = self.endpoints.address(&request.destination, &request.path)?;
        let mut builder = http::Request::builder()
            .method(request.method.as_str())
            .uri(address)
            .header("user-agent", concat!("baton/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &request.headers {
            builder = builder.header(name.as_ref(), value);
        }
        if let Some(trace) = terms.trace_header.and_then(without_lineage) {
            builder = builder.header("x-amzn-trace-id", trace);
        }
        let body = Full::from(request.body.clone());
        let mut signed = builder.body(body).map_err(|error| CallError::Malformed(error.into()))?;
        let signing = &request.destination.signing;
        let Some(name) = signing.name.as_deref() else {
            return self.client.send(signed, terms.time_limit).await;
        };
        let credentials = self.provider.credentials(terms.role_arn).await;
        let credentials = credentials.map_err(CallError::Credentials)?;
        let Some(cluster) = &request.destination.cluster else {
            sign_request(&mut signed, request, name, &credentials, terms.now)?;
            return self.client.send(signed, terms.time_limit).await;
        };
        let token = cluster::token(cluster, signing, &credentials, terms.now)?;
        let mut token =
            http::HeaderValue::from_str(&format!("Bearer {token}")).map_err(malformed)?;
        token.set_sensitive(true);
        signed.headers_mut().insert(http::header::AUTHORIZATION, token);
        let authority = &cluster.certificate_authority;
        self.client.send_to_cluster(signed, authority, terms.time_limit).await
    }

    /// Sends a request until it has an answer that stays, within the time of one.
    #[expect(clippy::disallowed_methods, reason = "a call that is under way waits, not a cue")]
    pub async fn call_patiently(
        &self,
        request: &Request,
        terms: &Terms<'_>,
        patience: Patience,
    ) -> Attempted {
        let deadline = Instant::now() + terms.time_limit;
        let mut count = 1_u32;
        loop {
            let time_limit = deadline.saturating_duration_since(Instant::now());
            let answer = self.call(request, &Terms { time_limit, ..*terms }).await;
            let pause = patience.pause(count, &answer);
            match pause.filter(|pause| Instant::now() + *pause < deadline) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Attempted { answer, count },
            }
            count = count.saturating_add(1);
        }
    }
}

/// Asks what a task has to know before its own call is made.
///
/// # Errors
///
/// The task fails.
pub async fn ask_first<F>(task: &mut Task, send: impl Fn(Request) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<Response, CallError>>,
{
    while let Some(question) = task.question() {
        match send(question).await {
            Ok(response) => task.answer(&response)?,
            Err(error) => return Err(error.failure(task)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{Credentials, LocalCredentials};
    use crate::endpoint::Endpoint;
    use baton_integrations::{Method, Service};
    use expect_test::{Expect, expect};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A peer that reads one request, answers with these bytes, closes, and gives what it read.
    async fn peer(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        peers(&[answer]).await
    }

    /// The same for several, one after the other; it gives what it read last.
    async fn peers(answers: &[&'static [u8]]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers = answers.to_vec();
        let peer = tokio::spawn(async move {
            let mut read = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                read.clear();
                while !read.ends_with(b"[1]") {
                    let mut bytes = [0; 1024];
                    let count = stream.read(&mut bytes).await.unwrap();
                    assert!(count > 0);
                    read.extend(&bytes[..count]);
                }
                stream.write_all(answer).await.unwrap();
            }
            String::from_utf8(read).unwrap()
        });
        (address, peer)
    }

    fn caller(address: &str) -> Caller<LocalCredentials> {
        let endpoints =
            Endpoints { common: Some(Endpoint::parse(address).unwrap()), ..Endpoints::default() };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: Some("token".into()),
        };
        Caller::new(Arc::default(), endpoints, LocalCredentials::Given(credentials))
    }

    fn request() -> Request {
        Request {
            destination: Service::Lambda.destination("us-east-1"),
            method: Method::Post,
            path: "/2015-03-31/functions/arn%3Aaws/invocations".into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: b"[1]".to_vec(),
        }
    }

    async fn call(address: &str, time_limit: Duration) -> Result<Response, CallError> {
        let terms = Terms {
            role_arn: "",
            trace_header: Some("Root=1-a-b;Lineage=1:c:0"),
            time_limit,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        };
        caller(address).call(&request(), &terms).await
    }

    const LONG: Duration = Duration::from_secs(60);

    fn check(answer: Result<Response, CallError>, expected: &Expect) {
        expected.assert_eq(&match answer {
            Ok(response) => format!("{} {:?}", response.status, String::from_utf8(response.body)),
            Err(error) => format!(
                "{error}; {}",
                if error.is_certainly_unsent() { "unsent" } else { "perhaps sent" }
            ),
        });
    }

    #[tokio::test]
    async fn a_request_arrives_signed_and_without_lineage() {
        let (address, peer) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        check(call(&address, LONG).await, &expect![[r#"200 Ok("{}")"#]]);
        let sent = peer.await.unwrap().to_lowercase();
        let is_sent = |text: &str| assert!(sent.contains(&text.to_lowercase()), "{text}: {sent}");
        is_sent("POST /2015-03-31/functions/arn%3Aaws/invocations HTTP/1.1");
        is_sent("x-amzn-trace-id: Root=1-a-b\r\n");
        is_sent("x-amz-date: 20231114T221320Z");
        is_sent("x-amz-security-token: token");
        is_sent(
            "Credential=AKIDEXAMPLE/20231114/us-east-1/lambda/aws4_request, SignedHeaders=content-type;host;",
        );
        assert!(!sent.contains("lineage"));
    }

    #[tokio::test]
    async fn an_error_says_whether_the_request_may_have_arrived() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        check(
            call(&format!("http://{free}"), LONG).await,
            &expect!["could not connect to `127.0.0.1`; unsent"],
        );
        let (address, _peer) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await;
        check(
            call(&address, LONG).await,
            &expect![
                "the connection to `127.0.0.1` broke before the response was complete; perhaps sent"
            ],
        );
    }

    #[tokio::test]
    async fn a_throttled_call_is_made_again_until_it_is_answered() {
        let throttle = b"HTTP/1.1 400 Bad\r\nx-amzn-errortype: ThrottlingException\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        let (address, peer) =
            peers(&[throttle, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]).await;
        let terms = Terms {
            role_arn: "",
            trace_header: None,
            time_limit: LONG,
            now: SystemTime::UNIX_EPOCH,
        };
        let patience = Patience::of_sdk(false, 0);
        let made = caller(&address).call_patiently(&request(), &terms, patience).await;
        assert_eq!((made.count, made.answer.unwrap().status), (2, 200));
        peer.await.unwrap();
    }

    #[tokio::test]
    async fn a_redirect_is_a_response_like_any_other() {
        let answer =
            b"HTTP/1.1 307 Go\r\nlocation: http://example.com\r\ncontent-length: 0\r\n\r\n";
        let (address, _peer) = peer(answer).await;
        check(call(&address, LONG).await, &expect![[r#"307 Ok("")"#]]);
    }

    #[tokio::test]
    async fn a_silent_peer_and_an_endless_answer_are_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        check(
            call(&address, Duration::from_millis(20)).await,
            &expect!["no response within 0.02 seconds; perhaps sent"],
        );
        let (address, _peer) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").await;
        check(
            call(&address, LONG).await,
            &expect!["the response has more than 6393856 bytes; perhaps sent"],
        );
    }
}
