//! Faults that a test plans: which request they meet, how often, and what goes wrong.

use super::journal::Exchange;
use super::problem::{Problem, reply};
use super::state::{Late, State};
use crate::serve::{Delivery, Reply};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// 429, with Retry-After where given in seconds.
    TooManyRequests {
        /// The header's value.
        retry_after_seconds: Option<u32>,
    },
    /// This status, and nothing happened.
    FailBefore(u16),
    /// This status, although the request took effect.
    FailAfter(u16),
    /// The request takes effect and the connection breaks before the reply.
    LoseReply,
    /// The connection breaks and nothing happened.
    DropBefore,
    /// The reply comes late.
    Delay(Duration),
    /// The body ends after so many bytes although its length was announced.
    Truncate(usize),
    /// The request takes effect; the reply says it in JSON that breaks off.
    MalformedJson,
    /// A gateway's HTML page with this status; nothing happened.
    Html(u16),
    /// All tokens become worthless, so this request and all after it get 401 until a new one.
    RevokeTokens,
    /// 400 with this message on this object.
    Refuse {
        /// The key under `errors`.
        object: String,
        /// The message.
        message: String,
    },
    /// The sender gets no reply and the connection breaks after `hang`, while the request takes effect once
    /// `applied_after` has passed.
    LateArrival {
        /// When it takes effect.
        applied_after: Duration,
        /// How long the sender is kept waiting.
        hang: Duration,
    },
}

/// A planned fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only requests of this method.
    pub method: Option<Method>,
    /// Only paths that start so.
    pub path_prefix: String,
    /// Only paths that end so.
    pub path_suffix: String,
    /// Only requests whose body or query holds this text.
    pub containing: String,
    /// Matching requests to leave alone first.
    pub skip: u64,
    /// Matching requests to hit.
    pub times: u64,
    /// What goes wrong.
    pub effect: Effect,
}

impl Fault {
    /// A fault on the next request whatever it is.
    pub fn next(effect: Effect) -> Self {
        Self {
            method: None,
            path_prefix: String::new(),
            path_suffix: String::new(),
            containing: String::new(),
            skip: 0,
            times: 1,
            effect,
        }
    }

    /// A fault on the next request of this method to this path.
    pub fn on(method: Method, path_prefix: &str, effect: Effect) -> Self {
        Self { method: Some(method), path_prefix: path_prefix.to_owned(), ..Self::next(effect) }
    }

    /// The same, for paths that end so, such as `/submit`.
    #[must_use]
    pub fn ending(self, path_suffix: &str) -> Self {
        Self { path_suffix: path_suffix.to_owned(), ..self }
    }

    /// The same, for requests whose body or query holds this text.
    #[must_use]
    pub fn containing(self, text: &str) -> Self {
        Self { containing: text.to_owned(), ..self }
    }

    /// The same, after `skip` matching requests went well.
    #[must_use]
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// The same, so many times.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    fn matches(&self, request: &Request<Bytes>) -> bool {
        let path = request.uri().path();
        let holds = |text: &[u8]| {
            self.containing.is_empty()
                || text.windows(self.containing.len()).any(|at| at == self.containing.as_bytes())
        };
        self.method.as_ref().is_none_or(|method| method == request.method())
            && path.starts_with(&self.path_prefix)
            && path.ends_with(&self.path_suffix)
            && (holds(request.body()) || holds(request.uri().query().unwrap_or_default().as_bytes()))
    }
}

impl State {
    /// Takes the fault that this request meets, if one is planned.
    pub(crate) fn next_fault(&mut self, request: &Request<Bytes>) -> Option<Effect> {
        let at = self.faults.iter().position(|fault| fault.times > 0 && fault.matches(request))?;
        let fault = self.faults.get_mut(at)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        let effect = fault.effect.clone();
        if fault.times == 0 {
            self.faults.remove(at);
        }
        Some(effect)
    }

    /// Answers a request that meets a fault. Bool: whether it was processed and logged by the usual way.
    pub(crate) fn answer_faulty(&mut self, request: Request<Bytes>, effect: Effect) -> Reply {
        match effect {
            Effect::FailAfter(status) => {
                let mut answer = self.answer(&request);
                answer.response = failure(status);
                answer
            }
            Effect::LoseReply => Reply { then: Delivery::DropConnection, ..self.answer(&request) },
            Effect::Delay(pause) => {
                let answer = self.answer(&request);
                Reply { delay: answer.delay + pause, ..answer }
            }
            Effect::Truncate(bytes) => Reply { then: Delivery::Truncate(bytes), ..self.answer(&request) },
            Effect::MalformedJson => {
                let mut answer = self.answer(&request);
                let body = answer.response.body();
                let kept = body.slice(..body.len() / 2);
                *answer.response.body_mut() =
                    if kept.is_empty() { Bytes::from_static(b"{\"id\":") } else { kept };
                answer
            }
            Effect::RevokeTokens => {
                self.tokens.revoke_all();
                self.answer(&request)
            }
            Effect::LateArrival { applied_after, hang } => {
                self.note(&request, 0);
                let due = self.now.checked_add(applied_after).unwrap_or(self.now);
                self.late.push(Late { due, request });
                Reply { response: Response::default(), delay: hang, then: Delivery::DropConnection }
            }
            Effect::DropBefore => {
                self.note(&request, 0);
                Reply { response: Response::default(), delay: Duration::ZERO, then: Delivery::DropConnection }
            }
            Effect::TooManyRequests { .. }
            | Effect::FailBefore(_)
            | Effect::Html(_)
            | Effect::Refuse { .. } => {
                let response = self.refusal(effect);
                self.note(&request, response.status().as_u16());
                Reply { response, delay: Duration::ZERO, then: Delivery::Deliver }
            }
        }
    }

    fn refusal(&self, effect: Effect) -> Response<Bytes> {
        match effect {
            Effect::TooManyRequests { retry_after_seconds } => too_many(retry_after_seconds),
            Effect::Refuse { object, message } => {
                Problem::refused(&object, message).reply(self.settings.error_shape, false)
            }
            Effect::Html(status) => {
                reply(status_of(status), "text/html", Bytes::from_static(HTML.as_bytes()))
            }
            Effect::FailBefore(status) => failure(status),
            _ => Response::default(),
        }
    }

    /// Writes a request into the log.
    pub(crate) fn note(&mut self, request: &Request<Bytes>, status: u16) {
        let kept = [
            ("accept", header::ACCEPT.as_str()),
            ("content-type", header::CONTENT_TYPE.as_str()),
            ("x-coupa-api-version", "x-coupa-api-version"),
        ];
        let limit = self.settings.request_log_limit;
        let headers = kept
            .iter()
            .filter_map(|(name, header)| {
                Some((*name, request.headers().get(*header)?.to_str().ok()?.to_owned()))
            })
            .collect();
        let target = request.uri().path_and_query().map_or("", http::uri::PathAndQuery::as_str);
        // A token request carries the client's secret.
        let body = if target.starts_with("/oauth2/") { Bytes::new() } else { request.body().clone() };
        let exchange = Exchange {
            at: self.now,
            method: request.method().clone(),
            target: target.to_owned(),
            body,
            status,
            headers,
        };
        self.journal.exchange(exchange, limit);
    }
}

const HTML: &str = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>";

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn failure(status: u16) -> Response<Bytes> {
    let text = Bytes::from_static(br#"{"error":"Something went wrong"}"#);
    reply(status_of(status), "application/json; charset=utf-8", text)
}

/// A 429.
pub(crate) fn too_many(retry_after_seconds: Option<u32>) -> Response<Bytes> {
    let mut response = Problem::of(StatusCode::TOO_MANY_REQUESTS, "request", "Too many requests")
        .reply(super::ErrorShape::Object, false);
    if let Some(value) = retry_after_seconds.map(HeaderValue::from) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
