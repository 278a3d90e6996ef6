use super::{
    ADDRESS, CONTACT, Fields, NAME, PAYMENT_TERM, REMIT_TO, TAX_ID, part,
    to_sap::{address_row, contact_name, payment_term},
};
use crate::context::Context;
use model::{Code, CoupaId, Failure, Sent};
use serde_json::{Value, json};

/// What the row of a new partner's main address is called.
pub(super) const HOME: &str = "Bill to";

/// The longest `CardCode` that SAP takes.
const CODE_LIMIT: usize = 15;

/// How a supplier that is new in Coupa becomes a business partner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewPartner {
    /// SAP's numbering series.
    pub series: Option<i64>,
    /// The `CardCode`, with `{id}` for Coupa's id; without it SAP's series numbers.
    pub card_code: Option<String>,
    /// Members that every new partner gets, such as `GroupCode`.
    pub members: Sent,
}

impl NewPartner {
    /// The `CardCode` by rule, where there is a rule.
    pub fn code(&self, id: CoupaId) -> Result<Option<String>, Failure> {
        let Some(rule) = &self.card_code else { return Ok(None) };
        let code = rule.replace("{id}", &id.to_string());
        if code.chars().count() > CODE_LIMIT {
            let message =
                format!("\"{code}\" is longer than the {CODE_LIMIT} characters that SAP takes as CardCode");
            return Err(Failure::new(Code::NumberTooLong, message));
        }
        Ok(Some(code))
    }
}

/// The body of a new business partner. `mark` is the member of the customer's own that keeps Coupa's id.
pub fn new_partner(
    context: &Context<'_>,
    id: CoupaId,
    fields: &Fields,
    rules: &NewPartner,
    mark: Option<&str>,
) -> Result<Sent, Failure> {
    let place = format!("Coupa's supplier {id}");
    let get = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    if get(NAME).is_null() {
        return Err(Failure::new(Code::FieldMissing, format!("{place}: its name is empty in Coupa")));
    }
    let mut body = rules.members.clone();
    body.insert("CardType".to_owned(), json!("cSupplier"));
    body.insert("CardName".to_owned(), get(NAME).clone());
    match (rules.code(id)?, rules.series) {
        (Some(code), _) => drop(body.insert("CardCode".to_owned(), Value::String(code))),
        (None, Some(series)) => drop(body.insert("Series".to_owned(), json!(series))),
        (None, None) => {}
    }
    if !get(TAX_ID).is_null() {
        body.insert("FederalTaxID".to_owned(), get(TAX_ID).clone());
    }
    if !get(PAYMENT_TERM).is_null() {
        let term = payment_term(context, get(PAYMENT_TERM), &place)?;
        body.insert("PayTermsGrpCode".to_owned(), json!(term));
    }
    if let Some(mark) = mark {
        body.insert(mark.to_owned(), json!(id.to_string()));
    }
    let mut rows = Vec::new();
    let has_home = !get(ADDRESS).is_null();
    if has_home {
        rows.push(Value::Object(address_row(None, HOME, get(ADDRESS))));
        body.insert("BilltoDefault".to_owned(), json!(HOME));
    }
    for (name, value) in fields {
        let row = name.strip_prefix(REMIT_TO).and_then(|rest| rest.strip_prefix('/'));
        if let Some(row) = row.filter(|row| !has_home || *row != HOME) {
            rows.push(Value::Object(address_row(None, row, value)));
        }
    }
    if !rows.is_empty() {
        body.insert("BPAddresses".to_owned(), Value::Array(rows));
    }
    let contact = get(CONTACT);
    if !contact.is_null() {
        body.insert(
            "ContactEmployees".to_owned(),
            json!([{"Name": contact_name(contact), "FirstName": part(contact, "given"),
                    "LastName": part(contact, "family"), "E_Mail": part(contact, "email")}]),
        );
        body.insert("EmailAddress".to_owned(), part(contact, "email").clone());
    }
    Ok(body)
}
