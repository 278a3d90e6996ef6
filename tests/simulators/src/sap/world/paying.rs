use super::specs::PaymentSpec;
use super::{Stamp, World};
use crate::sap::entities::round;
use crate::sap::entities::{Amounts, CancelStatus, DocumentKind, Payment, PaymentRow};
use crate::sap::refusal::Refusal;
use rust_decimal::Decimal;

/// SAP's number for outgoing payments.
const OUTGOING_PAYMENT: i64 = 46;
const DEFAULT_SERIES: i32 = 15;
const FIRST_NUMBER: i64 = 600_001;

impl World {
    /// Enters an outgoing payment and takes it off what it pays. Answers its `DocEntry`.
    pub(crate) fn add_payment(&mut self, spec: PaymentSpec) -> Result<i64, Refusal> {
        let mut rows = Vec::new();
        let mut currency = String::new();
        let mut card_code = spec.supplier;
        for (number, (kind, document, amount)) in (0..).zip(spec.rows) {
            let paid = self.document(kind, document)?;
            if paid.cancel != CancelStatus::No || !kind.has_balance() {
                return Err(Refusal::rule("The document cannot be paid [PaymentInvoices.DocEntry]"));
            }
            if card_code.is_empty() {
                card_code.clone_from(&paid.card_code);
            }
            currency.clone_from(&paid.currency);
            let amount = if kind == DocumentKind::CreditNote { -amount } else { amount };
            rows.push(PaymentRow {
                number,
                kind,
                document,
                document_number: paid.number,
                applied: in_currency(amount, paid.is_foreign, paid.rate),
                rate: if paid.is_foreign { paid.rate } else { Decimal::ZERO },
                extra: None,
            });
        }
        let supplier = self
            .partners
            .get(&card_code)
            .ok_or_else(|| Refusal::rule(format!("Invalid BP code [OVPM.CardCode] , '{card_code}'")))?;
        let card_name = supplier.text("CardName").to_owned();
        if currency.is_empty() {
            currency.clone_from(&self.settings.local_currency);
        }
        for row in &rows {
            self.settle_row(row, Decimal::ONE)?;
        }
        let series = spec.series.unwrap_or(DEFAULT_SERIES);
        let entry = self.payments.last_key_value().map_or(1, |(entry, _)| entry + 1);
        let mut payment = Payment {
            entry,
            number: self.next_number(OUTGOING_PAYMENT, FIRST_NUMBER, series),
            date: spec.date.unwrap_or(self.now.date()),
            card_code,
            card_name,
            rate: rows.first().map(|row| row.rate).unwrap_or_default(),
            currency,
            transfer: rows.iter().map(|row| row.applied.local).sum::<Decimal>() + spec.on_account,
            transfer_reference: spec.transfer_reference,
            series,
            cancelled: false,
            remarks: spec.remarks,
            rows,
            extra: None,
        };
        for (name, field) in spec.extra {
            if !payment.set(&name, field) {
                return Err(Refusal::syntax(format!("Property '{name}' of 'Payment' is invalid")));
            }
        }
        self.payments.insert(entry, payment);
        self.happened("VendorPayments", "Created", ("DocEntry", &entry.to_string()));
        Ok(entry)
    }

    /// Takes a payment back: what it paid is open again.
    pub(crate) fn cancel_payment(&mut self, entry: i64) -> Result<(), Refusal> {
        let payment = self.payments.get_mut(&entry).ok_or_else(Refusal::no_match)?;
        if payment.cancelled {
            return Err(Refusal::rule("The document was already cancelled"));
        }
        payment.cancelled = true;
        for row in payment.rows.clone() {
            self.settle_row(&row, Decimal::NEGATIVE_ONE)?;
        }
        self.happened("VendorPayments", "Cancelled", ("DocEntry", &entry.to_string()));
        Ok(())
    }

    fn settle_row(&mut self, row: &PaymentRow, sign: Decimal) -> Result<(), Refusal> {
        // A credit note's row is negative, and counts as paid off all the same.
        let sign = if row.kind == DocumentKind::CreditNote { -sign } else { sign };
        let applied = Amounts { local: row.applied.local * sign, foreign: row.applied.foreign * sign };
        self.settle(row.kind, row.document, applied)
    }

    /// Counts `applied` as paid; a document paid in full is closed, one no longer so is open again.
    pub(super) fn settle(&mut self, kind: DocumentKind, entry: i64, applied: Amounts) -> Result<(), Refusal> {
        let stamp = if self.settings.payment_stamps_invoice { Stamp::Move } else { Stamp::Keep };
        self.edit(kind, entry, stamp, |document| {
            document.paid = document.paid.plus(applied);
            document.closed = document.balance().in_document(document.is_foreign) <= Decimal::ZERO;
            if document.is_foreign && document.balance().foreign.is_zero() {
                // Part payments are rounded one by one; the last one takes the difference.
                document.paid.local = document.total.local;
            }
            for line in &mut document.lines {
                line.closed = document.closed;
            }
        })
    }
}

fn in_currency(amount: Decimal, is_foreign: bool, rate: Decimal) -> Amounts {
    if is_foreign {
        Amounts { local: round(amount * rate), foreign: amount }
    } else {
        Amounts { local: amount, foreign: Decimal::ZERO }
    }
}
