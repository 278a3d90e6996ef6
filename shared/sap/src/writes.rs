//! What is written to SAP: business partners, and nothing else.
//!
//! Like a write to Coupa, one to SAP is done, failed or of unknown outcome. Nothing is sent again by itself unless SAP says
//! that the request has not run.

use crate::{
    Client, Error, ODataVersion,
    entities::BusinessPartner,
    exchange::MAX_LOST,
    query::{encode, quote},
    reply::{Fault, judge, strip_mark},
    rows::{decode, members, plain_text},
};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::{Map, Value, json, value::RawValue};
use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};
use wire::{Limits, Response, TransportError};

/// What a write needs to know about the attempt it is made for.
#[derive(Clone, Copy)]
pub struct WriteCall<'a> {
    /// Whether enough of the lease is left. Asked with no await between the answer and handing the request to the
    /// transport; `false` ends the call with [`Error::TooLate`], nothing sent.
    pub may_send: &'a (dyn Fn() -> bool + Send + Sync),
    /// Receives `{"to", "method", "path", "body"}` of what went out, with what was answered, as
    /// [`wire::note_reply`] has it.
    pub sent: &'a Mutex<Vec<Value>>,
    /// How long the write may take: no longer than the lease has room for.
    pub timeout: Duration,
}

/// The state of an entity, as SAP's header named it. Opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(HeaderValue);

/// A business partner whole, and the state it was read in. No state where this SAP has none (before FP 2102).
#[derive(Clone, Debug, PartialEq)]
pub struct WholePartner {
    /// The partner.
    pub partner: BusinessPartner,
    /// Its state.
    pub etag: Option<ETag>,
}

/// A write whose reply came.
pub(crate) struct Written {
    pub(crate) body: Bytes,
    location: Option<String>,
}

impl Client {
    /// One business partner, read whole: with `$select` SAP's state is not to be trusted. `None` where SAP has none of
    /// that code.
    pub async fn whole_partner(&self, code: &str) -> Result<Option<WholePartner>, Error> {
        let target = partner_target(code);
        let mut ask = self.ask(target, 1);
        ask.max_body_bytes = ask.max_body_bytes.saturating_mul(4);
        let (extra, reply) = (&self.settings.extra_supplier_members, self.read_reply(&ask));
        let (partner, etag) = match reply.await {
            Ok(reply) => reply,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = std::str::from_utf8(strip_mark(&partner))
            .map_err(|_| Error::BadReply("it is no UTF-8".to_owned()))?;
        let raw: &RawValue =
            serde_json::from_str(text).map_err(|error| Error::BadReply(error.to_string()))?;
        let mut partner: BusinessPartner =
            decode(raw).map_err(|unreadable| Error::BadReply(unreadable.to_string()))?;
        let members = members(raw);
        let value = |name: &String| members.get(name.as_str()).and_then(|value| plain_text(value));
        partner.extra = extra.iter().map(|name| (name.clone(), value(name).unwrap_or_default())).collect();
        Ok(Some(WholePartner { partner, etag: etag.map(ETag) }))
    }

    /// Changes the members that `body` names, if the partner still is as it was read. Rows of its collections that `body`
    /// doesn't name stay as they are. [`Error::Changed`] if somebody was quicker.
    pub async fn patch_partner(
        &self,
        call: &WriteCall<'_>,
        code: &str,
        body: &Map<String, Value>,
        etag: Option<&ETag>,
    ) -> Result<(), Error> {
        self.write(call, Method::PATCH, partner_target(code), body, etag).await.map(|_| ())
    }

    /// Creates a business partner; answers its code. SAP's reply may name a partner that is only a draft: read it to know.
    pub async fn create_partner(
        &self,
        call: &WriteCall<'_>,
        body: &Map<String, Value>,
    ) -> Result<String, Error> {
        let written = self.write(call, Method::POST, "BusinessPartners".to_owned(), body, None).await?;
        let from_body = serde_json::from_slice::<Value>(strip_mark(&written.body)).ok();
        let code = from_body.as_ref().and_then(|body| body.get("CardCode")).and_then(Value::as_str);
        let code = code.filter(|code| !code.is_empty()).map(str::to_owned);
        code.or_else(|| written.location.as_deref().and_then(code_in)).ok_or_else(|| {
            let reason = "the reply names no CardCode".to_owned();
            Error::OutcomeUnknown { request: "POST BusinessPartners".to_owned(), reason }
        })
    }

    /// Once, and once more each if the session was lost or the company could not be switched: then SAP has not run it.
    pub(crate) async fn write(
        &self,
        call: &WriteCall<'_>,
        method: Method,
        target: String,
        body: &Map<String, Value>,
        etag: Option<&ETag>,
    ) -> Result<Written, Error> {
        let bytes = serde_json::to_vec(body).map_err(|error| Error::BadReply(error.to_string()))?;
        let (mut lost, mut switched, mut noted) = (0, false, None);
        loop {
            let request = self.write_request(&method, &target, &bytes, etag)?;
            let fault = match self.write_once(call, request, &mut noted, body).await {
                Ok(written) => return Ok(written),
                Err(fault) => fault,
            };
            match fault {
                Fault::SessionLost(_) if lost < MAX_LOST => lost += 1,
                Fault::Switch(_) if !switched => {
                    switched = true;
                    self.pause(1).await;
                }
                Fault::Passing(error) => {
                    let request = format!("{method} {target}");
                    return Err(Error::OutcomeUnknown { request, reason: error.to_string() });
                }
                fault => return Err(fault.into_error()),
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write_request(
        &self,
        method: &Method,
        target: &str,
        body: &[u8],
        etag: Option<&ETag>,
    ) -> Result<http::Request<Bytes>, Error> {
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(self.root.url(target))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(ETag(etag)) = etag {
            request = request.header(header::IF_MATCH, etag.clone());
        }
        request
            .body(Bytes::copy_from_slice(body))
            .map_err(|_| Error::BadReply(format!("`{target}` can't be written to")))
    }

    async fn write_once(
        &self,
        call: &WriteCall<'_>,
        mut request: http::Request<Bytes>,
        noted: &mut Option<usize>,
        body: &Map<String, Value>,
    ) -> Result<Written, Fault> {
        let _slot = self.throttle.slot().await.map_err(Fault::Final)?;
        let session = self.current_session().await.map_err(|fault| match fault {
            // Nothing has been sent yet.
            Fault::Passing(error) => Fault::Final(error),
            fault => fault,
        })?;
        request.headers_mut().insert(header::COOKIE, session.cookie.clone());
        let timeout = call.timeout.min(self.settings.request_timeout);
        let limits = Limits { timeout, max_body_bytes: self.settings.max_body_bytes };
        let began = self.clock.now();
        session.used(began);
        let note = json!({
            "to": "SAP", "method": request.method().as_str(),
            "path": format!("/{}", request.uri().path().trim_start_matches('/')), "body": body,
        });
        if !(call.may_send)() {
            return Err(Fault::Final(Error::TooLate));
        }
        let place = *noted.get_or_insert_with(|| {
            let mut sent = call.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(note);
            sent.len() - 1
        });
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let result = self.transport.send(request, limits).await;
        wire::note_reply(call.sent, place, &result);
        let now = self.clock.now();
        if result.is_ok() {
            self.answered(now);
        }
        match &result {
            Ok(reply) if reply.status().is_server_error() => self.throttle.failed(now),
            Err(TransportError::NoReply(_)) => self.throttle.failed(now),
            Ok(_) => self.throttle.replied(now.duration_since(began), now),
            Err(_) => {}
        }
        let judged = judge_write(result);
        if let Err(Fault::SessionLost(text)) = &judged {
            tracing::debug!("SAP ended the session: {text}");
            self.sessions.lost(&session);
        }
        judged
    }
}

/// What a write's reply means. Only what SAP surely did not run may be called anything but passing.
fn judge_write(result: Result<Response, TransportError>) -> Result<Written, Fault> {
    let reply = match result {
        Ok(reply) => reply,
        Err(TransportError::NotSent(text)) => return Err(Fault::Final(Error::Unreachable(text))),
        Err(error) => return Err(Fault::Passing(Error::Unreachable(error.to_string()))),
    };
    let location = reply.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.map(str::to_owned);
    match judge(reply) {
        Ok(body) => Ok(Written { body, location }),
        Err(Fault::Final(Error::Refused { status: 412, text, .. })) => {
            Err(Fault::Final(Error::Changed(text)))
        }
        Err(fault) => Err(fault),
    }
}

fn partner_target(code: &str) -> String {
    format!("BusinessPartners({})", encode(&quote(code)).replace("%27", "'"))
}

/// The code in `/b1s/v2/BusinessPartners('V10000')`.
fn code_in(location: &str) -> Option<String> {
    let known = [ODataVersion::V1, ODataVersion::V2].iter().any(|version| location.contains(version.path()));
    let key = location.rsplit_once("BusinessPartners('").filter(|_| known)?.1.strip_suffix("')")?;
    (!key.is_empty()).then(|| key.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_quoted_and_read_back() {
        assert_eq!(partner_target("A#B/C'd"), "BusinessPartners('A%23B%2FC''d')");
        assert_eq!(code_in("/b1s/v2/BusinessPartners('V''1')").as_deref(), Some("V'1"));
        assert_eq!(code_in("/b1s/v2/Drafts(7)"), None);
    }

    #[test]
    fn only_what_surely_did_not_run_is_certain() {
        let lost = judge_write(Err(TransportError::NoReply("reset".to_owned())));
        assert!(matches!(lost, Err(Fault::Passing(_))));
        let unsent = judge_write(Err(TransportError::NotSent("refused".to_owned())));
        assert!(matches!(unsent, Err(Fault::Final(Error::Unreachable(_)))));
        let reply = |status: u16| {
            let body = Bytes::from_static(br#"{"error":{"code":"-2039","message":"modified"}}"#);
            judge_write(Ok(http::Response::builder().status(status).body(body).unwrap()))
        };
        assert!(matches!(reply(412), Err(Fault::Final(Error::Changed(_)))));
        assert!(matches!(reply(502), Err(Fault::Passing(_))));
    }
}
