use super::filter::{Comparison, Expression, TextTest};
use super::literal::Literal;
use crate::sap::value::{Entity, Value};
use std::cmp::Ordering;

/// Whether `expression` is true of `entity`. As in SQL, what compares with null is neither true nor false.
pub(crate) fn holds(expression: &Expression, entity: &dyn Entity) -> Option<bool> {
    match expression {
        Expression::All(all) => {
            let mut result = Some(true);
            for part in all {
                match holds(part, entity) {
                    Some(false) => return Some(false),
                    None => result = None,
                    Some(true) => {}
                }
            }
            result
        }
        Expression::Any(any) => {
            let mut result = Some(false);
            for part in any {
                match holds(part, entity) {
                    Some(true) => return Some(true),
                    None => result = None,
                    Some(false) => {}
                }
            }
            result
        }
        Expression::Not(inner) => holds(inner, entity).map(|inner| !inner),
        Expression::Compare(index, comparison, literal) => {
            compare(&entity.member(*index), *comparison, literal)
        }
        Expression::Text(index, test, piece) => match entity.member(*index) {
            Value::Text(whole) => Some(match test {
                TextTest::StartsWith => whole.starts_with(piece.as_str()),
                TextTest::EndsWith => whole.ends_with(piece.as_str()),
                TextTest::Contains => whole.contains(piece.as_str()),
            }),
            _ => None,
        },
    }
}

fn compare(value: &Value<'_>, comparison: Comparison, literal: &Literal) -> Option<bool> {
    if *literal == Literal::Null {
        let is_null = matches!(value, Value::Null);
        return Some(is_null == (comparison == Comparison::Eq));
    }
    let order = match (value, literal) {
        (Value::Int(value), Literal::Int(literal)) => value.cmp(literal),
        (Value::Amount(value), Literal::Amount(literal)) => value.cmp(literal),
        (Value::Text(value), Literal::Text(literal)) => (*value).cmp(literal.as_str()),
        (Value::Name(value), Literal::Name(literal)) => (*value).cmp(literal),
        (Value::Date(value), Literal::Date(literal)) => value.cmp(literal),
        (Value::Time(value), Literal::Minute(literal)) => {
            (i32::from(value.hour()) * 60 + i32::from(value.minute())).cmp(literal)
        }
        _ => return None,
    };
    Some(match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
    })
}

/// The order of two values of one member; null comes first.
pub(crate) fn compare_values(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Amount(left), Value::Amount(right)) => left.cmp(right),
        (Value::Text(left) | Value::Name(left), Value::Text(right) | Value::Name(right)) => left.cmp(right),
        (Value::Date(left), Value::Date(right)) => left.cmp(right),
        (Value::Time(left), Value::Time(right)) => left.cmp(right),
        _ => Ordering::Equal,
    }
}
