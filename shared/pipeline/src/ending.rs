//! How an attempt ends: what is kept of it, and what becomes of its messages.

use crate::{
    Ended, Pipeline,
    attempt::{Done, Stop, Work},
    audit_chain, kept,
    retry::{self, Next, Trouble},
};
use jiff::{SignedDuration, Timestamp};
use model::planted::{Bug, bug};
use model::{
    AuditEntry, AuditOutcome, Cause, Change, Code, DeadLetter, DocumentItem, DocumentKey, ErrorClass,
    Failure, Lane, OpenAttempt, Parked, Step,
};
use std::sync::{PoisonError, atomic::Ordering};
use store::{DeadLetterCopy, Finish, FinishedDocument, Receipt, StoreError};

/// What an attempt leaves behind.
struct Settled {
    item: DocumentItem,
    entry: AuditEntry,
    /// Its messages come back then; without it they are acked.
    put_back: Option<Timestamp>,
    /// What it needs first, to be enqueued.
    bring: Vec<Change>,
    /// A write may still be on its way to Coupa.
    unknown: Option<OpenAttempt>,
}

/// An attempt's failure, taken apart.
struct Setback {
    failure: Failure,
    waits_for: Option<DocumentKey>,
    needs: Vec<DocumentKey>,
    unknown: bool,
    /// Another worker holds what is to be written, until then at the latest.
    held_until: Option<Timestamp>,
}

impl Pipeline {
    /// Writes the attempt's end, whole; then acks its messages. Nothing is lost at any point between: what follows from it
    /// is enqueued first, and a message that is not acked comes again.
    pub(crate) async fn end(
        &self,
        mut work: Work,
        result: Result<Done, Stop>,
    ) -> Result<Option<Ended>, StoreError> {
        let now = self.clock.now();
        if !bug(Bug::FollowUpsLast) {
            self.enqueue(&work.touched, now).await?;
        }
        if let Err(Stop::Held { until }) = result
            && !work.has_written()
        {
            self.give_back(&work, until).await?;
            return Ok(None);
        }
        let silent = is_silent(&work, &result);
        let mut settled = self.settle(&mut work, result, now);
        let old_news = keeps_failing(&work, &mut settled);
        let ended = ended(&work, &settled);
        let arrived = succeeded(settled.entry.outcome)
            && (settled.item.link.is_some()
                || matches!(work.change.cause, Cause::Dependency | Cause::Reconcile));
        let Settled { mut item, entry, put_back, bring, unknown } = settled;
        let copy = item.dead_letter.clone().filter(|_| !old_news).map(|letter| DeadLetterCopy {
            change: work.change.clone(),
            letter,
            attempts: entry.attempt,
        });
        let late = if bug(Bug::FollowUpsLast) { work.touched.clone() } else { vec![] };
        let put_back = put_back.filter(|_| !(bug(Bug::DeleteOnTimeout) && unknown.is_some()));
        if !old_news {
            self.tell(&work, &entry, &mut item).await;
        }
        let told = (!silent && !old_news).then_some(entry);
        let audit: Vec<_> =
            told.clone().map(|entry| audit_chain::append(entry, &mut item)).into_iter().collect();
        let chain_end = item.audit.clone();
        let mut documents = vec![FinishedDocument { lease: work.lease, item }];
        documents.extend(work.others.into_iter().map(|(lease, mut item)| {
            // An attempt on it has reached an end, if not one of its own. What may still arrive, may arrive here.
            item.unfinished = 0;
            item.unknown = unknown.clone().or(item.unknown);
            FinishedDocument { lease, item }
        }));
        match self.state.finish(Finish { documents, audit }).await {
            Ok(()) => {}
            // Whoever took the lease over will find the attempt open and ask Coupa.
            Err(StoreError::Fenced(document)) => {
                tracing::warn!(%document, "the lease was taken over before the attempt ended");
                if let Some(entry) = told {
                    self.tell_superseded(entry, chain_end.as_ref()).await?;
                }
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        self.enqueue(&late, now).await?;
        if ended.outcome == AuditOutcome::Created {
            self.guardrail.made(self.state.as_ref()).await?;
        }
        let bring = self.can_be_brought(bring).await?;
        self.enqueue(&bring, now).await?;
        if arrived {
            self.release_waiting(&ended.document).await?;
        }
        if let Some(copy) = copy {
            self.queue.copy_dead_letter(&copy).await?;
        }
        match put_back {
            Some(at) => self.put_back(&work.receipts, at).await?,
            None => self.queue.ack(&work.receipts).await?,
        }
        Ok((!old_news).then_some(ended))
    }

    /// What failed for good isn't tried again because something waits for it: whoever mends it has it tried.
    async fn can_be_brought(&self, changes: Vec<Change>) -> Result<Vec<Change>, StoreError> {
        let documents: Vec<DocumentKey> = changes.iter().map(|change| change.document.clone()).collect();
        if documents.is_empty() {
            return Ok(vec![]);
        }
        let items = self.state.items(&documents).await?;
        let failed =
            |item: &Option<DocumentItem>| item.as_ref().is_some_and(|item| item.dead_letter.is_some());
        Ok(changes
            .into_iter()
            .zip(items)
            .filter(|(_, item)| !failed(item))
            .map(|(change, _)| change)
            .collect())
    }

    async fn enqueue(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        if changes.is_empty() { Ok(()) } else { self.queue.send(changes, now).await }
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
            SignedDuration::from_millis(1_000 + i64::try_from(self.random.next_u64() % 2_000).unwrap_or(0));
        let now = self.clock.now();
        (now + pause).min(until.max(now) + SignedDuration::from_millis(50))
    }

    fn settle(&self, work: &mut Work, result: Result<Done, Stop>, now: Timestamp) -> Settled {
        let written = work.has_written();
        // The link and what was sent are large, and are moved rather than copied; the rest is still looked at.
        let link = work.item.link.take();
        let mut item = DocumentItem { link, ..work.item.clone() };
        item.sap_stamp = work.stamp.or(item.sap_stamp);
        item.unfinished = 0;
        // The one place for what is parked belongs to the document; its success asks for the close again.
        let document_waits = waits(item.parked.as_ref(), Step::Document) && work.change.step == Step::Close;
        if !document_waits {
            item.parked = None;
        }
        let mut entry = new_entry(work, &item, now);
        kept::keep(&mut entry, &self.settings.personal);
        let setback = match result {
            Ok(done) => {
                entry.outcome = done.outcome;
                entry.message = done.message;
                item =
                    DocumentItem { unknown: None, tries: 0, troubled_since: None, dead_letter: None, ..item };
                return Settled { item, entry, put_back: None, bring: vec![], unknown: None };
            }
            Err(stop) => Setback::new(written, stop),
        };
        let unknown = setback.unknown.then(|| OpenAttempt {
            // Nothing of it was sent later than this.
            started_at: now,
            owner: self.owner.clone(),
            correlation: work.change.correlation.clone(),
        });
        let put_back = self.trouble(work, &mut item, &mut entry, &setback, now);
        // Until an attempt succeeds nobody has made sure what became of the earlier ones.
        item.unknown = unknown.clone().or(item.unknown);
        if bug(Bug::LinkBeforeCreate) && item.link.is_some() {
            item.unknown = None;
        }
        log(&entry);
        let lane = work.change.lane;
        let bring = setback.needs.into_iter().map(|document| self.needed(document, lane)).collect();
        Settled { item, entry, put_back, bring, unknown }
    }

    /// Notes the failure and what follows from it; answers when the messages come back, where they do.
    fn trouble(
        &self,
        work: &Work,
        item: &mut DocumentItem,
        entry: &mut AuditEntry,
        setback: &Setback,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let failure = &setback.failure;
        let trouble = Trouble {
            tries: item.tries,
            since: *item.troubled_since.get_or_insert(now),
            now,
            announced: setback.waits_for.is_some(),
            not_before: if setback.unknown { now + self.settings.reserve() } else { now },
        };
        let next = match setback.held_until {
            Some(until) => Next::PutBack(self.soon(until)),
            None => retry::next(failure, trouble, self.settings.waiting_limit, self.random.as_ref()),
        };
        entry.outcome = match (&next, failure.class(), setback.unknown) {
            (Next::DeadLetter(_), ..) => AuditOutcome::Failed,
            (_, _, true) => AuditOutcome::Unknown,
            (_, ErrorClass::Waiting, _) => AuditOutcome::Waiting,
            _ => AuditOutcome::Retry,
        };
        item.tries = item.tries.saturating_add(1);
        let (failure, put_back) = match next {
            Next::PutBack(at) => (failure.clone(), Some(at)),
            Next::Park(_) if item.parked.is_some() => (failure.clone(), None),
            Next::Park(due_at) => {
                let (code, reason) = (failure.code, failure.message.clone());
                let waits_for = setback.waits_for.clone();
                item.parked = Some(Parked { change: work.change.clone(), due_at, waits_for, code, reason });
                (failure.clone(), None)
            }
            Next::DeadLetter(failure) => {
                let (code, message) = (failure.code, failure.message.clone());
                item.dead_letter = Some(DeadLetter { code, message, at: now });
                // Whoever puts it back into the queue lets it begin anew.
                (item.tries, item.troubled_since) = (0, None);
                (failure, None)
            }
        };
        entry.code = Some(failure.code);
        entry.class = Some(failure.class());
        entry.message = failure.message;
        put_back
    }

    /// A document that another one can't do without, whatever its date.
    pub(crate) fn needed(&self, document: DocumentKey, lane: Lane) -> Change {
        Change { whatever_date: true, ..self.change(document, Cause::Dependency, lane) }
    }
}

impl Setback {
    fn new(written: bool, stop: Stop) -> Self {
        let plain =
            |failure| Self { failure, waits_for: None, needs: vec![], unknown: false, held_until: None };
        match stop {
            // Where a panic came after a write, nobody has seen what became of that.
            Stop::Failed(failure) => {
                Self { unknown: failure.code == Code::Panicked && written, ..plain(failure) }
            }
            Stop::Unknown(failure) => Self { unknown: true, ..plain(failure) },
            Stop::Needs { failure, first, all } => {
                Self { waits_for: Some(first), needs: all, ..plain(failure) }
            }
            Stop::Held { until } => {
                let message =
                    format!("another worker writes what this attempt has to write too, until {until}");
                Self { held_until: Some(until), ..plain(Failure::new(Code::Waiting, message)) }
            }
        }
    }
}

/// Waiting is the order of the day; the rest somebody may want to see.
fn log(entry: &AuditEntry) {
    let AuditEntry { document, number, outcome, message, .. } = entry;
    let (code, class) = (entry.code.map(Code::number), entry.class.map(ErrorClass::name));
    if *outcome == AuditOutcome::Waiting {
        tracing::debug!(%document, number, code, class, reason = message, "waiting");
    } else {
        tracing::warn!(%document, number, code, class, ?outcome, reason = message, "attempt did not succeed");
    }
}

fn new_entry(work: &Work, item: &DocumentItem, now: Timestamp) -> AuditEntry {
    AuditEntry {
        document: work.document().clone(),
        number: item.number.clone(),
        at: now,
        noticed_at: Some(work.change.seen_at),
        duration_ms: u64::try_from(now.duration_since(work.started_at).as_millis()).unwrap_or(0),
        cause: work.change.cause,
        step: work.change.step,
        sap_stamp: work.stamp,
        attempt: item.tries.saturating_add(1),
        outcome: AuditOutcome::Unchanged,
        code: None,
        class: None,
        message: String::new(),
        direction: None,
        sent: std::mem::take(&mut *work.sent.lock().unwrap_or_else(PoisonError::into_inner)),
        coupa_calls: work.calls.load(Ordering::Relaxed),
        correlation: work.change.correlation.clone(),
        chain: None,
    }
}

fn ended(work: &Work, settled: &Settled) -> Ended {
    Ended {
        document: work.document().clone(),
        lane: work.change.lane,
        seen_at: work.change.seen_at,
        outcome: settled.entry.outcome,
        code: settled.entry.code,
        dead_letter: settled.item.dead_letter.is_some(),
        coupa_calls: settled.entry.coupa_calls,
        follow_up: work.change.step == Step::Close,
    }
}

fn waits(parked: Option<&Parked>, step: Step) -> bool {
    parked.is_some_and(|parked| parked.change.step == step)
}

/// Nothing was new, nothing was done, and nothing was amiss before: not worth an entry.
fn is_silent(work: &Work, result: &Result<Done, Stop>) -> bool {
    let nothing_done = matches!(
        result,
        Ok(Done {
            outcome: AuditOutcome::Unchanged | AuditOutcome::NotApplicable | AuditOutcome::NotApplied,
            ..
        })
    );
    let item = &work.item;
    let amiss = item.tries > 0 || item.dead_letter.is_some() || item.unknown.is_some();
    nothing_done && !amiss && !work.is_news() && !work.has_written()
}

/// A poll's overlap shows what failed for good again, and it has failed again in the same way: there is nothing to tell that
/// its dead letter doesn't say.
fn keeps_failing(work: &Work, settled: &mut Settled) -> bool {
    let (Some(before), Some(now)) = (&work.item.dead_letter, &settled.item.dead_letter) else { return false };
    let same = before.code == now.code && before.message == now.message;
    let old =
        same && matches!(work.change.cause, Cause::Poll | Cause::Coupa) && work.stamp == work.item.sap_stamp;
    if old {
        settled.item.dead_letter = Some(before.clone());
    }
    old
}

fn succeeded(outcome: AuditOutcome) -> bool {
    matches!(
        outcome,
        AuditOutcome::Created | AuditOutcome::Updated | AuditOutcome::Unchanged | AuditOutcome::NotApplied
    )
}
