//! Which write does what.

use super::problem::Problem;
use super::query::Query;
use super::record::Field;
use super::routing::{Done, Target};
use super::schema::Kind;
use super::state::State;
use http::StatusCode;
use serde_json::Value;

impl State {
    /// `POST`.
    pub(crate) fn post(&mut self, target: Target<'_>, body: Value) -> Result<Done, Problem> {
        let kind = target.kind;
        if let (Kind::Supplier, Some(id), "addresses", None) = (kind, target.id, target.action, target.inner)
        {
            return self.post_remit_to(id, None, body, StatusCode::CREATED);
        }
        if target.id.is_some() {
            return Err(Problem::not_found());
        }
        let id = match (kind, target.action) {
            (Kind::IntegrationError | Kind::IntegrationHistoryRecord, action) => {
                self.post_integration_record(kind, action, body)?
            }
            (_, action) if !action.is_empty() => return Err(Problem::not_found()),
            (Kind::Supplier, _) => self.save_supplier(None, body)?,
            (Kind::OrderHeader, _) => self.create_order(body)?,
            (Kind::InvoiceHeader, _) => self.create_invoice(body)?,
            (Kind::Account, _) => self.save_account(None, body)?,
            (Kind::IntegrationRun, _) => self.start_run(body)?,
            _ => self.save_reference(kind, None, body)?,
        };
        Ok(Done::Saved(kind, id, StatusCode::CREATED))
    }

    /// `PUT` and `PATCH`.
    pub(crate) fn put(&mut self, target: Target<'_>, query: &Query, body: Value) -> Result<Done, Problem> {
        let kind = target.kind;
        let id = target.id.ok_or_else(Problem::not_found)?;
        self.find(kind, id).ok_or_else(Problem::not_found)?;
        if let (Some(exported), "") = (query.exported, target.action) {
            // The flag travels alone: whatever else the request says is ignored.
            return self.mark_exported(kind, id, exported);
        }
        let id = match (kind, target.action) {
            (Kind::Supplier, "addresses") => {
                return match target.inner {
                    Some(inner) => self.post_remit_to(id, Some(inner), body, StatusCode::OK),
                    None => Err(Problem::not_found()),
                };
            }
            (Kind::Supplier, "") => self.save_supplier(Some(id), body)?,
            (Kind::OrderHeader, "") => self.update_order(id, body)?,
            (Kind::OrderHeader, action) => self.act_on_order(id, action, body)?,
            (Kind::InvoiceHeader, "") => self.update_invoice(id, body)?,
            (Kind::InvoiceHeader, action) => self.act_on_invoice(id, action)?,
            (Kind::IntegrationRun, action) => self.act_on_run(id, action, body)?,
            (Kind::IntegrationError | Kind::IntegrationHistoryRecord, action) => {
                self.resolve_record(kind, id, action)?;
                if self.settings.resolve_answers_list {
                    return Ok(Done::ListOfOne(kind, id));
                }
                id
            }
            (Kind::Account, "") => self.save_account(Some(id), body)?,
            (_, "") => self.save_reference(kind, Some(id), body)?,
            _ => return Err(Problem::not_found()),
        };
        Ok(Done::Saved(kind, id, StatusCode::OK))
    }

    fn mark_exported(&mut self, kind: Kind, id: u64, exported: bool) -> Result<Done, Problem> {
        let now = self.now;
        let record = self.find_mut(kind, id).ok_or_else(Problem::not_found)?;
        record.set("exported", Field::Flag(exported));
        if exported {
            record.set("last-exported-at", Field::Moment(now));
        }
        Ok(Done::Saved(kind, id, StatusCode::OK))
    }

    fn post_remit_to(
        &mut self,
        supplier: u64,
        id: Option<u64>,
        body: Value,
        status: StatusCode,
    ) -> Result<Done, Problem> {
        let mut record = self.find(Kind::Supplier, supplier).cloned().ok_or_else(Problem::not_found)?;
        let id = self.save_remit_to(&mut record, id, body)?;
        self.keep_supplier(record);
        Ok(Done::SavedRemitTo(supplier, id, status))
    }
}
