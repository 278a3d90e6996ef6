//! References that Coupa took without a word and did not apply. Its documents say that a reference to something
//! that does not exist leaves the value as it was; only the reply shows it.

use model::Sent;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};

/// Scalars that refer to something.
const SCALARS: [&str; 1] = ["order-line-id"];
/// What a line is found again by, in this order.
const IDENTITIES: [&str; 3] = ["id", "external-reference-number", "line-num"];

/// A reference that the reply shows otherwise than it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Such as `order-lines[2].uom.code`.
    pub path: String,
    /// What was sent.
    pub sent: String,
    /// What Coupa shows; empty where it shows nothing.
    pub shown: String,
}

/// Compares what was sent with what Coupa shows: every reference (supplier, currency, payment term, ship-to,
/// units, accounts, order lines) that the type of `reply` reads, lines found again by id, reference or number. A
/// line that is not there at all is reported too.
pub fn ignored_references<T: Serialize>(sent: &Sent, reply: &T) -> Vec<Ignored> {
    compare(sent, reply, Looked::AtReferences)
}

/// The same for every attribute that the type reads, whatever it holds.
pub fn differences<T: Serialize>(expected: &Sent, shown: &T) -> Vec<Ignored> {
    compare(expected, shown, Looked::AtAll)
}

/// Which attributes are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    AtReferences,
    AtAll,
}

fn compare<T: Serialize>(sent: &Sent, reply: &T, looked: Looked) -> Vec<Ignored> {
    let mut ignored = Vec::new();
    if let Ok(Value::Object(shown)) = serde_json::to_value(reply) {
        compare_members(sent, &shown, "", (looked, &mut ignored));
    }
    ignored
}

fn compare_members(
    sent: &Sent,
    shown: &Map<String, Value>,
    path: &str,
    (looked, ignored): (Looked, &mut Vec<Ignored>),
) {
    for (name, sent) in sent {
        let name = name.replace('_', "-");
        // What the type does not read can't be judged.
        let Some(shown) = shown.get(&name) else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (sent, shown) {
            (Value::Object(sent), shown) => compare_reference(sent, shown, &path, ignored),
            (Value::Array(sent), Value::Array(shown)) => compare_lines(sent, shown, &path, (looked, ignored)),
            (Value::Array(_), _) => {}
            _ if looked == Looked::AtAll || SCALARS.contains(&name.as_str()) => {
                compare_scalar(sent, shown, path, ignored);
            }
            _ => {}
        }
    }
}

fn compare_reference(sent: &Sent, shown: &Value, path: &str, ignored: &mut Vec<Ignored>) {
    match shown {
        Value::Object(shown) => {
            for (name, sent) in sent {
                let name = name.replace('_', "-");
                let Some(shown) = shown.get(&name) else { continue };
                let path = format!("{path}.{name}");
                match sent {
                    // A reference inside something that is edited in place, such as an address's country.
                    Value::Object(sent) => compare_reference(sent, shown, &path, ignored),
                    Value::Array(_) => {}
                    sent => compare_scalar(sent, shown, path, ignored),
                }
            }
        }
        // The whole reference is missing: one entry says so.
        _ => {
            if let Some((name, sent)) = sent.iter().find(|(_, value)| !text(value).is_empty()) {
                compare_scalar(sent, &Value::Null, format!("{path}.{name}"), ignored);
            }
        }
    }
}

fn compare_lines(
    sent: &[Value],
    shown: &[Value],
    path: &str,
    (looked, ignored): (Looked, &mut Vec<Ignored>),
) {
    let lines = sent.iter().enumerate().filter_map(|(at, line)| Some((at, line.as_object()?)));
    for (at, line) in lines {
        if line.contains_key("_delete") {
            continue;
        }
        let path = format!("{path}[{}]", at + 1);
        let identity = IDENTITIES.iter().find_map(|name| Some((*name, line.get(*name)?)));
        let Some((name, value)) = identity else {
            // Tax lines have none of these, and stand in the order in which they were sent.
            if let Some(Value::Object(shown)) = shown.get(at) {
                compare_members(line, shown, &path, (looked, &mut *ignored));
            }
            continue;
        };
        let same = |shown: &&Map<String, Value>| shown.get(name).is_some_and(|shown| same(value, shown));
        match shown.iter().filter_map(Value::as_object).find(same) {
            Some(shown) => compare_members(line, shown, &path, (looked, &mut *ignored)),
            None => ignored.push(Ignored { path, sent: text(value), shown: String::new() }),
        }
    }
}

fn compare_scalar(sent: &Value, shown: &Value, path: String, ignored: &mut Vec<Ignored>) {
    let as_sent = if path.ends_with("supplier.number") {
        // Two suppliers' numbers may differ by case alone.
        text(sent) == text(shown)
    } else if path.ends_with("account.code") {
        account_parts(sent) == account_parts(shown)
    } else {
        same(sent, shown)
    };
    if !as_sent {
        ignored.push(Ignored { path, sent: text(sent), shown: text(shown) });
    }
}

/// Coupa finds codes and logins whatever their case, and shows them as they were created.
fn same(sent: &Value, shown: &Value) -> bool {
    let (sent, shown) = (text(sent), text(shown));
    if sent.to_lowercase() == shown.to_lowercase() {
        return true;
    }
    // 2 and "2.0" are one line number; but "00017" and "17" are two supplier numbers.
    let padded = |text: &str| text.starts_with('0') && text != "0" && !text.starts_with("0.");
    let number = |text: &str| Decimal::from_str_exact(text).ok().filter(|_| !padded(text));
    matches!((number(&sent), number(&shown)), (Some(sent), Some(shown)) if sent == shown)
}

/// Coupa makes an account's code of its segments, and may or may not show the empty ones.
fn account_parts(code: &Value) -> Vec<String> {
    text(code).to_lowercase().split('-').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Order;
    use serde_json::json;

    fn sent() -> Sent {
        let Value::Object(sent) = json!({
            "po-number": "7", "supplier": {"number": "00017"}, "payment-term": {"code": "Net 30"},
            "ship-to-user": {"login": "Buyer"},
            "order-lines": [
                {"line-num": "1", "external-reference-number": "A/1/0", "uom": {"code": "EA"},
                 "account": {"code": "100-IT", "segment-1": "100", "account-type": {"name": "Main COA"}}},
                {"id": 5, "_delete": true},
                {"id": 6, "uom": {"code": "KG"}},
            ],
        }) else {
            unreachable!()
        };
        sent
    }

    #[test]
    fn codes_of_taxes_and_countries_are_looked_at_too() {
        let Value::Object(sent) = json!({
            "invoice-lines": [{"line-num": 1, "tax-lines": [{"amount": "1.9", "tax-code": {"code": "I19"}}]}],
            "invoice-charges": [{"line-num": 1, "tax-lines": [{"amount": "1.9", "tax-code": {"code": "I7"}}]}],
        }) else {
            unreachable!()
        };
        let shown = r#"{"id":1,"invoice-lines":[{"id":2,"line-num":1,"tax-lines":[{"tax-code":null}]}],
            "invoice-charges":[{"id":3,"line-num":1,"tax-lines":[{"tax-code":{"code":"I7"}}]}]}"#;
        let invoice: crate::Invoice = serde_json::from_str(shown).unwrap();
        let paths: Vec<String> =
            ignored_references(&sent, &invoice).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["invoice-lines[1].tax-lines[1].tax-code.code"]);

        let Value::Object(sent) = json!({"primary-address": {"city": "Leeds", "country": {"code": "XX"}}})
        else {
            unreachable!()
        };
        let supplier = r#"{"id":1,"primary-address":{"city":"Leeds","country":{"code":"GB"}}}"#;
        let supplier: crate::Supplier = serde_json::from_str(supplier).unwrap();
        let paths: Vec<String> =
            ignored_references(&sent, &supplier).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["primary-address.country.code"]);
    }

    #[test]
    fn an_order_line_that_the_reply_does_not_show_is_named() {
        let Value::Object(sent) = json!({"invoice-lines": [
            {"line-num": 1, "order-line-id": 41}, {"line-num": 2, "order-line-id": 42}, {"line-num": 3, "order-line-id": 43},
        ]}) else {
            unreachable!()
        };
        let shown = r#"{"id":1,"invoice-lines":[{"id":2,"line-num":1,"order-line-id":"41"},
            {"id":3,"line-num":2,"order-line-id":null},{"id":4,"line-num":3,"order-line-id":9}]}"#;
        let invoice: crate::Invoice = serde_json::from_str(shown).unwrap();
        let expected = ["invoice-lines[2].order-line-id 42>", "invoice-lines[3].order-line-id 43>9"];
        assert_eq!(told(&sent, &invoice), expected);
    }

    #[test]
    fn a_ship_to_address_a_currency_and_a_chart_of_accounts_are_looked_at_too() {
        let Value::Object(sent) =
            json!({"ship-to-address": {"location-code": "MAIN"}, "currency": {"code": "EUR"}})
        else {
            unreachable!()
        };
        let fine = reply(r#"{"id":1,"ship-to-address":{"location-code":"Main"},"currency":{"code":"EUR"}}"#);
        assert_eq!(ignored_references(&sent, &fine), []);
        let other = reply(r#"{"id":1,"ship-to-address":{"location-code":"HQ"}}"#);
        assert_eq!(told(&sent, &other), ["currency.code EUR>", "ship-to-address.location-code MAIN>HQ"]);

        let Value::Object(sent) = json!({"account-type": {"name": "Main COA"}}) else { unreachable!() };
        let invoice = |text: &str| serde_json::from_str::<crate::Invoice>(text).unwrap();
        let fine = invoice(r#"{"id":1,"account-type":{"name":"main COA"}}"#);
        assert_eq!(ignored_references(&sent, &fine), []);
        assert_eq!(told(&sent, &invoice(r#"{"id":1}"#)), ["account-type.name Main COA>"]);
    }

    #[test]
    fn every_attribute_that_is_read_can_be_looked_at() {
        let Value::Object(expected) = json!({
            "po-number": "8", "version": 3, "memo": "not read", "payment-term": {"code": "NET 30"},
            "order-lines": [{"external-reference-number": "A/1/0", "price": "0.50", "quantity": "2"}],
        }) else {
            unreachable!()
        };
        let shown = |price: &str| {
            let line =
                json!({"id": 4, "external-reference-number": "A/1/0", "price": price, "quantity": "2.0"});
            reply(&json!({"id": 1, "po-number": "7", "version": 3, "payment-term": {"code": "Net 30"}, "order-lines": [line]}).to_string())
        };
        let told = |price: &str| {
            let differences = differences(&expected, &shown(price));
            differences
                .iter()
                .map(|one| format!("{} {}>{}", one.path, one.sent, one.shown))
                .collect::<Vec<_>>()
        };
        assert_eq!(told("0.5"), ["po-number 8>7"]);
        assert_eq!(told("0.6"), ["order-lines[1].price 0.50>0.6", "po-number 8>7"]);
    }

    #[test]
    fn a_suppliers_number_counts_to_the_letter() {
        let Value::Object(sent) = json!({"supplier": {"number": "V10000"}}) else { unreachable!() };
        let other = reply(r#"{"id":1,"supplier":{"number":"v10000"}}"#);
        assert_eq!(told(&sent, &other), ["supplier.number V10000>v10000"]);
    }

    #[test]
    fn empty_segments_of_an_account_may_or_may_not_show_in_its_code() {
        let Value::Object(sent) =
            json!({"order-lines": [{"line-num": "1", "account": {"code": "140000-P01"}}]})
        else {
            unreachable!()
        };
        let line =
            |account: Value| json!({"id": 1, "order-lines": [{"id": 2, "line-num": 1, "account": account}]});
        let shown = |account| reply(&line(account).to_string());
        for code in ["140000-P01", "140000--P01", "140000------P01", "140000-p01-"] {
            assert_eq!(ignored_references(&sent, &shown(json!({"code": code}))), [], "{code}");
        }
        for account in
            [json!({"code": "140000-P02"}), json!({"code": "140000"}), json!({"code": null}), json!(null)]
        {
            assert_eq!(ignored_references(&sent, &shown(account.clone())).len(), 1, "{account}");
        }
    }

    fn told<T: Serialize>(sent: &Sent, reply: &T) -> Vec<String> {
        let ignored = ignored_references(sent, reply);
        ignored.iter().map(|one| format!("{} {}>{}", one.path, one.sent, one.shown)).collect()
    }

    fn reply(text: &str) -> Order {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_reply_that_shows_every_reference_is_fine() {
        let reply = reply(
            r#"{"id":1,"supplier":{"id":9,"number":"00017"},"payment-term":{"code":"NET 30"},"ship-to-user":{"login":"buyer","email":null},
            "order-lines":[{"id":6,"uom":{"code":"KG"}},{"id":4,"line-num":1,"external-reference-number":"A/1/0","uom":{"code":"EA"},"account":{"id":2,"code":"100-IT"}}]}"#,
        );
        assert_eq!(ignored_references(&sent(), &reply), []);
    }

    #[test]
    fn what_coupa_left_out_or_left_as_it_was_is_named() {
        let reply = reply(
            r#"{"id":1,"supplier":{"number":"17"},"payment-term":null,"ship-to-user":{"login":null},
            "order-lines":[{"id":4,"external-reference-number":"A/1/0","uom":{"code":"BX"},"account":{"code":"100-HR"}}]}"#,
        );
        assert_eq!(
            told(&sent(), &reply),
            [
                "order-lines[1].account.code 100-IT>100-HR",
                "order-lines[1].uom.code EA>BX",
                "order-lines[3] 6>",
                "payment-term.code Net 30>",
                "ship-to-user.login Buyer>",
                "supplier.number 00017>17",
            ]
        );
    }
}
