//! Integration runs, errors and history records: how an integration reports back to Coupa's people.

use super::input::missing;
use super::problem::Problem;
use super::record::Field;
use super::schema::Kind;
use super::state::State;
use serde_json::Value;

impl State {
    /// `POST /api/integration_runs`.
    pub(crate) fn start_run(&mut self, body: Value) -> Result<u64, Problem> {
        let draft = self.draft(Kind::IntegrationRun, body)?;
        let mut run = self.fresh(Kind::IntegrationRun);
        self.fill(&mut run, draft, None)?;
        Problem::from_messages("integration_run", missing(&run, &["integration"]))?;
        run.set_text("status", "pending");
        run.set("start-time", Field::Moment(self.now));
        Ok(self.keep(Kind::IntegrationRun, run))
    }

    /// `PUT /api/integration_runs/:id/<action>`.
    pub(crate) fn act_on_run(&mut self, id: u64, action: &str, body: Value) -> Result<u64, Problem> {
        let status = match action {
            "" | "max_updated_at" => None,
            "run" => Some("started"),
            "success" | "finish" => Some("successful"),
            "fail" => Some("failed"),
            "pause" => Some("paused"),
            "pending" => Some("pending"),
            _ => return Err(Problem::not_found()),
        };
        let draft = self.draft(Kind::IntegrationRun, body)?;
        let mut run = self.find(Kind::IntegrationRun, id).cloned().ok_or_else(Problem::not_found)?;
        self.fill(&mut run, draft, None)?;
        if let Some(status) = status {
            run.set_text("status", status);
        }
        if matches!(status, Some("successful" | "failed")) {
            run.set("end-time", Field::Moment(self.now));
        }
        Ok(self.keep_changed(Kind::IntegrationRun, run))
    }

    /// `POST /api/integration_errors` and `/api/integration_history_records`, with or without an alert.
    pub(crate) fn post_integration_record(
        &mut self,
        kind: Kind,
        action: &str,
        body: Value,
    ) -> Result<u64, Problem> {
        let known: &[&str] = match kind {
            Kind::IntegrationError => &["", "create_alert"],
            _ => &["", "create_alert", "mark_exported", "create_alert_and_mark_exported", "acknowledge"],
        };
        if !known.contains(&action) {
            return Err(Problem::not_found());
        }
        let draft = self.draft(kind, body)?;
        let mut record = self.fresh(kind);
        self.fill(&mut record, draft, None)?;
        let mut messages = missing(&record, &["contact-alert-type", "document-id", "document-type"]);
        if record.text("contact-alert-type").is_some_and(|ty| !matches!(ty, "Functional" | "Technical")) {
            messages.push("Contact Alert Type is not included in the list".to_owned());
        }
        Problem::from_messages(kind.error_key(), messages)?;
        record.set("resolved", Field::Flag(false));
        if action.ends_with("mark_exported") {
            let document = match record.text_or_empty("document-type") {
                "InvoiceHeader" => Some(Kind::InvoiceHeader),
                "OrderHeader" | "ExternalOrderHeader" => Some(Kind::OrderHeader),
                _ => None,
            };
            let id = record.integer("document-id").and_then(|id| u64::try_from(id).ok());
            if let Some(found) = document.zip(id).and_then(|(kind, id)| self.find_mut(kind, id)) {
                found.set("exported", Field::Flag(true));
            }
        }
        Ok(self.keep(kind, record))
    }

    /// `PUT /api/integration_errors/:id/resolve` or `/unresolve`.
    pub(crate) fn resolve_record(&mut self, kind: Kind, id: u64, action: &str) -> Result<(), Problem> {
        let resolved = match action {
            "resolve" => true,
            "unresolve" => false,
            _ => return Err(Problem::not_found()),
        };
        let record = self.find_mut(kind, id).ok_or_else(Problem::not_found)?;
        record.set("resolved", Field::Flag(resolved));
        Ok(())
    }
}
