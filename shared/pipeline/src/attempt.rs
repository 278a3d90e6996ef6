//! What every attempt has in common: its lease, its writes to Coupa, and its end.

use crate::{
    Ended, Pipeline,
    retry::{self, Next, Trouble},
};
use coupa::{Action, Call, Record};
use jiff::Timestamp;
use model::{
    AuditEntry, AuditOutcome, Cause, Change, Code, CoupaId, DeadLetter, DocumentItem, DocumentKey,
    ErrorClass, Failure, Lane, Lease, OpenAttempt, Parked, Sent, Stamp, Step,
};
use serde_json::Value;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};
use store::{Finish, FinishedDocument, Receipt, StoreError};

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
#[derive(Debug)]
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
        Self::Failed(error.failure())
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
        if failure.code == Code::CoupaOutcomeUnknown { Self::Unknown(failure) } else { Self::Failed(failure) }
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
    pub(crate) fn document(&self) -> &DocumentKey {
        &self.lease.document
    }

    /// The last attempt's outcome is unknown: ask Coupa before writing.
    pub(crate) fn unknown(&self) -> bool {
        self.item.unknown.is_some()
    }

    /// SAP has stamped the document since it was last looked at, or somebody asked for it.
    fn is_news(&self, before: Option<Stamp>) -> bool {
        before.is_none()
            || self.stamp != before
            || matches!(self.change.cause, Cause::Person | Cause::Replay | Cause::Reconcile)
    }

    fn lasts_until(&self) -> Timestamp {
        self.others.iter().map(|(lease, _)| lease.until).fold(self.lease.until, Timestamp::min)
    }
}

/// A write is begun again under a longer lease at most so often.
const MAX_RENEWALS: usize = 20;

impl Pipeline {
    /// Writes to Coupa, if and only if the leases last long enough for it when it is sent.
    pub(crate) async fn write<T: Record>(
        &self,
        work: &mut Work,
        write: Write<'_>,
    ) -> Result<T, coupa::Error> {
        for _ in 0..MAX_RENEWALS {
            if work.lasts_until() < self.clock.now() + self.settings.reserve() + self.renewal_margin() {
                self.renew(work).await?;
            }
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

    /// A read for one document: needs no lease.
    pub(crate) fn read_call<'w>(&self, work: &'w Work) -> Call<'w> {
        Call { lane: work.change.lane, may_send: &|| true, made: &work.calls, sent: &work.sent }
    }

    fn renewal_margin(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::try_from(self.settings.working_time / 3).unwrap_or_default()
    }

    async fn renew(&self, work: &mut Work) -> Result<(), coupa::Error> {
        let until = self.clock.now() + self.settings.lease();
        // A lease that can't be renewed is lost; sending without it is what must not happen.
        let late = |_: StoreError| coupa::Error::TooLate;
        work.lease = self.state.renew_lease(&work.lease, until).await.map_err(late)?;
        for (lease, _) in &mut work.others {
            *lease = self.state.renew_lease(lease, until).await.map_err(late)?;
        }
        Ok(())
    }

    /// Writes the attempt's end, whole; then acks its messages. Nothing is lost at any point between: what follows from it
    /// is enqueued first, and a message that is not acked comes again.
    pub(crate) async fn end(
        &self,
        work: Work,
        result: Result<Done, Stop>,
    ) -> Result<Option<Ended>, StoreError> {
        let now = self.clock.now();
        self.queue.send(&work.touched, now).await?;
        if let Err(Stop::Held { until }) = result {
            self.give_back(&work, until).await?;
            return Ok(None);
        }
        let created = work.item.link.is_some();
        let (item, entry, put_back, bring) = self.settle(&work, result, now);
        let before = work.item.sap_stamp;
        let silent = matches!(
            entry.outcome,
            AuditOutcome::Unchanged | AuditOutcome::NotApplicable | AuditOutcome::NotApplied
        ) && !work.is_news(before)
            && work.sent.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let ended = Ended {
            document: work.document().clone(),
            lane: work.change.lane,
            outcome: entry.outcome,
            code: entry.code,
            dead_letter: item.dead_letter.is_some(),
            coupa_calls: entry.coupa_calls,
            follow_up: work.change.step == Step::Close,
        };
        let arrived = succeeded(entry.outcome) && (created || work.change.cause == Cause::Dependency);
        let mut documents = vec![FinishedDocument { lease: work.lease, item }];
        documents.extend(work.others.into_iter().map(|(lease, item)| FinishedDocument { lease, item }));
        let audit = if silent { vec![] } else { vec![entry] };
        match self.state.finish(Finish { documents, audit }).await {
            Ok(()) => {}
            // Whoever took the lease over will find the attempt open and ask Coupa.
            Err(StoreError::Fenced(document)) => {
                tracing::warn!(%document, "the lease was taken over before the attempt ended");
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        self.queue.send(&bring, now).await?;
        if arrived {
            self.release_waiting(&ended.document).await?;
        }
        match put_back {
            Some(at) => self.put_back(&work.receipts, at).await?,
            None => self.queue.ack(&work.receipts).await?,
        }
        Ok(Some(ended))
    }

    /// Whether there is no time left to begin anything.
    pub(crate) fn out_of_time(&self) -> Result<(), Stop> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Stop::Held { until: self.clock.now() });
        }
        Ok(())
    }

    /// Nothing was sent under these leases.
    async fn give_back(&self, work: &Work, until: Timestamp) -> Result<(), StoreError> {
        let mut leases = vec![work.lease.clone()];
        leases.extend(work.others.iter().map(|(lease, _)| lease.clone()));
        self.state.release(&leases).await?;
        self.put_back(&work.receipts, self.soon(until)).await
    }

    pub(crate) async fn put_back(&self, receipts: &[Receipt], at: Timestamp) -> Result<(), StoreError> {
        for receipt in receipts {
            self.queue.put_back(receipt, at).await?;
        }
        Ok(())
    }

    /// When to look again at a lease that runs until `until`: its holder is mostly done long before.
    pub(crate) fn soon(&self, until: Timestamp) -> Timestamp {
        let pause =
            jiff::SignedDuration::from_millis(1_000 + i64::from(self.random.next_u64() as u16 % 2_000));
        let now = self.clock.now();
        (now + pause).min(until.max(now) + jiff::SignedDuration::from_millis(50))
    }

    /// The item, the audit entry, and what becomes of the messages.
    fn settle(
        &self,
        work: &Work,
        result: Result<Done, Stop>,
        now: Timestamp,
    ) -> (DocumentItem, AuditEntry, Option<Timestamp>, Vec<Change>) {
        let mut item = work.item.clone();
        item.sap_stamp = work.stamp.or(item.sap_stamp);
        item.unfinished = 0;
        item.parked = None;
        let mut entry = self.entry(work, &item, now);
        let (failure, waits_for, needs, unknown) = match result {
            Ok(done) => {
                entry.outcome = done.outcome;
                entry.message = done.message;
                item =
                    DocumentItem { unknown: None, tries: 0, troubled_since: None, dead_letter: None, ..item };
                return (item, entry, None, vec![]);
            }
            Err(Stop::Failed(failure)) => (failure, None, vec![], false),
            Err(Stop::Unknown(failure)) => (failure, None, vec![], true),
            Err(Stop::Needs { failure, first, all }) => (failure, Some(first), all, false),
            Err(Stop::Held { until }) => {
                (Failure::new(Code::StoreFailed, until.to_string()), None, vec![], false)
            }
        };
        let since = *item.troubled_since.get_or_insert(now);
        let trouble = Trouble { tries: item.tries, since, now, announced: waits_for.is_some() };
        item.tries = item.tries.saturating_add(1);
        item.unknown = unknown.then(|| OpenAttempt {
            started_at: work.started_at,
            owner: self.owner.clone(),
            correlation: work.change.correlation.clone(),
        });
        let next = retry::next(&failure, trouble, self.settings.waiting_limit, self.random.as_ref());
        entry.outcome = match (&next, failure.class(), unknown) {
            (Next::DeadLetter(_), ..) => AuditOutcome::Failed,
            (_, _, true) => AuditOutcome::Unknown,
            (_, ErrorClass::Waiting, _) => AuditOutcome::Waiting,
            _ => AuditOutcome::Retry,
        };
        let (failure, put_back) = match next {
            Next::PutBack(at) => (failure, Some(at)),
            Next::Park(due_at) => {
                let change = Change { lane: work.change.lane, ..work.change.clone() };
                let (code, reason) = (failure.code, failure.message.clone());
                item.parked = Some(Parked { change, due_at, waits_for, code, reason });
                (failure, None)
            }
            Next::DeadLetter(failure) => {
                item.dead_letter =
                    Some(DeadLetter { code: failure.code, message: failure.message.clone(), at: now });
                (failure, None)
            }
        };
        entry.code = Some(failure.code);
        entry.class = Some(failure.class());
        entry.message.clone_from(&failure.message);
        tracing::warn!(
            document = %entry.document, number = entry.number, code = %failure.code, class = failure.class().name(),
            outcome = ?entry.outcome, message = entry.message, "attempt did not succeed"
        );
        let bring = needs.into_iter().map(|document| self.needed(document, work.change.lane)).collect();
        (item, entry, put_back, bring)
    }

    fn entry(&self, work: &Work, item: &DocumentItem, now: Timestamp) -> AuditEntry {
        AuditEntry {
            document: work.document().clone(),
            number: item.number.clone(),
            at: now,
            duration_ms: u64::try_from(now.duration_since(work.started_at).as_millis()).unwrap_or(0),
            cause: work.change.cause,
            step: work.change.step,
            sap_stamp: work.stamp,
            attempt: item.tries.saturating_add(1),
            outcome: AuditOutcome::Unchanged,
            code: None,
            class: None,
            message: String::new(),
            sent: work.sent.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            coupa_calls: work.calls.load(Ordering::Relaxed),
            correlation: work.change.correlation.clone(),
        }
    }

    /// A document that another one can't do without, whatever its date.
    pub(crate) fn needed(&self, document: DocumentKey, lane: Lane) -> Change {
        Change { whatever_date: true, ..self.change(document, Cause::Dependency, lane) }
    }
}

fn succeeded(outcome: AuditOutcome) -> bool {
    matches!(
        outcome,
        AuditOutcome::Created | AuditOutcome::Updated | AuditOutcome::Unchanged | AuditOutcome::NotApplied
    )
}
