//! The list of attributes that the product uses, held against Coupa's contract and against the code.

use coupa::{Invoice, Order, Record, Supplier};
use serde_json::Value;
use std::{collections::BTreeMap, collections::BTreeSet, fs, path::Path};

const LIST: &str = include_str!("../../fields.txt");

struct Field {
    definition: &'static str,
    attribute: &'static str,
    kind: &'static str,
    sent: bool,
    reason: Option<&'static str>,
}

fn list() -> Vec<Field> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (line, reason) =
                line.split_once(" ! ").map_or((line, None), |(line, reason)| (line, Some(reason)));
            let words: Vec<_> = line.split(' ').collect();
            let [definition, attribute, kind, direction @ ("sent" | "read")] = words[..] else {
                panic!("`{line}`")
            };
            Field { definition, attribute, kind, sent: direction == "sent", reason }
        })
        .collect()
}

/// Whether Swagger's type is the one in the list.
fn fits(kind: &str, property: &Value) -> bool {
    let of = |name: &str| property[name].as_str().unwrap_or_default();
    let points_to =
        |value: &Value, name: &str| value["$ref"].as_str() == Some(&format!("#/definitions/{name}"));
    match kind {
        "text" => of("type") == "string" && of("format") != "datetime",
        "moment" => of("type") == "string" && of("format") == "datetime",
        "integer" => of("type") == "integer",
        "decimal" => of("type") == "number",
        "flag" => of("type") == "boolean",
        _ => match kind.strip_suffix('*') {
            Some(name) => of("type") == "array" && points_to(&property["items"], name),
            None => points_to(property, kind),
        },
    }
}

#[test]
fn the_list_agrees_with_coupas_contract() {
    let contract =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts/coupa-r39-core.json");
    let Ok(text) = fs::read_to_string(&contract) else {
        println!("not checked: the contract is not at {}", contract.display());
        return;
    };
    let contract: Value = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for field in list() {
        let Field { definition, attribute, kind, sent, reason } = field;
        let property = &contract["definitions"][definition]["properties"][attribute];
        let read_only = property["readOnly"].as_bool() == Some(true);
        let agrees = fits(kind, property) && !(sent && read_only);
        if agrees == reason.is_some() {
            wrong.push(format!("{definition} {attribute} {kind}, exception: {reason:?}: {property}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a `fields` parameter asks for, by definition.
fn asked(definition: &str, fields: &Value, kinds: &BTreeMap<(&str, &str), &str>, all: &mut BTreeSet<String>) {
    for field in fields.as_array().unwrap() {
        let (name, inner) = match field {
            Value::String(name) => (name.clone(), None),
            Value::Object(one) => {
                let (name, inner) = one.iter().next().unwrap();
                (name.clone(), Some(inner))
            }
            other => panic!("{other}"),
        };
        let name = name.replace('_', "-");
        all.insert(format!("{definition} {name}"));
        if let Some(inner) = inner {
            let kind =
                kinds.get(&(definition, name.as_str())).unwrap_or_else(|| panic!("{definition} {name}"));
            asked(kind.trim_end_matches('*'), inner, kinds, all);
        }
    }
}

#[test]
fn the_list_agrees_with_what_is_asked_for() {
    let list = list();
    let read = || list.iter().filter(|field| !field.sent);
    let kinds: BTreeMap<_, _> =
        read().map(|field| ((field.definition, field.attribute), field.kind)).collect();
    let mut all = BTreeSet::new();
    for (definition, fields) in
        [("Supplier", Supplier::FIELDS), ("OrderHeader", Order::FIELDS), ("InvoiceHeader", Invoice::FIELDS)]
    {
        asked(definition, &serde_json::from_str(fields).unwrap(), &kinds, &mut all);
    }
    // The reference data that a check looks up, by an attribute of each.
    for reference in ["AccountType name", "User login", "User email"] {
        all.insert(reference.to_owned());
    }
    for definition in ["AccountType", "PaymentTerm", "Currency", "Uom", "Address", "User"] {
        all.insert(format!("{definition} id"));
    }
    let listed: BTreeSet<_> =
        read().map(|field| format!("{} {}", field.definition, field.attribute)).collect();
    assert_eq!(listed, all);
}

#[test]
fn the_types_read_what_they_ask_for() {
    // Each name that is asked for, in the reply with a value that shows: nothing may get lost on the way.
    fn reply(fields: &Value) -> Value {
        let members = fields.as_array().unwrap().iter().map(|field| match field {
            Value::String(name) => {
                let value = match name.as_str() {
                    "id" | "version" | "order_line_id" => Value::from(7),
                    "invoice_date" | "payment_date" => Value::from("2026-11-02"),
                    "is_credit_note" | "paid" => Value::from(true),
                    "price" | "quantity" | "total" | "total_with_taxes" | "gross_total" | "amount_paid" => {
                        Value::from("7.25")
                    }
                    name => Value::from(name),
                };
                (name.replace('_', "-"), value)
            }
            other => {
                let (name, inner) = other.as_object().unwrap().iter().next().unwrap();
                let many = matches!(
                    name.as_str(),
                    "order_lines" | "invoice_lines" | "invoice_charges" | "tax_lines" | "payments"
                );
                let inner = reply(inner);
                (name.replace('_', "-"), if many { Value::from(vec![inner]) } else { inner })
            }
        });
        Value::Object(members.collect())
    }
    fn survives<T: Record + serde::Serialize>() {
        let full = reply(&serde_json::from_str(T::FIELDS).unwrap());
        let read: T = serde_json::from_str(&full.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), full);
        assert_eq!(read.id().0, 7);
    }
    survives::<Supplier>();
    survives::<Order>();
    survives::<Invoice>();
}

#[test]
fn the_same_attribute_is_listed_once() {
    let mut seen = BTreeSet::new();
    for field in list() {
        assert!(
            seen.insert((field.definition, field.attribute, field.sent)),
            "{} {}",
            field.definition,
            field.attribute
        );
    }
}
