use super::{Stamp, World, credited_invoice};
use crate::sap::entities::{Amounts, Base, CancelStatus, Document, DocumentKind};
use crate::sap::refusal::Refusal;
use crate::sap::value::Field;
use rust_decimal::Decimal;

impl World {
    /// Cancels a document. An order is only marked; for the others a second document is made, whose
    /// `DocEntry` is the answer.
    pub(crate) fn cancel(&mut self, kind: DocumentKind, entry: i64) -> Result<Option<i64>, Refusal> {
        let document = self.document(kind, entry)?;
        if document.cancel != CancelStatus::No {
            return Err(Refusal::rule("The document was already cancelled"));
        }
        if kind == DocumentKind::Order && document.closed {
            return Err(Refusal::rule("The document is already closed"));
        }
        let credited = credited_invoice(document);
        if kind.has_balance() && credited.is_none() && !document.paid.local.is_zero() {
            return Err(Refusal::rule("Cannot cancel document linked to payments"));
        }
        let second = (kind != DocumentKind::Order).then(|| self.cancellation_of(document));
        let taken: Vec<_> =
            document.lines.iter().filter_map(|line| Some((line.base?, line.quantity))).collect();
        let applied = document.paid;
        let second = second.map(|second| self.insert(second));
        let today = self.now.date();
        self.edit(kind, entry, Stamp::Move, |document| {
            document.cancel = CancelStatus::Yes;
            document.cancel_date = Some(today);
            document.paid = Amounts::default();
            close(document);
        })?;
        for (base, quantity) in taken {
            self.give_back_to_base(base, quantity)?;
        }
        if let Some(invoice) = credited {
            let back = Amounts { local: -applied.local, foreign: -applied.foreign };
            self.settle(DocumentKind::Invoice, invoice, back)?;
        }
        Ok(second)
    }

    fn cancellation_of(&self, original: &Document) -> Document {
        let mut second = original.clone();
        second.cancel = CancelStatus::Cancellation;
        second.date = self.now.date();
        second.paid = Amounts::default();
        for line in &mut second.lines {
            line.base = Some(Base { kind: original.kind, entry: original.entry, line: line.number });
        }
        close(&mut second);
        if self.settings.cancellation_shows_cancelled {
            second.set("Cancelled", Field::Name("tYES".to_owned()));
        }
        second
    }

    /// Closes an order or a goods receipt by hand.
    pub(crate) fn close(&mut self, kind: DocumentKind, entry: i64) -> Result<(), Refusal> {
        let document = self.document(kind, entry)?;
        if kind.has_balance() {
            return Err(Refusal::unsupported());
        }
        if document.closed {
            return Err(Refusal::rule("The document is already closed"));
        }
        self.edit(kind, entry, Stamp::Move, close)?;
        self.happened(kind.entity_set(), "Closed", ("DocEntry", &entry.to_string()));
        Ok(())
    }

    /// Opens a closed order or goods receipt again, with what was open of its lines.
    pub(crate) fn reopen(&mut self, kind: DocumentKind, entry: i64) -> Result<(), Refusal> {
        let document = self.document(kind, entry)?;
        if kind.has_balance() {
            return Err(Refusal::unsupported());
        }
        if !document.closed || document.cancel != CancelStatus::No {
            return Err(Refusal::rule("The document cannot be reopened"));
        }
        let received = self.received(kind, entry);
        self.edit(kind, entry, Stamp::Move, |document| {
            for line in &mut document.lines {
                let taken = received.iter().filter(|(number, _)| *number == line.number);
                line.open_quantity = line.quantity - taken.map(|(_, quantity)| *quantity).sum::<Decimal>();
                line.closed = !document.service && line.open_quantity <= Decimal::ZERO;
            }
            document.closed = false;
        })
    }

    /// What later documents took from the lines of this one.
    fn received(&self, kind: DocumentKind, entry: i64) -> Vec<(i64, Decimal)> {
        let documents = self.tables.values().flat_map(|table| table.rows.values());
        let standing = documents.filter(|document| document.cancel == CancelStatus::No);
        let lines = standing.flat_map(|document| &document.lines);
        lines
            .filter_map(|line| line.base.map(|base| (base, line.quantity)))
            .filter(|(base, _)| base.kind == kind && base.entry == entry)
            .map(|(base, quantity)| (base.line, quantity))
            .collect()
    }
}

/// Nothing stays open.
fn close(document: &mut Document) {
    document.closed = true;
    for line in &mut document.lines {
        line.closed = true;
        line.open_quantity = Decimal::ZERO;
    }
}
