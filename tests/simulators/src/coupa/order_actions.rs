//! What can be done to an order besides changing it: issue, cancel, close, reopen.

use super::problem::Problem;
use super::record::{Field, HARD_CLOSED};
use super::references::{hyphenated, not_found};
use super::schema::Kind;
use super::settings::Reissue;
use super::state::State;
use serde_json::{Map, Value};

const HELD: [&str; 4] = ["buyer_hold", "currency_hold", "supplier_hold", "supplier_window_hold"];

impl State {
    /// `PUT /api/purchase_orders/:id/<action>`.
    pub(crate) fn act_on_order(&mut self, id: u64, action: &str, body: Value) -> Result<u64, Problem> {
        let order = self.find(Kind::OrderHeader, id).ok_or_else(Problem::not_found)?;
        let status = order.text_or_empty("status").to_owned();
        let hard = order.flag(HARD_CLOSED);
        let number = order.text_or_empty("po-number").to_owned();
        let status = status.as_str();
        let not_possible = || {
            Err(Problem::refused(
                "order-header",
                format!("Purchase order in status {status} can't be {action}d."),
            ))
        };
        let soft = self.settings.soft_closed_status;
        let next = match action {
            "issue" | "issue_without_send" | "ignore_window_and_issue" => match status {
                "draft" => "issued",
                _ if HELD.contains(&status) => "issued",
                "issued" if self.settings.reissue == Reissue::Accepted => "issued",
                _ => return not_possible(),
            },
            "release_from_buyer_hold" if status == "buyer_hold" => "issued",
            "cancel" if matches!(status, "draft" | "issued") || HELD.contains(&status) => {
                self.settings.cancelled_status
            }
            "close" if status == "issued" => soft,
            "close" if matches!(status, "closed" | "soft_closed") && !hard => {
                self.journal.hard_closed.push(number);
                if let Some(order) = self.find_mut(Kind::OrderHeader, id) {
                    order.set(HARD_CLOSED, Field::Flag(true));
                }
                "closed"
            }
            "reopen" if matches!(status, "closed" | "soft_closed") && !hard => {
                self.check_reason(body)?;
                "issued"
            }
            "release_from_buyer_hold" | "cancel" | "close" | "reopen" => return not_possible(),
            _ => return Err(Problem::not_found()),
        };
        self.set_order_status(id, next);
        Ok(id)
    }

    /// Puts an order into a status.
    pub(crate) fn set_order_status(&mut self, id: u64, status: &str) {
        let now = self.now;
        if let Some(order) = self.find_mut(Kind::OrderHeader, id) {
            order.set_text("status", status);
            order.set("updated-at", Field::Moment(now));
        }
    }

    /// Reopening says why, by the id or the code of a configured reason.
    fn check_reason(&mut self, body: Value) -> Result<(), Problem> {
        let mut members = match body {
            Value::Object(members) => hyphenated(members),
            _ => Map::new(),
        };
        let mut keys = match members.remove("reason-insight") {
            Some(Value::Object(keys)) => keys,
            _ => Map::new(),
        };
        for (name, key) in [("reason-insight-id", "id"), ("reason-insight-code", "code")] {
            if let Some(value) = members.remove(name) {
                keys.insert(key.to_owned(), value);
            }
        }
        members.remove("reason-insight-event-comment");
        for name in members.keys() {
            self.journal.unknown_attribute(Kind::OrderHeader, name);
        }
        if keys.is_empty() {
            return if self.settings.reopen_needs_reason {
                Err(Problem::refused("order-header", "Reason Insight can't be blank"))
            } else {
                Ok(())
            };
        }
        match self.find_by_keys(Kind::ReasonInsight, &keys) {
            Some(_) => Ok(()),
            None => {
                Err(Problem::refused("order-header", not_found("reason_insight", Kind::ReasonInsight, &keys)))
            }
        }
    }
}
