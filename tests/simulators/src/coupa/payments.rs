//! Payments on invoices. Every call appends: Coupa has no way to change or remove one.

use super::input::missing;
use super::problem::Problem;
use super::record::{Field, Record};
use super::schema::Kind;
use super::state::State;
use serde_json::Value;

impl State {
    /// Appends payments to an invoice, even where the same one is there already.
    pub(crate) fn append_payments(
        &mut self,
        invoice: &mut Record,
        entries: Vec<Value>,
    ) -> Result<(), Problem> {
        for entry in entries {
            let mut draft = self.draft(Kind::Payment, entry)?;
            // The deprecated name of the same thing.
            let check_number = draft.take("check-number");
            let mut payment = self.fresh(Kind::Payment);
            self.fill(&mut payment, draft, None)?;
            if let (true, Some(Value::String(text))) = (payment.is_blank("notes"), check_number) {
                payment.set_text("notes", &text);
            }
            Problem::from_messages("invoice-header.payments", missing(&payment, &["amount-paid"]))?;
            payment.set_text("payable-type", "InvoiceHeader");
            payment.set("payable-id", Field::Integer(i64::try_from(invoice.id()).unwrap_or(i64::MAX)));
            let notes = payment.text_or_empty("notes");
            let again = |held: &Record| !notes.is_empty() && held.text("notes") == Some(notes);
            if invoice.list("payments").iter().any(again) {
                let text = format!("{notes} on invoice {}", invoice.text_or_empty("invoice-number"));
                self.journal.duplicate("payment", &text);
            }
            payment.shrink();
            invoice.push("payments", payment);
        }
        Ok(())
    }
}
