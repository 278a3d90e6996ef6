//! Puts keys back into the queue: what a person names, or what failed for good.
//!
//! A replay sends keys and nothing else, so a document that changed meanwhile, or is fine by now, comes to no harm.

use jiff::Timestamp;
use model::{
    AuditEntry, Cause, Change, Clock, Code, CompanyDb, CorrelationId, DocumentKey, Lane, ObjectKind, Random,
    SapKey, Step,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::{AuditFilter, AuditTrail, DeadLetterRow, Queue, StateStore, StoreError};

/// So many documents unless somebody asks for more or fewer.
pub const USUAL_LIMIT: usize = 500;
/// So many at the most.
pub const HIGHEST_LIMIT: usize = 10_000;
/// The newest of so many attempts are looked through for documents that aren't dead letters.
const MOST_ATTEMPTS: usize = 5_000;

/// A document as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What.
    pub kind: ObjectKind,
    /// Its number in SAP or Coupa, or SAP's key of it.
    pub number: String,
}

/// What to put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// These, whatever became of them. Nothing else counts then.
    pub documents: Vec<Named>,
    /// Only what ended with this error.
    pub code: Option<Code>,
    /// Only this kind.
    pub kind: Option<ObjectKind>,
    /// Only what ended at this moment or later.
    pub since: Option<Timestamp>,
    /// Only what ended before this moment.
    pub until: Option<Timestamp>,
    /// Every document with an attempt in that time, and not the dead letters alone.
    pub all: bool,
    /// At most so many.
    pub limit: usize,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            documents: vec![],
            code: None,
            kind: None,
            since: None,
            until: None,
            all: false,
            limit: USUAL_LIMIT,
        }
    }
}

impl Selection {
    fn takes(&self, kind: ObjectKind, code: Option<Code>, at: Timestamp) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.code.is_none_or(|wanted| Some(wanted) == code)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

/// What a replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Keys that are back in the queue.
    pub queued: usize,
    /// Keys that were selected and are not, because of the limit or for want of time.
    pub left: usize,
    /// Named documents that nobody knows.
    pub unknown: Vec<Named>,
}

/// Everything that a replay needs, handed in.
pub struct Replay {
    /// Whose documents.
    pub company: CompanyDb,
    /// Where keys go.
    pub queue: Arc<dyn Queue>,
    /// Where dead letters are.
    pub state: Arc<dyn StateStore>,
    /// Where numbers are found.
    pub audit: Arc<dyn AuditTrail>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// So many keys go into the queue each second: no more than Coupa's budget works off.
    pub per_second: usize,
    /// Set when there is no time left.
    pub stopping: Arc<AtomicBool>,
}

impl Replay {
    /// Puts back what `selection` names.
    pub async fn replay(&self, selection: &Selection) -> Result<Replayed, StoreError> {
        let (mut documents, unknown) = self.select(selection).await?;
        let selected = documents.len();
        documents.truncate(selection.limit.min(HIGHEST_LIMIT));
        let queued = self.enqueue(documents).await?;
        Ok(Replayed { queued, left: selected - queued, unknown })
    }

    /// The documents that `selection` names, however many, and those of its names that nobody knows. Puts nothing back.
    pub async fn select(&self, selection: &Selection) -> Result<(Vec<DocumentKey>, Vec<Named>), StoreError> {
        if !selection.documents.is_empty() {
            self.named(&selection.documents).await
        } else if selection.all {
            Ok((self.attempted(selection).await?, vec![]))
        } else {
            Ok((self.failed(selection).await?, vec![]))
        }
    }

    async fn named(&self, named: &[Named]) -> Result<(Vec<DocumentKey>, Vec<Named>), StoreError> {
        let (mut documents, mut unknown) = (vec![], vec![]);
        for one in named {
            let found = self.audit.find(one.kind, &one.number).await?;
            let found = if found.is_empty() { self.by_key(one) } else { found };
            if found.is_empty() {
                unknown.push(one.clone());
            }
            for document in found {
                if !documents.contains(&document) {
                    documents.push(document);
                }
            }
        }
        Ok((documents, unknown))
    }

    /// A document that was never attempted is known by SAP's key alone.
    fn by_key(&self, named: &Named) -> Vec<DocumentKey> {
        let key = match named.kind {
            ObjectKind::Supplier => Some(SapKey::CardCode(named.number.clone())),
            _ => named.number.parse().ok().map(SapKey::DocEntry),
        };
        key.map(|key| DocumentKey { company: self.company.clone(), kind: named.kind, key })
            .into_iter()
            .collect()
    }

    async fn failed(&self, selection: &Selection) -> Result<Vec<DocumentKey>, StoreError> {
        let rows = self.state.dead_letters().await?;
        let wanted =
            |row: &DeadLetterRow| selection.takes(row.document.kind, Some(row.letter.code), row.letter.at);
        Ok(rows.into_iter().filter(wanted).map(|row| row.document).collect())
    }

    /// By the newest attempt of each.
    async fn attempted(&self, selection: &Selection) -> Result<Vec<DocumentKey>, StoreError> {
        let filter = AuditFilter { failed: false, since: selection.since, limit: MOST_ATTEMPTS };
        let mut newest: BTreeMap<DocumentKey, AuditEntry> = BTreeMap::new();
        for entry in self.audit.list(&filter).await? {
            newest.insert(entry.document.clone(), entry);
        }
        let wanted = |entry: &AuditEntry| selection.takes(entry.document.kind, entry.code, entry.at);
        Ok(newest.into_values().filter(wanted).map(|entry| entry.document).collect())
    }

    /// A second's worth at a time.
    async fn enqueue(&self, documents: Vec<DocumentKey>) -> Result<usize, StoreError> {
        let correlation = format!("replay-{:016x}", self.random.next_u64());
        let mut queued = 0;
        for part in documents.chunks(self.per_second.max(1)) {
            if queued > 0 {
                self.clock.sleep(Duration::from_secs(1)).await;
            }
            if self.stopping.load(Ordering::Relaxed) {
                break;
            }
            let now = self.clock.now();
            let changes: Vec<Change> = part
                .iter()
                .enumerate()
                .map(|(index, document)| Change {
                    document: document.clone(),
                    step: Step::Document,
                    cause: Cause::Replay,
                    lane: Lane::Live,
                    // Somebody wants it, or it was let in when it failed: its date no longer counts.
                    whatever_date: true,
                    seen_at: now,
                    correlation: CorrelationId(format!("{correlation}-{}", queued + index)),
                })
                .collect();
            self.queue.send(&changes, now).await?;
            queued += changes.len();
        }
        Ok(queued)
    }
}
