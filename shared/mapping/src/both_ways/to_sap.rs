use super::{ADDRESS, CONTACT, Fields, NAME, PAYMENT_TERM, REMIT_TO, STATUS, TAX_ID, part};
use crate::{context::Context, file::Table, supplier::main_contact};
use model::{Code, Failure, Sent};
use sap::entities::{Address, AddressType, BusinessPartner};
use serde_json::{Value, json};

/// What SAP has to be told so that it shows these fields. Rows are named by SAP's own keys, or added without one; rows that
/// aren't named stay as they are.
pub fn to_sap(context: &Context<'_>, partner: &BusinessPartner, wanted: &Fields) -> Result<Sent, Failure> {
    let mut body = Sent::new();
    // An address that is also one to be paid at is one row in SAP: what was said last of it, and nearest to paying, holds.
    let mut rows: Vec<(Option<i64>, String, Sent)> = Vec::new();
    for (name, value) in wanted {
        match name.as_str() {
            NAME => drop(body.insert("CardName".to_owned(), value.clone())),
            TAX_ID => drop(body.insert("FederalTaxID".to_owned(), value.clone())),
            STATUS => body.extend(status(partner, value.as_str() == Some("active"))),
            PAYMENT_TERM => {
                let place = format!("supplier \"{}\"", partner.card_code);
                body.insert("PayTermsGrpCode".to_owned(), json!(payment_term(context, value, &place)?));
            }
            CONTACT => body.extend(contact(partner, value)),
            ADDRESS => {
                let home = home(partner);
                let row_name = home.map_or_else(|| new_row_name(partner), |row| row.address_name.clone());
                if home.is_none() {
                    body.insert("BilltoDefault".to_owned(), json!(row_name));
                }
                lay(&mut rows, home, &row_name, value);
            }
            _ => {
                if let Some(("", row_name)) =
                    name.strip_prefix(REMIT_TO).and_then(|rest| rest.split_once('/'))
                {
                    lay(&mut rows, bill_to(partner, row_name), row_name, value);
                }
            }
        }
    }
    if !rows.is_empty() {
        let rows = rows.into_iter().map(|(_, _, row)| Value::Object(row)).collect();
        body.insert("BPAddresses".to_owned(), Value::Array(rows));
    }
    Ok(body)
}

fn lay(rows: &mut Vec<(Option<i64>, String, Sent)>, known: Option<&Address>, name: &str, value: &Value) {
    let row = address_row(known, name, value);
    rows.retain(|(_, other, _)| other != name);
    rows.push((known.and_then(|known| known.row_num), name.to_owned(), row));
}

/// Both flags together; and no span of dates may say otherwise.
fn status(partner: &BusinessPartner, active: bool) -> Sent {
    let flags = if active { ("tYES", "tNO") } else { ("tNO", "tYES") };
    let mut body = Sent::new();
    body.insert("Valid".to_owned(), json!(flags.0));
    body.insert("Frozen".to_owned(), json!(flags.1));
    for (name, date) in [
        ("ValidFrom", partner.valid_from),
        ("ValidTo", partner.valid_to),
        ("FrozenFrom", partner.frozen_from),
        ("FrozenTo", partner.frozen_to),
    ] {
        if date.is_some() {
            body.insert(name.to_owned(), Value::Null);
        }
    }
    body
}

/// SAP's number for Coupa's code: by the mapping file, or by SAP's own name for it. -1 is SAP's cash term.
pub(super) fn payment_term(context: &Context<'_>, code: &Value, place: &str) -> Result<i64, Failure> {
    let Some(code) = code.as_str() else { return Ok(-1) };
    let number_of = |key: &str| {
        let by_name = || context.payment_terms.iter().find(|(_, name)| name.as_str() == key).map(|(n, _)| *n);
        key.parse().ok().or_else(by_name)
    };
    let entries = context.mapping.table(Table::PaymentTerms).entries();
    let mapped =
        entries.iter().filter(|(_, coupa)| coupa.as_str() == code).find_map(|(key, _)| number_of(key));
    mapped.or_else(|| number_of(code)).ok_or_else(|| {
        let message = format!(
            "{place}: Coupa's payment term \"{code}\" is none of SAP's; add it under [payment_terms] in the mapping file"
        );
        Failure::new(Code::CodeNotMapped, message)
    })
}

fn contact(partner: &BusinessPartner, value: &Value) -> Sent {
    let mut row = Sent::new();
    let main = main_contact(partner);
    let mut body = Sent::new();
    if let Some(code) = main.and_then(|main| main.internal_code) {
        row.insert("InternalCode".to_owned(), json!(code));
    } else {
        let name = contact_name(value);
        row.insert("Name".to_owned(), json!(name));
        body.insert("ContactPerson".to_owned(), json!(name));
    }
    for (member, name) in [("FirstName", "given"), ("LastName", "family"), ("E_Mail", "email")] {
        row.insert(member.to_owned(), part(value, name).clone());
    }
    body.insert("ContactEmployees".to_owned(), Value::Array(vec![Value::Object(row)]));
    body
}

/// What SAP calls a contact by, which must not be empty.
pub(super) fn contact_name(value: &Value) -> String {
    let words = ["given", "family"].map(|name| part(value, name).as_str().unwrap_or_default());
    let name = words.join(" ");
    let email = part(value, "email").as_str().unwrap_or("Contact");
    crate::text::cut(if name.trim().is_empty() { email } else { &name }, 50).to_owned()
}

fn home(partner: &BusinessPartner) -> Option<&Address> {
    bill_to(partner, &partner.bill_to_default)
}

fn bill_to<'a>(partner: &'a BusinessPartner, name: &str) -> Option<&'a Address> {
    let is_it = |row: &&Address| row.address_type == AddressType::BillTo && row.address_name == name;
    partner.bp_addresses.iter().find(is_it)
}

/// A name that no row has yet.
fn new_row_name(partner: &BusinessPartner) -> String {
    let taken = |name: &str| bill_to(partner, name).is_some();
    let first = super::new_partner::HOME;
    let name = |n: u32| match n {
        0 => first.to_owned(),
        1 => format!("{first} (Coupa)"),
        n => format!("{first} (Coupa {n})"),
    };
    let mut n = 0;
    while taken(&name(n)) {
        n += 1;
    }
    name(n)
}

/// A row of `BPAddresses`. Coupa has the number in the street, so SAP's member for it is emptied where it holds one.
pub(super) fn address_row(known: Option<&Address>, name: &str, value: &Value) -> Sent {
    let mut row = Sent::new();
    if let Some(number) = known.and_then(|known| known.row_num) {
        row.insert("RowNum".to_owned(), json!(number));
    }
    row.insert("AddressName".to_owned(), json!(name));
    row.insert("AddressType".to_owned(), json!("bo_BillTo"));
    for (member, of_value) in [
        ("Street", "street1"),
        ("Block", "street2"),
        ("City", "city"),
        ("ZipCode", "postal_code"),
        ("State", "state"),
        ("Country", "country"),
    ] {
        row.insert(member.to_owned(), part(value, of_value).clone());
    }
    if known.is_some_and(|known| !known.street_no.trim().is_empty()) {
        row.insert("StreetNo".to_owned(), Value::Null);
    }
    row
}
