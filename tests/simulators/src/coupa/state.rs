//! What this Coupa holds.

use super::faults::Fault;
use super::journal::Journal;
use super::pace::Pace;
use super::record::{Field, Record};
use super::schema::Kind;
use super::settings::Settings;
use super::token::Tokens;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use std::collections::BTreeMap;

/// All objects of one kind.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// By id.
    pub(crate) rows: BTreeMap<u64, Record>,
}

/// Objects by their natural keys, so that nothing ever scans.
#[derive(Debug, Default)]
pub(crate) struct Indices {
    /// Suppliers by number.
    pub(crate) supplier_number: BTreeMap<Box<str>, u64>,
    /// Suppliers by name.
    pub(crate) supplier_name: BTreeMap<Box<str>, u64>,
    /// Remit-to codes, with their supplier.
    pub(crate) remit_to_code: BTreeMap<Box<str>, u64>,
    /// Orders by number.
    pub(crate) po_number: BTreeMap<Box<str>, u64>,
    /// The order of each line.
    pub(crate) order_of_line: BTreeMap<u64, u64>,
    /// Invoices by number: each supplier counts for itself.
    pub(crate) invoice_number: BTreeMap<Box<str>, Vec<u64>>,
    /// Accounts by chart and code.
    pub(crate) account: BTreeMap<(u64, Box<str>), u64>,
}

/// A request that will take effect later than its sender believes.
#[derive(Debug)]
pub(crate) struct Late {
    /// When it takes effect.
    pub(crate) due: Timestamp,
    /// The request.
    pub(crate) request: http::Request<Bytes>,
}

/// The whole instance.
#[derive(Debug)]
pub(crate) struct State {
    /// How it behaves.
    pub(crate) settings: Settings,
    /// The moment of the request at hand.
    pub(crate) now: Timestamp,
    /// Objects by kind.
    pub(crate) tables: BTreeMap<Kind, Table>,
    /// Ways to them.
    pub(crate) indices: Indices,
    /// The last id given, by kind.
    pub(crate) last_ids: BTreeMap<Kind, u64>,
    /// Tokens given out.
    pub(crate) tokens: Tokens,
    /// The rate limit's memory.
    pub(crate) pace: Pace,
    /// Faults that still wait for their request.
    pub(crate) faults: Vec<Fault>,
    /// Requests that have not taken effect yet.
    pub(crate) late: Vec<Late>,
    /// What was seen.
    pub(crate) journal: Journal,
}

impl State {
    /// An empty instance.
    pub(crate) fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            settings,
            now,
            tables: BTreeMap::new(),
            indices: Indices::default(),
            last_ids: BTreeMap::new(),
            tokens: Tokens::default(),
            pace: Pace::default(),
            faults: Vec::new(),
            late: Vec::new(),
            journal: Journal::default(),
        }
    }

    /// The next id of a kind.
    pub(crate) fn next_id(&mut self, kind: Kind) -> u64 {
        let last = self.last_ids.entry(kind).or_insert(0);
        *last += 1;
        *last
    }

    /// A new object with an id and its stamps.
    pub(crate) fn fresh(&mut self, kind: Kind) -> Record {
        let mut record = Record::new(self.next_id(kind));
        record.set("created-at", Field::Moment(self.now));
        record.set("updated-at", Field::Moment(self.now));
        record
    }

    /// Keeps an object under its id, replacing what was there.
    pub(crate) fn keep(&mut self, kind: Kind, mut record: Record) -> u64 {
        let id = record.id();
        record.shrink();
        self.tables.entry(kind).or_default().rows.insert(id, record);
        id
    }

    /// Keeps a changed object: its `updated-at` moves.
    pub(crate) fn keep_changed(&mut self, kind: Kind, mut record: Record) -> u64 {
        record.set("updated-at", Field::Moment(self.now));
        self.keep(kind, record)
    }

    /// The object of this kind and id.
    pub(crate) fn find(&self, kind: Kind, id: u64) -> Option<&Record> {
        self.tables.get(&kind)?.rows.get(&id)
    }

    /// The same, to change.
    pub(crate) fn find_mut(&mut self, kind: Kind, id: u64) -> Option<&mut Record> {
        self.tables.get_mut(&kind)?.rows.get_mut(&id)
    }

    /// All objects of a kind, lowest id first.
    pub(crate) fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.tables.get(&kind).into_iter().flat_map(|table| table.rows.values())
    }

    /// How many there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.tables.get(&kind).map_or(0, |table| table.rows.len())
    }

    /// The instance's offset from UTC.
    pub(crate) fn offset(&self) -> Offset {
        Offset::constant(self.settings.zone_offset_hours.clamp(-12, 14))
    }

    /// The one object whose text attribute `key` is exactly `value`.
    pub(crate) fn find_by_text(&self, kind: Kind, key: &str, value: &str) -> Option<u64> {
        match (kind, key) {
            (Kind::Supplier, "number") => self.indices.supplier_number.get(value).copied(),
            (Kind::Supplier, "name") => self.indices.supplier_name.get(value).copied(),
            (Kind::OrderHeader, "po-number") => self.indices.po_number.get(value).copied(),
            _ => self.all(kind).find(|record| record.text(key) == Some(value)).map(Record::id),
        }
    }

    /// The order that a line belongs to, and the line.
    pub(crate) fn order_line(&self, line_id: u64) -> Option<(&Record, &Record)> {
        let order = self.find(Kind::OrderHeader, *self.indices.order_of_line.get(&line_id)?)?;
        let line = order.list("order-lines").iter().find(|line| line.id() == line_id)?;
        Some((order, line))
    }
}
