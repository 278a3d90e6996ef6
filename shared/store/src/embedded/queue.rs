//! The queue of changes.

use super::{
    EmbeddedStore,
    value::{from_json, from_nanos, limit, to_json, to_nanos},
};
use crate::{DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, Lane, ObjectKind};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

pub(super) const BECOME_READY: &str =
    "UPDATE message SET ready = 1, held = 0 WHERE ready = 0 AND visible_at <= ?1";
pub(super) const NEXT_READY: &str = "SELECT id, lane, whatever_date, change, receive_count + 1 FROM message
    WHERE ready = 1 ORDER BY lane, rank, id LIMIT ?1";
pub(super) const ANY_READY: &str = "SELECT visible_at FROM message WHERE ready = 1 LIMIT 1";
pub(super) const NEXT_VISIBLE: &str = "SELECT min(visible_at) FROM message WHERE ready = 0";

/// A change as its columns.
struct NewMessage {
    document: String,
    step: String,
    lane: u8,
    rank: u8,
    whatever_date: bool,
    change: String,
}

/// A received message as its columns.
struct MessageRow {
    id: i64,
    lane: u8,
    whatever_date: bool,
    change: String,
    receive_count: u32,
}

#[async_trait]
impl Queue for EmbeddedStore {
    async fn send(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        let messages = changes.iter().map(NewMessage::from_change).collect::<Result<Vec<_>, _>>()?;
        self.write_durably(move |connection| insert(connection, &messages, now)).await
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        let until = now.saturating_add(visibility).unwrap_or(Timestamp::MAX);
        let rows = self.write(move |connection| receive(connection, max, until, now)).await?;
        rows.iter().map(MessageRow::received).collect()
    }

    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let receipts = receipts.iter().filter_map(Receipt::parts).collect::<Vec<_>>();
        self.write(move |connection| {
            let mut delete = connection
                .prepare_cached("DELETE FROM message WHERE id = ?1 AND receive_count = ?2 AND held = 1")?;
            for (id, receive_count) in receipts {
                delete.execute(params![id, receive_count])?;
            }
            Ok(())
        })
        .await
    }

    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError> {
        let Some((id, receive_count)) = receipt.parts() else { return Ok(()) };
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE message SET held = 0, visible_at = ?3
                     WHERE id = ?1 AND receive_count = ?2 AND held = 1",
                )?
                .execute(params![id, receive_count, to_nanos(at)])?;
            Ok(())
        })
        .await
    }

    /// The records in the state are all that there is to look at here.
    async fn copy_dead_letter(&self, _copy: &DeadLetterCopy) -> Result<(), StoreError> {
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        self.read(depth).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(next_due).await
    }
}

impl NewMessage {
    fn from_change(change: &Change) -> Result<Self, StoreError> {
        Ok(Self {
            document: change.document.to_string(),
            step: to_json(&change.step)?,
            lane: change.lane as u8,
            rank: change.rank(),
            whatever_date: change.whatever_date,
            change: to_json(change)?,
        })
    }
}

impl MessageRow {
    fn received(&self) -> Result<Received, StoreError> {
        let mut change: Change = from_json("a message", &self.change)?;
        // Later equal changes may have been folded into this one.
        change.lane = lane(self.lane)?;
        change.whatever_date = self.whatever_date;
        let receipt = Receipt(format!("{}.{}", self.id, self.receive_count));
        Ok(Received { change, receipt, receive_count: self.receive_count, copy_of: None })
    }
}

impl Receipt {
    /// Message and count of its receipt: a message received again has another count, and the old receipt fits no more.
    fn parts(&self) -> Option<(i64, u32)> {
        let (id, receive_count) = self.0.split_once('.')?;
        Some((id.parse().ok()?, receive_count.parse().ok()?))
    }
}

fn lane(number: u8) -> Result<Lane, StoreError> {
    [Lane::Live, Lane::Backfill]
        .into_iter()
        .find(|lane| *lane as u8 == number)
        .ok_or_else(|| StoreError::Corrupt(format!("a message in lane {number}")))
}

fn insert(connection: &Connection, messages: &[NewMessage], now: Timestamp) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO message (document, step, lane, rank, whatever_date, change, sent_at, visible_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
         ON CONFLICT (document, step) WHERE receive_count = 0 DO UPDATE SET
             lane = min(lane, excluded.lane),
             whatever_date = max(whatever_date, excluded.whatever_date)",
    )?;
    for message in messages {
        insert.execute(params![
            message.document,
            message.step,
            message.lane,
            message.rank,
            message.whatever_date,
            message.change,
            to_nanos(now)
        ])?;
    }
    Ok(())
}

fn receive(
    connection: &Connection,
    max: usize,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<MessageRow>, StoreError> {
    // What has become visible joins the ordered index, so that no receive ever wades through what is out of sight.
    connection.prepare_cached(BECOME_READY)?.execute([to_nanos(now)])?;
    let mut select = connection.prepare_cached(NEXT_READY)?;
    let rows = select.query_map([limit(max)], |row| {
        Ok(MessageRow {
            id: row.get(0)?,
            lane: row.get(1)?,
            whatever_date: row.get(2)?,
            change: row.get(3)?,
            receive_count: row.get(4)?,
        })
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let mut hide = connection.prepare_cached(
        "UPDATE message SET ready = 0, held = 1, visible_at = ?2, receive_count = receive_count + 1 WHERE id = ?1",
    )?;
    for row in &rows {
        hide.execute(params![row.id, to_nanos(until)])?;
    }
    Ok(rows)
}

/// Reads the whole queue: for people, not for the work itself.
fn depth(connection: &Connection) -> Result<Depth, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT lane, count(*), sum(held), min(sent_at) FROM message GROUP BY lane")?;
    let mut rows = select.query([])?;
    let mut depth = Depth::default();
    while let Some(row) = rows.next()? {
        depth.by_lane.insert(lane(row.get(0)?)?, row.get(1)?);
        depth.in_flight += row.get::<_, u64>(2)?;
        let oldest = from_nanos(row.get(3)?)?;
        depth.oldest = Some(depth.oldest.map_or(oldest, |other| other.min(oldest)));
    }
    Ok(depth)
}

fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let ready = connection.prepare_cached(ANY_READY)?.query_row([], |row| row.get::<_, i64>(0)).optional()?;
    if let Some(since) = ready {
        return from_nanos(since).map(Some);
    }
    connection
        .prepare_cached(NEXT_VISIBLE)?
        .query_row([], |row| row.get::<_, Option<i64>>(0))?
        .map(from_nanos)
        .transpose()
}

/// The queue's length by kind of document.
pub(super) fn by_kind(connection: &Connection) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
    let mut query = connection.prepare_cached("SELECT rank, COUNT(*) FROM message GROUP BY rank")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, u64>(1)?)))?;
    let mut counts = BTreeMap::new();
    for row in rows {
        let (rank, count) = row?;
        // Closes of orders rank behind everything else.
        let kind = ObjectKind::ALL.into_iter().find(|kind| *kind as u8 == rank);
        *counts.entry(kind.unwrap_or(ObjectKind::PurchaseOrder)).or_default() += count;
    }
    Ok(counts)
}
