use crate::sap::entities::DocumentKind;
use crate::sap::query::{Expression, Literal, Options, compare_values, holds};
use crate::sap::refusal::Refusal;
use crate::sap::schema::{EntityType, Kind, SCHEMA};
use crate::sap::value::Entity;
use crate::sap::world::World;
use jiff::civil::{Date, DateTime};
use std::cmp::Ordering;

/// An entity set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Partners,
    Documents(DocumentKind),
    Payments,
    /// By the set's name and its type's.
    Master(&'static str, &'static str),
}

const MASTERS: [(&str, &str); 6] = [
    ("PaymentTermsTypes", "PaymentTermsType"),
    ("Currencies", "Currency"),
    ("UnitOfMeasurements", "UnitOfMeasurement"),
    ("Warehouses", "Warehouse"),
    ("ChartOfAccounts", "ChartOfAccount"),
    ("VatGroups", "VatGroup"),
];

/// The key of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Number(i64),
    Text(String),
}

impl Set {
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let documents = DocumentKind::ALL.into_iter().map(Self::Documents);
        let masters = MASTERS.into_iter().map(|(name, of)| Self::Master(name, of));
        [Self::Partners, Self::Payments].into_iter().chain(documents).chain(masters)
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::all().find(|set| set.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Partners => "BusinessPartners",
            Self::Documents(kind) => kind.entity_set(),
            Self::Payments => "VendorPayments",
            Self::Master(name, _) => name,
        }
    }

    pub(crate) fn entity_type(self) -> &'static EntityType {
        SCHEMA.entity_type(match self {
            Self::Partners => "BusinessPartner",
            Self::Documents(_) => "Document",
            Self::Payments => "Payment",
            Self::Master(_, of) => of,
        })
    }

    pub(crate) fn len(self, world: &World) -> usize {
        match self {
            Self::Partners => world.partners.len(),
            Self::Documents(kind) => world.table(kind).map_or(0, |table| table.rows.len()),
            Self::Payments => world.payments.len(),
            Self::Master(name, _) => world.masters.get(name).map_or(0, Vec::len),
        }
    }

    /// Reads what stands in the brackets after the set's name.
    pub(crate) fn key(self, text: &str) -> Result<Key, Refusal> {
        let of = self.entity_type();
        let name = of.key.unwrap_or_default();
        let text = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
        let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let is_number =
            of.find(name, crate::sap::MetadataVersion::Newer).is_some_and(|(_, key)| key.kind == Kind::Int);
        match (is_number, quoted) {
            (true, None) => text.parse().map(Key::Number).ok(),
            (false, Some(quoted)) => Some(Key::Text(quoted.replace("''", "'"))),
            _ => None,
        }
        .ok_or_else(|| Refusal::syntax(format!("Invalid key of '{}'", self.name())))
    }

    pub(crate) fn find<'a>(self, world: &'a World, key: &Key) -> Result<&'a dyn Entity, Refusal> {
        let found = match (self, key) {
            (Self::Partners, Key::Text(code)) => world.partners.get(code).map(|found| found as &dyn Entity),
            (Self::Documents(kind), Key::Number(entry)) => {
                world.table(kind).and_then(|table| table.rows.get(entry)).map(|found| found as &dyn Entity)
            }
            (Self::Payments, Key::Number(entry)) => {
                world.payments.get(entry).map(|found| found as &dyn Entity)
            }
            (Self::Master(name, _), key) => world.masters.get(name).into_iter().flatten().find_map(|row| {
                let name = self.entity_type().key.unwrap_or_default();
                let matches = match key {
                    Key::Number(number) => row.get(name) == Some(&crate::sap::Field::Int(*number)),
                    Key::Text(text) => row.text(name) == text,
                };
                matches.then_some(row as &dyn Entity)
            }),
            _ => None,
        };
        found.ok_or_else(Refusal::no_match)
    }

    /// The entities that `options` ask for, without `$skip` and `$top`. They come one by one where their order
    /// allows it, so that a page costs what it holds and not what there is.
    pub(crate) fn matching<'a>(
        self,
        world: &'a World,
        options: &'a Options,
        shuffle: Option<u64>,
    ) -> Box<dyn Iterator<Item = &'a dyn Entity> + 'a> {
        let (candidates, sorted) = self.candidates(world, options);
        let filter = options.filter.as_ref();
        let matching =
            candidates.filter(move |entity| filter.is_none_or(|filter| holds(filter, *entity) == Some(true)));
        if sorted && shuffle.is_none() {
            return Box::new(matching);
        }
        let mut rows: Vec<_> = (0_u64..).zip(matching).collect();
        rows.sort_by(|(left_at, left), (right_at, right)| {
            order(options, *left, *right).then_with(|| match shuffle {
                Some(seed) => mix(*left_at, seed).cmp(&mix(*right_at, seed)),
                None => left_at.cmp(right_at),
            })
        });
        Box::new(rows.into_iter().map(|(_, row)| row))
    }

    /// Those that can match, and whether they come in the order asked for.
    fn candidates<'a>(
        self,
        world: &'a World,
        options: &Options,
    ) -> (Box<dyn Iterator<Item = &'a dyn Entity> + 'a>, bool) {
        let of = self.entity_type();
        let key = of.key.and_then(|name| of.index(name)).unwrap_or_default();
        // A key settles the order: what comes after it doesn't matter.
        let by_key = options.order_by.first().is_none_or(|first| *first == (key, false));
        match self {
            Self::Partners => (Box::new(world.partners.values().map(|row| row as &dyn Entity)), by_key),
            Self::Payments => {
                let least =
                    options.filter.as_ref().and_then(|filter| filter.least(key, int)).unwrap_or(i64::MIN);
                (Box::new(world.payments.range(least..).map(|(_, row)| row as &dyn Entity)), by_key)
            }
            Self::Documents(kind) => documents(world, kind, key, options, by_key),
            Self::Master(name, _) => {
                let rows = world.masters.get(name).into_iter().flatten();
                (Box::new(rows.map(|row| row as &dyn Entity)), options.order_by.is_empty())
            }
        }
    }
}

fn documents<'a>(
    world: &'a World,
    kind: DocumentKind,
    key: u16,
    options: &Options,
    by_key: bool,
) -> (Box<dyn Iterator<Item = &'a dyn Entity> + 'a>, bool) {
    let Some(table) = world.table(kind) else { return (Box::new(std::iter::empty()), true) };
    let filter = options.filter.as_ref();
    if let Some(keys) = filter.and_then(|filter| filter.keys(key)) {
        let rows = keys.into_iter().filter_map(|entry| table.rows.get(&entry));
        return (Box::new(rows.map(|row| row as &dyn Entity)), by_key);
    }
    let of = SCHEMA.entity_type("Document");
    let index = |name: &str| of.index(name).unwrap_or_default();
    let (update_date, update_time) = (index("UpdateDate"), index("UpdateTime"));
    let day = filter.and_then(|filter: &Expression| filter.least(update_date, date));
    let by_stamp = [(update_date, false), (update_time, false), (key, false)].starts_with(&options.order_by);
    let by_stamp = by_stamp && !options.order_by.is_empty();
    if day.is_some() || by_stamp {
        let from = (day.map(|day| day.to_datetime(jiff::civil::Time::MIN)), i64::MIN);
        let entries = table.by_stamp.range::<(Option<DateTime>, i64), _>(from..);
        let rows = entries.filter_map(|(_, entry)| table.rows.get(entry));
        return (Box::new(rows.map(|row| row as &dyn Entity)), by_stamp);
    }
    let least = filter.and_then(|filter| filter.least(key, int)).unwrap_or(i64::MIN);
    (Box::new(table.rows.range(least..).map(|(_, row)| row as &dyn Entity)), by_key)
}

fn int(literal: &Literal) -> Option<i64> {
    match literal {
        Literal::Int(number) => Some(*number),
        _ => None,
    }
}

fn date(literal: &Literal) -> Option<Date> {
    match literal {
        Literal::Date(date) => Some(*date),
        _ => None,
    }
}

fn order(options: &Options, left: &dyn Entity, right: &dyn Entity) -> Ordering {
    let mut keys = options.order_by.iter();
    keys.find_map(|(index, descending)| {
        let order = compare_values(&left.member(*index), &right.member(*index));
        let order = if *descending { order.reverse() } else { order };
        order.is_ne().then_some(order)
    })
    .unwrap_or(Ordering::Equal)
}

/// Scatters `at` by `seed`.
fn mix(at: u64, seed: u64) -> u64 {
    let mixed = (at ^ seed.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
