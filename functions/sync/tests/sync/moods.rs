//! What becomes of a new supplier, by its number.

use crate::throttled;
use async_trait::async_trait;
use axum::body::Bytes;
use proptest::prelude::*;
use std::sync::Arc;
use wire::{Limits, Request, Response, Transport, TransportError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It goes over.
    Good,
    /// The worker panics.
    Panics,
    /// Coupa refuses it with a 4xx.
    Refused,
    /// Coupa can't be reached.
    Unreachable,
    /// It goes over, and nobody hears so.
    ReplyLost,
    /// It does not, and nobody hears so.
    RequestLost,
    /// Another worker has the lease.
    Held,
    /// The store is throttled when the lease is asked for,
    NoLease,
    /// or when the attempt ends;
    NoEnd,
    /// or only its answer is lost.
    EndUnheard,
}

impl Mood {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            8 => Just(Self::Good),
            2 => Just(Self::Panics),
            3 => Just(Self::Refused),
            3 => Just(Self::Unreachable),
            3 => Just(Self::ReplyLost),
            2 => Just(Self::RequestLost),
            3 => Just(Self::Held),
            1 => Just(Self::NoLease),
            1 => Just(Self::NoEnd),
            1 => Just(Self::EndUnheard),
        ]
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Good => "GOOD",
            Self::Panics => "PANIC",
            Self::Refused => "REFUSED",
            Self::Unreachable => "AWAY",
            Self::ReplyLost => "LOST",
            Self::RequestLost => "GONE",
            Self::Held => "HELD",
            Self::NoLease => throttled::NO_LEASE,
            Self::NoEnd => throttled::NO_END,
            Self::EndUnheard => throttled::END_UNHEARD,
        }
    }

    /// With time enough there is nothing left to do for its message.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Good | Self::Panics | Self::Refused)
    }

    pub(crate) const fn fails_the_store(self) -> bool {
        matches!(self, Self::NoLease | Self::NoEnd | Self::EndUnheard)
    }
}

/// A way to Coupa that does with a new supplier what its number says.
pub(crate) struct Moody(pub(crate) Arc<dyn Transport>);

#[async_trait]
impl Transport for Moody {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        // So that time can run out before any call.
        tokio::task::yield_now().await;
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let is = |mood: Mood| body.contains(&format!("\"{}", mood.name()));
        assert!(!is(Mood::Panics), "it was poisoned");
        if is(Mood::Refused) {
            let errors = Bytes::from_static(br#"{"errors":{"name":["is not to our liking"]}}"#);
            return Ok(http::Response::builder().status(400).body(errors).unwrap());
        }
        if is(Mood::Unreachable) {
            return Err(TransportError::NotSent("nobody is there".to_owned()));
        }
        let lost = || Err(TransportError::NoReply("connection reset".to_owned()));
        if is(Mood::RequestLost) {
            return lost();
        }
        let heard = !is(Mood::ReplyLost);
        let response = self.0.send(request, limits).await;
        if heard { response } else { lost() }
    }
}
