//! A document of which a comparison says that the two sides differ: Coupa is asked for all that carries its mark, whatever
//! the link says. What is there twice or has no place is cancelled, what is gone is forgotten and made again, and what
//! differs is sent as a whole, as far as Coupa takes it.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    invoice::{Around, invoice_fields, invoice_link, take_places},
    invoice_found::stage as invoice_stage,
    order::{self, is_ours},
    push::single,
    reconcile::differs,
};
use coupa::{Action, Invoice, Order, Query, Supplier};
use mapping::InvoiceImage;
use model::{
    AuditOutcome, Code, CoupaId, DocumentKey, Failure, InvoiceLink, InvoiceStage, Link, ObjectKind,
    OrderStage, SupplierLink,
};

impl Pipeline {
    /// Forgets a link to an order that Coupa no longer has, and cancels what carries the same mark besides.
    pub(crate) async fn find_afresh(&self, work: &mut Work, found: &[Order]) -> Result<(), Stop> {
        if !work.afresh() {
            return Ok(());
        }
        let Some(marked) = self.marked_orders(work).await? else { return Ok(()) };
        let linked = match &work.item.link {
            Some(Link::Order(link)) => Some(link.coupa_id),
            _ => None,
        };
        let alive = |order: &&Order| order::stage(order) != OrderStage::Cancelled;
        let ids = |orders: &[Order]| orders.iter().filter(alive).map(|order| order.id).collect::<Vec<_>>();
        let keep = keep(linked, &ids(found), &ids(&marked));
        if linked.is_some() && linked != keep && !marked.iter().any(|order| Some(order.id) == linked) {
            work.item.link = None;
        }
        for order in marked.iter().filter(alive).filter(|order| Some(order.id) != keep) {
            self.cancel_marked(work, order).await?;
        }
        Ok(())
    }

    /// The same for an invoice or credit note.
    pub(crate) async fn find_invoice_afresh(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        if !work.afresh() {
            return Ok(());
        }
        let Some(marked) = self.marked_invoices(work, &image.mark).await? else { return Ok(()) };
        let linked = match &work.item.link {
            Some(Link::Invoice(link)) => Some(link.coupa_id),
            _ => None,
        };
        let alive = |invoice: &&Invoice| invoice_stage(invoice) != InvoiceStage::Void;
        let found: Vec<CoupaId> =
            around.found.iter().copied().filter(alive).map(|invoice| invoice.id).collect();
        let ours: Vec<CoupaId> = marked.iter().filter(alive).map(|invoice| invoice.id).collect();
        let keep = keep(linked, &found, &ours);
        if linked.is_some() && !marked.iter().any(|invoice| Some(invoice.id) == linked) {
            work.item.link = None;
        }
        for invoice in marked.iter().filter(alive).filter(|invoice| Some(invoice.id) != keep) {
            self.void_marked(work, invoice).await?;
        }
        Ok(())
    }

    /// Cancels in Coupa what carries the mark of a document that SAP doesn't have.
    pub(crate) async fn take_out(&self, work: &mut Work) -> Result<Done, Stop> {
        let mut taken_out = 0;
        match work.document().kind {
            ObjectKind::PurchaseOrder => {
                for order in self.marked_orders(work).await?.unwrap_or_default() {
                    if order::stage(&order) != OrderStage::Cancelled {
                        self.cancel_marked(work, &order).await?;
                        taken_out += 1;
                    }
                }
            }
            ObjectKind::Invoice | ObjectKind::CreditNote => {
                let mark = format!("SAP {}", work.document());
                for invoice in self.marked_invoices(work, &mark).await?.unwrap_or_default() {
                    if invoice_stage(&invoice) != InvoiceStage::Void {
                        self.void_marked(work, &invoice).await?;
                        taken_out += 1;
                    }
                }
            }
            ObjectKind::Supplier => return self.deactivate(work).await,
            ObjectKind::Payment => {}
        }
        work.item.link = None;
        if taken_out == 0 {
            return Ok(Done::new(AuditOutcome::NotApplicable, "it is not in SAP"));
        }
        Ok(Done::new(AuditOutcome::Updated, "cancelled in Coupa, because it is not in SAP"))
    }

    async fn deactivate(&self, work: &mut Work) -> Result<Done, Stop> {
        let Some(Link::Supplier(link)) = work.item.link.clone() else {
            return Ok(Done::new(AuditOutcome::NotApplicable, "it is not in SAP"));
        };
        let body = single("status", "inactive");
        if link.sent.get("status") == body.get("status") {
            return Ok(Done::new(AuditOutcome::Unchanged, "it is not in SAP, and inactive in Coupa"));
        }
        let _: Supplier = self.write(work, Write::Update(link.coupa_id, &body)).await?;
        let mut sent = link.sent.clone();
        sent.extend(body);
        work.item.link = Some(Link::Supplier(SupplierLink { sent, ..link }));
        Ok(Done::new(AuditOutcome::Updated, "inactive in Coupa, because it is no longer in SAP"))
    }

    /// Whether a submitted invoice that Coupa shows otherwise could be put right. Mostly Coupa refuses, and then a person must.
    pub(crate) async fn rewrite(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<bool, Stop> {
        let link = invoice_link(work)?;
        let call = work.read_call();
        let shown: Invoice = self.coupa.get(&call, link.coupa_id).await?;
        let differing = differs(image, &shown);
        if differing.is_empty() {
            work.item.link = Some(Link::Invoice(InvoiceLink { sent: invoice_fields(image), ..link }));
            return Ok(false);
        }
        let mut body = self.invoice_body(work, image, around).await?;
        take_places(&mut body, &shown);
        let by_hand = |why: String| {
            let message = format!(
                "invoice {} differs in Coupa and can't be put right there by us: {} ({why})",
                image.number,
                differing.join(", ")
            );
            Failure::new(Code::TotalsDiffer, message)
        };
        match self.write::<Invoice>(work, Write::Update(link.coupa_id, &body)).await {
            Ok(reply) if differs(image, &reply).is_empty() => {
                work.item.link = Some(Link::Invoice(InvoiceLink { sent: invoice_fields(image), ..link }));
                Ok(true)
            }
            Ok(_) => Err(by_hand("it answered, and changed nothing".to_owned()).into()),
            Err(coupa::Error::Invalid(problems)) => {
                let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(by_hand(texts.join("; ")).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Nothing where this Coupa can't be asked for a mark.
    async fn marked_orders(&self, work: &Work) -> Result<Option<Vec<Order>>, Stop> {
        let document: DocumentKey = work.document().clone();
        let reference = format!("{}/{}/", document.company, document.key);
        let query =
            Query::new().compares("order_lines[external_reference_number]", "starts_with", &reference);
        let mut orders: Vec<Order> = match self.coupa.list(&work.read_call(), &query).await {
            Err(coupa::Error::Invalid(_)) => return Ok(None),
            orders => orders?,
        };
        orders.retain(|order| is_ours(&document, order));
        Ok(Some(orders))
    }

    async fn marked_invoices(&self, work: &Work, mark: &str) -> Result<Option<Vec<Invoice>>, Stop> {
        let query = Query::new().compares("internal_note", "contains", mark);
        let mut invoices: Vec<Invoice> = match self.coupa.list(&work.read_call(), &query).await {
            Err(coupa::Error::Invalid(_)) => return Ok(None),
            invoices => invoices?,
        };
        let ours = |invoice: &Invoice| {
            mapping::carries_mark(invoice.internal_note.as_deref().unwrap_or_default(), mark)
        };
        invoices.retain(ours);
        Ok(Some(invoices))
    }

    async fn cancel_marked(&self, work: &mut Work, order: &Order) -> Result<(), Stop> {
        if order::stage(order) == OrderStage::Closed {
            let _: Order = self.write(work, Write::Act(order.id, &self.reopening())).await?;
        }
        let _: Order = self.write(work, Write::Act(order.id, &Action::Cancel)).await?;
        Ok(())
    }

    async fn void_marked(&self, work: &mut Work, invoice: &Invoice) -> Result<(), Stop> {
        let action = match invoice.status.as_deref().unwrap_or_default() {
            "approved" | "pending_receipt" | "draft" => Action::Void,
            _ => Action::Abandon,
        };
        let _: Invoice = self.write(work, Write::Act(invoice.id, &action)).await?;
        Ok(())
    }
}

/// Which of several stays: the linked one, else the one that has the number, else the oldest.
fn keep(linked: Option<CoupaId>, found: &[CoupaId], marked: &[CoupaId]) -> Option<CoupaId> {
    let linked = linked.filter(|id| marked.contains(id) || found.contains(id));
    let numbered = || found.iter().find(|id| marked.contains(id)).copied();
    linked.or_else(numbered).or_else(|| marked.iter().min().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_one_stays_then_the_one_with_the_number_then_the_oldest() {
        let (one, two, three) = (CoupaId(1), CoupaId(2), CoupaId(3));
        assert_eq!(keep(Some(two), &[one], &[one, two]), Some(two));
        assert_eq!(keep(Some(three), &[two], &[one, two]), Some(two));
        assert_eq!(keep(None, &[], &[two, one]), Some(one));
        assert_eq!(keep(None, &[three], &[]), None);
    }
}
