//! Which records answer a question, found through an index wherever a condition allows it.

use super::query::{Condition, Operator, Query};
use super::record::{DELETED, Field, Record};
use super::schema::Kind;
use super::state::State;
use super::values;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use std::cmp::Ordering;

impl State {
    /// The records that a query asks for, in its order.
    pub(crate) fn select(&self, kind: Kind, query: &Query) -> Vec<&Record> {
        let fits = |record: &&Record| query.conditions.iter().all(|condition| self.holds(record, condition));
        let by_id = query.order_by == "id" && !query.descending;
        if let Some(mut ids) = self.candidates(kind, query) {
            ids.sort_unstable();
            ids.dedup();
            let found = ids.into_iter().filter_map(|id| self.find(kind, id)).filter(fits);
            return page(found, query, by_id);
        }
        let Some(table) = self.tables.get(&kind) else { return Vec::new() };
        let lowest = query.conditions.iter().filter_map(lowest_id).max().unwrap_or(0);
        page(table.rows.range(lowest..).map(|(_, record)| record).filter(fits), query, by_id)
    }

    /// The same over objects that live inside another one.
    pub(crate) fn select_from<'a>(
        &self,
        parts: impl Iterator<Item = &'a Record>,
        query: &Query,
    ) -> Vec<&'a Record> {
        let fits = |record: &&Record| query.conditions.iter().all(|condition| self.holds(record, condition));
        page(parts.filter(fits), query, false)
    }

    /// The ids that one of the conditions leaves, looked up in an index.
    fn candidates(&self, kind: Kind, query: &Query) -> Option<Vec<u64>> {
        query.conditions.iter().find_map(|condition| {
            if !matches!(condition.operator, Operator::Equal | Operator::In) {
                return None;
            }
            let [name] = condition.path.as_slice() else { return None };
            let values = condition.values.iter();
            if name == "id" {
                return Some(values.filter_map(|value| value.parse().ok()).collect());
            }
            if self.settings.filters_ignore_case {
                return None;
            }
            let index = match (kind, name.as_str()) {
                (Kind::Supplier, "number") => &self.indices.supplier_number,
                (Kind::Supplier, "name") => &self.indices.supplier_name,
                (Kind::OrderHeader, "po-number") => &self.indices.po_number,
                (Kind::InvoiceHeader, "invoice-number") => {
                    let ids = values.filter_map(|value| self.indices.invoice_number.get(value.as_str()));
                    return Some(ids.flatten().copied().collect());
                }
                _ => return None,
            };
            Some(values.filter_map(|value| index.get(value.as_str()).copied()).collect())
        })
    }

    fn holds(&self, record: &Record, condition: &Condition) -> bool {
        let found = self.values_at(record, &condition.path);
        match condition.operator {
            Operator::Blank => {
                let blank = !found.iter().any(|field| !is_blank(field));
                condition.values.first().and_then(|value| values::flag(value)) == Some(blank)
            }
            Operator::NotEqual | Operator::NotIn => {
                !found.iter().any(|field| condition.values.iter().any(|value| self.equal(field, value)))
            }
            _ => found
                .iter()
                .any(|field| condition.values.iter().any(|value| self.passes(field, condition, value))),
        }
    }

    fn passes(&self, field: &Field, condition: &Condition, value: &str) -> bool {
        let text = |test: fn(&str, &str) -> bool| match field {
            Field::Text(text) => test(&self.folded(text), &self.folded(value)),
            _ => false,
        };
        let order = || self.compare(field, value);
        match condition.operator {
            Operator::Contains => text(|held, wanted| held.contains(wanted)),
            Operator::StartsWith => text(|held, wanted| held.starts_with(wanted)),
            Operator::EndsWith => text(|held, wanted| held.ends_with(wanted)),
            Operator::Greater => order() == Some(Ordering::Greater),
            Operator::Less => order() == Some(Ordering::Less),
            Operator::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
            Operator::LessOrEqual => order().is_some_and(Ordering::is_le),
            _ => self.equal(field, value),
        }
    }

    fn folded(&self, text: &str) -> String {
        if self.settings.filters_ignore_case { text.to_lowercase() } else { text.to_owned() }
    }

    fn equal(&self, field: &Field, value: &str) -> bool {
        match field {
            Field::Text(text) if self.settings.filters_ignore_case => {
                text.to_lowercase() == value.to_lowercase()
            }
            Field::Text(text) => **text == *value,
            _ => self.compare(field, value) == Some(Ordering::Equal),
        }
    }

    fn compare(&self, field: &Field, value: &str) -> Option<Ordering> {
        match field {
            Field::Null | Field::One(_) | Field::Many(_) => None,
            Field::Flag(flag) => Some(flag.cmp(&values::flag(value)?)),
            Field::Integer(number) => Some(number.cmp(&value.parse().ok()?)),
            Field::Decimal(number) => Some(number.cmp(&values::decimal(value)?)),
            Field::Text(text) => Some((**text).cmp(value)),
            Field::Moment(moment) => Some(moment.cmp(&values::moment(value)?)),
            Field::Day(day) => Some(values::start_of(*day, self.offset())?.cmp(&values::moment(value)?)),
            Field::Ref(_, id) => Some(id.cmp(&value.parse().ok()?)),
            Field::Json(json) => match json.as_ref() {
                Value::String(text) => Some(text.as_str().cmp(value)),
                Value::Null => None,
                other => Some(other.to_string().as_str().cmp(value)),
            },
        }
    }

    /// The values that a path leads to: several where it passes a list.
    fn values_at(&self, record: &Record, path: &[String]) -> Vec<Field> {
        let Some((name, rest)) = path.split_first() else { return Vec::new() };
        let Some(field) = record.get(name) else { return Vec::new() };
        if rest.is_empty() {
            return vec![field.clone()];
        }
        match field {
            Field::Ref(target, id) => {
                self.find(*target, *id).map(|found| self.values_at(found, rest)).unwrap_or_default()
            }
            Field::One(part) => self.values_at(part, rest),
            Field::Many(parts) => parts
                .iter()
                .filter(|part| !part.flag(DELETED))
                .flat_map(|part| self.values_at(part, rest))
                .collect(),
            Field::Json(json) => {
                let inner = rest.iter().try_fold(json.as_ref(), |value, name| value.get(name.as_str()));
                inner.map(|value| vec![Field::Json(Box::new(value.clone()))]).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

/// Orders what was found and cuts one page out of it.
fn page<'a>(found: impl Iterator<Item = &'a Record>, query: &Query, sorted: bool) -> Vec<&'a Record> {
    if sorted {
        return found.skip(query.offset).take(query.limit).collect();
    }
    let mut found: Vec<&Record> = found.collect();
    found.sort_by(|left, right| {
        let order = compare_fields(left.get(&query.order_by), right.get(&query.order_by));
        if query.descending { order.reverse() } else { order }
    });
    found.into_iter().skip(query.offset).take(query.limit).collect()
}

fn is_blank(field: &Field) -> bool {
    match field {
        Field::Null => true,
        Field::Text(text) => text.is_empty(),
        Field::Many(parts) => parts.is_empty(),
        Field::Json(json) => json.is_null(),
        _ => false,
    }
}

/// The lowest id that a condition allows.
fn lowest_id(condition: &Condition) -> Option<u64> {
    let value: u64 = condition.values.first()?.parse().ok()?;
    match (condition.path.as_slice(), condition.operator) {
        ([name], Operator::Greater) if name == "id" => value.checked_add(1),
        ([name], Operator::GreaterOrEqual) if name == "id" => Some(value),
        _ => None,
    }
}

fn compare_fields(left: Option<&Field>, right: Option<&Field>) -> Ordering {
    match (left, right) {
        (Some(Field::Text(left)), Some(Field::Text(right))) => left.cmp(right),
        _ => numeric(left).cmp(&numeric(right)),
    }
}

/// Numbers, flags, moments and days on one scale, for ordering; nothing comes first.
fn numeric(field: Option<&Field>) -> Option<Decimal> {
    let nanoseconds = |moment: Timestamp| Decimal::from_i128_with_scale(moment.as_nanosecond(), 0);
    match field? {
        Field::Integer(number) => Some(Decimal::from(*number)),
        Field::Decimal(number) => Some(*number),
        Field::Flag(flag) => Some(Decimal::from(u8::from(*flag))),
        Field::Moment(moment) => Some(nanoseconds(*moment)),
        Field::Day(day) => values::start_of(*day, jiff::tz::Offset::UTC).map(nanoseconds),
        _ => None,
    }
}
