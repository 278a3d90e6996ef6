//! The rows of Coupa's that are compared: whose image each says it is, and what it counts for.

use super::{
    balance::{FieldDifference, Figures},
    compare,
    payments::Rows,
    sap_side::Expected,
};
use coupa::{Invoice, Order, Record, WholeSupplier};
use jiff::civil::Date;
use model::{CompanyDb, DocumentKey, ObjectKind};

/// A row of Coupa that can be held against SAP.
pub(super) trait Comparable: Record {
    /// Whose image it says it is.
    fn document(&self, company: &CompanyDb) -> Option<DocumentKey>;
    /// It stands for something: a void one may be there beside the one that counts.
    fn counts(&self) -> bool;
    fn figures(&self) -> Figures;
    fn supplier(&self) -> &str;
    fn number(&self) -> &str;
    fn date(&self) -> Option<Date>;
    fn compare(&self, expected: &Expected) -> Vec<FieldDifference>;
    /// What of it belongs to payments.
    fn payments(&self, _document: &DocumentKey, _rows: &mut Rows) {}
}

impl Comparable for WholeSupplier {
    fn document(&self, company: &CompanyDb) -> Option<DocumentKey> {
        let number = self.number.as_deref().filter(|number| !number.is_empty())?;
        Some(DocumentKey::supplier(company, number))
    }

    fn counts(&self) -> bool {
        true
    }

    fn figures(&self) -> Figures {
        compare::shown_supplier_figures(self)
    }

    fn supplier(&self) -> &str {
        self.number.as_deref().unwrap_or_default()
    }

    fn number(&self) -> &str {
        self.number.as_deref().unwrap_or_default()
    }

    fn date(&self) -> Option<Date> {
        None
    }

    fn compare(&self, expected: &Expected) -> Vec<FieldDifference> {
        match expected {
            Expected::Supplier(image) => compare::supplier(image, self),
            _ => vec![],
        }
    }
}

impl Comparable for Order {
    fn document(&self, company: &CompanyDb) -> Option<DocumentKey> {
        let mut references =
            self.order_lines.iter().filter_map(|line| line.external_reference_number.as_deref());
        let entry = |reference: &str| {
            let rest = reference.strip_prefix(&company.0)?.strip_prefix('/')?;
            rest.split_once('/')?.0.parse::<i64>().ok()
        };
        Some(DocumentKey::entry(company, ObjectKind::PurchaseOrder, references.find_map(entry)?))
    }

    fn counts(&self) -> bool {
        crate::order::stage(self) != model::OrderStage::Cancelled
    }

    fn figures(&self) -> Figures {
        compare::shown_order_figures(self)
    }

    fn supplier(&self) -> &str {
        self.supplier.as_ref().and_then(|supplier| supplier.number.as_deref()).unwrap_or_default()
    }

    fn number(&self) -> &str {
        self.po_number.as_deref().unwrap_or_default()
    }

    fn date(&self) -> Option<Date> {
        None
    }

    fn compare(&self, expected: &Expected) -> Vec<FieldDifference> {
        match expected {
            Expected::Order(image) => compare::order(image, self),
            _ => vec![],
        }
    }
}

impl Comparable for Invoice {
    fn document(&self, company: &CompanyDb) -> Option<DocumentKey> {
        let note = self.internal_note.as_deref()?;
        let head = format!("SAP {company}/");
        let marked = |(at, _): (usize, &str)| {
            let mut parts = note[at + head.len()..].splitn(2, '/');
            let kind = ObjectKind::parse(parts.next()?)?;
            let digits: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
            let key = DocumentKey::entry(company, kind, digits.parse().ok()?);
            mapping::carries_mark(note, &format!("SAP {key}")).then_some(key)
        };
        note.match_indices(&head).find_map(marked)
    }

    fn counts(&self) -> bool {
        compare::shown_invoice_status(self) != "void"
    }

    fn figures(&self) -> Figures {
        compare::shown_invoice_figures(self)
    }

    fn supplier(&self) -> &str {
        self.supplier.as_ref().and_then(|supplier| supplier.number.as_deref()).unwrap_or_default()
    }

    fn number(&self) -> &str {
        self.invoice_number.as_deref().unwrap_or_default()
    }

    fn date(&self) -> Option<Date> {
        self.invoice_date
    }

    fn compare(&self, expected: &Expected) -> Vec<FieldDifference> {
        match expected {
            Expected::Invoice(image) => compare::invoice(image, self),
            _ => vec![],
        }
    }

    fn payments(&self, document: &DocumentKey, rows: &mut Rows) {
        rows.add(document, self);
    }
}
