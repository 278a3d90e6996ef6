//! Joins a business partner and a supplier of Coupa that a person says are the same.

use crate::{
    Ended, Pipeline,
    attempt::{Done, Stop, Work, Write},
    both_ways::is_blank,
    push::single,
};
use coupa::WholeSupplier;
use model::{AuditOutcome, Cause, Code, CoupaId, DocumentKey, Failure, Lane, Link, SupplierLink};
use store::{LeaseReply, LeaseRequest, StoreError};

/// A decision of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// SAP's supplier.
    pub card_code: String,
    /// Coupa's.
    pub coupa_id: CoupaId,
}

impl Pipeline {
    /// Gives Coupa's supplier SAP's code as its number, links the two, and has them compared. `None` if another worker
    /// has the supplier just now, or nothing can be told about the end.
    pub async fn join_supplier(&self, join: &Join) -> Result<Option<Ended>, StoreError> {
        let document = DocumentKey::supplier(&self.settings.company, &join.card_code);
        let change = self.change(document.clone(), Cause::Person, Lane::Live);
        let now = self.clock.now();
        let request = LeaseRequest {
            document,
            owner: self.owner.clone(),
            now,
            until: now + self.settings.lease(),
            correlation: change.correlation.clone(),
        };
        let Some(LeaseReply::Taken(lease, item)) =
            self.state.take_leases(std::slice::from_ref(&request)).await?.pop()
        else {
            return Ok(None);
        };
        let mut work = Work {
            touched: vec![change.clone()],
            counted: false,
            held_back: false,
            change,
            receipts: vec![],
            lease,
            item: *item,
            others: vec![],
            started_at: now,
            stamp: None,
            calls: 0.into(),
            sent: vec![].into(),
        };
        let result = self.join_by_word(&mut work, join).await;
        self.end(work, result).await
    }

    async fn join_by_word(&self, work: &mut Work, join: &Join) -> Result<Done, Stop> {
        let Join { card_code, coupa_id } = join;
        work.item.number = Some(card_code.clone());
        work.stamp = work.item.sap_stamp;
        let whole: WholeSupplier = self.coupa.get(&work.read_call(), *coupa_id).await?;
        let number = whole.number.as_deref();
        if !is_blank(number) && number != Some(card_code.as_str()) {
            let message = format!(
                "Coupa's supplier {coupa_id} has the number `{}` already, not {card_code}",
                number.unwrap_or_default()
            );
            return Err(Failure::new(Code::SupplierNumberDiffers, message).into());
        }
        if is_blank(number) {
            let body = single("number", card_code.as_str());
            let _: WholeSupplier = self.write(work, Write::Update(*coupa_id, &body)).await?;
        }
        let known = matches!(&work.item.link, Some(Link::Supplier(link)) if link.coupa_id == *coupa_id);
        if !known {
            work.item.link = Some(Link::Supplier(SupplierLink::new(*coupa_id)));
        }
        let message = format!("a person says that {card_code} is Coupa's supplier {coupa_id}");
        Ok(Done::new(AuditOutcome::Updated, message))
    }
}
