//! Looking into the instance from a test.

use super::Simulator;
use super::journal::Exchange;
use super::projection::Projection;
use super::render::Renderer;
use super::schema::Kind;
use super::views::{Invoice, Order, Payment, Supplier};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl Simulator {
    /// The supplier of this number.
    pub fn supplier_by_number(&self, number: &str) -> Option<Supplier> {
        let state = self.lock();
        let id = state.indices.supplier_number.get(number)?;
        state.find(Kind::Supplier, *id).map(|record| state.view_supplier(record))
    }

    /// All suppliers, lowest id first.
    pub fn suppliers(&self) -> Vec<Supplier> {
        let state = self.lock();
        state.all(Kind::Supplier).map(|record| state.view_supplier(record)).collect()
    }

    /// The order of this number.
    pub fn order_by_number(&self, po_number: &str) -> Option<Order> {
        let state = self.lock();
        let id = state.indices.po_number.get(po_number)?;
        state.find(Kind::OrderHeader, *id).map(|record| state.view_order(record))
    }

    /// All orders, lowest id first.
    pub fn orders(&self) -> Vec<Order> {
        let state = self.lock();
        state.all(Kind::OrderHeader).map(|record| state.view_order(record)).collect()
    }

    /// The invoice or credit note of this number of the supplier of this number.
    pub fn invoice(&self, supplier: &str, number: &str) -> Option<Invoice> {
        let state = self.lock();
        state.invoice_of(supplier, number).map(|record| state.view_invoice(record))
    }

    /// All invoices and credit notes, lowest id first.
    pub fn invoices(&self) -> Vec<Invoice> {
        let state = self.lock();
        state.all(Kind::InvoiceHeader).map(|record| state.view_invoice(record)).collect()
    }

    /// The payments on an invoice.
    pub fn payments(&self, supplier: &str, number: &str) -> Vec<Payment> {
        self.invoice(supplier, number).map(|invoice| invoice.payments).unwrap_or_default()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.lock().count(kind)
    }

    /// The ids of all objects of a kind.
    pub fn ids(&self, kind: Kind) -> Vec<u64> {
        self.lock().all(kind).map(super::record::Record::id).collect()
    }

    /// An object as the API shows it.
    pub fn json(&self, kind: Kind, id: u64) -> Option<Value> {
        let state = self.lock();
        let mut out = Vec::new();
        let record = state.find(kind, id)?;
        Renderer::new(&state, false).object(kind, record, &Projection::Full, &mut out);
        serde_json::from_slice(&out).ok()
    }

    /// The last requests, oldest first, as many as the settings keep.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().journal.exchanges.iter().cloned().collect()
    }

    /// Requests other than GET that came through to be processed, by method.
    pub fn writes(&self) -> BTreeMap<String, u64> {
        self.lock().journal.writes.clone()
    }

    /// How many API requests arrived.
    pub fn api_requests(&self) -> usize {
        self.lock().journal.arrivals.len()
    }

    /// The most API requests that arrived within any window of this length.
    pub fn most_requests_within(&self, window: Duration) -> usize {
        self.lock().journal.most_within(window)
    }

    /// How often a status was answered, token requests included.
    pub fn answered(&self, status: u16) -> u64 {
        self.lock().journal.statuses.get(&status).copied().unwrap_or_default()
    }

    /// How many tokens were given out.
    pub fn tokens_minted(&self) -> u64 {
        self.lock().tokens.minted
    }

    /// Attributes that were sent and that Swagger doesn't know, as `Kind.name`.
    pub fn unknown_attributes(&self) -> BTreeSet<String> {
        self.lock().journal.unknown.clone()
    }

    /// Attributes that were sent although they are read-only, as `Kind.name`.
    pub fn read_only_sent(&self) -> BTreeSet<String> {
        self.lock().journal.read_only.clone()
    }

    /// References that were left out because they lead nowhere.
    pub fn ignored_references(&self) -> BTreeSet<String> {
        self.lock().journal.ignored.clone()
    }

    /// Documents refused because their number was taken, and payments whose notes an invoice had already.
    pub fn duplicates(&self) -> Vec<String> {
        self.lock().journal.duplicates.clone()
    }

    /// The numbers of orders that were closed twice.
    pub fn hard_closed_orders(&self) -> Vec<String> {
        self.lock().journal.hard_closed.clone()
    }

    /// Forgets the request log and the counts of requests; what was noted about attributes stays.
    pub fn forget_requests(&self) {
        let mut state = self.lock();
        state.journal.exchanges.clear();
        state.journal.arrivals.clear();
        state.journal.writes.clear();
        state.journal.statuses.clear();
    }
}
