//! Asks SAP what changed, and enqueues the keys.
//!
//! A pass reads everything from an overlap before the high-water mark on, in the order of the key and by keyset, so that
//! nothing shifts while it is read. The next mark is the newest stamp that SAP held *before* the pass began. The
//! cursor is written after each page, once the queue has confirmed it: a pass that is cut off goes on where it was.

use crate::{
    Pipeline,
    overlap::{Overlap, earlier, overlap_after},
    poll_coupa::CoupaPollError,
};
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};
use model::planted::{Bug, bug};
use model::{Cause, Change, Cursor, DocumentKey, Failure, Lane, ObjectKind, Pass, SapKey, Seen, Stamp};
use sap::{Page, Row, Window};
use std::sync::atomic::Ordering;
use store::StoreError;

/// Keys that were given out before the highest one may become visible after it.
const LATE_ENTRIES: i64 = 50;

/// What a pass, or the part of it that there was time for, did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollReport {
    /// Rows that SAP, or Coupa, showed.
    pub rows: usize,
    /// Changes enqueued.
    pub enqueued: usize,
    /// The pass isn't over: call again.
    pub more: bool,
    /// Another poller is at the same pass: it will finish it.
    pub overtaken: bool,
    /// The last key that this pass has enqueued so far, while it isn't over: it tells that the cursor moves.
    pub position: Option<SapKey>,
    /// Calls that went to Coupa for it.
    pub coupa_calls: u32,
    /// Why Coupa could not be asked which suppliers changed there. What SAP showed is enqueued all the same.
    pub coupa_failed: Option<Failure>,
}

/// Why a poll ended early. What it had read by then is enqueued.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// SAP did not answer as it should.
    #[error(transparent)]
    Sap(#[from] sap::Error),
    /// Our own store did not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything of one object from a date on, whatever the start date says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backfill {
    /// Which object.
    pub kind: ObjectKind,
    /// The earliest `DocDate`.
    pub since: Date,
}

impl Backfill {
    fn cursor_name(self) -> String {
        format!("backfill/{}/{}", self.kind.plural(), self.since)
    }
}

impl Pipeline {
    /// Reads one page of what changed in `kind` and enqueues it. Call again while [`PollReport::more`]. Suppliers are
    /// looked for in both systems, where they go both ways.
    pub async fn poll(&self, kind: ObjectKind) -> Result<PollReport, PollError> {
        if kind != ObjectKind::Supplier || !self.settings.suppliers.from_coupa {
            return self.poll_sap(kind).await;
        }
        // SAP first: if Coupa is away, SAP's suppliers don't wait for it. While a pass over Coupa's that was begun here goes on,
        // SAP's is over, and is not begun anew with each page.
        let goes_on = self.terms.in_coupa.load(Ordering::Relaxed) && self.coupa_pass_is_open().await?;
        let sap = if goes_on { PollReport::default() } else { self.poll_sap(kind).await? };
        if sap.more {
            return Ok(sap);
        }
        let (coupa, coupa_failed) = match self.poll_coupa().await {
            Ok(coupa) => (coupa, None),
            Err(CoupaPollError::Coupa(error)) => (PollReport::default(), Some(error.failure())),
            Err(CoupaPollError::Store(error)) => return Err(error.into()),
        };
        self.terms.in_coupa.store(coupa.more, Ordering::Relaxed);
        Ok(PollReport {
            rows: sap.rows + coupa.rows,
            enqueued: sap.enqueued + coupa.enqueued,
            more: coupa.more,
            overtaken: sap.overtaken || coupa.overtaken,
            position: sap.position.or(coupa.position),
            coupa_calls: coupa.coupa_calls,
            coupa_failed,
        })
    }

    async fn poll_sap(&self, kind: ObjectKind) -> Result<PollReport, PollError> {
        let name = format!("poll/{}", kind.plural());
        let (mut cursor, revision) = self.state.cursor(&name).await?;
        let pass = match cursor.pass.take() {
            Some(pass) => pass,
            None => self.begin(kind).await?,
        };
        let first = cursor.high_water.is_none();
        let window = self.window(kind, &cursor);
        let page = self.sap.page(kind, &window, pass.after.as_ref()).await?;
        for text in &page.unreadable {
            tracing::warn!(
                object = kind.plural(),
                row = text,
                "a row without a readable key was passed over"
            );
        }

        let mut overlap = Overlap::new(std::mem::take(&mut cursor.seen));
        let news = page.rows.iter().filter(|row| overlap.is_news(row, pass.started_at));
        let lane = if first { Lane::Backfill } else { Lane::Live };
        let changes: Vec<Change> =
            news.map(|row| self.change(self.key(kind, &row.key), Cause::Poll, lane)).collect();
        if !bug(Bug::CursorBeforeEnqueue) {
            self.queue.send(&changes, self.clock.now()).await?;
        }

        cursor.last_entry = highest(&page.rows).max(cursor.last_entry);
        if page.more {
            cursor.seen = if first { vec![] } else { overlap.keep(|_| true) };
            let after = page.rows.last().map(|row| row.key.clone()).or_else(|| pass.after.clone());
            cursor.pass = Some(Pass { after, ..pass });
        } else {
            let mark = cursor.high_water.max(pass.target).unwrap_or(NOTHING_STAMPED);
            if cursor.high_water < Some(mark) {
                cursor.mark_moved_at = Some(pass.started_at);
            }
            cursor.high_water = Some(mark);
            cursor.last_pass_at = Some(pass.started_at);
            let window = self.window(kind, &cursor);
            cursor.seen = overlap.keep(|seen| shows_again(&window, seen));
            cursor.polled_at = Some(self.clock.now());
        }
        let overtaken = self.keep_cursor(&name, &cursor, revision).await?;
        if bug(Bug::CursorBeforeEnqueue) {
            self.queue.send(&changes, self.clock.now()).await?;
        }
        Ok(report(&page, changes.len(), overtaken, cursor.pass))
    }

    /// Reads one page of a backfill and enqueues it. Call again while [`PollReport::more`]; `restart` forgets that it was
    /// done before.
    pub async fn backfill(&self, backfill: Backfill, restart: bool) -> Result<PollReport, PollError> {
        let name = backfill.cursor_name();
        let (mut cursor, revision) = self.state.cursor(&name).await?;
        if restart && cursor.polled_at.is_some() {
            cursor = Cursor::default();
        }
        let after = cursor.pass.as_ref().and_then(|pass| pass.after.clone());
        let window = Window::ByDocDate { since: backfill.since };
        let page = self.sap.page(backfill.kind, &window, after.as_ref()).await?;
        let changes: Vec<Change> = page
            .rows
            .iter()
            .map(|row| Change {
                whatever_date: true,
                ..self.change(self.key(backfill.kind, &row.key), Cause::Person, Lane::Backfill)
            })
            .collect();
        self.queue.send(&changes, self.clock.now()).await?;
        let started_at = cursor.pass.as_ref().map_or_else(|| self.clock.now(), |pass| pass.started_at);
        cursor.pass = page.more.then(|| Pass {
            target: None,
            after: page.rows.last().map(|row| row.key.clone()).or(after),
            started_at,
        });
        cursor.polled_at = (!page.more).then(|| self.clock.now());
        let overtaken = self.keep_cursor(&name, &cursor, revision).await?;
        Ok(report(&page, changes.len(), overtaken, cursor.pass))
    }

    async fn begin(&self, kind: ObjectKind) -> Result<Pass, sap::Error> {
        let started_at = self.clock.now();
        let target = if kind == ObjectKind::Payment {
            None
        } else {
            // A stamp from the far future would make the cursor skip everything until then.
            self.sap.newest_stamp(kind, self.today().saturating_add(2.days())).await?
        };
        Ok(Pass { target, after: None, started_at })
    }

    fn window(&self, kind: ObjectKind, cursor: &Cursor) -> Window {
        let Some(mark) = cursor.high_water else {
            return Window::ByDocDate { since: self.settings.start_date };
        };
        let after_entry = cursor.last_entry.saturating_sub(LATE_ENTRIES);
        if kind == ObjectKind::Payment {
            let cancelled_since = self.today().saturating_sub(self.settings.payment_rescan);
            return Window::Payments { after_entry, cancelled_since };
        }
        let created_from = mark.date.saturating_sub(1.days());
        // Until the last pass, not until now: what has become visible since then was seen by nobody.
        let still_for = match (cursor.mark_moved_at, cursor.last_pass_at) {
            (Some(moved_at), Some(last_pass_at)) => last_pass_at.duration_since(moved_at),
            _ => SignedDuration::ZERO,
        };
        let mut from = earlier(mark, overlap_after(still_for));
        if bug(Bug::StrictCursor) {
            from = earlier(mark, SignedDuration::from_mins(-1));
        }
        Window::Changed { from, last_entry: after_entry, created_from }
    }

    pub(crate) async fn keep_cursor(
        &self,
        name: &str,
        cursor: &Cursor,
        revision: u64,
    ) -> Result<bool, StoreError> {
        match self.state.save_cursor(name, cursor, revision).await {
            Ok(_) => Ok(false),
            Err(StoreError::Conflict(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn key(&self, kind: ObjectKind, key: &SapKey) -> DocumentKey {
        DocumentKey { company: self.settings.company.clone(), kind, key: key.clone() }
    }

    /// Today in UTC: only for bounds that are days wide.
    pub(crate) fn today(&self) -> Date {
        TimeZone::UTC.to_datetime(self.clock.now()).date()
    }
}

fn report(page: &Page, enqueued: usize, overtaken: bool, pass: Option<Pass>) -> PollReport {
    PollReport {
        rows: page.rows.len(),
        enqueued,
        more: page.more && !overtaken,
        overtaken,
        position: pass.and_then(|pass| pass.after),
        coupa_calls: 0,
        coupa_failed: None,
    }
}

/// The mark where the first pass found nothing stamped: earlier than anything, so that the first stamp is seen.
pub(crate) const NOTHING_STAMPED: Stamp =
    Stamp { date: Date::constant(1900, 1, 1), time: jiff::civil::Time::midnight() };

/// Whether a pass with this window can show the row once more.
fn shows_again(window: &Window, seen: &Seen) -> bool {
    let newer = |than: i64| matches!(seen.key, SapKey::DocEntry(entry) if entry > than);
    match *window {
        Window::ByDocDate { .. } => true,
        Window::Payments { after_entry, .. } => seen.cancelled || newer(after_entry),
        Window::Changed { from, last_entry, .. } => {
            seen.stamp.is_none_or(|stamp| stamp >= from) || newer(last_entry)
        }
    }
}

fn highest(rows: &[Row]) -> i64 {
    let entries = rows.iter().filter_map(|row| match row.key {
        SapKey::DocEntry(entry) => Some(entry),
        SapKey::CardCode(_) => None,
    });
    entries.max().unwrap_or(0)
}
