//! The purchase orders under an invoice: they must be in Coupa and open before the invoice can draw on their lines.

use crate::{
    Pipeline,
    attempt::{Stop, Work, Write},
    invoice::{Around, fields_with},
    order,
};
use mapping::{InvoiceImage, LineImage};
use model::{
    Change, Code, DocumentKey, Failure, LineId, Link, ObjectKind, OrderLink, OrderStage, Sent, Step,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Pipeline {
    /// The whole invoice, once everything it needs is in Coupa.
    pub(crate) async fn invoice_body(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<Sent, Stop> {
        self.has_what_it_needs(image, around)?;
        let orders = self.open_orders(work, image, around).await?;
        let lines: Result<Vec<Value>, Stop> =
            image.lines.iter().enumerate().map(|(at, line)| self.invoice_line(at, line, &orders)).collect();
        Ok(fields_with(image, lines?))
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
            links.insert(entry, without_fields(link));
        }
        if closed.is_empty() {
            return Ok(links);
        }
        self.join(work, &closed).await?;
        for at in 0..work.others.len() {
            self.open_order(work, at).await?;
            let (lease, item) = &work.others[at];
            if let (Some(entry), Some(Link::Order(link))) = (lease.document.doc_entry(), &item.link) {
                links.insert(entry, without_fields(link));
            }
        }
        Ok(links)
    }

    /// Opens those orders under the invoice that are closed in Coupa although nothing here says so: somebody closed them
    /// there, or another worker did just now. Tells whether there were any.
    pub(crate) async fn open_shut_orders(
        &self,
        work: &mut Work,
        image: &InvoiceImage,
        around: &Around<'_>,
    ) -> Result<bool, Stop> {
        let joined = |order: &DocumentKey| work.others.iter().any(|(lease, _)| lease.document == *order);
        let orders: Vec<DocumentKey> = self
            .orders_under(image)
            .into_iter()
            .filter(|order| link_of(around, order).is_some() && !joined(order))
            .collect();
        let from = work.others.len();
        self.join(work, &orders).await?;
        let mut any = false;
        for at in from..work.others.len() {
            any |= self.open_order(work, at).await?;
        }
        Ok(any)
    }

    /// Opens an order that is softly closed, and asks for its close once more. Tells whether it had to be opened.
    async fn open_order(&self, work: &mut Work, at: usize) -> Result<bool, Stop> {
        let (lease, item) = &work.others[at];
        let document = lease.document.clone();
        let Some(Link::Order(mut link)) = item.link.clone() else {
            return Err(Failure::new(Code::Waiting, format!("{document} is no longer in Coupa")).into());
        };
        let call = work.read_call();
        let shown: coupa::Order = self.coupa.get(&call, link.coupa_id).await?;
        let shut = order::stage(&shown) == OrderStage::Closed;
        // Where an earlier attempt opened it and never heard of it, its close is still owed.
        if shut || link.stage == OrderStage::Closed {
            let close = self.needed(document, work.change.lane);
            work.touched.push(Change { step: Step::Close, ..close });
        }
        if shut {
            let order: coupa::Order = self.write(work, Write::Act(link.coupa_id, &self.reopening())).await?;
            link.version = order.version.unwrap_or(link.version);
        }
        if shut || link.stage == OrderStage::Closed {
            link.stage = OrderStage::Issued;
            work.others[at].1.link = Some(Link::Order(link));
        }
        Ok(shut)
    }

    fn invoice_line(
        &self,
        at: usize,
        line: &LineImage,
        orders: &BTreeMap<i64, OrderLink>,
    ) -> Result<Value, Stop> {
        let mut body = line.body.clone();
        body.insert("line-num".to_owned(), json!(at + 1));
        if let Some(order) = &line.draws_on
            && let Some(link) = orders.get(&order.order)
        {
            let wanted = LineId(format!("{}/{}/{}", self.settings.company, order.order, order.line));
            let Some(id) = link.lines.get(&wanted) else {
                // The order's own update is still on its way, or failed: then it says why.
                let key = DocumentKey::entry(&self.settings.company, ObjectKind::PurchaseOrder, order.order);
                let message =
                    format!("line {} of purchase order {} is not in Coupa yet", order.line, link.po_number);
                let failure = Failure::new(Code::Waiting, message);
                return Err(Stop::Needs { failure, first: key.clone(), all: vec![key] });
            };
            body.insert("order-line-id".to_owned(), json!(id.0));
        }
        Ok(Value::Object(body))
    }
}

/// What an invoice's lines need of their order. What was last sent to that is left out, being much the largest part.
fn without_fields(link: &OrderLink) -> OrderLink {
    OrderLink {
        coupa_id: link.coupa_id,
        po_number: link.po_number.clone(),
        stage: link.stage,
        version: link.version,
        lines: link.lines.clone(),
        sent: Sent::new(),
    }
}

fn link_of<'a>(around: &'a Around<'_>, document: &DocumentKey) -> Option<&'a Link> {
    around.items.get(document)?.link.as_ref()
}
