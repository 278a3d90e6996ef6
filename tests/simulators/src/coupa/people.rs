//! What people do in Coupa's own screens: approve, edit, enter documents of their own, delete.

use super::Simulator;
use super::problem::Problem;
use super::schema::Kind;
use super::values;
use serde_json::Value;

fn told(problem: &Problem) -> String {
    problem.errors.values().flatten().cloned().collect::<Vec<_>>().join(", ")
}

impl Simulator {
    /// Approves an invoice, whatever its status.
    pub fn approve_invoice(&self, supplier: &str, number: &str) -> bool {
        self.set_invoice_status(supplier, number, "approved")
    }

    /// Approves every invoice that waits for approval, and says how many those were.
    pub fn approve_all_invoices(&self) -> usize {
        let mut state = self.lock();
        let waiting = |record: &&super::record::Record| record.text("status") == Some("pending_approval");
        let ids: Vec<u64> =
            state.all(Kind::InvoiceHeader).filter(waiting).map(super::record::Record::id).collect();
        for id in &ids {
            state.set_invoice_status(*id, "approved");
        }
        ids.len()
    }

    /// Puts an invoice into a status.
    pub fn set_invoice_status(&self, supplier: &str, number: &str, status: &str) -> bool {
        let mut state = self.lock();
        let id = state.invoice_of(supplier, number).map(super::record::Record::id);
        if let Some(id) = id {
            state.set_invoice_status(id, status);
        }
        id.is_some()
    }

    /// Puts an order into a status.
    pub fn set_order_status(&self, po_number: &str, status: &str) -> bool {
        let mut state = self.lock();
        let id = state.indices.po_number.get(po_number).copied();
        if let Some(id) = id {
            state.set_order_status(id, status);
        }
        id.is_some()
    }

    /// Puts reference data there, read-only attributes included: `add(Kind::Uom, &json!({"code": "EA"}))`.
    pub fn add(&self, kind: Kind, attributes: &Value) -> u64 {
        self.lock().plant(kind, attributes)
    }

    /// Enters a supplier, an order or an invoice of the customer's own, with the checks of the API and none of
    /// its counts. An order is issued.
    pub fn enter(&self, kind: Kind, body: Value) -> Result<u64, String> {
        let mut state = self.lock();
        let noted = (state.journal.unknown.clone(), state.journal.read_only.clone());
        let entered = match kind {
            Kind::Supplier => state.save_supplier(None, body),
            Kind::OrderHeader => state.create_order(body),
            Kind::InvoiceHeader => state.create_invoice(body),
            _ => state.save_reference(kind, None, body),
        };
        (state.journal.unknown, state.journal.read_only) = noted;
        let id = entered.map_err(|problem| told(&problem))?;
        if kind == Kind::OrderHeader {
            state.set_order_status(id, "issued");
        }
        Ok(id)
    }

    /// Edits a supplier as its people do, with the checks of the API and none of its counts.
    pub fn edit_supplier(&self, id: u64, body: Value) -> Result<(), String> {
        let mut state = self.lock();
        let noted = (state.journal.unknown.clone(), state.journal.read_only.clone());
        let saved = state.save_supplier(Some(id), body);
        (state.journal.unknown, state.journal.read_only) = noted;
        saved.map(|_| ()).map_err(|problem| told(&problem))
    }

    /// Edits an order as somebody with more rights than ours could, with the checks of the API and none of its counts.
    pub fn edit_order(&self, id: u64, body: Value) -> Result<(), String> {
        let mut state = self.lock();
        let noted = (state.journal.unknown.clone(), state.journal.read_only.clone());
        let saved = state.update_order(id, body);
        (state.journal.unknown, state.journal.read_only) = noted;
        saved.map(|_| ()).map_err(|problem| told(&problem))
    }

    /// Sets one plain attribute of an object, unchecked. `updated-at` moves.
    pub fn set(&self, kind: Kind, id: u64, attribute: &str, value: Value) -> bool {
        let mut state = self.lock();
        let Some(attribute) = kind.attribute(attribute) else { return false };
        let Some(mut record) = state.find(kind, id).cloned() else { return false };
        let Ok(field) = values::scalar(attribute, value) else { return false };
        record.set(attribute.name, field);
        match kind {
            Kind::Supplier => state.keep_supplier(record),
            Kind::OrderHeader => state.keep_order(record),
            Kind::InvoiceHeader => state.keep_invoice(record),
            _ => state.keep_changed(kind, record),
        };
        true
    }

    /// Removes an object as if it had never been there.
    pub fn delete(&self, kind: Kind, id: u64) -> bool {
        let mut state = self.lock();
        let Some(record) = state.find(kind, id).cloned() else { return false };
        match kind {
            Kind::Supplier => {
                state.indices.supplier_number.remove(record.text_or_empty("number"));
                state.indices.supplier_name.remove(record.text_or_empty("name"));
                state.indices.remit_to_code.retain(|_, holder| *holder != id);
            }
            Kind::OrderHeader => {
                state.indices.po_number.remove(record.text_or_empty("po-number"));
                for line in record.list("order-lines") {
                    state.indices.order_of_line.remove(&line.id());
                }
            }
            Kind::InvoiceHeader => state.forget_invoice_number(id),
            Kind::Account => state.indices.account.retain(|_, holder| *holder != id),
            _ => {}
        }
        state.tables.get_mut(&kind).and_then(|table| table.rows.remove(&id)).is_some()
    }
}
