//! Payments: rows that Coupa appends to an approved invoice, found again by the text in their notes.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
};
use coupa::Invoice;
use mapping::PaymentImage;
use model::planted::{Bug, bug};
use model::{
    AppliedPayment, AuditOutcome, Code, CoupaId, Failure, InvoiceLink, InvoiceStage, Link, PaymentLink, Sent,
};
use rust_decimal::Decimal;
use serde_json::json;
use std::collections::BTreeMap;

/// One invoice under a payment, read after its lease was taken.
pub(crate) struct Paid {
    /// Its place among [`Work::others`].
    pub at: usize,
    /// Nothing is left open in SAP.
    pub closed: bool,
}

/// What of a payment had to be written to an invoice.
#[derive(Clone, Copy)]
enum Wrote {
    Nothing,
    /// Only that the invoice is paid, or no longer is.
    Paid,
    /// A payment, or what takes it back.
    Row,
}

impl Pipeline {
    /// Appends what is missing on each invoice; `shown` is what Coupa shows of them.
    pub(crate) async fn push_payment(
        &self,
        work: &mut Work,
        image: &PaymentImage,
        paid: &BTreeMap<i64, Paid>,
        shown: &BTreeMap<CoupaId, Invoice>,
    ) -> Result<Done, Stop> {
        let mut link = payment_link(work);
        let (mut appended, mut marked, mut stopped) = (Vec::new(), Vec::new(), None);
        for (entry, amount) in &image.on_invoices {
            let Some(paid) = paid.get(entry) else { continue };
            match self.pay(work, image, *amount, paid, shown).await {
                Ok(applied) => {
                    if let Some((payment, wrote)) = applied {
                        link.applied.insert(*entry, payment);
                        match wrote {
                            Wrote::Row => appended.push(entry.to_string()),
                            Wrote::Paid => {
                                marked.push(format!("paid is now {} on invoice entry {entry}", paid.closed));
                            }
                            Wrote::Nothing => {}
                        }
                    }
                    work.item.link = Some(Link::Payment(link.clone()));
                }
                // The other invoices can have theirs. What may have arrived must be known first, though.
                Err(stop @ Stop::Unknown(_)) => return Err(stop),
                Err(stop) => stopped = stopped.or(Some(stop)),
            }
        }
        if let Some(stop) = stopped {
            return Err(stop);
        }
        Ok(match (appended.as_slice(), marked.as_slice()) {
            ([], []) => Done::new(AuditOutcome::Unchanged, "Coupa already shows it"),
            ([], marked) => Done::new(AuditOutcome::Updated, marked.join(", ")),
            (appended, _) if image.cancelled => Done::new(
                AuditOutcome::Updated,
                format!("payment reversed on invoice entry {}", appended.join(", ")),
            ),
            (appended, _) => Done::new(
                AuditOutcome::Created,
                format!("payment added on invoice entry {}", appended.join(", ")),
            ),
        })
    }

    async fn pay(
        &self,
        work: &mut Work,
        image: &PaymentImage,
        amount: Decimal,
        paid: &Paid,
        shown: &BTreeMap<CoupaId, Invoice>,
    ) -> Result<Option<(AppliedPayment, Wrote)>, Stop> {
        let (lease, item) = &work.others[paid.at];
        let document = lease.document.clone();
        let Some(Link::Invoice(link)) = item.link.clone() else { return Ok(None) };
        let Some(invoice) = shown.get(&link.coupa_id) else {
            return Err(Failure::new(Code::CoupaGone, format!("{document} is no longer in Coupa")).into());
        };
        let has = |notes: &str| {
            !bug(Bug::PaymentAppendedOnRetry)
                && invoice.payments.iter().any(|payment| payment.notes.as_deref() == Some(notes))
        };
        let (there, taken_back) = (has(&image.notes), has(&image.reversal_notes));
        let append = match (image.cancelled, there, taken_back) {
            (false, false, _) => Some((amount, &image.notes)),
            (true, true, false) => Some((-amount, &image.reversal_notes)),
            _ => None,
        };
        if append.is_none() && !there {
            return Ok(None);
        }
        let applied = AppliedPayment { invoice: link.coupa_id, amount, reversed: image.cancelled };
        let shows_paid = invoice.paid.unwrap_or(false);
        if append.is_none() && shows_paid == paid.closed {
            remember_paid(work, paid, link);
            return Ok(Some((applied, Wrote::Nothing)));
        }
        if append.is_none() && is_void(invoice) {
            // Whether it is paid is nothing that a void invoice tells, and SAP calls a cancelled one closed.
            return Ok(Some((applied, Wrote::Nothing)));
        }
        if link.stage == InvoiceStage::Draft {
            // Ours to submit: that announces itself, where an approval does not.
            let failure =
                Failure::new(Code::Waiting, format!("invoice {} is not submitted yet", link.number));
            return Err(Stop::Needs { failure, first: document.clone(), all: vec![document] });
        }
        takes_payments(&link, invoice)?;
        let body = payment_body(image, append, (shows_paid != paid.closed).then_some(paid.closed));
        let reply: Invoice = self.write(work, Write::Update(link.coupa_id, &body)).await?;
        if let Some((_, notes)) = append
            && !reply.payments.iter().any(|payment| payment.notes.as_deref() == Some(notes))
        {
            let message = format!("Coupa answered, but invoice {} does not show `{notes}`", link.number);
            return Err(Failure::new(Code::CoupaReferenceIgnored, message).into());
        }
        remember_paid(work, paid, link);
        Ok(Some((applied, if append.is_some() { Wrote::Row } else { Wrote::Paid })))
    }
}

fn is_void(invoice: &Invoice) -> bool {
    matches!(invoice.status.as_deref(), Some("voided" | "abandoned"))
}

fn remember_paid(work: &mut Work, paid: &Paid, link: InvoiceLink) {
    work.others[paid.at].1.link = Some(Link::Invoice(InvoiceLink { paid: Some(paid.closed), ..link }));
}

fn payment_link(work: &Work) -> PaymentLink {
    match &work.item.link {
        Some(Link::Payment(link)) => link.clone(),
        _ => PaymentLink::default(),
    }
}

/// Coupa takes payments on approved invoices only.
fn takes_payments(link: &InvoiceLink, invoice: &Invoice) -> Result<(), Failure> {
    match invoice.status.as_deref().unwrap_or_default() {
        "approved" => Ok(()),
        status @ ("rejected" | "abandoned" | "voided" | "invalid") => {
            let message = format!("invoice {} is `{status}` in Coupa and takes no payment", link.number);
            Err(Failure::new(Code::CoupaStatus, message))
        }
        status => {
            let message = format!("invoice {} is `{status}` in Coupa", link.number);
            Err(Failure::new(Code::WaitingForApproval, message))
        }
    }
}

fn payment_body(image: &PaymentImage, append: Option<(Decimal, &String)>, paid: Option<bool>) -> Sent {
    let date = format!("{}T00:00:00Z", image.date);
    let mut body = Sent::new();
    if let Some((amount, notes)) = append {
        let row =
            json!({"amount-paid": amount.normalize().to_string(), "notes": notes, "payment-date": date});
        body.insert("payments".to_owned(), json!([row]));
    }
    if let Some(paid) = paid {
        body.insert("paid".to_owned(), paid.into());
        if paid {
            body.insert("payment-date".to_owned(), date.into());
            body.insert("payment-notes".to_owned(), image.notes.clone().into());
        }
    }
    body
}
