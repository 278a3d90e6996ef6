use super::source::{Entry, Source, in_order};
use super::{
    ACCOUNT_MEMBERS, Adopt, CodeTable, Difference, Mapping, MappingError, Original, Policy, Template,
};
use crate::both_ways::{OWNED, Side};
use model::ObjectKind;
use std::collections::BTreeMap;
use toml::de::DeTable;

const TABLES: [&str; 13] = [
    "payment_terms",
    "units",
    "currencies",
    "tax_codes",
    "ship_to",
    "segments",
    "custom_fields",
    "numbers",
    "differences",
    "credit_notes",
    "adopt",
    "purchase_orders",
    "suppliers",
];

const NUMBERED: [ObjectKind; 3] = [ObjectKind::PurchaseOrder, ObjectKind::Invoice, ObjectKind::CreditNote];
const MATCHING: [&str; 4] = ["none", "2-way", "3-way", "3-way-direct"];
const PO_METHODS: [&str; 7] = ["prompt", "email", "cxml", "xml", "buy_online", "mark_as_sent", "integration"];
const PAYMENT_METHODS: [&str; 5] = ["invoice", "pcard", "invoice_only", "pcard_only", "virtual_card"];

pub(super) fn mapping(toml: &str) -> Result<Mapping, MappingError> {
    let source = Source(toml);
    let root = DeTable::parse(toml).map_err(|error| {
        source.error_at(&error.span().unwrap_or_default(), error.message().replace('\n', ", "))
    })?;
    let mut mapping = Mapping::default();
    for entry in in_order(root.get_ref()) {
        if !TABLES.contains(&entry.key) {
            return Err(source.unknown(&entry, "table", &TABLES));
        }
        let set = in_order(source.table(&entry)?);
        match entry.key {
            "payment_terms" => mapping.payment_terms = source.codes(&set)?,
            "units" => mapping.units = source.codes(&set)?,
            "currencies" => mapping.currencies = source.codes(&set)?,
            "tax_codes" => mapping.tax_codes = source.codes(&set)?,
            "ship_to" => mapping.ship_to = source.codes(&set)?,
            "segments" => mapping.segments = source.segments(&set)?,
            "custom_fields" => mapping.custom_fields = source.custom_fields(&set)?,
            "numbers" => source.numbers(&set, &mut mapping)?,
            "differences" => source.differences(&set, &mut mapping)?,
            "credit_notes" => source.credit_notes(&set, &mut mapping)?,
            "adopt" => source.adopt(&set, &mut mapping)?,
            "purchase_orders" => source.purchase_orders(&set, &mut mapping)?,
            _ => source.suppliers(&set, &mut mapping)?,
        }
    }
    Ok(mapping)
}

fn words(words: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    words.iter().map(|word| (*word, *word)).collect()
}

impl Source<'_> {
    fn codes(&self, entries: &[Entry<'_>]) -> Result<CodeTable, MappingError> {
        let mut codes = BTreeMap::new();
        let mut fails_on_missing = false;
        for entry in entries {
            if entry.key == "on_missing" {
                fails_on_missing = self.choice(entry, &[("pass", false), ("fail", true)])?;
            } else {
                codes.insert(entry.key.to_owned(), self.text(entry)?.to_owned());
            }
        }
        Ok(CodeTable::new(codes, fails_on_missing))
    }

    fn segments(&self, entries: &[Entry<'_>]) -> Result<BTreeMap<u8, &'static str>, MappingError> {
        let mut segments = BTreeMap::new();
        for entry in entries {
            let member = ACCOUNT_MEMBERS.into_iter().find(|member| *member == entry.key);
            let member = member.ok_or_else(|| self.unknown(entry, "member", &ACCOUNT_MEMBERS))?;
            let segment = self.text(entry)?;
            let number = segment.strip_prefix("segment-").and_then(|number| number.parse().ok());
            let number = number.filter(|number| (1..=20).contains(number)).ok_or_else(|| {
                let message =
                    format!("`{member}` is \"{segment}\"; allowed are \"segment-1\" to \"segment-20\"");
                self.error(entry, message)
            })?;
            if let Some(other) = segments.insert(number, member) {
                let message = format!("`{member}` and `{other}` can't both fill segment-{number}");
                return Err(self.error(entry, message));
            }
        }
        Ok(segments)
    }

    fn custom_fields(
        &self,
        entries: &[Entry<'_>],
    ) -> Result<BTreeMap<ObjectKind, BTreeMap<String, String>>, MappingError> {
        const OBJECTS: [&str; 4] = ["suppliers", "purchase_orders", "invoices", "credit_notes"];
        let mut fields: BTreeMap<ObjectKind, BTreeMap<String, String>> = BTreeMap::new();
        let (tables, flat): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.value.is_table());
        for entry in flat {
            for kind in NUMBERED {
                self.custom_field(entry, fields.entry(kind).or_default())?;
            }
        }
        for table in tables {
            let kind = ObjectKind::parse(table.key).filter(|_| OBJECTS.contains(&table.key));
            let kind = kind.ok_or_else(|| self.unknown(table, "object", &OBJECTS))?;
            for entry in &in_order(self.table(table)?) {
                self.custom_field(entry, fields.entry(kind).or_default())?;
            }
        }
        Ok(fields)
    }

    /// The member's name becomes part of a request to SAP, so nothing else may stand in it.
    fn custom_field(
        &self,
        entry: &Entry<'_>,
        fields: &mut BTreeMap<String, String>,
    ) -> Result<(), MappingError> {
        let member = entry.key;
        let custom_field = self.text(entry)?;
        if member.is_empty() || !member.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message =
                format!("`{member}` is no member of SAP's: only letters, digits and `_` can stand in it");
            return Err(self.error(entry, message));
        }
        match fields.insert(custom_field.to_owned(), member.to_owned()) {
            Some(other) if other != member => {
                let message = format!("`{member}` and `{other}` can't both fill \"{custom_field}\"");
                Err(self.error(entry, message))
            }
            _ => Ok(()),
        }
    }

    fn numbers(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        let known = NUMBERED.map(ObjectKind::singular);
        for entry in entries {
            let kind = NUMBERED.into_iter().find(|kind| kind.singular() == entry.key);
            let kind = kind.ok_or_else(|| self.unknown(entry, "key", &known))?;
            let template =
                Template::parse(self.text(entry)?).map_err(|message| self.error(entry, message))?;
            mapping.numbers.insert(kind, template);
        }
        Ok(())
    }

    fn differences(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        const POLICIES: [(&str, Policy); 3] =
            [("line", Policy::Line), ("charge", Policy::Charge), ("fail", Policy::Fail)];
        for entry in entries {
            let difference = Difference::ALL.into_iter().find(|difference| difference.name() == entry.key);
            let known = Difference::ALL.map(Difference::name);
            let difference = difference.ok_or_else(|| self.unknown(entry, "key", &known))?;
            mapping.differences.insert(difference, self.choice(entry, &POLICIES)?);
        }
        Ok(())
    }

    fn credit_notes(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        for entry in entries {
            match entry.key {
                "original" => {
                    let choices = [("fail", Original::Fail), ("self", Original::Itself)];
                    mapping.original = self.choice(entry, &choices)?;
                }
                _ => return Err(self.unknown(entry, "key", &["original"])),
            }
        }
        Ok(())
    }

    fn adopt(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        // A payment is no document of its own in Coupa.
        const KINDS: [ObjectKind; 4] =
            [ObjectKind::Supplier, ObjectKind::PurchaseOrder, ObjectKind::Invoice, ObjectKind::CreditNote];
        for entry in entries {
            let kind = KINDS.into_iter().find(|kind| kind.plural() == entry.key);
            let kind = kind.ok_or_else(|| self.unknown(entry, "key", &KINDS.map(ObjectKind::plural)))?;
            let choices = [("by_mark", Adopt::ByMark), ("by_number", Adopt::ByNumber)];
            mapping.adopt.insert(kind, self.choice(entry, &choices)?);
        }
        Ok(())
    }

    fn purchase_orders(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        for entry in entries {
            match entry.key {
                "match_type" => {
                    self.choice(entry, &words(&MATCHING))?.clone_into(&mut mapping.match_type);
                }
                _ => return Err(self.unknown(entry, "key", &["match_type"])),
            }
        }
        Ok(())
    }

    fn ownership(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        const SIDES: [(&str, Side); 2] = [("sap", Side::Sap), ("coupa", Side::Coupa)];
        let known = OWNED.map(|(field, _)| field);
        for entry in entries {
            let field = known.into_iter().find(|field| *field == entry.key);
            let field = field.ok_or_else(|| self.unknown(entry, "field", &known))?;
            mapping.ownership.set(field, self.choice(entry, &SIDES)?);
        }
        Ok(())
    }

    fn suppliers(&self, entries: &[Entry<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
        for entry in entries {
            let (setting, allowed): (&mut String, &[&'static str]) = match entry.key {
                "invoice_matching_level" => (&mut mapping.invoice_matching_level, &MATCHING),
                "po_method" => (&mut mapping.po_method, &PO_METHODS),
                "payment_method" => (&mut mapping.payment_method, &PAYMENT_METHODS),
                "ownership" => {
                    self.ownership(&in_order(self.table(entry)?), mapping)?;
                    continue;
                }
                _ => {
                    let known = ["invoice_matching_level", "po_method", "payment_method", "ownership"];
                    return Err(self.unknown(entry, "key", &known));
                }
            };
            self.choice(entry, &words(allowed))?.clone_into(setting);
        }
        Ok(())
    }
}
