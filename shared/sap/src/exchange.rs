//! One read, from a free slot to data: with the session, and again a few times where a failure may pass.

use crate::{
    Client, Error,
    reply::{Fault, judge},
    session::Session,
};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use wire::{Limits, TransportError};

/// A read is repeated so often, where its failure may pass.
const MAX_RETRIES: u32 = 3;
/// And no longer after this, so that a caller isn't held up by slow failures.
const RETRY_FOR: SignedDuration = SignedDuration::from_secs(120);
const FIRST_PAUSE_MS: u64 = 500;
/// Sessions that a read may find ended, where other workers' came before a new one.
pub(crate) const MAX_LOST: u32 = 3;

/// What to read.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Under the service root.
    pub(crate) target: String,
    /// Rows on a page.
    pub(crate) page_size: usize,
    /// Bytes of body at most.
    pub(crate) max_body_bytes: usize,
}

impl Client {
    /// Reads, and makes of the body what `parse` makes of it. A body that it can't read is asked for again: it may have
    /// been cut short.
    pub(crate) async fn read<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&[u8]) -> Result<T, Error> + Send + Sync,
    ) -> Result<T, Error> {
        self.read_parts(ask, |body, _| parse(body)).await
    }

    /// The body as it came, and the state that the header names.
    pub(crate) async fn read_reply(&self, ask: &Ask) -> Result<(Bytes, Option<HeaderValue>), Error> {
        self.read_parts(ask, |body, etag| {
            // Cut short or a proxy's page: asked for again, like any body that can't be read.
            serde_json::from_slice::<serde::de::IgnoredAny>(crate::reply::strip_mark(body))
                .map_err(|error| Error::BadReply(error.to_string()))?;
            Ok((Bytes::copy_from_slice(body), etag.cloned()))
        })
        .await
    }

    async fn read_parts<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&[u8], Option<&HeaderValue>) -> Result<T, Error> + Send + Sync,
    ) -> Result<T, Error> {
        let begun = self.clock.now();
        let (mut retries, mut switched, mut lost) = (0, false, 0);
        loop {
            let mut session = None;
            let fault = match self.once(ask, &mut session).await {
                Ok((body, etag)) => match parse(&body, etag.as_ref()) {
                    Ok(value) => return Ok(value),
                    Err(error @ Error::BadReply(_)) => Fault::Passing(error),
                    Err(error) => Fault::Final(error),
                },
                Err(fault) => fault,
            };
            let late = self.clock.now().duration_since(begun) > RETRY_FOR;
            match fault {
                // Another worker's session that is older than this read says nothing of what a new one is worth.
                Fault::SessionLost(_)
                    if lost == 0
                        || lost < MAX_LOST && session.is_some_and(|session| session.since < begun) =>
                {
                    lost += 1;
                }
                Fault::Switch(_) if !switched => {
                    switched = true;
                    self.pause(1).await;
                }
                Fault::Passing(error) if retries < MAX_RETRIES && !late => {
                    tracing::debug!(%error, retries, "SAP is asked again");
                    self.pause(retries).await;
                    retries += 1;
                }
                fault => return Err(fault.into_error()),
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn once(
        &self,
        ask: &Ask,
        with: &mut Option<Arc<Session>>,
    ) -> Result<(Bytes, Option<HeaderValue>), Fault> {
        let _slot = self.throttle.slot().await.map_err(Fault::Final)?;
        let session = self.current_session().await?;
        *with = Some(Arc::clone(&session));
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(self.root.url(&ask.target))
            .header(header::ACCEPT, "application/json, text/plain;q=0.9, */*;q=0.1")
            .header(header::COOKIE, session.cookie.clone())
            .header("Prefer", format!("odata.maxpagesize={}", ask.page_size))
            .body(Bytes::new())
            .map_err(|_| Fault::Final(Error::BadReply(format!("`{}` can't be asked for", ask.target))))?;
        let limits = Limits { timeout: self.settings.request_timeout, max_body_bytes: ask.max_body_bytes };
        let began = self.clock.now();
        session.used(began);
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let result = self.transport.send(request, limits).await;
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
        let reply = result?;
        let etag = reply.headers().get(header::ETAG).cloned();
        let judged = judge(reply).map(|body| (body, etag));
        if let Err(Fault::SessionLost(text)) = &judged {
            tracing::debug!("SAP ended the session: {text}");
            self.sessions.lost(&session);
        }
        judged
    }

    /// A reply came.
    pub(crate) fn answered(&self, now: Timestamp) {
        self.counters.answered_at.fetch_max(now.as_second(), Ordering::Relaxed);
    }

    /// Longer from one to the next, with jitter over the upper half, so that what failed together comes back spread out.
    pub(crate) async fn pause(&self, retries: u32) {
        let half_ms = (FIRST_PAUSE_MS << retries.min(6)) / 2;
        let pause_ms = half_ms + self.random.next_u64() % half_ms.max(1);
        self.clock.sleep(Duration::from_millis(pause_ms)).await;
    }
}
