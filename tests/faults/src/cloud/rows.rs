//! One document's row: lease, open attempt and item in one, as both editions keep them.

use super::{Cloud, Edition, Inner};
use crate::fault::Fault;
use jiff::{SignedDuration, Timestamp};
use model::planted::{Bug, bug};
use model::{
    AuditEntry, AuditOutcome, Cause, DocumentItem, DocumentKey, Fence, Lease, Link, OpenAttempt, Parked,
};
use store::{Finish, LeaseReply, LeaseRequest, StoreError};

#[derive(Default)]
pub(super) struct Row {
    fence: u64,
    /// Held until then.
    until: Option<Timestamp>,
    open: Option<OpenAttempt>,
    pub(super) item: DocumentItem,
    /// What a reader may still see, and since when it is old.
    before: Option<(Timestamp, DocumentItem)>,
}

/// A reader may see what was so a moment ago.
const STALE_FOR: SignedDuration = SignedDuration::from_secs(2);

impl Row {
    fn change(&mut self, now: Timestamp, item: DocumentItem) {
        let before = std::mem::replace(&mut self.item, item);
        self.before = Some((now, before));
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    fn is_at(&self, lease: &Lease) -> bool {
        self.fence == lease.fence.0 && self.until.is_some()
    }

    /// As a reader sees it who may be a moment late.
    pub(super) fn shown(&self, stale: bool, now: Timestamp) -> &DocumentItem {
        match &self.before {
            Some((since, before)) if stale && now.duration_since(*since) < STALE_FOR => before,
            _ => &self.item,
        }
    }
}

impl Inner {
    pub(super) fn take(&mut self, cloud: &Cloud, request: &LeaseRequest) -> LeaseReply {
        let row = self.rows.entry(request.document.clone()).or_default();
        let free = |until: &Timestamp| *until <= request.now || bug(Bug::NoFencing);
        if let Some(until) = row.until.filter(|until| !free(until)) {
            return LeaseReply::Held { until };
        }
        row.fence += 1;
        row.until = Some(request.until);
        if let Some(open) = row.open.take() {
            cloud.faults.saw("lease taken over");
            let unfinished = row.item.unfinished + 1;
            row.change(
                cloud.time.now(),
                DocumentItem { unknown: Some(open), unfinished, ..row.item.clone() },
            );
        }
        row.open = (!bug(Bug::NoOpenAttempt)).then(|| OpenAttempt {
            started_at: request.now,
            owner: request.owner.clone(),
            correlation: request.correlation.clone(),
        });
        let lease = Lease {
            document: request.document.clone(),
            owner: request.owner.clone(),
            fence: Fence(row.fence),
            until: request.until,
        };
        LeaseReply::Taken(lease, Box::new(row.item.clone()))
    }

    pub(super) fn renew(&mut self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        let row = self.rows.get_mut(&lease.document).filter(|row| row.is_at(lease));
        let Some(row) = row else { return Err(StoreError::Fenced(lease.document.clone())) };
        row.until = Some(until);
        Ok(Lease { until, ..lease.clone() })
    }

    pub(super) fn release(&mut self, leases: &[Lease]) {
        for lease in leases {
            if let Some(row) = self.rows.get_mut(&lease.document).filter(|row| row.is_at(lease)) {
                (row.until, row.open) = (None, None);
            }
        }
    }

    pub(super) fn finish(&mut self, cloud: &Cloud, finish: Finish) -> Result<(), StoreError> {
        for finished in &finish.documents {
            let lease = &finished.lease;
            if !self.rows.get(&lease.document).is_some_and(|row| row.is_at(lease))
                && !bug(Bug::UnconditionalCompletion)
            {
                cloud.faults.saw("end fenced off");
                return Err(StoreError::Fenced(lease.document.clone()));
            }
        }
        let now = cloud.time.now();
        for finished in finish.documents {
            let document = finished.lease.document;
            for number in numbers(&document, &finished.item) {
                self.numbers.insert((document.kind, number, document.clone()));
            }
            let Some(row) = self.rows.get_mut(&document) else { continue };
            watch(cloud, row, &finished.item, &finish.audit);
            (row.until, row.open) = (None, None);
            row.change(now, finished.item);
        }
        for entry in finish.audit {
            if let Some(number) = &entry.number {
                self.numbers.insert((entry.document.kind, number.clone(), entry.document.clone()));
            }
            self.audit.push(entry);
        }
        Ok(())
    }

    pub(super) fn unpark(&mut self, parked: &[Parked], now: Timestamp) {
        for parked in parked {
            let Some(row) = self.rows.get_mut(&parked.change.document) else { continue };
            if row.item.parked.as_ref().is_some_and(|held| held.due_at == parked.due_at) {
                row.change(now, DocumentItem { parked: None, ..row.item.clone() });
            }
        }
    }

    /// Items that fit, with what a reader sees of them.
    pub(super) fn shown<'a>(
        &'a self,
        cloud: &'a Cloud,
    ) -> impl Iterator<Item = (&'a DocumentKey, &'a DocumentItem)> {
        let stale = cloud.edition == Edition::Aws && cloud.faults.hits(Fault::StaleRead);
        let now = cloud.time.now();
        self.rows.iter().map(move |(key, row)| (key, row.shown(stale, now)))
    }
}

/// Counts rare ways in which attempts end.
fn watch(cloud: &Cloud, row: &Row, new: &DocumentItem, audit: &[AuditEntry]) {
    let old = &row.item;
    let entry = audit.first();
    let succeeded = entry.is_some_and(|entry| {
        matches!(entry.outcome, AuditOutcome::Created | AuditOutcome::Updated | AuditOutcome::Unchanged)
    });
    if old.unknown.is_some() && new.unknown.is_none() && new.link.is_some() && succeeded {
        let created = entry.is_some_and(|entry| {
            let creates = |sent: &serde_json::Value| sent["method"] == "POST";
            entry.sent.iter().any(creates)
        });
        cloud.faults.saw(if created { "unknown, asked, created" } else { "unknown, asked, found" });
    }
    if let Some(entry) = entry {
        saw_of(cloud, entry);
    }
    if old.dead_letter.is_none() && new.dead_letter.is_some() {
        cloud.faults.saw("dead letter");
    }
    if old.dead_letter.is_some() && new.dead_letter.is_none() {
        cloud.faults.saw("dead letter mended");
    }
    if old.troubled_since.is_some() && new.troubled_since.is_none() && new.dead_letter.is_none() {
        cloud.faults.saw("trouble that healed");
    }
    if old.unfinished >= 2 {
        cloud.faults.saw("worked on alone");
    }
}

/// Counts what an attempt came to that is rare, and can be told by its entry alone.
fn saw_of(cloud: &Cloud, entry: &AuditEntry) {
    if entry.outcome == AuditOutcome::Superseded {
        cloud.faults.saw("fenced off, told as superseded");
    }
    let wrote = matches!(entry.outcome, AuditOutcome::Created | AuditOutcome::Updated);
    if entry.cause == Cause::Webhook && wrote {
        cloud.faults.saw("a webhook was first");
    }
    if entry.message.contains("'s holds") {
        cloud.faults.saw("changed on both sides, decided");
    }
    if entry.document.new_supplier_id().is_some() && entry.outcome == AuditOutcome::Created {
        let found = entry.message.contains(" found in SAP");
        cloud.faults.saw(if found { "partner made earlier, found" } else { "partner made in SAP" });
    }
}

/// What people may call the document by.
fn numbers(document: &DocumentKey, item: &DocumentItem) -> Vec<String> {
    let in_coupa = match &item.link {
        Some(Link::Order(order)) => Some(order.po_number.clone()),
        Some(Link::Invoice(invoice)) => Some(invoice.number.clone()),
        Some(Link::Supplier(_) | Link::Payment(_)) | None => None,
    };
    [Some(document.key.to_string()), item.number.clone(), in_coupa].into_iter().flatten().collect()
}
