//! Purchase orders: created, issued, kept in step while open, closed once, cancelled.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    order_lines::{knows_last, line_changes, order_fields, order_lines, relink},
    push::{Mark, may_adopt, nothing_ignored},
    reconcile::compare,
};
use coupa::{Action, Order};
use mapping::{OrderImage, OrderState};
use model::planted::{Bug, bug};
use model::{
    AuditOutcome, Cause, Change, Code, DocumentItem, DocumentKey, Failure, Link, ObjectKind, OrderLink,
    OrderStage, Sent, Step,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands around an order.
pub(crate) struct AroundOrder<'a> {
    /// What Coupa holds by this number, where it had to be asked.
    pub found: &'a [Order],
    /// The item of its supplier.
    pub items: &'a BTreeMap<DocumentKey, DocumentItem>,
}

impl Pipeline {
    pub(crate) async fn push_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        around: &AroundOrder<'_>,
    ) -> Result<Done, Stop> {
        self.find_afresh(work, around.found).await?;
        let found = around.found.first();
        let ours = found.is_some_and(|order| order_mark(work.document(), order) == Mark::Ours);
        if image.state == OrderState::Cancelled && work.item.link.is_none() && !ours {
            return Ok(Done::new(AuditOutcome::NotApplicable, "cancelled before it was ever sent"));
        }
        let created = self.linked_order(work, image, found).await?.is_none();
        let mut made = false;
        if created {
            self.has_supplier(image, around)?;
            made = self.create_order(work, image).await?;
        }
        let changed = match (linked(work)?.stage, image.state) {
            (OrderStage::Cancelled, OrderState::Cancelled) => false,
            (OrderStage::Cancelled, _) => {
                return Ok(Done::new(
                    AuditOutcome::NotApplied,
                    "the order is cancelled in Coupa and stays so",
                ));
            }
            (_, OrderState::Cancelled) => {
                let link = order_link(work)?;
                self.cancel_order(work, link).await?;
                return Ok(Done::new(AuditOutcome::Updated, format!("order {} cancelled", image.po_number)));
            }
            (OrderStage::Closed, OrderState::Closed) => return self.closed_already(work, image).await,
            (OrderStage::Closed, OrderState::Open) => {
                let link = order_link(work)?;
                self.reopen_order(work, link).await?;
                self.update_order(work, image).await?;
                true
            }
            // What was sent a moment ago differs in nothing.
            (OrderStage::Draft | OrderStage::Issued, _) => !made && self.update_order(work, image).await?,
        };
        let issued = self.issue_order(work).await?;
        // Created by an attempt of which nobody heard: whether it is told as created must not hang on that.
        let created = created || (issued && work.unknown());
        if image.state == OrderState::Closed && linked(work)?.stage == OrderStage::Issued {
            work.touched.push(close_later(work));
        }
        Ok(order_done(image, created, changed || issued))
    }

    /// Closes the order softly, if SAP still has it closed and Coupa still has it open: never twice.
    pub(crate) async fn close_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        around: &AroundOrder<'_>,
    ) -> Result<Done, Stop> {
        let mut link = self.linked_order(work, image, around.found.first()).await?;
        if let Some(link) = &mut link
            && let Some(shown) = around.found.iter().find(|order| order.id == link.coupa_id)
            && matches!(stage(shown), OrderStage::Closed | OrderStage::Cancelled)
        {
            // Somebody closed it in Coupa: a close of ours would be the second one, for good.
            link.stage = stage(shown);
            work.item.link = Some(Link::Order(link.clone()));
        }
        match link {
            Some(link) if image.state == OrderState::Closed && link.stage == OrderStage::Issued => {
                let _: Order = self.write(work, Write::Act(link.coupa_id, &Action::Close)).await?;
                work.item.link = Some(Link::Order(OrderLink { stage: OrderStage::Closed, ..link }));
                Ok(Done::new(AuditOutcome::Updated, format!("order {} closed", image.po_number)))
            }
            link => {
                // An earlier attempt's unknown outcome may have been an update, which is not this step's to repeat.
                if link.is_some_and(|link| link.stage == OrderStage::Issued && !knows_last(&link)) {
                    let document = work.document().clone();
                    work.touched.push(self.change(document, Cause::Dependency, work.change.lane));
                }
                Ok(Done::new(AuditOutcome::Unchanged, "nothing to close"))
            }
        }
    }

    /// The order's link, put right by what Coupa shows where the last attempt's outcome is unknown.
    async fn linked_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        found: Option<&Order>,
    ) -> Result<Option<OrderLink>, Stop> {
        match work.item.link.clone() {
            Some(Link::Order(link)) if !(work.unknown() || work.afresh()) || bug(Bug::ClosedTwice) => {
                return Ok(Some(link));
            }
            Some(Link::Order(link)) => {
                let call = work.read_call();
                let order: Order = self.coupa.get(&call, link.coupa_id).await?;
                work.item.link = Some(Link::Order(relink(&order, image)));
            }
            _ => match found {
                None => return Ok(None),
                Some(order) => self.adopt_order(work, image, order)?,
            },
        }
        order_link(work).map(Some)
    }

    fn adopt_order(&self, work: &mut Work, image: &OrderImage, order: &Order) -> Result<(), Failure> {
        let mark = order_mark(work.document(), order);
        let what = format!("purchase order `{}` (Coupa order {})", image.po_number, order.id);
        may_adopt(&mark, self.mapping.adopt(ObjectKind::PurchaseOrder), work.document(), &what)?;
        work.item.link = Some(Link::Order(relink(order, image)));
        Ok(())
    }

    fn has_supplier(&self, image: &OrderImage, around: &AroundOrder<'_>) -> Result<(), Stop> {
        let supplier = DocumentKey::supplier(&self.settings.company, &image.supplier);
        let linked = around.items.get(&supplier).is_some_and(|item| item.link.is_some());
        if linked || !self.settings.objects.contains(&ObjectKind::Supplier) {
            return Ok(());
        }
        let failure = Failure::new(Code::Waiting, format!("not in Coupa yet: {supplier}"));
        Err(Stop::Needs { failure, first: supplier.clone(), all: vec![supplier] })
    }

    /// Whether it was made now, and not found there after all.
    async fn create_order(&self, work: &mut Work, image: &OrderImage) -> Result<bool, Stop> {
        let lines = order_lines(&Sent::new(), &image.lines);
        let mut body = image.header.clone();
        body.insert("version".to_owned(), json!(1));
        let list: Vec<Value> = image.lines.iter().filter_map(|line| lines.get(&line.id.0).cloned()).collect();
        body.insert("order-lines".to_owned(), list.into());
        let order: Order = match self.write(work, Write::Create(&body)).await {
            Err(error) if error.taken() => {
                let call = work.read_call();
                let number = image.po_number.clone();
                let again = self.coupa.find_orders(&call, std::slice::from_ref(&number)).await?;
                let order = again.get(&number).and_then(|orders| orders.first()).ok_or(error)?;
                self.adopt_order(work, image, order)?;
                return Ok(false);
            }
            result => result?,
        };
        let mut link = relink(&order, image);
        let checked = nothing_ignored(&body, &order);
        if checked.is_ok() {
            link.sent = order_fields(image, &lines);
        }
        work.item.link = Some(Link::Order(link));
        checked.map(|()| true)
    }

    async fn issue_order(&self, work: &mut Work) -> Result<bool, Stop> {
        let OrderLink { coupa_id, stage, .. } = *linked(work)?;
        if stage != OrderStage::Draft {
            return Ok(false);
        }
        let order: Order = self.write(work, Write::Act(coupa_id, &Action::IssueWithoutSend)).await?;
        if let Some(Link::Order(link)) = &mut work.item.link {
            link.stage = OrderStage::Issued;
            link.version = order.version.unwrap_or(link.version);
        }
        Ok(true)
    }

    async fn cancel_order(&self, work: &mut Work, link: OrderLink) -> Result<(), Stop> {
        if link.stage == OrderStage::Closed {
            self.reopen_order(work, link.clone()).await?;
        }
        let _: Order = self.write(work, Write::Act(link.coupa_id, &Action::Cancel)).await?;
        work.item.link = Some(Link::Order(OrderLink { stage: OrderStage::Cancelled, ..link }));
        Ok(())
    }

    /// Nothing is sent to a closed order; whether it changed in SAP is told.
    async fn closed_already(&self, work: &mut Work, image: &OrderImage) -> Result<Done, Stop> {
        let link = linked(work)?;
        let fields = order_fields(image, &order_lines(&link.sent, &image.lines));
        let changed = if knows_last(link) {
            !mapping::difference(&link.sent, &fields).is_empty()
        } else {
            // After an unknown outcome, or where a comparison asks, what was last sent is what Coupa shows.
            let shown: Order = self.coupa.get(&work.read_call(), link.coupa_id).await?;
            let changed = !compare::order(image, &shown).is_empty();
            if !changed {
                work.item.link = Some(Link::Order(OrderLink { sent: fields, ..order_link(work)? }));
            }
            changed
        };
        if changed {
            tracing::debug!(document = %work.document(), "a closed order changed in SAP");
            return Ok(Done::new(
                AuditOutcome::NotApplied,
                "changed in SAP after it was closed; nothing is sent to a closed order",
            ));
        }
        Ok(Done::new(AuditOutcome::Unchanged, "Coupa already shows it"))
    }

    /// Opens a softly closed order again.
    async fn reopen_order(&self, work: &mut Work, link: OrderLink) -> Result<(), Stop> {
        let order: Order = self.write(work, Write::Act(link.coupa_id, &self.reopening())).await?;
        let version = order.version.unwrap_or(link.version);
        work.item.link = Some(Link::Order(OrderLink { stage: OrderStage::Issued, version, ..link }));
        Ok(())
    }

    pub(crate) fn reopening(&self) -> Action {
        let mut reason = Sent::new();
        if let Some(code) = &self.settings.reopen_reason {
            reason.insert("reason-insight-code".to_owned(), code.as_str().into());
            reason.insert("reason-insight-event-comment".to_owned(), "open in SAP Business One".into());
        }
        Action::Reopen(reason)
    }

    /// Sends what differs from what was last sent. Nothing, if nothing does.
    async fn update_order(&self, work: &mut Work, image: &OrderImage) -> Result<bool, Stop> {
        let link = order_link(work)?;
        let lines = order_lines(&link.sent, &image.lines);
        let fields = order_fields(image, &lines);
        let mut body = mapping::difference(&link.sent, &fields);
        if body.is_empty() {
            return Ok(false);
        }
        body.remove("order-lines");
        let changes = line_changes(&link, &lines, link.stage != OrderStage::Draft);
        if body.is_empty() && changes.is_empty() {
            // Only what an issued line no longer lets change, such as its account.
            work.item.link = Some(Link::Order(OrderLink { sent: fields, ..link }));
            return Ok(false);
        }
        body.insert("version".to_owned(), json!(link.version));
        if !changes.is_empty() {
            body.insert("order-lines".to_owned(), changes.into());
        }
        let order = self.send_update(work, &link, &mut body).await?;
        // Coupa took the rest, be a reference missing or not: the new lines are there, and are not to be added again.
        let fresh = OrderLink { stage: link.stage, ..relink(&order, image) };
        work.item.link = Some(Link::Order(fresh.clone()));
        nothing_ignored(&body, &order)?;
        work.item.link = Some(Link::Order(OrderLink { sent: fields, ..fresh }));
        Ok(true)
    }

    /// Coupa refuses a version older than its own. Where somebody else has made a newer one, ours goes on from that.
    async fn send_update(
        &self,
        work: &mut Work,
        link: &OrderLink,
        body: &mut Sent,
    ) -> Result<Order, coupa::Error> {
        let refused = match self.write(work, Write::Update(link.coupa_id, body)).await {
            Err(refused @ coupa::Error::Invalid(_)) => refused,
            result => return result,
        };
        let call = work.read_call();
        let shown: Order = self.coupa.get(&call, link.coupa_id).await?;
        match shown.version.filter(|version| *version > link.version) {
            Some(version) if stage(&shown) == link.stage => {
                body.insert("version".to_owned(), json!(version));
                self.write(work, Write::Update(link.coupa_id, body)).await
            }
            _ => Err(refused),
        }
    }
}

fn order_done(image: &OrderImage, created: bool, changed: bool) -> Done {
    let closing = if image.state == OrderState::Closed { "; its close follows" } else { "" };
    let number = &image.po_number;
    match (created, changed) {
        (true, _) => Done::new(AuditOutcome::Created, format!("order {number} created and issued{closing}")),
        (false, true) => Done::new(AuditOutcome::Updated, format!("order {number} updated{closing}")),
        (false, false) => Done::new(AuditOutcome::Unchanged, format!("Coupa already shows it{closing}")),
    }
}

fn close_later(work: &Work) -> Change {
    // The close itself needs no comparison.
    let cause = if work.afresh() { Cause::Dependency } else { work.change.cause };
    Change { step: Step::Close, cause, ..work.change.clone() }
}

/// Whether the order says that it is this very document.
pub(crate) fn is_ours(document: &DocumentKey, order: &Order) -> bool {
    order_mark(document, order) == Mark::Ours
}

pub(crate) fn order_link(work: &Work) -> Result<OrderLink, Stop> {
    linked(work).cloned()
}

/// A look at the link: it holds all that was last sent, so a copy of it is not cheap.
fn linked(work: &Work) -> Result<&OrderLink, Stop> {
    match &work.item.link {
        Some(Link::Order(link)) => Ok(link),
        _ => Err(Stop::Failed(Failure::new(Code::GaveUp, "the order's link is not an order's"))),
    }
}

pub(crate) fn stage(order: &Order) -> OrderStage {
    match order.status.as_deref().unwrap_or("draft") {
        "draft" => OrderStage::Draft,
        "closed" | "soft_closed" => OrderStage::Closed,
        "cancelled" | "canceled" => OrderStage::Cancelled,
        _ => OrderStage::Issued,
    }
}

fn order_mark(document: &DocumentKey, order: &Order) -> Mark {
    let ours = format!("{}/{}/", document.company, document.key);
    let company = format!("{}/", document.company);
    let references = || order.order_lines.iter().filter_map(|line| line.external_reference_number.as_deref());
    if references().any(|reference| reference.starts_with(&ours)) {
        return Mark::Ours;
    }
    match references().find(|reference| reference.starts_with(&company)) {
        Some(other) => Mark::Anothers(other.to_owned()),
        None => Mark::None,
    }
}
