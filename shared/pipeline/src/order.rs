//! Purchase orders: created, issued, kept in step while open, closed once, cancelled.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    push::{Mark, may_adopt, nothing_ignored, single},
};
use coupa::{Action, Order};
use mapping::{LineImage, OrderImage, OrderState};
use model::{
    AuditOutcome, Change, Code, CoupaId, DocumentKey, Failure, LineId, Link, ObjectKind, OrderLink,
    OrderStage, Sent, Step,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Pipeline {
    pub(crate) async fn push_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        found: &[Order],
    ) -> Result<Done, Stop> {
        work.item.number = Some(image.po_number.clone());
        let created = match self.linked_order(work, image, found).await? {
            Some(_) => false,
            None if image.state == OrderState::Cancelled => {
                return Ok(Done::new(AuditOutcome::NotApplicable, "cancelled before it was ever sent"));
            }
            None => {
                self.create_order(work, image).await?;
                true
            }
        };
        let link = order_link(work)?;
        let changed = match (link.stage, image.state) {
            (OrderStage::Cancelled, OrderState::Cancelled) => false,
            (OrderStage::Cancelled, _) => {
                return Ok(Done::new(
                    AuditOutcome::NotApplied,
                    "the order is cancelled in Coupa and stays so",
                ));
            }
            (_, OrderState::Cancelled) => {
                self.cancel_order(work, link).await?;
                return Ok(Done::new(AuditOutcome::Updated, format!("order {} cancelled", image.po_number)));
            }
            (OrderStage::Closed, OrderState::Closed) => {
                return Ok(self.closed_already(work, image, &link));
            }
            (OrderStage::Closed, OrderState::Open) => {
                self.reopen_order(work, link).await?;
                self.update_order(work, image).await?;
                true
            }
            (OrderStage::Draft | OrderStage::Issued, _) => self.update_order(work, image).await?,
        };
        let issued = self.issue_order(work).await?;
        if image.state == OrderState::Closed && order_link(work)?.stage == OrderStage::Issued {
            work.touched.push(self.close_later(work));
        }
        Ok(self.order_done(image, created, changed || issued))
    }

    fn order_done(&self, image: &OrderImage, created: bool, changed: bool) -> Done {
        let closing = if image.state == OrderState::Closed { "; its close follows" } else { "" };
        let number = &image.po_number;
        match (created, changed) {
            (true, _) => {
                Done::new(AuditOutcome::Created, format!("order {number} created and issued{closing}"))
            }
            (false, true) => Done::new(AuditOutcome::Updated, format!("order {number} updated{closing}")),
            (false, false) => Done::new(AuditOutcome::Unchanged, format!("Coupa already shows it{closing}")),
        }
    }

    /// Closes the order softly, if SAP still has it closed and Coupa still has it open: never twice.
    pub(crate) async fn close_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        found: &[Order],
    ) -> Result<Done, Stop> {
        let link = self.linked_order(work, image, found).await?;
        match link {
            Some(link) if image.state == OrderState::Closed && link.stage == OrderStage::Issued => {
                let _: Order = self.write(work, Write::Act(link.coupa_id, &Action::Close)).await?;
                work.item.link = Some(Link::Order(OrderLink { stage: OrderStage::Closed, ..link }));
                Ok(Done::new(AuditOutcome::Updated, format!("order {} closed", image.po_number)))
            }
            _ => Ok(Done::new(AuditOutcome::Unchanged, "nothing to close")),
        }
    }

    fn close_later(&self, work: &Work) -> Change {
        Change { step: Step::Close, ..work.change.clone() }
    }

    fn closed_already(&self, work: &Work, image: &OrderImage, link: &OrderLink) -> Done {
        let lines = order_lines(&link.sent, &image.lines);
        // After an unknown outcome it isn't known what was last sent; that alone is no change in SAP.
        if link.sent.is_empty() || mapping::difference(&link.sent, &order_fields(image, &lines)).is_empty() {
            return Done::new(AuditOutcome::Unchanged, "Coupa already shows it");
        }
        tracing::debug!(document = %work.document(), "a closed order changed in SAP");
        Done::new(
            AuditOutcome::NotApplied,
            "changed in SAP after it was closed; nothing is sent to a closed order",
        )
    }

    /// The order's link, put right by what Coupa shows where the last attempt's outcome is unknown.
    async fn linked_order(
        &self,
        work: &mut Work,
        image: &OrderImage,
        found: &[Order],
    ) -> Result<Option<OrderLink>, Stop> {
        match work.item.link.clone() {
            Some(Link::Order(link)) if !work.unknown() => return Ok(Some(link)),
            Some(Link::Order(link)) => {
                let call = self.read_call(work);
                let order: Order = self.coupa.get(&call, link.coupa_id).await?;
                work.item.link = Some(Link::Order(relink(&order, image)));
            }
            _ => match found {
                [] => return Ok(None),
                [order, ..] => {
                    self.adopt_order(work, image, order)?;
                }
            },
        }
        order_link(work).map(Some)
    }

    fn adopt_order(&self, work: &mut Work, image: &OrderImage, order: &Order) -> Result<(), Failure> {
        let mark = order_mark(work.document(), order);
        let what = format!("po-number `{}` (Coupa order {})", image.po_number, order.id);
        may_adopt(&mark, self.mapping.adopt(ObjectKind::PurchaseOrder), &what)?;
        work.item.link = Some(Link::Order(relink(order, image)));
        Ok(())
    }

    async fn create_order(&self, work: &mut Work, image: &OrderImage) -> Result<(), Stop> {
        let lines = order_lines(&Sent::new(), &image.lines);
        let mut body = image.header.clone();
        body.insert("version".to_owned(), json!(1));
        let list: Vec<Value> = image.lines.iter().filter_map(|line| lines.get(&line.id.0).cloned()).collect();
        body.insert("order-lines".to_owned(), list.into());
        let order: Order = match self.write(work, Write::Create(&body)).await {
            Err(error) if error.taken() => {
                let call = self.read_call(work);
                let number = image.po_number.clone();
                let again = self.coupa.find_orders(&call, std::slice::from_ref(&number)).await?;
                let order = again.get(&number).and_then(|orders| orders.first()).ok_or(error)?;
                return Ok(self.adopt_order(work, image, order)?);
            }
            result => result?,
        };
        let mut link = relink(&order, image);
        if nothing_ignored(&body, &order).is_ok() {
            link.sent = order_fields(image, &lines);
        }
        work.item.link = Some(Link::Order(link));
        nothing_ignored(&body, &order)
    }

    async fn issue_order(&self, work: &mut Work) -> Result<bool, Stop> {
        let link = order_link(work)?;
        if link.stage != OrderStage::Draft {
            return Ok(false);
        }
        let order: Order = self.write(work, Write::Act(link.coupa_id, &Action::IssueWithoutSend)).await?;
        let version = order.version.unwrap_or(link.version);
        work.item.link = Some(Link::Order(OrderLink { stage: OrderStage::Issued, version, ..link }));
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
        let order: Order = self.write(work, Write::Update(link.coupa_id, &body)).await?;
        nothing_ignored(&body, &order)?;
        let fresh = relink(&order, image);
        let keep = OrderLink { sent: fields, stage: link.stage, ..fresh };
        work.item.link = Some(Link::Order(keep));
        Ok(true)
    }
}

pub(crate) fn order_link(work: &Work) -> Result<OrderLink, Stop> {
    match &work.item.link {
        Some(Link::Order(link)) => Ok(link.clone()),
        _ => Err(Stop::Failed(Failure::new(Code::GaveUp, "the order's link is not an order's"))),
    }
}

/// The link as Coupa shows the order, with nothing known of what was last sent.
pub(crate) fn relink(order: &Order, image: &OrderImage) -> OrderLink {
    let known = |id: &LineId| image.lines.iter().any(|line| line.id == *id);
    let reference = |line: &coupa::OrderLine| line.external_reference_number.clone().map(LineId);
    let (ours, others): (Vec<_>, Vec<_>) =
        order.order_lines.iter().partition(|line| reference(line).is_some_and(|id| known(&id)));
    let mut lines: BTreeMap<LineId, CoupaId> =
        ours.iter().filter_map(|line| Some((reference(line)?, line.id))).collect();
    // The lines of an order that was taken over by its number become ours in their order; what is left over will be deleted.
    let mut free = image
        .lines
        .iter()
        .map(|line| &line.id)
        .filter(|id| !lines.contains_key(*id))
        .cloned()
        .collect::<Vec<_>>()
        .into_iter();
    for line in others {
        let spare = || reference(line).unwrap_or_else(|| LineId(format!("coupa/{}", line.id)));
        let id = if reference(line).is_some() { spare() } else { free.next().unwrap_or_else(spare) };
        lines.insert(id, line.id);
    }
    OrderLink {
        coupa_id: order.id,
        po_number: image.po_number.clone(),
        stage: stage(order),
        version: order.version.unwrap_or(1),
        lines,
        sent: Sent::new(),
    }
}

fn stage(order: &Order) -> OrderStage {
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

/// The lines by their identity, each with the `line-num` it was created with, or the next free one in visual order.
fn order_lines(last: &Sent, lines: &[LineImage]) -> BTreeMap<String, Value> {
    let known = last.get("order-lines").and_then(Value::as_object);
    let number = |id: &str| known?.get(id)?.get("line-num")?.as_str()?.parse::<u64>().ok();
    let mut next = known.map_or(0, |known| known.keys().filter_map(|id| number(id)).max().unwrap_or(0));
    let numbered = lines.iter().map(|line| {
        let number = number(&line.id.0).unwrap_or_else(|| {
            next += 1;
            next
        });
        let mut body = line.body.clone();
        body.insert("line-num".to_owned(), number.to_string().into());
        (line.id.0.clone(), Value::Object(body))
    });
    numbered.collect()
}

fn order_fields(image: &OrderImage, lines: &BTreeMap<String, Value>) -> Sent {
    let mut fields = image.header.clone();
    fields.insert(
        "order-lines".to_owned(),
        lines.iter().map(|(id, line)| (id.clone(), line.clone())).collect(),
    );
    fields
}

/// Lines to add, to change by their id, and to delete.
fn line_changes(link: &OrderLink, lines: &BTreeMap<String, Value>, issued: bool) -> Vec<Value> {
    let last = link.sent.get("order-lines").and_then(Value::as_object);
    let mut changes = Vec::new();
    for (id, line) in lines {
        let Value::Object(line) = line else { continue };
        let Some(coupa_id) = link.lines.get(&LineId(id.clone())) else {
            changes.push(Value::Object(line.clone()));
            continue;
        };
        let before =
            last.and_then(|last| last.get(id)).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut change = mapping::difference(&before, line);
        change.remove("line-num");
        if issued {
            // Coupa refuses another account on an issued line.
            change.remove("account");
        }
        if !change.is_empty() {
            change.insert("id".to_owned(), json!(coupa_id.0));
            changes.push(Value::Object(change));
        }
    }
    for (id, coupa_id) in &link.lines {
        if !lines.contains_key(&id.0) {
            let mut gone = single("id", coupa_id.0);
            gone.insert("_delete".to_owned(), true.into());
            changes.push(Value::Object(gone));
        }
    }
    changes
}
