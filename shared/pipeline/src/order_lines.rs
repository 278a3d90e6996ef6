//! The lines of purchase orders: whose image each is, its number, and what has to be sent to change it.

use crate::{order::stage, push::single};
use coupa::Order;
use mapping::{LineImage, OrderImage};
use model::{LineId, OrderLink, Sent};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The link as Coupa shows the order. Of what was last sent nothing is known but the number of each line, which stays.
pub(crate) fn relink(order: &Order, image: &OrderImage) -> OrderLink {
    let known = |id: &LineId| image.lines.iter().any(|line| line.id == *id);
    let reference = |line: &coupa::OrderLine| line.external_reference_number.clone().map(LineId);
    let (ours, others): (Vec<_>, Vec<_>) =
        order.order_lines.iter().partition(|line| reference(line).is_some_and(|id| known(&id)));
    let mut lines: BTreeMap<LineId, &coupa::OrderLine> =
        ours.iter().filter_map(|line| Some((reference(line)?, *line))).collect();
    // The lines of an order that was taken over by its number become ours in their order; what is left over will be deleted.
    let free: Vec<LineId> =
        image.lines.iter().map(|line| &line.id).filter(|id| !lines.contains_key(*id)).cloned().collect();
    let mut free = free.into_iter();
    for line in others {
        let spare = || reference(line).unwrap_or_else(|| LineId(format!("coupa/{}", line.id)));
        let id = if reference(line).is_some() { spare() } else { free.next().unwrap_or_else(spare) };
        lines.insert(id, line);
    }
    let numbers: Sent = lines
        .iter()
        .filter_map(|(id, line)| Some((id.0.clone(), json!({"line-num": line.line_num.as_deref()?}))))
        .collect();
    OrderLink {
        coupa_id: order.id,
        po_number: image.po_number.clone(),
        stage: stage(order),
        version: order.version.unwrap_or(1),
        lines: lines.into_iter().map(|(id, line)| (id, line.id)).collect(),
        sent: single("order-lines", numbers),
    }
}

/// Whether the link knows what was last sent, and not the lines' numbers alone.
pub(crate) fn knows_last(link: &OrderLink) -> bool {
    link.sent.keys().any(|name| name != "order-lines")
}

/// The lines by their identity, each with the `line-num` it was created with, or the next free one in visual order.
pub(crate) fn order_lines(last: &Sent, lines: &[LineImage]) -> BTreeMap<String, Value> {
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

pub(crate) fn order_fields(image: &OrderImage, lines: &BTreeMap<String, Value>) -> Sent {
    let mut fields = image.header.clone();
    fields.insert(
        "order-lines".to_owned(),
        lines.iter().map(|(id, line)| (id.clone(), line.clone())).collect(),
    );
    fields
}

/// Lines to add, to change by their id, and to delete.
pub(crate) fn line_changes(link: &OrderLink, lines: &BTreeMap<String, Value>, issued: bool) -> Vec<Value> {
    let last = link.sent.get("order-lines").and_then(Value::as_object);
    let mut changes = Vec::new();
    for (id, value) in lines {
        let Value::Object(now) = value else { continue };
        let Some(coupa_id) = link.lines.get(&LineId(id.clone())) else {
            changes.push(Value::Object(now.clone()));
            continue;
        };
        let before =
            last.and_then(|last| last.get(id)).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut change = mapping::difference(&before, now);
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
