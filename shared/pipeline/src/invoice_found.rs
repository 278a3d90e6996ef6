//! Which invoice in Coupa is a document's own: by its link, or found by number and marked as ours.

use crate::{
    Pipeline,
    attempt::{Stop, Work},
    invoice::{Around, invoice_fields, invoice_link},
    push::{Mark, may_adopt},
};
use coupa::Invoice;
use mapping::InvoiceImage;
use model::{Code, DocumentKey, Failure, InvoiceLink, InvoiceStage, Link, Sent};

impl Pipeline {
    pub(crate) async fn linked_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<Option<InvoiceLink>, Stop> {
        match work.item.link.clone() {
            Some(Link::Invoice(link)) if !work.unknown() && !work.afresh() => return Ok(Some(link)),
            Some(Link::Invoice(link)) => {
                let call = work.read_call();
                let invoice: Invoice = self.coupa.get(&call, link.coupa_id).await?;
                // What was last sent of it may have arrived or not: Coupa shows which.
                let paid = link.paid.map(|last| invoice.paid.unwrap_or(last));
                work.item.link = Some(Link::Invoice(InvoiceLink { stage: stage(&invoice), paid, ..link }));
                self.bypass_approvals(work, &invoice).await?;
            }
            _ => match around.found {
                None => return Ok(None),
                Some(invoice) => self.adopt_invoice(work, image, invoice)?,
            },
        }
        invoice_link(work).map(Some)
    }

    pub(crate) fn adopt_invoice(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        invoice: &Invoice,
    ) -> Result<(), Stop> {
        let mark = invoice_mark(work.document(), image, invoice);
        let what = format!(
            "invoice `{}` of supplier `{}` (Coupa invoice {})",
            image.number, image.supplier, invoice.id
        );
        may_adopt(&mark, self.mapping.adopt(work.document().kind), work.document(), &what)?;
        let submitted = stage(invoice) == InvoiceStage::Submitted;
        if submitted && !image.cancelled {
            same_total(image, invoice)?;
        }
        // A draft of unknown content is sent again as a whole before it is submitted.
        let sent = if submitted { invoice_fields(image) } else { Sent::new() };
        work.item.link = Some(Link::Invoice(new_link(image, invoice, sent)));
        Ok(())
    }

    pub(crate) async fn find_invoice(
        &self,
        work: &Work,
        image: &InvoiceImage,
    ) -> Result<Option<Invoice>, Stop> {
        let call = work.read_call();
        let found = self.coupa.find_invoices(&call, std::slice::from_ref(&image.number)).await?;
        Ok(found.get(&image.number).and_then(|invoices| of_supplier(invoices, &image.supplier)).cloned())
    }
}

/// Numbers are unique for each supplier only.
pub(crate) fn of_supplier<'a>(invoices: &'a [Invoice], card_code: &str) -> Option<&'a Invoice> {
    invoices.iter().find(|invoice| {
        let number = invoice.supplier.as_ref().and_then(|supplier| supplier.number.as_deref());
        number == Some(card_code)
    })
}

pub(crate) fn new_link(image: &InvoiceImage, invoice: &Invoice, sent: Sent) -> InvoiceLink {
    InvoiceLink {
        coupa_id: invoice.id,
        number: image.number.clone(),
        stage: stage(invoice),
        paid: None,
        sent,
    }
}

pub(crate) fn stage(invoice: &Invoice) -> InvoiceStage {
    match invoice.status.as_deref().unwrap_or("draft") {
        "draft" | "new" => InvoiceStage::Draft,
        "voided" | "abandoned" => InvoiceStage::Void,
        _ => InvoiceStage::Submitted,
    }
}

/// Coupa computes the total itself: it must come to SAP's, to the cent.
pub(crate) fn same_total(image: &InvoiceImage, invoice: &Invoice) -> Result<(), Failure> {
    let Some(total) = invoice.total_with_taxes.or(invoice.gross_total) else { return Ok(()) };
    if total == image.total {
        return Ok(());
    }
    let message = format!("invoice {}: SAP's total is {}, Coupa computed {total}", image.number, image.total);
    Err(Failure::new(Code::TotalsDiffer, message))
}

pub(crate) fn invoice_mark(document: &DocumentKey, image: &InvoiceImage, invoice: &Invoice) -> Mark {
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
