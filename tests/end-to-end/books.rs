//! What scenarios enter in SAP by hand.

use crate::world::World;
use simulators::sap::{DocumentKind, DocumentSpec, Refusal, Simulator};

pub(crate) use simulators::samples::{document, line, supplier};

impl World {
    /// Enters a supplier.
    pub(crate) fn supplier(&self, code: &str) {
        self.sap.add_supplier(supplier(code)).unwrap();
    }

    /// Enters an order of one line; answers entry and number.
    pub(crate) fn order(&self, supplier: &str) -> (i64, String) {
        let spec = document(supplier, vec![line("A1", 10, "25.50")]);
        let entry = self.sap.add_purchase_order(spec).unwrap();
        (entry, self.number(DocumentKind::Order, entry))
    }

    /// Enters an invoice of one line without an order; answers entry and number.
    pub(crate) fn invoice(&self, supplier: &str) -> (i64, String) {
        let spec = document(supplier, vec![line("A1", 2, "9.99")]);
        let entry = self.sap.add_invoice(spec).unwrap();
        (entry, self.number(DocumentKind::Invoice, entry))
    }

    /// A document in a currency that nobody knows, entered days ago: a poll soon after doesn't look at it once more.
    pub(crate) fn in_strange_currency(&self, kind: DocumentKind, supplier: &str) -> i64 {
        let spec =
            DocumentSpec { currency: "$$".to_owned(), ..document(supplier, vec![line("A1", 1, "10")]) };
        self.days_ago(|sap| match kind {
            DocumentKind::Order => sap.add_purchase_order(spec),
            _ => sap.add_invoice(spec),
        })
    }

    /// Enters a document some days ago.
    pub(crate) fn days_ago(&self, enter: impl FnOnce(&Simulator) -> Result<i64, Refusal>) -> i64 {
        self.sap.pretend(Some(self.sap.company_time().saturating_sub(jiff::Span::new().days(3))));
        let entry = enter(&self.sap).unwrap();
        self.sap.pretend(None);
        entry
    }

    /// Pays an invoice in full; answers entry and number.
    pub(crate) fn payment(&self, invoice: i64) -> (i64, String) {
        let total = self.sap.document(DocumentKind::Invoice, invoice).unwrap().total.local;
        let entry = self.sap.pay(&[(invoice, total)]).unwrap();
        (entry, self.sap.payment(entry).unwrap().number.to_string())
    }

    /// The number that people know a document by.
    pub(crate) fn number(&self, kind: DocumentKind, entry: i64) -> String {
        self.sap.document(kind, entry).unwrap().number.to_string()
    }
}
