//! Lines of invoices, and the order lines that they bill.

use super::input::missing;
use super::problem::Problem;
use super::record::{DELETED, Field, Record};
use super::schema::Kind;
use super::state::State;
use super::totals;
use serde_json::Value;

/// The key under which errors of lines are told.
const LINES: &str = "invoice-header.invoice_lines";

impl State {
    /// Adds a line to a draft, or changes or deletes the one whose id it names.
    pub(crate) fn save_invoice_line(
        &mut self,
        invoice: &mut Record,
        entry: Value,
        chart: Option<u64>,
    ) -> Result<(), Problem> {
        let draft = self.draft(Kind::InvoiceLine, entry)?;
        let before = match draft.id {
            Some(id) => {
                let held = invoice.list("invoice-lines").iter().find(|line| line.id() == id).cloned();
                Some(held.ok_or_else(|| {
                    Problem::refused(LINES, format!("Unable to find valid InvoiceLine record for invoice_lines with keys {{\"id\"=>{id}}}. Possible keys are [\"id\"]. Please verify your xml."))
                })?)
            }
            None => None,
        };
        if draft.delete {
            let kept = invoice.list("invoice-lines").iter().filter(|line| Some(line.id()) != draft.id);
            let kept = kept.cloned().collect();
            invoice.set("invoice-lines", Field::Many(kept));
            return Ok(());
        }
        let is_new = before.is_none();
        let mut line = before.unwrap_or_else(|| self.fresh(Kind::InvoiceLine));
        self.fill(&mut line, draft, chart)?;
        if is_new && line.is_blank("line-num") {
            let last = invoice.list("invoice-lines").iter().filter_map(|line| line.integer("line-num")).max();
            line.set("line-num", Field::Integer(last.unwrap_or(0) + 1));
        }
        if line.is_blank("type") {
            line.set_text("type", "InvoiceQuantityLine");
        }
        let mut messages = check_line(invoice, &line);
        messages.extend(self.point_at_order_line(invoice, &mut line));
        Problem::from_messages(LINES, messages)?;
        line.set("total", Field::Decimal(totals::line_total(&line)));
        line.set("updated-at", Field::Moment(self.now));
        let id = line.id();
        match invoice.list_mut("invoice-lines").iter_mut().find(|held| held.id() == id) {
            Some(held) => *held = line,
            None => invoice.push("invoice-lines", line),
        }
        Ok(())
    }

    /// Ties a line to the order line that it names, or says why that can't be.
    fn point_at_order_line(&self, invoice: &Record, line: &mut Record) -> Vec<String> {
        let names_order = ["order-line-id", "order-header-num", "po-number", "order-line-num"]
            .iter()
            .any(|name| !line.is_blank(name));
        if !names_order {
            return Vec::new();
        }
        let (order, order_line) = match self.named_order_line(line) {
            Ok(found) => found,
            Err(message) => return vec![message.to_owned()],
        };
        let mut messages = Vec::new();
        if order.reference("supplier") != invoice.reference("supplier") {
            messages.push("order header does not belong to supplier".to_owned());
        }
        messages.extend(not_open(order));
        let billed = order_line.text_or_empty("type").trim_start_matches("Order");
        if line.text_or_empty("type").trim_start_matches("Invoice") != billed {
            messages.push("invoice line type differs from order line".to_owned());
        }
        line.set("order-line-id", Field::Integer(i64::try_from(order_line.id()).unwrap_or(i64::MAX)));
        line.set_text("order-header-num", order.text_or_empty("po-number"));
        line.set_text("po-number", order.text_or_empty("po-number"));
        line.set_text("order-line-num", order_line.text_or_empty("line-num"));
        for inherited in ["account", "account-allocations", "uom", "commodity"] {
            if let (true, Some(field)) = (line.is_blank(inherited), order_line.get(inherited)) {
                line.set(inherited, field.clone());
            }
        }
        messages
    }

    fn named_order_line(&self, line: &Record) -> Result<(&Record, &Record), &'static str> {
        if let Some(id) = line.integer("order-line-id") {
            let found = u64::try_from(id).ok().and_then(|id| self.order_line(id));
            return found.filter(|(_, line)| !line.flag(DELETED)).ok_or("could not find order line");
        }
        let number = line.text("order-header-num").or_else(|| line.text("po-number")).unwrap_or_default();
        let order = self.indices.po_number.get(number).and_then(|id| self.find(Kind::OrderHeader, *id));
        let order = order.ok_or("could not find order header")?;
        let mut lines = order.list("order-lines").iter().filter(|line| !line.flag(DELETED));
        let wanted = line.text_or_empty("order-line-num");
        match lines.find(|order_line| order_line.text("line-num") == Some(wanted)) {
            Some(order_line) => Ok((order, order_line)),
            None => Err("could not find order line"),
        }
    }

    /// The orders that an invoice bills and that can't be billed now.
    pub(crate) fn shut_orders(&self, invoice: &Record) -> Vec<String> {
        let lines = invoice.list("invoice-lines").iter();
        let mut messages: Vec<String> = lines
            .filter_map(|line| u64::try_from(line.integer("order-line-id")?).ok())
            .filter_map(|id| self.order_line(id))
            .filter_map(|(order, _)| not_open(order))
            .collect();
        messages.dedup();
        messages
    }
}

fn not_open(order: &Record) -> Option<String> {
    let status = order.text_or_empty("status");
    (status != "issued").then(|| {
        format!(
            "order header {} is in status {status} and can't be invoiced",
            order.text_or_empty("po-number")
        )
    })
}

fn check_line(invoice: &Record, line: &Record) -> Vec<String> {
    let mut messages = missing(line, &["description", "price"]);
    match line.text("type") {
        Some("InvoiceQuantityLine") => messages.extend(missing(line, &["quantity"])),
        Some("InvoiceAmountLine") if line.is_blank("quantity") => {}
        Some("InvoiceAmountLine") => messages.push("Quantity must be blank on an amount line".to_owned()),
        _ => messages.push("Type must be one of InvoiceQuantityLine, InvoiceAmountLine".to_owned()),
    }
    let number = line.integer("line-num");
    let same = |other: &Record| other.id() != line.id() && other.integer("line-num") == number;
    if invoice.list("invoice-lines").iter().any(same) {
        messages.push("Line Num has already been taken".to_owned());
    }
    if !line.list("tax-lines").is_empty() && !invoice.flag("line-level-taxation") {
        messages.push("Tax Lines on lines need line level taxation".to_owned());
    }
    if line.list("tax-lines").iter().any(|tax| tax.text("type").is_some_and(|ty| ty != "TaxLine")) {
        messages.push("Tax Lines type must be TaxLine".to_owned());
    }
    messages
}
