//! `/api/purchase_orders`: external orders, whose truth lies in another system.

use super::input::{Draft, elements, missing};
use super::problem::Problem;
use super::record::{DELETED, Field, Record};
use super::schema::Kind;
use super::state::State;
use super::values::round;
use rust_decimal::Decimal;
use serde_json::Value;

/// Statuses in which an order takes no more changes.
const SHUT: [&str; 6] = ["closed", "soft_closed", "cancelled", "canceled", "expensed", "error"];

fn refused(message: impl Into<String>) -> Problem {
    Problem::refused("order-header", message)
}

impl State {
    /// `POST /api/purchase_orders`.
    pub(crate) fn create_order(&mut self, body: Value) -> Result<u64, Problem> {
        let mut draft = self.draft(Kind::OrderHeader, body)?;
        if draft.value("type").and_then(Value::as_str) != Some("ExternalOrderHeader") {
            return Err(refused(
                "Type must be ExternalOrderHeader: other purchase orders are created from requisitions.",
            ));
        }
        let lines = draft.take("order-lines");
        let mut order = self.fresh(Kind::OrderHeader);
        order.set_text("status", "draft");
        order.set("version", Field::Integer(1));
        order.set("exported", Field::Flag(false));
        self.fill(&mut order, draft, None)?;
        self.check_order(&mut order)?;
        for entry in lines.map(|list| elements(list, "order-line")).unwrap_or_default() {
            self.save_order_line(&mut order, entry)?;
        }
        if order.list("order-lines").is_empty() {
            return Err(refused("Order Lines can't be blank"));
        }
        order.set_text("status", self.settings.created_order_status);
        Ok(self.keep_order(order))
    }

    /// `PUT /api/purchase_orders/:id`.
    pub(crate) fn update_order(&mut self, id: u64, body: Value) -> Result<u64, Problem> {
        let mut draft = self.draft(Kind::OrderHeader, body)?;
        let mut order = self.find(Kind::OrderHeader, id).cloned().ok_or_else(Problem::not_found)?;
        if let Some(action) = draft.action {
            return self.act_on_order(id, action, Value::Null);
        }
        let status = order.text_or_empty("status");
        if SHUT.contains(&status) {
            return Err(refused(format!("Purchase order in status {status} can't be updated.")));
        }
        let stored = order.integer("version").unwrap_or(1);
        let lines = draft.take("order-lines");
        draft.take("type");
        self.fill(&mut order, draft, None)?;
        let sent = order.integer("version").unwrap_or(stored);
        if sent < stored {
            return Err(refused(format!(
                "Version must be greater than or equal to the current version {stored}."
            )));
        }
        self.check_order(&mut order)?;
        let mut changed = false;
        for entry in lines.map(|list| elements(list, "order-line")).unwrap_or_default() {
            changed |= self.save_order_line(&mut order, entry)?;
        }
        if order.list("order-lines").iter().all(|line| line.flag(DELETED)) {
            return Err(refused("Order Lines can't be blank"));
        }
        let version = sent.max(stored + i64::from(changed));
        order.set("version", Field::Integer(version));
        if version > stored {
            order.set("exported", Field::Flag(false));
        }
        Ok(self.keep_order(order))
    }

    fn check_order(&mut self, order: &mut Record) -> Result<(), Problem> {
        let mut messages = missing(order, &["po-number", "supplier", "ship-to-user"]);
        if order.is_blank("ship-to-address") {
            messages.push("Invalid Ship-To Address".to_owned());
        }
        if order.is_blank("currency")
            && let Some(currency) = self.find_by_text(Kind::Currency, "code", &self.settings.default_currency)
        {
            order.set("currency", Field::Ref(Kind::Currency, currency));
        }
        let number = order.text_or_empty("po-number");
        if self.indices.po_number.get(number).is_some_and(|holder| *holder != order.id()) {
            self.journal.duplicate("purchase order", number);
            messages.push("PO Number has already been taken".to_owned());
        }
        if self.refuses_supplier_of(order) {
            messages.push("Supplier is not active".to_owned());
        }
        Problem::from_messages("order-header", messages)
    }

    /// Whether the supplier of a document may have no more documents.
    pub(crate) fn refuses_supplier_of(&self, document: &Record) -> bool {
        let supplier = document.reference("supplier").and_then(|id| self.find(Kind::Supplier, id));
        self.settings.refuse_inactive_suppliers
            && supplier.is_some_and(|supplier| supplier.text("status") != Some("active"))
    }

    /// Keeps an order and its ways to be found.
    pub(crate) fn keep_order(&mut self, mut order: Record) -> u64 {
        let id = order.id();
        if let Some(before) = self.tables.get(&Kind::OrderHeader).and_then(|table| table.rows.get(&id)) {
            self.indices.po_number.remove(before.text_or_empty("po-number"));
        }
        self.indices.po_number.insert(order.text_or_empty("po-number").into(), id);
        for line in order.list_mut("order-lines") {
            self.indices.order_of_line.insert(line.id(), id);
            line.shrink();
        }
        self.keep_changed(Kind::OrderHeader, order)
    }

    /// Adds a line, or changes or deletes the one whose id it names. Tells whether what is ordered has changed.
    fn save_order_line(&mut self, order: &mut Record, entry: Value) -> Result<bool, Problem> {
        let draft = self.draft(Kind::OrderLine, entry)?;
        let held = draft.id.map(|id| {
            let lines = order.list("order-lines").iter();
            lines.clone().find(|line| line.id() == id && !line.flag(DELETED)).cloned()
        });
        let before = match held {
            Some(Some(line)) => Some(line),
            Some(None) => {
                let id = draft.id.unwrap_or_default();
                return Err(refused(format!(
                    "Unable to find valid OrderLine record for order_lines with keys {{\"id\"=>{id}}}. Possible keys are [\"id\"]. Please verify your xml."
                )));
            }
            None => None,
        };
        if draft.delete {
            return Ok(delete_line(order, before.as_ref()));
        }
        let line = self.order_line_from(order, before.clone(), draft)?;
        let changed = before.as_ref().is_none_or(|before| {
            ["price", "quantity", "item", "type"].iter().any(|name| before.get(name) != line.get(name))
        });
        let id = line.id();
        match order.list_mut("order-lines").iter_mut().find(|held| held.id() == id) {
            Some(held) => *held = line,
            None => order.push("order-lines", line),
        }
        Ok(changed)
    }

    fn order_line_from(
        &mut self,
        order: &Record,
        before: Option<Record>,
        draft: Draft,
    ) -> Result<Record, Problem> {
        let issued = order.text("status") != Some("draft");
        let account = before.as_ref().and_then(|line| line.get("account").cloned());
        let is_new = before.is_none();
        let allocations = draft.has("account-allocations");
        let mut line = before.unwrap_or_else(|| self.fresh(Kind::OrderLine));
        self.fill(&mut line, draft, None)?;
        if is_new {
            complete_new_line(order, &mut line);
        }
        let mut messages = check_line(order, &line);
        if issued && !is_new && (allocations || line.get("account") != account.as_ref()) {
            messages.push("Account can't be changed once the purchase order is issued.".to_owned());
        }
        Problem::from_messages("order-header.order_lines", messages)?;
        let price = line.decimal("price").unwrap_or_default();
        let quantity = line.decimal("quantity").unwrap_or(Decimal::ONE);
        let total = price.checked_mul(quantity).unwrap_or_default();
        line.set("total", Field::Decimal(round(total, 2)));
        line.set("updated-at", Field::Moment(self.now));
        Ok(line)
    }
}

fn delete_line(order: &mut Record, line: Option<&Record>) -> bool {
    let Some(id) = line.map(Record::id) else { return false };
    if let Some(line) = order.list_mut("order-lines").iter_mut().find(|line| line.id() == id) {
        line.set(DELETED, Field::Flag(true));
    }
    true
}

fn complete_new_line(order: &Record, line: &mut Record) {
    if line.is_blank("type") {
        line.set_text("type", "OrderQuantityLine");
    }
    if line.is_blank("currency")
        && let Some(currency) = order.get("currency")
    {
        line.set("currency", currency.clone());
    }
    if line.is_blank("line-num") {
        let last = order
            .list("order-lines")
            .iter()
            .filter_map(|line| line.text_or_empty("line-num").parse::<u64>().ok());
        line.set_text("line-num", &(last.max().unwrap_or(0) + 1).to_string());
    }
    line.set("order-header-id", Field::Integer(i64::try_from(order.id()).unwrap_or(i64::MAX)));
    line.set_text("status", "created");
    line.set_text("order-header-number", order.text_or_empty("po-number"));
}

fn check_line(order: &Record, line: &Record) -> Vec<String> {
    let mut messages = missing(line, &["description", "price", "currency"]);
    if line.is_blank("account") && line.is_blank("account-allocations") {
        messages.push("Account can't be blank".to_owned());
    }
    match line.text("type") {
        Some("OrderQuantityLine") => messages.extend(missing(line, &["quantity"])),
        Some("OrderAmountLine") if line.is_blank("quantity") => {}
        Some("OrderAmountLine") => messages.push("Quantity must be blank on an amount line".to_owned()),
        _ => messages.push("Type must be one of OrderQuantityLine, OrderAmountLine".to_owned()),
    }
    let number = line.text_or_empty("line-num");
    if number.parse::<u32>().is_err() {
        messages.push("Line Num is not a number".to_owned());
    }
    let same = |other: &&Record| {
        other.id() != line.id() && !other.flag(DELETED) && other.text("line-num") == Some(number)
    };
    if order.list("order-lines").iter().any(|other| same(&other)) {
        messages.push("Line Num has already been taken".to_owned());
    }
    let match_type = line.text_or_empty("match-type");
    if !["", "direct_matching", "3-way-fifo", "3-way", "2-way", "none"].contains(&match_type) {
        messages.push("Match Type is not included in the list".to_owned());
    }
    messages
}
