//! Invoices and credit notes: created, submitted, and from then on only voided.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    push::{Mark, may_adopt, nothing_ignored, single},
};
use coupa::{Action, Invoice};
use mapping::{InvoiceImage, LineImage};
use model::{
    AuditOutcome, Change, Code, DocumentItem, DocumentKey, Failure, InvoiceLink, InvoiceStage, LineId, Link,
    ObjectKind, OrderLink, OrderStage, Sent, Step,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
        work.item.number = Some(image.number.clone());
        let link = self.linked_invoice(work, image, around).await?;
        if image.cancelled {
            return match link {
                Some(link) => self.void_invoice(work, image, link).await,
                None => Ok(Done::new(AuditOutcome::NotApplicable, "cancelled before it was ever sent")),
            };
        }
        match link {
            None => {
                self.create_invoice(work, image, around).await?;
                self.submit_invoice(work).await?;
                Ok(Done::new(
                    AuditOutcome::Created,
                    format!("invoice {} created and submitted", image.number),
                ))
            }
            Some(link) => match link.stage {
                InvoiceStage::Draft => {
                    self.mend_draft(work, image, around, link).await?;
                    self.submit_invoice(work).await?;
                    Ok(Done::new(AuditOutcome::Updated, format!("invoice {} submitted", image.number)))
                }
                InvoiceStage::Void => {
                    Ok(Done::new(AuditOutcome::NotApplied, "the invoice is void in Coupa and stays so"))
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

    async fn linked_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<Option<InvoiceLink>, Stop> {
        match work.item.link.clone() {
            Some(Link::Invoice(link)) if !work.unknown() => return Ok(Some(link)),
            Some(Link::Invoice(link)) => {
                let call = self.read_call(work);
                let invoice: Invoice = self.coupa.get(&call, link.coupa_id).await?;
                work.item.link = Some(Link::Invoice(InvoiceLink { stage: stage(&invoice), ..link }));
            }
            _ => match around.found {
                None => return Ok(None),
                Some(invoice) => self.adopt_invoice(work, image, invoice)?,
            },
        }
        invoice_link(work).map(Some)
    }

    fn adopt_invoice(&self, work: &mut Work, image: &InvoiceImage, invoice: &Invoice) -> Result<(), Stop> {
        let mark = invoice_mark(work.document(), image, invoice);
        let what = format!(
            "invoice-number `{}` of supplier `{}` (Coupa invoice {})",
            image.number, image.supplier, invoice.id
        );
        may_adopt(&mark, self.mapping.adopt(work.document().kind), &what)?;
        let submitted = stage(invoice) == InvoiceStage::Submitted;
        if submitted {
            same_total(image, invoice)?;
        }
        // A draft of unknown content is sent again as a whole before it is submitted.
        let sent = if submitted { invoice_fields(image) } else { Sent::new() };
        work.item.link = Some(Link::Invoice(new_link(image, invoice, sent)));
        Ok(())
    }

    async fn create_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        let body = self.invoice_body(work, image, around).await?;
        let invoice: Invoice = match self.write(work, Write::Create(&body)).await {
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
        let call = self.read_call(work);
        let draft: Invoice = self.coupa.get(&call, link.coupa_id).await?;
        let id_of = |number: &str| {
            draft
                .invoice_lines
                .iter()
                .find(|line| line.line_num.as_deref() == Some(number))
                .map(|line| line.id)
        };
        if let Some(Value::Array(lines)) = body.get_mut("invoice-lines") {
            for (position, line) in lines.iter_mut().enumerate() {
                if let (Some(id), Value::Object(line)) = (id_of(&(position + 1).to_string()), line) {
                    line.insert("id".to_owned(), json!(id.0));
                }
            }
            let count = lines.len();
            let left_over = draft.invoice_lines.iter().filter(|line| {
                line.line_num
                    .as_deref()
                    .and_then(|number| number.parse::<usize>().ok())
                    .is_none_or(|n| n > count)
            });
            lines.extend(left_over.map(|line| json!({"id": line.id.0, "_delete": true})));
        }
        let reply: Invoice = self.write(work, Write::Update(link.coupa_id, &body)).await?;
        nothing_ignored(&body, &reply)?;
        same_total(image, &reply)?;
        work.item.link = Some(Link::Invoice(InvoiceLink { sent: invoice_fields(image), ..link }));
        Ok(())
    }

    async fn submit_invoice(&self, work: &mut Work) -> Result<(), Stop> {
        let link = invoice_link(work)?;
        if link.stage != InvoiceStage::Draft {
            return Ok(());
        }
        let _: Invoice = self.write(work, Write::Act(link.coupa_id, &Action::Submit)).await?;
        work.item.link = Some(Link::Invoice(InvoiceLink { stage: InvoiceStage::Submitted, ..link.clone() }));
        if self.settings.bypass_approvals {
            let _: Invoice = self.write(work, Write::Act(link.coupa_id, &Action::BypassApprovals)).await?;
        }
        Ok(())
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
        let call = self.read_call(work);
        let invoice: Invoice = self.coupa.get(&call, link.coupa_id).await?;
        let status = invoice.status.as_deref().unwrap_or_default();
        let done = match status {
            "voided" | "abandoned" => status,
            "approved" | "pending_receipt" | "draft" => {
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

    /// The whole invoice, once everything it needs is in Coupa.
    async fn invoice_body(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<Sent, Stop> {
        self.has_what_it_needs(image, around)?;
        let orders = self.open_orders(work, image, around).await?;
        let mut body = invoice_fields(image);
        let lines: Result<Vec<Value>, Failure> =
            image.lines.iter().enumerate().map(|(at, line)| self.invoice_line(at, line, &orders)).collect();
        body.insert("invoice-lines".to_owned(), lines?.into());
        Ok(body)
    }

    fn has_what_it_needs(&self, image: &InvoiceImage, around: &Around<'_>) -> Result<(), Stop> {
        let mut missing = Vec::new();
        let supplier = DocumentKey::supplier(&self.settings.company, &image.supplier);
        if self.settings.objects.contains(&ObjectKind::Supplier) && link_of(around, &supplier).is_none() {
            missing.push(supplier);
        }
        if self.settings.objects.contains(&ObjectKind::PurchaseOrder) {
            for order in self.orders_under(image) {
                let ready = matches!(link_of(around, &order), Some(Link::Order(link)) if link.stage != OrderStage::Draft);
                if !ready {
                    missing.push(order);
                }
            }
        }
        let Some(first) = missing.first().cloned() else { return Ok(()) };
        let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let failure = Failure::new(Code::Waiting, format!("not in Coupa yet: {}", names.join(", ")));
        Err(Stop::Needs { failure, first, all: missing })
    }

    pub(crate) fn orders_under(&self, image: &InvoiceImage) -> Vec<DocumentKey> {
        let orders: BTreeSet<i64> =
            image.lines.iter().filter_map(|line| Some(line.draws_on.as_ref()?.order)).collect();
        let key = |order| DocumentKey::entry(&self.settings.company, ObjectKind::PurchaseOrder, order);
        orders.into_iter().map(key).collect()
    }

    /// The links of the orders that the invoice draws on. A softly closed one is opened for it, under its own lease, and its
    /// close is asked for again.
    async fn open_orders(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<BTreeMap<i64, OrderLink>, Stop> {
        let mut links = BTreeMap::new();
        let mut closed = Vec::new();
        for order in self.orders_under(image) {
            let (Some(entry), Some(Link::Order(link))) = (order.doc_entry(), link_of(around, &order)) else {
                continue;
            };
            if link.stage == OrderStage::Closed {
                closed.push(order);
            }
            links.insert(entry, link.clone());
        }
        if closed.is_empty() {
            return Ok(links);
        }
        self.join(work, &closed).await?;
        for at in 0..work.others.len() {
            let (entry, link) = self.open_order(work, at).await?;
            links.insert(entry, link);
        }
        Ok(links)
    }

    async fn open_order(&self, work: &mut Work, at: usize) -> Result<(i64, OrderLink), Stop> {
        let (lease, item) = &work.others[at];
        let document = lease.document.clone();
        let Some(Link::Order(mut link)) = item.link.clone() else {
            return Err(Failure::new(Code::Waiting, format!("{document} is no longer in Coupa")).into());
        };
        let call = self.read_call(work);
        let now: coupa::Order = self.coupa.get(&call, link.coupa_id).await?;
        if matches!(now.status.as_deref(), Some("closed" | "soft_closed")) {
            let close = self.needed(document.clone(), work.change.lane);
            work.touched.push(Change { step: Step::Close, ..close });
            let order: coupa::Order = self.write(work, Write::Act(link.coupa_id, &self.reopening())).await?;
            link.version = order.version.unwrap_or(link.version);
        }
        link.stage = OrderStage::Issued;
        let item = &mut work.others[at].1;
        item.link = Some(Link::Order(link.clone()));
        item.unknown = None;
        Ok((document.doc_entry().unwrap_or_default(), link))
    }

    async fn find_invoice(&self, work: &Work, image: &InvoiceImage) -> Result<Option<Invoice>, Stop> {
        let call = self.read_call(work);
        let found = self.coupa.find_invoices(&call, std::slice::from_ref(&image.number)).await?;
        Ok(found.get(&image.number).and_then(|invoices| of_supplier(invoices, &image.supplier)).cloned())
    }

    fn invoice_line(
        &self,
        at: usize,
        line: &LineImage,
        orders: &BTreeMap<i64, OrderLink>,
    ) -> Result<Value, Failure> {
        let mut body = line.body.clone();
        body.insert("line-num".to_owned(), json!(at + 1));
        if let Some(order) = &line.draws_on
            && let Some(link) = orders.get(&order.order)
        {
            let wanted = LineId(format!("{}/{}/{}", self.settings.company, order.order, order.line));
            let Some(id) = link.lines.get(&wanted) else {
                let message = format!(
                    "line {} of purchase order {} is not on the order in Coupa",
                    order.line, link.po_number
                );
                return Err(Failure::new(Code::CoupaGone, message));
            };
            body.insert("order-line-id".to_owned(), json!(id.0));
        }
        Ok(Value::Object(body))
    }
}

/// Numbers are unique for each supplier only.
pub(crate) fn of_supplier<'a>(invoices: &'a [Invoice], card_code: &str) -> Option<&'a Invoice> {
    invoices.iter().find(|invoice| {
        let number = invoice.supplier.as_ref().and_then(|supplier| supplier.number.as_deref());
        number == Some(card_code)
    })
}

pub(crate) fn invoice_link(work: &Work) -> Result<InvoiceLink, Stop> {
    match &work.item.link {
        Some(Link::Invoice(link)) => Ok(link.clone()),
        _ => Err(Stop::Failed(Failure::new(Code::GaveUp, "the invoice's link is not an invoice's"))),
    }
}

fn link_of<'a>(around: &'a Around<'_>, document: &DocumentKey) -> Option<&'a Link> {
    around.items.get(document)?.link.as_ref()
}

fn new_link(image: &InvoiceImage, invoice: &Invoice, sent: Sent) -> InvoiceLink {
    InvoiceLink {
        coupa_id: invoice.id,
        number: image.number.clone(),
        date: image.date,
        stage: stage(invoice),
        paid: None,
        sent,
    }
}

fn stage(invoice: &Invoice) -> InvoiceStage {
    match invoice.status.as_deref().unwrap_or("draft") {
        "draft" | "new" => InvoiceStage::Draft,
        "voided" | "abandoned" => InvoiceStage::Void,
        _ => InvoiceStage::Submitted,
    }
}

/// What the invoice must show, without what ties it to Coupa's own ids.
fn invoice_fields(image: &InvoiceImage) -> Sent {
    let mut fields = image.header.clone();
    let lines: Vec<Value> = image.lines.iter().map(|line| Value::Object(line.body.clone())).collect();
    fields.insert("invoice-lines".to_owned(), lines.into());
    if !image.charges.is_empty() {
        let charges: Vec<Value> = image.charges.iter().cloned().map(Value::Object).collect();
        fields.insert("invoice-charges".to_owned(), charges.into());
    }
    fields
}

/// Coupa computes the total itself: it must come to SAP's, to the cent.
fn same_total(image: &InvoiceImage, invoice: &Invoice) -> Result<(), Failure> {
    let Some(total) = invoice.total_with_taxes.or(invoice.gross_total) else { return Ok(()) };
    if total == image.total {
        return Ok(());
    }
    let message = format!("invoice {}: SAP's total is {}, Coupa computed {total}", image.number, image.total);
    Err(Failure::new(Code::TotalsDiffer, message))
}

fn invoice_mark(document: &DocumentKey, image: &InvoiceImage, invoice: &Invoice) -> Mark {
    let note = invoice.internal_note.as_deref().unwrap_or_default();
    if mapping::carries_mark(note, &image.mark) {
        return Mark::Ours;
    }
    let company = format!("SAP {}/", document.company);
    match note.find(&company) {
        Some(at) => Mark::Anothers(note[at..].split_whitespace().take(2).collect::<Vec<_>>().join(" ")),
        None => Mark::None,
    }
}
