//! Suppliers both ways: what each side shows of a field in common terms, and who wins where both changed it.
//!
//! A field is compared with what its own side showed when the two last agreed, never with the other side: so a name that
//! Coupa cut, or a street that SAP keeps in two members, is no change.

mod new_partner;
mod reconcile;
mod to_coupa;
mod to_sap;

pub use new_partner::{NewPartner, new_partner};
pub use reconcile::{Conflict, Reconciled, reconcile};
pub use to_coupa::to_coupa;
pub use to_sap::to_sap;

use crate::{
    context::Context,
    supplier::{address_parts, default_bill_to, is_active, main_contact},
    text::cut,
};
use coupa::{PostalAddress, WholeSupplier};
use model::Failure;
use sap::entities::{AddressType, BusinessPartner, ContactEmployee};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};

/// Fields by name, each in the terms that both sides share. What a side doesn't have is missing or null.
pub type Fields = BTreeMap<String, Value>;

/// One of the two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// SAP Business One.
    Sap,
    /// Coupa.
    Coupa,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sap => "SAP",
            Self::Coupa => "Coupa",
        })
    }
}

pub(crate) const NAME: &str = "name";
pub(crate) const STATUS: &str = "status";
pub(crate) const TAX_ID: &str = "tax_id";
pub(crate) const PAYMENT_TERM: &str = "payment_term";
pub(crate) const ADDRESS: &str = "address";
pub(crate) const CONTACT: &str = "contact";
pub(crate) const REMIT_TO: &str = "remit_to";

/// What `[suppliers.ownership]` can name, and whose it is where it doesn't.
pub(crate) const OWNED: [(&str, Side); 7] = [
    (NAME, Side::Sap),
    (STATUS, Side::Sap),
    (TAX_ID, Side::Sap),
    (PAYMENT_TERM, Side::Sap),
    (ADDRESS, Side::Sap),
    (CONTACT, Side::Coupa),
    (REMIT_TO, Side::Coupa),
];

/// Who wins where both sides changed a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership(BTreeMap<&'static str, Side>);

impl Default for Ownership {
    fn default() -> Self {
        Self(OWNED.into())
    }
}

impl Ownership {
    pub(crate) fn set(&mut self, field: &'static str, owner: Side) {
        self.0.insert(field, owner);
    }

    /// The owner of a field. Each remit-to address is a field of its own: they share an owner.
    pub fn of(&self, field: &str) -> Side {
        self.0.get(kind_of(field)).copied().unwrap_or(Side::Sap)
    }
}

/// `remit_to` for `remit_to/HQ`.
pub(crate) fn kind_of(field: &str) -> &str {
    field.split_once('/').map_or(field, |(kind, _)| kind)
}

/// Fields that stand on the same row in SAP, or are only shown together: where one of them was written, the others have
/// moved with it and that is nobody's change.
pub fn moves_with(written: &str, field: &str) -> bool {
    let row = |field: &str| matches!(kind_of(field), ADDRESS | REMIT_TO);
    row(written) && row(field)
}

/// What SAP shows.
pub fn sap_fields(context: &Context<'_>, partner: &BusinessPartner) -> Result<Fields, Failure> {
    let active = if is_active(partner, context.today) { "active" } else { "inactive" };
    let place = format!("supplier \"{}\": PayTermsGrpCode", partner.card_code);
    let term = crate::codes::payment_term(context, partner.pay_terms_grp_code, &place)?;
    let home = default_bill_to(partner).map_or(Value::Null, |row| from_parts(&address_parts(&row)));
    let mut fields = Fields::from([
        (NAME.to_owned(), text(cut(&partner.card_name, crate::supplier::NAME_LIMIT))),
        (STATUS.to_owned(), text(active)),
        (TAX_ID.to_owned(), text(&partner.federal_tax_id)),
        (PAYMENT_TERM.to_owned(), term.map_or(Value::Null, Value::String)),
        (ADDRESS.to_owned(), home),
        (CONTACT.to_owned(), sap_contact(partner)),
    ]);
    for row in partner.bp_addresses.iter().filter(|row| row.address_type == AddressType::BillTo) {
        let value = from_parts(&address_parts(row));
        if !value.is_null() {
            fields.insert(format!("{REMIT_TO}/{}", row.address_name), value);
        }
    }
    Ok(fields)
}

/// What Coupa shows of the supplier with that `CardCode`.
pub fn coupa_fields(supplier: &WholeSupplier, card_code: &str) -> Fields {
    let term = supplier.payment_term.as_ref().and_then(|term| term.code.as_deref());
    let contact = supplier.primary_contact.clone().unwrap_or_default();
    let home = supplier.primary_address.as_ref().map_or(Value::Null, coupa_address);
    let mut fields = Fields::from([
        (NAME.to_owned(), or_null(supplier.name.as_deref())),
        (STATUS.to_owned(), or_null(supplier.status.as_deref())),
        (TAX_ID.to_owned(), or_null(supplier.tax_id.as_deref())),
        (PAYMENT_TERM.to_owned(), or_null(term)),
        (ADDRESS.to_owned(), home),
        (
            CONTACT.to_owned(),
            person(
                contact.email.as_deref().unwrap_or_default(),
                contact.name_given.as_deref().unwrap_or_default(),
                contact.name_family.as_deref().unwrap_or_default(),
            ),
        ),
    ]);
    for row in &supplier.remit_to_addresses {
        let Some(code) = row.remit_to_code.as_deref().filter(|code| !code.trim().is_empty()) else {
            continue;
        };
        let value = coupa_address(row);
        if !value.is_null() {
            fields.insert(format!("{REMIT_TO}/{}", address_name(code, card_code)), value);
        }
    }
    fields
}

/// SAP's `AddressName` for a remit-to code: what stands behind the `CardCode`, else the whole code.
pub(crate) fn address_name<'a>(code: &'a str, card_code: &str) -> &'a str {
    let own = code.strip_prefix(card_code).and_then(|rest| rest.strip_prefix('-'));
    own.filter(|name| !name.is_empty()).unwrap_or(code)
}

/// The main contact's own members, without what the header would lend it but for the e-mail address.
fn sap_contact(partner: &BusinessPartner) -> Value {
    let nobody = ContactEmployee::default();
    let main = main_contact(partner).unwrap_or(&nobody);
    let email = first([&main.e_mail, &partner.email_address]).to_owned();
    let given = main.first_name.trim();
    let family = if given.is_empty() { first([&main.last_name, &main.name]) } else { main.last_name.trim() };
    person(&email, given, family)
}

fn first(texts: [&str; 2]) -> &str {
    texts.into_iter().map(str::trim).find(|text| !text.is_empty()).unwrap_or_default()
}

fn person(email: &str, given: &str, family: &str) -> Value {
    let parts = [email, given, family].map(text);
    if parts.iter().all(Value::is_null) {
        return Value::Null;
    }
    let [email, given, family] = parts;
    json!({"email": email, "given": given, "family": family})
}

/// Street, second street line, city, postal code, state, country.
fn from_parts(parts: &[String; 6]) -> Value {
    let [street1, street2, city, postal_code, state, country] = parts.each_ref().map(|part| text(part));
    if [&street1, &street2, &city, &postal_code, &state, &country].into_iter().all(Value::is_null) {
        return Value::Null;
    }
    json!({"street1": street1, "street2": street2, "city": city, "postal_code": postal_code, "state": state,
           "country": country})
}

fn coupa_address(address: &PostalAddress) -> Value {
    let country = address.country.as_ref().and_then(|country| country.code.as_ref());
    let parts = [
        address.street1.as_ref(),
        address.street2.as_ref(),
        address.city.as_ref(),
        address.postal_code.as_ref(),
        address.state.as_ref(),
        country,
    ];
    from_parts(&parts.map(|part| part.cloned().unwrap_or_default()))
}

fn text(text: &str) -> Value {
    match text.trim() {
        "" => Value::Null,
        text => Value::from(text),
    }
}

fn or_null(part: Option<&str>) -> Value {
    part.map_or(Value::Null, text)
}

/// A member of a field's value, null where it isn't there.
pub(crate) fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
