use super::{ADDRESS, CONTACT, Fields, NAME, PAYMENT_TERM, REMIT_TO, STATUS, TAX_ID, address_name, part};
use crate::fields;
use coupa::WholeSupplier;
use model::Sent;
use serde_json::{Value, json};

/// What Coupa has to be told so that it shows these fields. Remit-to addresses that it has are edited in place.
pub fn to_coupa(wanted: &Fields, supplier: &WholeSupplier, card_code: &str) -> Sent {
    let mut body = Sent::new();
    let mut remit_to = Vec::new();
    for (name, value) in wanted {
        match name.as_str() {
            NAME => drop(body.insert("name".to_owned(), value.clone())),
            STATUS => drop(body.insert("status".to_owned(), value.clone())),
            TAX_ID => drop(body.insert("tax-id".to_owned(), value.clone())),
            PAYMENT_TERM => {
                let term = value.as_str().map_or(Value::Null, |code| fields::by("code", code));
                body.insert("payment-term".to_owned(), term);
            }
            ADDRESS => drop(body.insert("primary-address".to_owned(), Value::Object(address(value)))),
            CONTACT => drop(body.insert("primary-contact".to_owned(), Value::Object(contact(value)))),
            _ => {
                if let Some(("", row)) = name.strip_prefix(REMIT_TO).and_then(|rest| rest.split_once('/')) {
                    remit_to.push(Value::Object(remit(row, value, supplier, card_code)));
                }
            }
        }
    }
    if !remit_to.is_empty() {
        body.insert("remit-to-addresses".to_owned(), Value::Array(remit_to));
    }
    body
}

/// Every part of it, null where empty: Coupa edits an address in place, so what is left out would stay.
fn address(value: &Value) -> Sent {
    let mut body = Sent::new();
    for (name, of_value) in [
        ("street1", "street1"),
        ("street2", "street2"),
        ("city", "city"),
        ("postal-code", "postal_code"),
        ("state", "state"),
    ] {
        body.insert(name.to_owned(), part(value, of_value).clone());
    }
    if let Some(country) = part(value, "country").as_str() {
        body.insert("country".to_owned(), fields::by("code", country));
    }
    body
}

fn contact(value: &Value) -> Sent {
    let names = [("email", "email"), ("name-given", "given"), ("name-family", "family")];
    let told = names.into_iter().map(|(name, of_value)| (name.to_owned(), part(value, of_value).clone()));
    // Coupa wants a contact to have a name: what SAP doesn't say stays as it is.
    told.filter(|(_, value)| !value.is_null()).collect()
}

fn remit(row: &str, value: &Value, supplier: &WholeSupplier, card_code: &str) -> Sent {
    let mut body = address(value);
    let known = supplier.remit_to_addresses.iter().find(|known| {
        known.remit_to_code.as_deref().is_some_and(|code| address_name(code, card_code) == row)
    });
    if let Some(id) = known.and_then(|known| known.id) {
        body.insert("id".to_owned(), json!(id));
    } else {
        fields::set(&mut body, "name", row);
        fields::set(&mut body, "remit-to-code", format!("{card_code}-{row}"));
    }
    body
}
