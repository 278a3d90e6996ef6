//! What can be done to an invoice besides changing it: submit, void, abandon, dispute, approve.

use super::invoices::check_totals;
use super::problem::Problem;
use super::record::{Field, Record};
use super::schema::Kind;
use super::state::State;
use rust_decimal::Decimal;

/// Where an invoice can be abandoned. No document says it; these are the statuses in which nobody has approved
/// it and nothing is final.
const ABANDONABLE: [&str; 10] = [
    "new",
    "draft",
    "on_hold",
    "ap_hold",
    "booking_hold",
    "pending_approval",
    "pending_action",
    "disputed",
    "rejected",
    "invalid",
];

const DISPUTABLE: [&str; 5] = ["pending_approval", "pending_receipt", "ap_hold", "booking_hold", "approved"];

impl State {
    /// `PUT /api/invoices/:id/<action>`.
    pub(crate) fn act_on_invoice(&mut self, id: u64, action: &str) -> Result<u64, Problem> {
        let invoice = self.find(Kind::InvoiceHeader, id).ok_or_else(Problem::not_found)?;
        let status = invoice.text_or_empty("status").to_owned();
        let status = status.as_str();
        let not_possible = || {
            let text = format!("Invoice in status {status} can't take the action {action}.");
            Err(Problem::refused("invoice-header", text))
        };
        match action {
            "submit" if matches!(status, "draft" | "new") => return self.submit(id),
            "void" if matches!(status, "approved" | "pending_receipt" | "draft") => {
                if status != "draft" {
                    self.bill_order_lines(id, Decimal::NEGATIVE_ONE);
                }
                self.set_invoice_status(id, "voided");
                if let Some(invoice) = self.find_mut(Kind::InvoiceHeader, id) {
                    invoice.set("canceled", Field::Flag(true));
                    invoice.set("exported", Field::Flag(false));
                }
            }
            "abandon" if ABANDONABLE.contains(&status) => {
                if !matches!(status, "draft" | "new") {
                    self.bill_order_lines(id, Decimal::NEGATIVE_ONE);
                }
                self.set_invoice_status(id, "abandoned");
            }
            "dispute" if DISPUTABLE.contains(&status) => self.set_invoice_status(id, "disputed"),
            "withdraw_dispute" if status == "disputed" => self.set_invoice_status(id, "pending_approval"),
            "bypass_approvals" | "bypass_current_approval" if status == "pending_approval" => {
                self.set_invoice_status(id, "approved");
            }
            "revalidate_tolerances" if status == "ap_hold" => self.revalidate(id),
            "restart_approvals" | "add_approver" | "remove_approval" if status == "pending_approval" => {}
            "image_scan" | "update_line_accounts" if !matches!(status, "voided" | "abandoned") => {}
            "submit"
            | "void"
            | "abandon"
            | "dispute"
            | "withdraw_dispute"
            | "bypass_approvals"
            | "bypass_current_approval"
            | "revalidate_tolerances"
            | "restart_approvals"
            | "add_approver"
            | "remove_approval"
            | "image_scan"
            | "update_line_accounts" => return not_possible(),
            _ => return Err(Problem::not_found()),
        }
        Ok(id)
    }

    fn submit(&mut self, id: u64) -> Result<u64, Problem> {
        let invoice = self.find(Kind::InvoiceHeader, id).cloned().ok_or_else(Problem::not_found)?;
        let mut messages = super::input::missing(&invoice, &["currency"]);
        let lines = invoice.list("invoice-lines");
        if lines.is_empty() {
            messages.push("Invoice Lines can't be blank".to_owned());
        }
        Problem::from_messages("invoice-header", messages)?;
        let unbooked =
            lines.iter().any(|line| line.is_blank("account") && line.is_blank("account-allocations"));
        let mut messages = self.shut_orders(&invoice);
        if unbooked {
            messages.push("Account can't be blank".to_owned());
        }
        Problem::from_messages("invoice-header.invoice_lines", messages)?;
        check_totals(&invoice)?;
        self.bill_order_lines(id, Decimal::ONE);
        let failed = self.failed_tolerances(&invoice);
        let status = if !failed.is_empty() {
            "ap_hold"
        } else if self.needs_receipt(&invoice) {
            "pending_receipt"
        } else {
            self.settings.submitted_status
        };
        self.set_invoice_status(id, status);
        if let Some(invoice) = self.find_mut(Kind::InvoiceHeader, id) {
            invoice.set("failed-tolerances", Field::Many(failed));
        }
        Ok(id)
    }

    fn revalidate(&mut self, id: u64) {
        let Some(invoice) = self.find(Kind::InvoiceHeader, id).cloned() else { return };
        let failed = self.failed_tolerances(&invoice);
        if failed.is_empty() {
            self.set_invoice_status(id, "pending_approval");
        }
        if let Some(invoice) = self.find_mut(Kind::InvoiceHeader, id) {
            invoice.set("failed-tolerances", Field::Many(failed));
        }
    }

    /// Puts an invoice into a status.
    pub(crate) fn set_invoice_status(&mut self, id: u64, status: &str) {
        let now = self.now;
        if let Some(invoice) = self.find_mut(Kind::InvoiceHeader, id) {
            invoice.set_text("status", status);
            invoice.set("updated-at", Field::Moment(now));
            let version = invoice.integer("lock-version-key").unwrap_or(0);
            invoice.set("lock-version-key", Field::Integer(version + 1));
        }
    }

    /// Counts what an invoice bills into its order lines, or out of them again.
    fn bill_order_lines(&mut self, id: u64, sign: Decimal) {
        let Some(invoice) = self.find(Kind::InvoiceHeader, id) else { return };
        let billed: Vec<(u64, Decimal)> = invoice
            .list("invoice-lines")
            .iter()
            .filter_map(|line| {
                let order_line = u64::try_from(line.integer("order-line-id")?).ok()?;
                Some((order_line, line.decimal("quantity").or_else(|| line.decimal("price"))?))
            })
            .collect();
        for (order_line, amount) in billed {
            let Some(order) = self.indices.order_of_line.get(&order_line).copied() else { continue };
            let Some(order) = self.find_mut(Kind::OrderHeader, order) else { continue };
            if let Some(line) = order.list_mut("order-lines").iter_mut().find(|line| line.id() == order_line)
            {
                let before = line.decimal("invoiced").unwrap_or_default();
                line.set("invoiced", Field::Decimal(before + sign * amount));
            }
        }
    }

    fn failed_tolerances(&mut self, invoice: &Record) -> Vec<Record> {
        let Some(percent) = self.settings.tolerance_percent else { return Vec::new() };
        let factor = Decimal::ONE + percent / Decimal::ONE_HUNDRED;
        let mut failed = Vec::new();
        for line in invoice.list("invoice-lines") {
            let id = line.integer("order-line-id").and_then(|id| u64::try_from(id).ok());
            let Some((_, order_line)) = id.and_then(|id| self.order_line(id)) else { continue };
            let over: Vec<&str> = ["price", "quantity"]
                .into_iter()
                .filter(|name| match (line.decimal(name), order_line.decimal(name)) {
                    (Some(billed), Some(ordered)) => billed > ordered * factor,
                    _ => false,
                })
                .collect();
            for name in over {
                let mut tolerance = Record::new(self.next_id(Kind::InvoiceFailedTolerance));
                tolerance.set_text("code", name);
                failed.push(tolerance);
            }
        }
        failed
    }

    /// Whether one of the order lines must be received before its invoice can be approved. Nothing posts
    /// receipts for external orders, so such an invoice waits for good.
    fn needs_receipt(&self, invoice: &Record) -> bool {
        let supplier = invoice.reference("supplier").and_then(|id| self.find(Kind::Supplier, id));
        let level = supplier.and_then(|supplier| supplier.text("invoice-matching-level"));
        let level = level.unwrap_or(self.settings.default_matching_level);
        invoice
            .list("invoice-lines")
            .iter()
            .filter_map(|line| self.order_line(u64::try_from(line.integer("order-line-id")?).ok()?))
            .any(|(_, line)| {
                matches!(
                    line.text("match-type").unwrap_or(level),
                    "3-way" | "3-way-direct" | "3-way-fifo" | "direct_matching"
                )
            })
    }
}
