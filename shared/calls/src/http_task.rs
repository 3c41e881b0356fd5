//! HTTP Tasks, sent: with a token where the connection wants one, and nowhere they may not go.

use crate::error::CallError;
use crate::guard::AllowedHosts;
use crate::http::HttpClient;
use crate::limits::{HTTP_TASK_LIMIT, TOKEN_MARGIN, TOKEN_TIME, TOKENS_MAX};
use baton_engine::{Failure, Payload};
use baton_integrations::Response;
use baton_integrations::http_task::{
    Authorization, Connection, HttpRequest, HttpTask, OAuth, TokenAnswer, connection_failure,
    unanswered,
};
use bytes::Bytes;
use http_body_util::Full;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Sends HTTP Tasks. Tokens are kept for the next, by connection.
#[derive(Debug)]
pub struct HttpTasks {
    client: HttpClient,
    tokens: Mutex<BTreeMap<String, Token>>,
}

struct Token {
    token: String,
    /// For whom: a connection that was given other credentials needs another token.
    client: OAuth,
    until: SystemTime,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

impl HttpTasks {
    /// Sends tasks to public addresses, and to the hosts that are allowed.
    #[must_use]
    pub fn new(allowed: AllowedHosts) -> Self {
        HttpTasks { client: HttpClient::guarded(allowed), tokens: Mutex::default() }
    }

    /// Sends a task and reads its answer.
    ///
    /// # Errors
    ///
    /// The task fails.
    pub async fn call(
        &self,
        task: &HttpTask,
        connection: &Connection,
        time_limit: Duration,
        now: SystemTime,
    ) -> Result<Payload, Failure> {
        let limit = time_limit.min(HTTP_TASK_LIMIT);
        let sending = self.exchange(task, connection, limit, now);
        match tokio::time::timeout(limit, sending).await {
            Ok(result) => result,
            Err(_) => Err(unanswered(&silence(limit))),
        }
    }

    async fn exchange(
        &self,
        task: &HttpTask,
        connection: &Connection,
        limit: Duration,
        now: SystemTime,
    ) -> Result<Payload, Failure> {
        let token = match &connection.authorization {
            Authorization::OAuth(oauth) => Some(self.token(task, oauth, limit, now).await?),
            Authorization::Basic { .. } | Authorization::ApiKey { .. } => None,
        };
        let request = task.request(connection, token.as_deref());
        let response = self.send(request, limit).await.map_err(|error| failure(&error))?;
        if response.status == 401 {
            // It was taken back before its time; the next attempt fetches another.
            self.lock().remove(task.connection_arn());
        }
        let status = http::StatusCode::from_u16(response.status).ok();
        let text = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        task.result(&response, text)
    }

    async fn token(
        &self,
        task: &HttpTask,
        oauth: &OAuth,
        limit: Duration,
        now: SystemTime,
    ) -> Result<String, Failure> {
        let arn = task.connection_arn();
        if let Some(kept) = self.lock().get(arn)
            && kept.client == *oauth
            && kept.until > now
        {
            return Ok(kept.token.clone());
        }
        let response = self.send(oauth.request(), limit).await.map_err(|error| {
            let cause = format!("The authorization endpoint cannot be reached: {}", error.chain());
            connection_failure("AuthorizationFailed", &cause)
        })?;
        let TokenAnswer { token, secs } = oauth.token(&response)?;
        let good = secs.map_or(TOKEN_TIME, Duration::from_secs).saturating_sub(TOKEN_MARGIN);
        let until = now.checked_add(good).unwrap_or(now);
        self.keep(arn, Token { token: token.clone(), client: oauth.clone(), until });
        Ok(token)
    }

    fn keep(&self, arn: &str, token: Token) {
        let mut tokens = self.lock();
        if tokens.len() >= TOKENS_MAX {
            tokens.pop_first();
        }
        tokens.insert(arn.to_owned(), token);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, request: HttpRequest, limit: Duration) -> Result<Response, CallError> {
        let HttpRequest { method, address, headers, body } = request;
        let mut builder = http::Request::builder().method(method.as_str()).uri(address);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let request = builder.body(Full::<Bytes>::from(body));
        let request = request.map_err(|error| CallError::Malformed(error.into()))?;
        self.client.send(request, limit).await
    }
}

fn failure(error: &CallError) -> Failure {
    match error {
        CallError::TimedOut(limit) => unanswered(&silence(*limit)),
        CallError::TooLarge(_) => Failure::too_large("http"),
        CallError::Malformed(_) => Failure::runtime(&error.chain()),
        CallError::Credentials(_)
        | CallError::Endpoint(_)
        | CallError::NoCluster(_)
        | CallError::Unconnected { .. }
        | CallError::Broken { .. } => unanswered(&error.chain()),
    }
}

fn silence(limit: Duration) -> String {
    format!("The endpoint did not answer within {} seconds.", limit.as_secs())
}

#[cfg(test)]
mod tests;
