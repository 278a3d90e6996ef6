//! What every attempt has in common: its leases, and how it writes to Coupa.

use crate::Pipeline;
use coupa::{Action, Call, Record};
use jiff::Timestamp;
use model::planted::{Bug, bug};
use model::{
    AuditOutcome, Cause, Change, Code, CoupaId, DocumentItem, DocumentKey, Failure, Lease, Sent, Stamp,
};
use serde_json::Value;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};
use store::{Receipt, StoreError};

/// One attempt on one document, under its lease.
pub(crate) struct Work {
    pub change: Change,
    pub receipts: Vec<Receipt>,
    pub lease: Lease,
    pub item: DocumentItem,
    /// Other documents in Coupa that this attempt writes: the orders under an invoice, the invoices under a payment.
    pub others: Vec<(Lease, DocumentItem)>,
    pub started_at: Timestamp,
    /// What SAP held when it was read.
    pub stamp: Option<Stamp>,
    pub calls: AtomicU32,
    pub sent: Mutex<Vec<Value>>,
    /// Documents to look at because of this one. Enqueued before the attempt ends.
    pub touched: Vec<Change>,
    /// The guardrail has let it change something, or it made something.
    pub counted: bool,
    /// The guardrail has not.
    pub held_back: bool,
}

/// An attempt that reached its end.
#[derive(Debug)]
pub(crate) struct Done {
    pub outcome: AuditOutcome,
    pub message: String,
}

impl Done {
    pub(crate) fn new(outcome: AuditOutcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into() }
    }
}

/// An attempt that did not.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// The failure's class says what follows.
    Failed(Failure),
    /// A write may have arrived in Coupa.
    Unknown(Failure),
    /// It needs other documents in Coupa first. Those are enqueued.
    Needs { failure: Failure, first: DocumentKey, all: Vec<DocumentKey> },
    /// Somebody else writes a document that this attempt has to write too.
    Held { until: Timestamp },
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<sap::Error> for Stop {
    fn from(error: sap::Error) -> Self {
        let failure = error.failure();
        if failure.code == Code::SapOutcomeUnknown { Self::Unknown(failure) } else { Self::Failed(failure) }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(Failure::new(Code::StoreFailed, error.to_string()))
    }
}

impl From<coupa::Error> for Stop {
    fn from(error: coupa::Error) -> Self {
        let failure = error.failure();
        if failure.code == Code::CoupaOutcomeUnknown && !bug(Bug::UnknownIsFailure) {
            Self::Unknown(failure)
        } else {
            Self::Failed(failure)
        }
    }
}

/// One write to Coupa.
#[derive(Clone, Copy)]
pub(crate) enum Write<'a> {
    Create(&'a Sent),
    Update(CoupaId, &'a Sent),
    Act(CoupaId, &'a Action),
}

impl Work {
    /// A read for one document: needs no lease.
    pub(crate) fn read_call(&self) -> Call<'_> {
        Call { lane: self.change.lane, may_send: &|| true, made: &self.calls, sent: &self.sent }
    }

    pub(crate) fn document(&self) -> &DocumentKey {
        &self.lease.document
    }

    /// The last attempt's outcome is unknown: ask Coupa before writing.
    pub(crate) fn unknown(&self) -> bool {
        self.item.unknown.is_some()
    }

    /// Both sides were compared and differed: neither the link nor what was last sent counts, but what Coupa shows.
    pub(crate) fn afresh(&self) -> bool {
        self.change.cause == Cause::Reconcile
    }

    /// SAP has stamped the document since it was last looked at, or somebody asked for it.
    pub(crate) fn is_news(&self) -> bool {
        let before = self.item.sap_stamp;
        before.is_none()
            || self.stamp != before
            || matches!(self.change.cause, Cause::Person | Cause::Replay | Cause::Reconcile)
    }

    /// A write was handed to the wire, whatever became of it.
    pub(crate) fn has_written(&self) -> bool {
        !self.sent.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(crate) fn lasts_until(&self) -> Timestamp {
        self.others.iter().map(|(lease, _)| lease.until).fold(self.lease.until, Timestamp::min)
    }
}

/// A write is begun again under a longer lease at most so often.
pub(crate) const MAX_RENEWALS: usize = 20;

impl Pipeline {
    /// Writes to Coupa, if and only if the leases last long enough for it when it is sent.
    pub(crate) async fn write<T: Record>(
        &self,
        work: &mut Work,
        write: Write<'_>,
    ) -> Result<T, coupa::Error> {
        // Not sent, as one whose lease is too short isn't; what the attempt ends with says which of the two.
        let admitted = self.is_admitted(work, write).await.map_err(|_| coupa::Error::TooLate)?;
        if !admitted {
            return Err(coupa::Error::TooLate);
        }
        self.open_run().await;
        for _ in 0..MAX_RENEWALS {
            self.keep_lease(work).await?;
            let until = work.lasts_until();
            let may_send = || self.clock.now() + self.settings.reserve() < until;
            let call =
                Call { lane: work.change.lane, may_send: &may_send, made: &work.calls, sent: &work.sent };
            let result = match write {
                Write::Create(body) => self.coupa.create(&call, body).await,
                Write::Update(id, body) => self.coupa.update(&call, id, body).await,
                Write::Act(id, action) => self.coupa.act(&call, id, action).await,
            };
            if !matches!(result, Err(coupa::Error::TooLate)) {
                return result;
            }
        }
        Err(coupa::Error::TooLate)
    }

    /// Whether there is no time left to begin anything.
    pub(crate) fn out_of_time(&self) -> Result<(), Stop> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Stop::Held { until: self.clock.now() });
        }
        Ok(())
    }

    pub(crate) fn renewal_margin(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::try_from(self.settings.working_time / 3).unwrap_or_default()
    }

    /// Prolongs the leases where they are too short for a write.
    pub(crate) async fn keep_lease(&self, work: &mut Work) -> Result<(), coupa::Error> {
        if work.lasts_until() < self.clock.now() + self.settings.reserve() + self.renewal_margin() {
            self.renew(work).await?;
        }
        Ok(())
    }

    pub(crate) async fn renew(&self, work: &mut Work) -> Result<(), coupa::Error> {
        let until = self.clock.now() + self.settings.lease();
        // A lease that can't be renewed is lost; sending without it is what must not happen.
        let late = |_: StoreError| coupa::Error::TooLate;
        work.lease = self.state.renew_lease(&work.lease, until).await.map_err(late)?;
        for (lease, _) in &mut work.others {
            *lease = self.state.renew_lease(lease, until).await.map_err(late)?;
        }
        Ok(())
    }
}
