//! The entity types as SAP's metadata lists them: names, kinds and order of their members.

use super::settings::MetadataVersion;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// All types and enums.
pub(crate) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(include_str!("schema.txt")));

/// Stands in for a type that the list lacks, so that nothing here has to fail.
static NO_TYPE: LazyLock<EntityType> = LazyLock::new(|| EntityType::new("Unknown", None));

/// What the metadata says.
pub(crate) struct Schema {
    types: BTreeMap<&'static str, EntityType>,
    enums: BTreeMap<&'static str, Vec<(&'static str, &'static str)>>,
}

/// An entity type or a complex type.
pub(crate) struct EntityType {
    pub(crate) name: &'static str,
    /// The name of the key property; complex types have none.
    pub(crate) key: Option<&'static str>,
    pub(crate) properties: Vec<Property>,
    by_name: BTreeMap<&'static str, u16>,
    nulls: Nulls,
    nulls_older: Nulls,
}

/// A member of an [`EntityType`].
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) read_only: bool,
    pub(crate) newer_only: bool,
}

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Amount,
    Date,
    Time,
    /// One of an enum's members.
    Enum(&'static str),
    /// An object of that type.
    One(&'static str),
    /// A collection of that type.
    Many(&'static str),
}

/// All members written as null, so that an entity's unset ones are copied in runs.
#[derive(Default)]
struct Nulls {
    text: String,
    starts: Vec<usize>,
}

impl EntityType {
    fn new(name: &'static str, key: Option<&'static str>) -> Self {
        Self {
            name,
            key,
            properties: Vec::new(),
            by_name: BTreeMap::new(),
            nulls: Nulls::default(),
            nulls_older: Nulls::default(),
        }
    }

    /// The place of a member, whatever the metadata version.
    pub(crate) fn index(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn property(&self, index: u16) -> Option<&Property> {
        self.properties.get(usize::from(index))
    }

    /// The member called `name`, if that metadata version has it.
    pub(crate) fn find(&self, name: &str, version: MetadataVersion) -> Option<(u16, &Property)> {
        let index = self.index(name)?;
        let property = self.property(index)?;
        (version == MetadataVersion::Newer || !property.newer_only).then_some((index, property))
    }

    /// `"Name":null,` for each member from `from` up to but without `to`.
    pub(crate) fn nulls(&self, from: u16, to: u16, version: MetadataVersion) -> &str {
        let nulls = if version == MetadataVersion::Newer { &self.nulls } else { &self.nulls_older };
        let at = |index: u16| nulls.starts.get(usize::from(index)).copied().unwrap_or(nulls.text.len());
        nulls.text.get(at(from)..at(to)).unwrap_or_default()
    }

    fn add(&mut self, property: Property) {
        let unset = if matches!(property.kind, Kind::Many(_)) { "[]" } else { "null" };
        let written = format!("\"{}\":{unset},", property.name);
        self.nulls.starts.push(self.nulls.text.len());
        self.nulls.text.push_str(&written);
        self.nulls_older.starts.push(self.nulls_older.text.len());
        if !property.newer_only {
            self.nulls_older.text.push_str(&written);
        }
        if let Ok(index) = u16::try_from(self.properties.len()) {
            self.by_name.insert(property.name, index);
        }
        self.properties.push(property);
    }
}

impl Schema {
    /// The type called `name`; an empty one if there is none.
    pub(crate) fn entity_type(&'static self, name: &str) -> &'static EntityType {
        self.types.get(name).unwrap_or_else(|| &NO_TYPE)
    }

    /// The member names and database values of an enum.
    pub(crate) fn enum_members(&self, name: &str) -> &[(&'static str, &'static str)] {
        self.enums.get(name).map_or(&[], Vec::as_slice)
    }

    /// The member name that `given` means: itself or its database value.
    pub(crate) fn enum_member(&self, name: &str, given: &str) -> Option<&'static str> {
        let members = self.enum_members(name);
        members.iter().find(|(member, value)| *member == given || *value == given).map(|(member, _)| *member)
    }

    fn parse(text: &'static str) -> Self {
        let mut schema = Self { types: BTreeMap::new(), enums: BTreeMap::new() };
        let mut current: Option<EntityType> = None;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("type"), Some(name)) => {
                    let key = words.nth(1);
                    let done = current.replace(EntityType::new(name, key));
                    schema.types.extend(done.map(|done| (done.name, done)));
                }
                (Some("enum"), Some(name)) => {
                    schema.enums.insert(name, words.filter_map(|word| word.split_once('=')).collect());
                }
                (Some(name), Some(kind)) => {
                    if let (Some(current), Some(property)) =
                        (current.as_mut(), property(name, kind, words.next()))
                    {
                        current.add(property);
                    }
                }
                _ => {}
            }
        }
        schema.types.extend(current.map(|done| (done.name, done)));
        schema
    }
}

fn property(name: &'static str, kind: &'static str, of: Option<&'static str>) -> Option<Property> {
    let kind = match (kind, of) {
        ("int", _) => Kind::Int,
        ("text", _) => Kind::Text,
        ("amount", _) => Kind::Amount,
        ("date", _) => Kind::Date,
        ("time", _) => Kind::Time,
        ("enum", Some(of)) => Kind::Enum(of),
        ("one", Some(of)) => Kind::One(of),
        ("many", Some(of)) => Kind::Many(of),
        _ => return None,
    };
    let newer_only = name.starts_with('+');
    let name = name.trim_start_matches('+');
    let read_only = name.ends_with('!');
    Some(Property { name: name.trim_end_matches('!'), kind, read_only, newer_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_as_long_as_the_metadata() {
        let count = |name: &str| SCHEMA.entity_type(name).properties.len();
        // The counts of the metadata, and a few custom and newer members each.
        assert_eq!(count("Document"), 268 + 5 + 7);
        assert_eq!(count("DocumentLine"), 206 + 1);
        assert_eq!(count("BusinessPartner"), 304 + 4);
        assert_eq!(count("Payment"), 94 + 2);
        assert_eq!(SCHEMA.entity_type("Document").key, Some("DocEntry"));
    }

    #[test]
    fn older_metadata_lacks_members() {
        let document = SCHEMA.entity_type("Document");
        assert!(document.find("PaidToDate", MetadataVersion::Newer).is_some());
        assert!(document.find("PaidToDate", MetadataVersion::Older).is_none());
        let end = u16::try_from(document.properties.len()).unwrap();
        assert!(!document.nulls(0, end, MetadataVersion::Older).contains("DataVersion"));
        assert!(document.nulls(0, end, MetadataVersion::Newer).contains("\"DataVersion\":null,"));
    }

    #[test]
    fn enums_go_by_name_or_database_value() {
        assert_eq!(SCHEMA.enum_member("BoCardTypes", "S"), Some("cSupplier"));
        assert_eq!(SCHEMA.enum_member("BoCardTypes", "cSupplier"), Some("cSupplier"));
        assert_eq!(SCHEMA.enum_member("BoCardTypes", "Supplier"), None);
    }
}
