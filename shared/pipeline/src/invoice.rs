//! Invoices and credit notes: created, submitted, and from then on only voided.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    invoice_found::{invoice_mark, new_link, same_total},
    push::{Mark, nothing_ignored, single},
};
use coupa::{Action, Invoice};
use mapping::InvoiceImage;
use model::{
    AuditOutcome, Code, CoupaId, DocumentItem, DocumentKey, Failure, InvoiceLink, InvoiceStage, Link, Sent,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands around an invoice.
pub(crate) struct Around<'a> {
    /// What Coupa holds by this number and supplier, where it had to be asked.
    pub found: Option<&'a Invoice>,
    /// The items of the supplier and the orders it depends on.
    pub items: &'a BTreeMap<DocumentKey, DocumentItem>,
}

impl Pipeline {
    pub(crate) async fn push_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<Done, Stop> {
        self.find_invoice_afresh(work, image, around).await?;
        let ours = |found: &Invoice| invoice_mark(work.document(), image, found) == Mark::Ours;
        if image.cancelled && work.item.link.is_none() && !around.found.is_some_and(ours) {
            return Ok(Done::new(AuditOutcome::NotApplicable, "cancelled before it was ever sent"));
        }
        let link = self.linked_invoice(work, image, around).await?;
        if let Some(link) = link.as_ref().filter(|_| image.cancelled) {
            return self.void_invoice(work, image, link.clone()).await;
        }
        match link {
            None => {
                self.create_invoice(work, image, around).await?;
                self.submit_invoice(work, image, around).await?;
                Ok(Done::new(
                    AuditOutcome::Created,
                    format!("invoice {} created and submitted", image.number),
                ))
            }
            Some(link) => match link.stage {
                InvoiceStage::Draft => {
                    self.mend_draft(work, image, around, link).await?;
                    self.submit_invoice(work, image, around).await?;
                    // Created by an attempt of which nobody heard: whether it is told as created must not hang on that.
                    let outcome = if work.unknown() { AuditOutcome::Created } else { AuditOutcome::Updated };
                    Ok(Done::new(outcome, format!("invoice {} submitted", image.number)))
                }
                InvoiceStage::Void => {
                    Ok(Done::new(AuditOutcome::NotApplied, "the invoice is void in Coupa and stays so"))
                }
                InvoiceStage::Submitted if is_disputed(work) && self.rewrite(work, image, around).await? => {
                    Ok(Done::new(
                        AuditOutcome::Updated,
                        format!("invoice {} put right in Coupa", image.number),
                    ))
                }
                InvoiceStage::Submitted => self.follow_invoice(work, image, link).await,
            },
        }
    }

    /// A submitted invoice takes nothing but its payments.
    async fn follow_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        link: InvoiceLink,
    ) -> Result<Done, Stop> {
        if link.paid.is_some_and(|paid| paid != image.closed) {
            let body = single("paid", image.closed);
            let _: Invoice = self.write(work, Write::Update(link.coupa_id, &body)).await?;
            work.item.link = Some(Link::Invoice(InvoiceLink { paid: Some(image.closed), ..link }));
            return Ok(Done::new(AuditOutcome::Updated, format!("paid is now {}", image.closed)));
        }
        let changed = mapping::difference(&link.sent, &invoice_fields(image));
        if changed.is_empty() {
            return Ok(Done::new(AuditOutcome::Unchanged, "Coupa already shows it"));
        }
        let names: Vec<&str> = changed.keys().map(String::as_str).collect();
        let message =
            format!("changed in SAP after it was submitted, not applied in Coupa: {}", names.join(", "));
        Ok(Done::new(AuditOutcome::NotApplied, message))
    }

    async fn create_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        let body = self.invoice_body(work, image, around).await?;
        let mut reply = self.write(work, Write::Create(&body)).await;
        if matches!(reply, Err(coupa::Error::Invalid(_)))
            && self.open_shut_orders(work, image, around).await?
        {
            reply = self.write(work, Write::Create(&body)).await;
        }
        let invoice: Invoice = match reply {
            Err(error) if error.taken() => {
                let Some(invoice) = self.find_invoice(work, image).await? else { return Err(error.into()) };
                return self.adopt_invoice(work, image, &invoice);
            }
            result => result?,
        };
        let checked = nothing_ignored(&body, &invoice).and_then(|()| Ok(same_total(image, &invoice)?));
        let sent = if checked.is_ok() { invoice_fields(image) } else { Sent::new() };
        work.item.link = Some(Link::Invoice(new_link(image, &invoice, sent)));
        checked
    }

    /// Sends a draft again as a whole, unless it is known to be right.
    async fn mend_draft(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
        link: InvoiceLink,
    ) -> Result<(), Stop> {
        let mut body = self.invoice_body(work, image, around).await?;
        if link.sent == invoice_fields(image) {
            return Ok(());
        }
        let draft: Invoice = self.coupa.get(&work.read_call(), link.coupa_id).await?;
        take_places(&mut body, &draft);
        let reply: Invoice = self.write(work, Write::Update(link.coupa_id, &body)).await?;
        nothing_ignored(&body, &reply)?;
        same_total(image, &reply)?;
        work.item.link = Some(Link::Invoice(InvoiceLink { sent: invoice_fields(image), ..link }));
        Ok(())
    }

    async fn submit_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        let InvoiceLink { coupa_id, stage, .. } = *linked(work)?;
        if stage != InvoiceStage::Draft {
            return Ok(());
        }
        let submit = Write::Act(coupa_id, &Action::Submit);
        let mut reply = self.write::<Invoice>(work, submit).await;
        if matches!(reply, Err(coupa::Error::Invalid(_)))
            && self.open_shut_orders(work, image, around).await?
        {
            reply = self.write(work, submit).await;
        }
        let submitted = reply?;
        if let Some(Link::Invoice(link)) = &mut work.item.link {
            link.stage = InvoiceStage::Submitted;
        }
        self.bypass_approvals(work, &submitted).await
    }

    /// Where the config says so, and there are approvals to skip. If that fails for now, the next attempt asks Coupa
    /// where the invoice stands.
    pub(crate) async fn bypass_approvals(&self, work: &mut Work, invoice: &Invoice) -> Result<(), Stop> {
        if !self.settings.bypass_approvals || invoice.status.as_deref() != Some("pending_approval") {
            return Ok(());
        }
        match self.write::<Invoice>(work, Write::Act(invoice.id, &Action::BypassApprovals)).await {
            Ok(_) => Ok(()),
            Err(error) if error.failure().class().heals() => Err(Stop::Unknown(error.failure())),
            Err(error) => Err(error.into()),
        }
    }

    async fn void_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        link: InvoiceLink,
    ) -> Result<Done, Stop> {
        if link.stage == InvoiceStage::Void {
            return Ok(Done::new(AuditOutcome::Unchanged, "void in Coupa already"));
        }
        let call = work.read_call();
        let invoice: Invoice = self.coupa.get(&call, link.coupa_id).await?;
        let status = invoice.status.as_deref().unwrap_or_default();
        let done = match status {
            "voided" | "abandoned" => status,
            "approved" | "pending_receipt" | "draft" => {
                payments_are_taken_back(&invoice)?;
                let _: Invoice = self.write(work, Write::Act(link.coupa_id, &Action::Void)).await?;
                "voided"
            }
            _ => match self.write::<Invoice>(work, Write::Act(link.coupa_id, &Action::Abandon)).await {
                Ok(_) => "abandoned",
                Err(coupa::Error::Invalid(problems)) => {
                    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    let message =
                        format!("cancelled in SAP; in Coupa it is `{status}`: {}", texts.join("; "));
                    return Err(Failure::new(Code::WaitingForStatus, message).into());
                }
                Err(error) => return Err(error.into()),
            },
        };
        work.item.link = Some(Link::Invoice(InvoiceLink { stage: InvoiceStage::Void, ..link }));
        Ok(Done::new(
            AuditOutcome::Updated,
            format!("invoice {} {done}, because it is cancelled in SAP", image.number),
        ))
    }
}

/// Coupa may show another invoice than was sent: a comparison says so, or said so and nobody has mended it since.
fn is_disputed(work: &Work) -> bool {
    let told = work.item.dead_letter.as_ref().map(|letter| letter.code);
    work.afresh() || told == Some(Code::TotalsDiffer)
}

pub(crate) fn invoice_link(work: &Work) -> Result<InvoiceLink, Stop> {
    linked(work).cloned()
}

fn linked(work: &Work) -> Result<&InvoiceLink, Stop> {
    match &work.item.link {
        Some(Link::Invoice(link)) => Ok(link),
        _ => Err(Stop::Failed(Failure::new(Code::GaveUp, "the invoice's link is not an invoice's"))),
    }
}

/// A void invoice takes no payments, so what takes ours back must come first.
fn payments_are_taken_back(invoice: &Invoice) -> Result<(), Failure> {
    let ours = invoice.payments.iter().filter(|payment| {
        payment.notes.as_deref().is_some_and(|notes| notes.starts_with(mapping::PAYMENT_NOTES))
    });
    let left: Decimal = ours.filter_map(|payment| payment.amount_paid).sum();
    if left.is_zero() {
        return Ok(());
    }
    let message =
        format!("cancelled in SAP; in Coupa payments of {left} stand on it that aren't reversed yet");
    Err(Failure::new(Code::WaitingForStatus, message))
}

/// Lets the lines and charges that are sent take the places of those that `shown` has.
pub(crate) fn take_places(body: &mut Sent, shown: &Invoice) {
    let held = |line_num: &Option<String>, id: CoupaId| (line_num.clone().unwrap_or_default(), id);
    let lines = shown.invoice_lines.iter().map(|line| held(&line.line_num, line.id)).collect();
    take_place(body, "invoice-lines", lines);
    let charges = shown.invoice_charges.iter().map(|charge| held(&charge.line_num, charge.id)).collect();
    take_place(body, "invoice-charges", charges);
}

/// Lets what is sent take the places of what the draft holds, by number; what is left over there is deleted.
fn take_place(body: &mut Sent, name: &str, held: Vec<(String, CoupaId)>) {
    let mut rows = match body.remove(name) {
        Some(Value::Array(rows)) => rows,
        _ => vec![],
    };
    let count = rows.len();
    for (line_num, id) in held {
        let place = line_num.parse::<usize>().ok().filter(|place| (1..=count).contains(place));
        match place.and_then(|place| rows.get_mut(place - 1)).and_then(Value::as_object_mut) {
            Some(row) => drop(row.insert("id".to_owned(), json!(id.0))),
            None => rows.push(json!({"id": id.0, "_delete": true})),
        }
    }
    if !rows.is_empty() {
        body.insert(name.to_owned(), rows.into());
    }
}

/// What the invoice must show, without what ties it to Coupa's own ids.
pub(crate) fn invoice_fields(image: &InvoiceImage) -> Sent {
    let lines: Vec<Value> = image.lines.iter().map(|line| Value::Object(line.body.clone())).collect();
    fields_with(image, lines)
}

/// The same with lines that know more.
pub(crate) fn fields_with(image: &InvoiceImage, lines: Vec<Value>) -> Sent {
    let mut fields = image.header.clone();
    fields.insert("invoice-lines".to_owned(), lines.into());
    if !image.charges.is_empty() {
        let charges: Vec<Value> = image.charges.iter().cloned().map(Value::Object).collect();
        fields.insert("invoice-charges".to_owned(), charges.into());
    }
    fields
}
