//! What happens in SAP between the two syncs, and what goes wrong on the line.

use super::{
    failed,
    stage::{LOST_REPLIES, Stage},
};
use crate::CliResult;
use http::Method;
use rust_decimal::Decimal;
use simulators::{
    coupa::{Effect, Fault},
    sap::{CancelStatus, Document, DocumentKind, DocumentSpec, Field, LineSpec, Refusal},
};

/// So many calls are answered with 429.
const SLOW_DOWNS: u64 = 5;

/// Makes the changes and plans the faults. A sentence for each.
pub(super) fn make(stage: &Stage) -> CliResult<Vec<String>> {
    let mut told = changes(stage).map_err(|refusal| failed(format!("{refusal:?}")))?;
    stage.sap.expire_sessions();
    told.push("the SAP session expires".to_owned());
    stage.coupa.plan(Fault::next(Effect::TooManyRequests { retry_after_seconds: None }).times(SLOW_DOWNS));
    told.push(format!("Coupa answers {SLOW_DOWNS} calls with 429"));
    stage.coupa.plan(Fault::on(Method::POST, "/api/invoices", Effect::LoseReply).times(LOST_REPLIES));
    told.push("the reply to a new invoice is lost after Coupa has committed it".to_owned());
    Ok(told)
}

fn changes(stage: &Stage) -> Result<Vec<String>, Refusal> {
    let sap = &stage.sap;
    let mut told = Vec::new();
    if let Some(code) = sap.supplier_codes().first() {
        let name = "Renamed & Partners GmbH";
        sap.change_supplier(code, |partner| {
            partner.set("CardName", Field::Text(name.to_owned()));
        })?;
        told.push(format!("supplier {code} is renamed to {name}"));
    }
    let mut open =
        all(stage, DocumentKind::Order).filter(|order| !order.closed && order.cancel == CancelStatus::No);
    if let Some(order) = open.next() {
        sap.close_order(order.entry)?;
        told.push(format!("purchase order {} is closed", order.number));
    }
    if let Some(order) = open.next() {
        let base = LineSpec::copied_from(DocumentKind::Order, order.entry, 0);
        let spec = DocumentSpec {
            supplier: order.card_code.clone(),
            currency: order.currency.clone(),
            rate: order.rate,
            lines: vec![base],
            ..DocumentSpec::default()
        };
        let entry = sap.add_invoice(spec)?;
        if let Some(invoice) = sap.document(DocumentKind::Invoice, entry) {
            let half = (invoice.total.in_document(invoice.is_foreign) / Decimal::TWO).round_dp(2);
            sap.pay(&[(entry, half)])?;
            told.push(format!(
                "invoice {} arrives on order {} and half of it, {half} {}, is paid",
                invoice.number, order.number, invoice.currency
            ));
        }
    }
    let unpaid = |invoice: &Document| {
        invoice.cancel == CancelStatus::No && invoice.paid.local.is_zero() && !invoice.closed
    };
    if let Some(invoice) = all(stage, DocumentKind::Invoice).find(unpaid) {
        sap.cancel(DocumentKind::Invoice, invoice.entry)?;
        told.push(format!("invoice {} is cancelled", invoice.number));
    }
    let mut payments = sap.payment_entries().into_iter().filter_map(|entry| sap.payment(entry));
    let on_invoices = |payment: &simulators::sap::Payment| {
        !payment.cancelled && payment.rows.iter().any(|row| row.kind == DocumentKind::Invoice)
    };
    if let Some(payment) = payments.rfind(on_invoices) {
        sap.cancel_payment(payment.entry)?;
        told.push(format!("payment {} is taken back", payment.number));
    }
    Ok(told)
}

fn all(stage: &Stage, kind: DocumentKind) -> impl Iterator<Item = Document> + '_ {
    stage.sap.entries(kind).into_iter().rev().filter_map(move |entry| stage.sap.document(kind, entry))
}
