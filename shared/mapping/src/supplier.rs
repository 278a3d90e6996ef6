use crate::context::Context;
use crate::image::SupplierImage;
use crate::text::cut;
use crate::{codes, fields, members};
use jiff::civil::Date;
use model::{Code, Failure, ObjectKind, Sent};
use sap::entities::{Address, AddressType, BusinessPartner, ContactEmployee, YesNo};
use serde_json::{Value, json};

pub(crate) const NAME_LIMIT: usize = 100;

/// What Coupa must show of a supplier. Contact, remit-to addresses and the ways to order and pay are written once:
/// people look after them in Coupa. The primary address and the matching level stay SAP's and the mapping's.
pub fn supplier(context: &Context<'_>, partner: &BusinessPartner) -> Result<SupplierImage, Failure> {
    let number = partner.card_code.clone();
    let name = cut(&partner.card_name, NAME_LIMIT).to_owned();
    for (member, value) in [("CardCode", &number), ("CardName", &name)] {
        if value.is_empty() {
            let what = format!("supplier \"{number}\": {member} is empty; fill it in SAP");
            return Err(Failure::new(Code::FieldMissing, what));
        }
    }
    let mut kept = Sent::new();
    fields::set(&mut kept, "number", number.as_str());
    fields::set(&mut kept, "name", name.as_str());
    fields::set(&mut kept, "status", if is_active(partner, context.today) { "active" } else { "inactive" });
    fields::set(&mut kept, "invoice-matching-level", context.mapping.invoice_matching_level.as_str());
    if !partner.federal_tax_id.trim().is_empty() {
        fields::set(&mut kept, "tax-id", partner.federal_tax_id.trim());
    }
    let place = format!("supplier \"{number}\": PayTermsGrpCode");
    if let Some(term) = codes::payment_term(context, partner.pay_terms_grp_code, &place)? {
        kept.insert("payment-term".to_owned(), fields::by("code", term));
    }
    let bill_to = default_bill_to(partner);
    if let Some(address) = bill_to.as_ref().map(address).filter(|address| !is_empty(address)) {
        kept.insert("primary-address".to_owned(), Value::Object(address));
    }
    fields::custom_fields(
        context,
        ObjectKind::Supplier,
        |member| members::of_partner(partner, member),
        &mut kept,
    );

    let mut at_creation = Sent::new();
    fields::set(&mut at_creation, "po-method", context.mapping.po_method.as_str());
    fields::set(&mut at_creation, "payment-method", context.mapping.payment_method.as_str());
    at_creation.insert("primary-contact".to_owned(), Value::Object(contact(partner)));
    let remit_to = remit_to_addresses(partner);
    if !remit_to.is_empty() {
        at_creation.insert("remit-to-addresses".to_owned(), Value::Array(remit_to));
    }
    Ok(SupplierImage { number, name, fields: kept, at_creation })
}

/// `Frozen` shuts a partner out for its span of dates, for good where it names none. Outside of that, `Valid` lets it
/// in for its own span; a partner that is only frozen for a while needs no `Valid`.
pub(crate) fn is_active(partner: &BusinessPartner, today: Date) -> bool {
    let within = |from: Option<Date>, to: Option<Date>| {
        from.is_none_or(|from| from <= today) && to.is_none_or(|to| today <= to)
    };
    let frozen = partner.frozen == YesNo::Yes;
    if frozen && within(partner.frozen_from, partner.frozen_to) {
        return false;
    }
    match partner.valid {
        YesNo::Yes => within(partner.valid_from, partner.valid_to),
        YesNo::No => frozen,
    }
}

/// The default bill-to address; without one, what the header says of it.
pub(crate) fn default_bill_to(partner: &BusinessPartner) -> Option<Address> {
    let named = |address: &&Address| {
        address.address_type == AddressType::BillTo && address.address_name == partner.bill_to_default
    };
    let header = Address {
        street: partner.address.clone(),
        city: partner.city.clone(),
        zip_code: partner.zip_code.clone(),
        country: partner.country.clone(),
        ..Address::default()
    };
    let default = partner.bp_addresses.iter().find(named).filter(|row| !is_empty(&address(row)));
    default.cloned().or_else(|| (!is_empty(&address(&header))).then_some(header))
}

/// Every part of it, null where empty: Coupa edits an address in place, so what is left out would stay.
fn address(address: &Address) -> Sent {
    let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let [street1, street2, city, postal_code, state, country] = address_parts(address);
    let mut fields = Sent::new();
    fields.insert("street1".to_owned(), text(&street1));
    fields.insert("street2".to_owned(), text(&street2));
    fields.insert("city".to_owned(), text(&city));
    fields.insert("postal-code".to_owned(), text(&postal_code));
    fields.insert("state".to_owned(), text(&state));
    if !country.is_empty() {
        fields.insert("country".to_owned(), fields::by("code", country));
    }
    fields
}

/// Street with its number, second street line, city, postal code, state, country.
pub(crate) fn address_parts(address: &Address) -> [String; 6] {
    let street = format!("{} {}", address.street.trim(), address.street_no.trim());
    let parts = [&street, &address.block, &address.city, &address.zip_code, &address.state, &address.country];
    parts.map(|part| part.trim().to_owned())
}

fn is_empty(address: &Sent) -> bool {
    address.values().all(Value::is_null)
}

/// The main contact, else the first active one.
pub(crate) fn main_contact(partner: &BusinessPartner) -> Option<&ContactEmployee> {
    let people = &partner.contact_employees;
    let main = people.iter().find(|person| !person.name.is_empty() && person.name == partner.contact_person);
    main.or_else(|| people.iter().find(|person| person.active == YesNo::Yes))
}

/// What Coupa is told of the main contact; what it lacks comes from the header.
fn contact(partner: &BusinessPartner) -> Sent {
    let nobody = ContactEmployee::default();
    let person = main_contact(partner).unwrap_or(&nobody);
    let first = |texts: &[&str]| {
        texts.iter().map(|text| text.trim()).find(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut contact = Sent::new();
    if let Some(email) = first(&[&person.e_mail, &partner.email_address]) {
        fields::set(&mut contact, "email", email);
    }
    let (given, family) = (person.first_name.trim(), person.last_name.trim());
    if !given.is_empty() {
        fields::set(&mut contact, "name-given", given);
    }
    let fallback: [&str; 3] =
        if given.is_empty() { [family, &person.name, &partner.card_name] } else { [family, "", ""] };
    if let Some(family) = first(&fallback) {
        fields::set(&mut contact, "name-family", family);
    }
    contact
}

fn remit_to_addresses(partner: &BusinessPartner) -> Vec<Value> {
    let bill_to = partner.bp_addresses.iter().filter(|row| row.address_type == AddressType::BillTo);
    let remit_to = bill_to.filter(|row| !is_empty(&address(row))).map(|row| {
        let mut fields = address(row);
        fields.insert("name".to_owned(), json!(row.address_name));
        fields.insert(
            "remit-to-code".to_owned(),
            Value::String(format!("{}-{}", partner.card_code, row.address_name)),
        );
        Value::Object(fields)
    });
    remit_to.collect()
}
