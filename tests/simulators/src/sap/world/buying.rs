use super::specs::DocumentSpec;
use super::{Stamp, World, credited_invoice, totals};
use crate::sap::entities::{Amounts, Base, CancelStatus, Document, DocumentKind};
use crate::sap::refusal::Refusal;
use rust_decimal::Decimal;

impl World {
    /// Enters a document: works out its totals, and takes from the lines it was copied from. Answers its
    /// `DocEntry`.
    pub(crate) fn add_document(&mut self, kind: DocumentKind, spec: DocumentSpec) -> Result<i64, Refusal> {
        if spec.lines.is_empty() {
            return Err(Refusal::rule("Document has no lines [DocumentLines]"));
        }
        let bases: Vec<_> = spec.lines.iter().filter_map(|line| line.base).collect();
        let mut document = self.draft(kind, &spec, bases.first().copied())?;
        for base in &bases {
            self.check_base(&document, *base)?;
        }
        for (name, field) in spec.extra {
            if !document.set(&name, field) {
                return Err(Refusal::syntax(format!("Property '{name}' of 'Document' is invalid")));
            }
        }
        totals::compute(&mut document);
        let credited = credited_invoice(&document);
        let credit = document.total;
        let taken: Vec<_> =
            document.lines.iter().filter_map(|line| Some((line.base?, line.quantity))).collect();
        let entry = self.insert(document);
        for (base, quantity) in taken {
            self.take_from_base(base, quantity)?;
        }
        if let Some(invoice) = credited {
            self.apply_credit(invoice, entry, credit)?;
        }
        Ok(entry)
    }

    fn check_base(&self, document: &Document, base: Base) -> Result<(), Refusal> {
        let of_base = self.document(base.kind, base.entry)?;
        if of_base.card_code != document.card_code {
            return Err(Refusal::rule("Base document card and target document card do not match."));
        }
        let line = self.base_line(base)?;
        let used_up = match base.kind {
            // A paid invoice can still be credited.
            DocumentKind::Invoice => !of_base.service && line.open_quantity <= Decimal::ZERO,
            _ => line.closed,
        };
        if used_up || of_base.cancel != CancelStatus::No {
            return Err(Refusal::rule("One of the base documents has already been closed"));
        }
        Ok(())
    }

    fn take_from_base(&mut self, base: Base, quantity: Decimal) -> Result<(), Refusal> {
        self.edit(base.kind, base.entry, self.copy_stamp(base.kind), |document| {
            for line in document.lines.iter_mut().filter(|line| line.number == base.line) {
                line.open_quantity -= quantity;
                if !base.kind.has_balance() {
                    line.closed = document.service || line.open_quantity <= Decimal::ZERO;
                }
            }
            if !base.kind.has_balance() {
                document.closed = document.lines.iter().all(|line| line.closed);
            }
        })
    }

    /// Gives back what a cancelled document took.
    pub(super) fn give_back_to_base(&mut self, base: Base, quantity: Decimal) -> Result<(), Refusal> {
        self.edit(base.kind, base.entry, self.copy_stamp(base.kind), |document| {
            if document.cancel != CancelStatus::No {
                return;
            }
            for line in document.lines.iter_mut().filter(|line| line.number == base.line) {
                line.open_quantity += quantity;
                if !base.kind.has_balance() {
                    line.closed = false;
                    document.closed = false;
                }
            }
        })
    }

    /// What closes an invoice is its balance, and whether that shows is another setting.
    fn copy_stamp(&self, base: DocumentKind) -> Stamp {
        if self.settings.copy_stamps_base && !base.has_balance() { Stamp::Move } else { Stamp::Keep }
    }

    /// A credit note copied from an invoice is set off against it, as far as that is unpaid.
    fn apply_credit(&mut self, invoice: i64, credit_note: i64, credit: Amounts) -> Result<(), Refusal> {
        let balance = self.document(DocumentKind::Invoice, invoice)?.balance();
        let applied =
            Amounts { local: credit.local.min(balance.local), foreign: credit.foreign.min(balance.foreign) };
        if applied.local <= Decimal::ZERO {
            return Ok(());
        }
        self.settle(DocumentKind::Invoice, invoice, applied)?;
        self.settle(DocumentKind::CreditNote, credit_note, applied)
    }
}
