//! Asks Coupa which suppliers changed, and enqueues their keys.
//!
//! A pass reads everything from an overlap before the high-water mark on, by keyset over Coupa's ids. The mark is taken from
//! Coupa's own stamps, before the pass or from its first page: what changes while the pass runs is stamped later than
//! that, and shows in the next one.

use crate::{
    Pipeline, PollReport,
    overlap::{Overlap, earlier},
    poll::NOTHING_STAMPED,
};
use coupa::{Query, SupplierStamp, Tally};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::{Cause, Change, CoupaId, Cursor, DocumentKey, Lane, Pass, SapKey, Stamp};
use sap::Row;
use store::StoreError;

/// Why Coupa's suppliers could not be looked through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CoupaPollError {
    #[error(transparent)]
    Coupa(#[from] coupa::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the suppliers that changed in Coupa have been read up to.
pub const COUPA_CURSOR: &str = "poll/suppliers-coupa";

/// Longer than Coupa holds a commit back, and time for the second whose stamp may come twice.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// Never shorter: the mark's own second may not be over.
const SHORTEST: SignedDuration = SignedDuration::from_secs(2);

/// A second of Coupa's, and time for a late commit.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// From where on to read. What comes late is late by the time gone as well: while the mark stands still the window shrinks, and
/// an import of thousands isn't shown for ever.
fn from(mark: Stamp, cursor: &Cursor, pass_began: Timestamp) -> Stamp {
    let still = cursor.mark_moved_at.map(|moved_at| pass_began.duration_since(moved_at)).unwrap_or_default();
    earlier(mark, OVERLAP.saturating_sub(still).clamp(SHORTEST, OVERLAP))
}

impl Pipeline {
    pub(crate) async fn coupa_pass_is_open(&self) -> Result<bool, StoreError> {
        Ok(self.state.cursor(COUPA_CURSOR).await?.0.pass.is_some())
    }

    /// Reads one page of suppliers that changed in Coupa. The very first pass reads none where only SAP makes suppliers: SAP's
    /// own first pass comes to each that both sides have.
    pub(crate) async fn poll_coupa(&self) -> Result<PollReport, CoupaPollError> {
        let (mut cursor, revision) = self.state.cursor(COUPA_CURSOR).await?;
        let first = cursor.high_water.is_none();
        let tally = Tally::default();
        let call = tally.call(Lane::Live);
        let mut pass = if let Some(pass) = cursor.pass.take() {
            pass
        } else {
            let started_at = self.clock.now();
            let newest = if first { self.coupa.last_changed_supplier(&call).await? } else { None };
            Pass { target: newest.as_ref().and_then(stamp), after: None, started_at }
        };
        let query = match cursor.high_water {
            None => Query::new(),
            Some(mark) => {
                let from = from(mark, &cursor, pass.started_at);
                Query::new().compares("updated_at", "gt_or_eq", &text(from))
            }
        };
        let page: Vec<SupplierStamp> = if first && !self.settings.suppliers.create_in_sap {
            vec![]
        } else {
            self.coupa.page(&call, &query, coupa_id(pass.after.as_ref())).await?
        };
        let more = page.len() >= coupa::PAGE;
        if !first && pass.after.is_none() {
            pass.target = page.iter().filter_map(stamp).max();
        }

        let mut overlap = Overlap::settling_after(SETTLED_AFTER, std::mem::take(&mut cursor.seen));
        let news = page.iter().filter(|supplier| overlap.is_news(&row(supplier), pass.started_at));
        let lane = if first { Lane::Backfill } else { Lane::Live };
        let changes: Vec<Change> = news
            .filter_map(|supplier| Some(self.change(self.key_in_coupa(supplier)?, Cause::Coupa, lane)))
            .collect();
        self.queue.send(&changes, self.clock.now()).await?;

        if more {
            cursor.seen = if first { vec![] } else { overlap.keep(|_| true) };
            let after = page.iter().map(|supplier| supplier.id).max().map(key).or_else(|| pass.after.clone());
            cursor.pass = Some(Pass { after, ..pass });
        } else {
            let mark = cursor.high_water.max(pass.target).unwrap_or(NOTHING_STAMPED);
            if cursor.high_water < Some(mark) {
                cursor.mark_moved_at = Some(pass.started_at);
            }
            cursor.high_water = Some(mark);
            let from = from(mark, &cursor, pass.started_at);
            cursor.seen = overlap.keep(|seen| seen.stamp.is_none_or(|stamp| stamp >= from));
            cursor.polled_at = Some(self.clock.now());
        }
        let overtaken = self.keep_cursor(COUPA_CURSOR, &cursor, revision).await?;
        let (rows, enqueued) = (page.len(), changes.len());
        let position = cursor.pass.and_then(|pass| pass.after);
        let coupa_calls = tally.made();
        let more = more && !overtaken;
        Ok(PollReport { rows, enqueued, more, overtaken, position, coupa_calls, coupa_failed: None })
    }

    /// The document that a supplier of Coupa's is: SAP's, by its number, or one that is new.
    fn key_in_coupa(&self, supplier: &SupplierStamp) -> Option<DocumentKey> {
        let company = &self.settings.company;
        if let Some(number) = supplier.number.as_deref().filter(|number| !number.trim().is_empty()) {
            return Some(DocumentKey::supplier(company, number));
        }
        let wanted = supplier.status.as_deref() == Some("active");
        (wanted && self.settings.suppliers.create_in_sap)
            .then(|| DocumentKey::new_supplier(company, supplier.id))
    }
}

/// Coupa's moment in UTC, so that stamps from different zones compare.
fn stamp(supplier: &SupplierStamp) -> Option<Stamp> {
    let moment: Timestamp = supplier.updated_at.as_deref()?.parse().ok()?;
    let moment = TimeZone::UTC.to_datetime(moment);
    Some(Stamp { date: moment.date(), time: moment.time() })
}

fn text(stamp: Stamp) -> String {
    let moment = TimeZone::UTC.to_timestamp(stamp.date.to_datetime(stamp.time)).unwrap_or_default();
    // Whole seconds: never later than what is meant.
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn row(supplier: &SupplierStamp) -> Row {
    Row { key: key(supplier.id), stamp: stamp(supplier), doc_date: None, cancelled: false }
}

fn key(id: CoupaId) -> SapKey {
    SapKey::DocEntry(i64::try_from(id.0).unwrap_or(i64::MAX))
}

fn coupa_id(key: Option<&SapKey>) -> Option<CoupaId> {
    match key? {
        SapKey::DocEntry(id) => u64::try_from(*id).ok().map(CoupaId),
        SapKey::CardCode(_) => None,
    }
}
