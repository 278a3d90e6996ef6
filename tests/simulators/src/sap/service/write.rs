use super::answer::{Format, set_header};
use super::json::{ROW_KEYS, record};
use super::read::single;
use super::sets::{Key, Set};
use crate::sap::entities::{Base, Document, DocumentKind};
use crate::sap::refusal::Refusal;
use crate::sap::schema::SCHEMA;
use crate::sap::settings::Approval;
use crate::sap::value::{Field, Record};
use crate::sap::world::{DocumentSpec, LineSpec, Stamp, World};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use rust_decimal::Decimal;

/// Answers `POST` of a set.
pub(crate) fn create(
    world: &mut World,
    format: &Format<'_>,
    set: Set,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Bytes>, Refusal> {
    let json = parse(body)?;
    let given = record(&json, set.entity_type().name, format.settings.metadata)?;
    let (key, shown) = match set {
        Set::Partners => {
            check_partner(world, &given)?;
            if let Some(approval) = format.settings.partner_approval {
                let key = world.draft_partner(given);
                return if approval == Approval::DraftKey {
                    Ok(drafted(format, &key))
                } else {
                    Err(Refusal::no_match())
                };
            }
            let code = world.insert_partner(given)?;
            let shown = format!("'{}'", code.replace('\'', "''"));
            (Key::Text(code), shown)
        }
        Set::Documents(kind @ DocumentKind::Order) => {
            let entry = world.add_document(kind, document_spec(&given)?)?;
            (Key::Number(entry), entry.to_string())
        }
        _ => return Err(Refusal::unsupported()),
    };
    let location = format!("{}{}({shown})", format.root(), set.name());
    let quiet = headers.get("prefer").is_some_and(|value| value.as_bytes() == b"return-no-content");
    let mut response = if quiet {
        let mut response = format.no_content();
        set_header(&mut response, "preference-applied", "return-no-content");
        response
    } else {
        let mut response = single(world, format, set, &key, "")?;
        *response.status_mut() = StatusCode::CREATED;
        response
    };
    set_header(&mut response, "location", &location);
    Ok(response)
}

/// What a partner looks like that has become a draft: created, under a key that its own set doesn't know.
fn drafted(format: &Format<'_>, key: &str) -> Response<Bytes> {
    let context = format.context("BusinessPartners/$entity");
    let mut response =
        format.json(StatusCode::CREATED, format!("{{{context}\"CardCode\":\"{key}\"}}").into_bytes());
    set_header(&mut response, "location", &format!("{}BusinessPartners('{key}')", format.root()));
    response
}

/// Answers `PATCH` of one entity.
pub(crate) fn update(
    world: &mut World,
    format: &Format<'_>,
    set: Set,
    key: &Key,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Bytes>, Refusal> {
    check_etag(world, format, set, key, headers)?;
    let mut json = parse(body)?;
    if let (Set::Partners, Some(members)) = (set, json.as_object_mut()) {
        members.retain(|name, _| !format.settings.read_only_partner_members.contains(name));
    }
    let given = record(&json, set.entity_type().name, format.settings.metadata)?;
    match (set, key) {
        (Set::Partners, Key::Text(code)) => {
            check_partner(world, &given)?;
            let replace = headers.get("b1s-replacecollectionsonpatch");
            let replace = replace.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
            world.edit_partner(code, |partner| merge(partner, &given, replace))?;
        }
        (Set::Documents(kind), Key::Number(entry)) => {
            world.edit(kind, *entry, Stamp::Move, |document| overlay(document, &given))?;
        }
        _ => return Err(Refusal::unsupported()),
    }
    Ok(format.no_content())
}

/// Answers `DELETE` of one entity.
pub(crate) fn delete(
    world: &World,
    format: &Format<'_>,
    set: Set,
    key: &Key,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Refusal> {
    check_etag(world, format, set, key, headers)?;
    set.find(world, key)?;
    Err(Refusal::unsupported())
}

/// Answers `POST` of a bound action.
pub(crate) fn act(
    world: &mut World,
    format: &Format<'_>,
    set: Set,
    key: &Key,
    action: &str,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Refusal> {
    check_etag(world, format, set, key, headers)?;
    match (set, key, action) {
        (Set::Documents(kind), Key::Number(entry), "Cancel" | "CreateCancellationDocument") => {
            if kind == DocumentKind::Order && action != "Cancel" {
                return Err(Refusal::unsupported());
            }
            world.cancel(kind, *entry)?;
        }
        (Set::Documents(kind), Key::Number(entry), "Close") => world.close(kind, *entry)?,
        (Set::Documents(kind), Key::Number(entry), "Reopen") => world.reopen(kind, *entry)?,
        (Set::Payments, Key::Number(entry), "Cancel") => world.cancel_payment(*entry)?,
        _ => return Err(Refusal::new(400, 200, "Unrecognized resource path.")),
    }
    Ok(format.no_content())
}

fn parse(body: &[u8]) -> Result<serde_json::Value, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::syntax("The request body is not JSON"))
}

fn check_etag(
    world: &World,
    format: &Format<'_>,
    set: Set,
    key: &Key,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let Some(given) = headers.get("if-match").and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let current = format.etag(set.find(world, key)?);
    if given == "*" || current.is_none_or(|current| current == given) {
        return Ok(());
    }
    let text =
        "Another user or another operation modified data; to continue, open the window again (ODBC -2039)";
    Err(Refusal::new(412, -2039, text))
}

/// What a partner refers to must exist, and it must be active or blocked.
fn check_partner(world: &World, given: &Record) -> Result<(), Refusal> {
    let exists = |set: &str, of: &str, field: &Field| {
        world.masters.get(set).into_iter().flatten().any(|row| row.get(of) == Some(field))
    };
    for (member, set, key) in [
        ("PayTermsGrpCode", "PaymentTermsTypes", "GroupNumber"),
        ("Currency", "Currencies", "Code"),
        ("VatGroup", "VatGroups", "Code"),
    ] {
        let Some(field) = given.get(member).filter(|field| **field != Field::Null) else { continue };
        if *field != Field::Text("##".to_owned()) && !exists(set, key, field) {
            return Err(Refusal::no_match());
        }
    }
    if given.text("Valid") == "tNO" && given.text("Frozen") == "tNO" {
        return Err(Refusal::rule("A business partner must be active or inactive [OCRD.ValidFor]"));
    }
    Ok(())
}

/// Lays `given` over `partner`. Rows with a key change that row, rows without one are added; those that are
/// left out stay, unless `replace`.
fn merge(partner: &mut Record, given: &Record, replace: bool) -> Result<(), Refusal> {
    for (index, field) in given.fields() {
        let Some(property) = SCHEMA.entity_type("BusinessPartner").property(*index) else {
            continue;
        };
        let key = ROW_KEYS.iter().find(|(collection, _, _)| *collection == property.name);
        match (field, key) {
            (Field::Rows(rows), Some((_, _, key))) => {
                let kept = partner.rows_mut(property.name).map(std::mem::take).unwrap_or_default();
                let merged = merge_rows(kept, rows, key, replace)?;
                partner.insert(*index, Field::Rows(merged));
            }
            _ => partner.insert(*index, field.clone()),
        }
    }
    check_addresses(partner)
}

fn merge_rows(kept: Vec<Record>, given: &[Record], key: &str, replace: bool) -> Result<Vec<Record>, Refusal> {
    let mut rows = kept;
    let mut touched = Vec::new();
    for new in given {
        let Some(value) = new.get(key) else {
            touched.push(rows.len());
            rows.push(new.clone());
            continue;
        };
        let at = rows.iter().position(|row| row.get(key) == Some(value));
        let at = at.ok_or_else(Refusal::no_match)?;
        touched.push(at);
        if let Some(row) = rows.get_mut(at) {
            for (index, field) in new.fields() {
                row.insert(*index, field.clone());
            }
        }
    }
    if replace {
        let mut at = 0_usize;
        rows.retain(|_| {
            at += 1;
            touched.contains(&(at - 1))
        });
    }
    Ok(rows)
}

fn check_addresses(partner: &Record) -> Result<(), Refusal> {
    let rows = partner.rows("BPAddresses");
    for (at, row) in rows.iter().enumerate() {
        let same = |other: &&Record| {
            other.text("AddressName") == row.text("AddressName")
                && (other.text("AddressType") == "bo_ShipTo") == (row.text("AddressType") == "bo_ShipTo")
        };
        if rows.iter().take(at).any(|other| same(&other)) {
            let name = row.text("AddressName");
            return Err(Refusal::new(400, -10, format!("10000197 - Address ID '{name}' already exists")));
        }
    }
    Ok(())
}

/// Only plain members of a document can be changed here.
fn overlay(document: &mut Document, given: &Record) {
    let of = SCHEMA.entity_type("Document");
    for (index, field) in given.fields() {
        let Some(property) = of.property(*index) else { continue };
        match (property.name, field) {
            ("Comments", Field::Text(text)) => document.comments.clone_from(text),
            ("NumAtCard", Field::Text(text)) => document.reference.clone_from(text),
            (_, Field::Rows(_) | Field::Object(_)) => {}
            (name, field) => {
                document.set(name, field.clone());
            }
        }
    }
}

fn document_spec(given: &Record) -> Result<DocumentSpec, Refusal> {
    let date = |name: &str| match given.get(name) {
        Some(Field::Date(date)) => Some(*date),
        _ => None,
    };
    if date("DocDueDate").is_none() {
        return Err(Refusal::rule("Enter the delivery date [OPOR.DocDueDate]"));
    }
    let custom = given.fields().iter().filter_map(|(index, field)| {
        let name = SCHEMA.entity_type("Document").property(*index)?.name;
        name.starts_with("U_").then(|| (name.to_owned(), field.clone()))
    });
    Ok(DocumentSpec {
        supplier: given.text("CardCode").to_owned(),
        date: date("DocDate"),
        due_date: date("DocDueDate"),
        reference: given.text("NumAtCard").to_owned(),
        currency: given.text("DocCurrency").to_owned(),
        rate: amount(given, "DocRate").unwrap_or(Decimal::ONE),
        discount_percent: amount(given, "DiscountPercent").unwrap_or_default(),
        service: given.text("DocType") == "dDocument_Service",
        comments: given.text("Comments").to_owned(),
        lines: given.rows("DocumentLines").iter().map(line_spec).collect(),
        extra: custom.collect(),
        ..DocumentSpec::default()
    })
}

fn line_spec(row: &Record) -> LineSpec {
    let int = |name: &str| match row.get(name) {
        Some(Field::Int(number)) => Some(*number),
        _ => None,
    };
    let base = || {
        let kind = DocumentKind::of_object_type(int("BaseType")?)?;
        Some(Base { kind, entry: int("BaseEntry")?, line: int("BaseLine")? })
    };
    let text = |name: &str| row.text(name).to_owned();
    LineSpec {
        item_code: text("ItemCode"),
        description: text("ItemDescription"),
        quantity: amount(row, "Quantity"),
        unit_price: amount(row, "UnitPrice").or(amount(row, "LineTotal")),
        discount_percent: amount(row, "DiscountPercent").unwrap_or_default(),
        vat_group: text("VatGroup"),
        account_code: text("AccountCode"),
        costing_code: text("CostingCode"),
        project_code: text("ProjectCode"),
        warehouse_code: text("WarehouseCode"),
        unit: text("MeasureUnit"),
        base: base(),
        ..LineSpec::default()
    }
}

fn amount(record: &Record, name: &str) -> Option<Decimal> {
    match record.get(name) {
        Some(Field::Amount(amount)) => Some(*amount),
        _ => None,
    }
}
