//! Holds every name that is read from SAP, and its type, against the list in `fields.txt`, and that list against SAP's own
//! metadata where it is at hand.

use crate::{
    batches::RECEIPT_MEMBERS,
    entities::{
        AdditionalExpense, Address, BusinessPartner, ContactEmployee, Document, DocumentLine, Payment,
        PaymentInvoice,
    },
    fields::fields_of,
    master_data::TABLES,
    query::{Query, all_of, behind, of_kind, within},
    reads::row_members,
};
use jiff::civil::date;
use model::{ObjectKind, SapKey, Stamp};
use std::{collections::BTreeSet, path::Path};

const LIST: &str = include_str!("../fields.txt");

fn listed() -> BTreeSet<(&'static str, &'static str)> {
    rows().map(|(entity, property, _)| (entity, property)).collect()
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| {
        let mut words = line.split_whitespace();
        let (entity, property, kind) = (words.next(), words.next(), words.next());
        (entity.unwrap(), property.unwrap(), kind.unwrap_or_else(|| panic!("{line}")))
    })
}

fn used() -> BTreeSet<(&'static str, &'static str)> {
    let mut used = BTreeSet::new();
    let mut add = |entity, names: &[&'static str]| used.extend(names.iter().map(|name| (entity, *name)));
    add("Document", fields_of::<Document>());
    add("DocumentLine", fields_of::<DocumentLine>());
    add("DocumentAdditionalExpense", fields_of::<AdditionalExpense>());
    add("BusinessPartner", fields_of::<BusinessPartner>());
    add("BPAddress", fields_of::<Address>());
    add("ContactEmployee", fields_of::<ContactEmployee>());
    add("Payment", fields_of::<Payment>());
    add("PaymentInvoice", fields_of::<PaymentInvoice>());
    add("Document", RECEIPT_MEMBERS);
    add("Document", row_members(ObjectKind::Invoice));
    add("Payment", row_members(ObjectKind::Payment));
    add("BusinessPartner", row_members(ObjectKind::Supplier));
    for (set, key, code, name) in TABLES {
        let entity = match set {
            "PaymentTermsTypes" => "PaymentTermsType",
            "Currencies" => "Currency",
            "UnitOfMeasurements" => "UnitOfMeasurement",
            "Warehouses" => "Warehouse",
            _ => "ChartOfAccount",
        };
        add(entity, &[key, code, name]);
    }
    used
}

/// The names that filters use.
fn filtered() -> Vec<(&'static str, String)> {
    let stamp = Stamp { date: date(2026, 1, 1), time: jiff::civil::Time::midnight() };
    let windows = [
        crate::Window::ByDocDate { since: stamp.date },
        crate::Window::Changed { from: stamp, last_entry: 1, created_from: stamp.date },
        crate::Window::Payments { after_entry: 1, cancelled_since: stamp.date },
    ];
    let mut names = vec![];
    for (kind, entity, key) in [
        (ObjectKind::Supplier, "BusinessPartner", SapKey::CardCode("x".to_owned())),
        (ObjectKind::Invoice, "Document", SapKey::DocEntry(1)),
        (ObjectKind::Payment, "Payment", SapKey::DocEntry(1)),
    ] {
        for window in &windows {
            let filter = all_of(&[of_kind(kind), behind(kind, Some(&key)), within(kind, window)]);
            let words = filter.split(|c: char| !c.is_ascii_alphanumeric());
            let is_name = |word: &&str| word.len() > 3 && word.starts_with(char::is_uppercase);
            names.extend(words.filter(is_name).map(|word| (entity, word.to_owned())));
        }
    }
    names
}

#[test]
fn the_list_holds_exactly_what_is_read() {
    let used = used();
    // CreationDate and CreateDate are only filtered by.
    let read: BTreeSet<_> = listed().into_iter().filter(|(_, name)| !name.starts_with("Creat")).collect();
    let more: Vec<_> = used.difference(&read).collect();
    let fewer: Vec<_> = read.difference(&used).collect();
    assert!(more.is_empty() && fewer.is_empty(), "not listed: {more:?}; no longer read: {fewer:?}");
    for (entity, name) in filtered() {
        assert!(listed().iter().any(|row| *row == (entity, name.as_str())), "{entity}.{name}");
    }
}

#[test]
fn the_decoder_names_what_it_reads() {
    let fields = fields_of::<Document>();
    assert!(fields.contains(&"RoundingDiffAmountFC") && fields.contains(&"DocumentLines"), "{fields:?}");
    assert!(!fields.contains(&"Extra"), "{fields:?}");
    let url = Query::default().select(fields.iter().copied()).as_str().len();
    assert!(url < 1_000, "{url} bytes of $select leave too little room for keys");
}

#[test]
fn the_list_agrees_with_saps_metadata() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts/sap-metadata.xml");
    let Ok(metadata) = std::fs::read_to_string(&path) else {
        println!("SAP's metadata is not at hand: nothing compared");
        return;
    };
    let mut wrong = vec![];
    for (entity, property, kind) in rows() {
        match property_type(&metadata, entity, property) {
            Some(found) if found == kind => {}
            found => wrong.push(format!("{entity}.{property}: listed {kind}, metadata says {found:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The type of a property, its namespace left out; `[]` marks a collection.
fn property_type(metadata: &str, entity: &str, property: &str) -> Option<String> {
    let body = ["EntityType", "ComplexType"].iter().find_map(|tag| {
        let from = metadata.find(&format!("<{tag} Name=\"{entity}\""))?;
        let body = &metadata[from..];
        Some(&body[..body.find(&format!("</{tag}>"))?])
    })?;
    let tag = body
        .split('<')
        .find(|tag| tag.starts_with("Property ") && tag.contains(&format!(" Name=\"{property}\"")))?;
    let kind = tag.split(" Type=\"").nth(1)?.split('"').next()?;
    let collection = kind.strip_prefix("Collection(").and_then(|kind| kind.strip_suffix(')'));
    let short = |kind: &str| kind.rsplit('.').next().unwrap_or(kind).to_owned();
    Some(collection.map_or_else(|| short(kind), |kind| format!("{}[]", short(kind))))
}
