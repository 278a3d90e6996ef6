//! The two tables. The SAM template defines them once more; a test over there holds it against this list.

/// The state table's logical name in the template. Its key is `pk` alone.
pub const STATE_TABLE: &str = "StateTable";
/// The audit table's logical name in the template. Its key is `document` and `at`, both text.
pub const AUDIT_TABLE: &str = "AuditTable";

/// The key of the state table: a document's text form, or the name of something that there is one of.
pub(super) const PK: &str = "pk";
/// The key of the audit table: whose entry, and when (fixed in width, so that it sorts).
pub(super) const DOCUMENT: &str = "document";
pub(super) const AT: &str = "at";
/// When DynamoDB may delete an audit entry, in seconds since 1970.
pub(super) const EXPIRES_AT: &str = "expires_at";

pub(super) const BY_NUMBER: &str = "by_number";
pub(super) const BY_COUPA_NUMBER: &str = "by_coupa_number";
pub(super) const BY_DUE: &str = "by_due";
pub(super) const BY_WAITS_FOR: &str = "by_waits_for";
pub(super) const BY_DEAD: &str = "by_dead";
pub(super) const BY_DAY: &str = "by_day";

/// A sparse index of keys alone: an item is in it while it has the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Of which table: [`STATE_TABLE`] or [`AUDIT_TABLE`].
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The attribute that it is partitioned by: text.
    pub hash: &'static str,
    /// The attribute that it is sorted by, and DynamoDB's letter for its type.
    pub range: Option<(&'static str, &'static str)>,
}

/// Every index that there is. All project keys only.
pub const INDEXES: [Index; 6] = [
    Index { table: STATE_TABLE, name: BY_NUMBER, hash: "number", range: None },
    Index { table: STATE_TABLE, name: BY_COUPA_NUMBER, hash: "coupa_number", range: None },
    Index { table: STATE_TABLE, name: BY_DUE, hash: "parked_in", range: Some(("due_at", "N")) },
    Index { table: STATE_TABLE, name: BY_WAITS_FOR, hash: "waits_for", range: None },
    Index { table: STATE_TABLE, name: BY_DEAD, hash: "dead_in", range: Some(("dead_at", "N")) },
    // By day *and* outcome: failures are few among very many, and counting one outcome reads no other. The list of all
    // outcomes asks for each that the day is known to have, side by side.
    Index { table: AUDIT_TABLE, name: BY_DAY, hash: "day", range: Some((AT, "S")) },
];

/// What the tables are called where this runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    /// The state table.
    pub state: String,
    /// The audit table.
    pub audit: String,
}

#[cfg(feature = "contract")]
pub use create::create_tables;

#[cfg(feature = "contract")]
mod create {
    #![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "for tests alone")]

    use super::{AT, AUDIT_TABLE, DOCUMENT, INDEXES, PK, STATE_TABLE, TableNames};
    use aws_sdk_dynamodb::{
        Client,
        types::{
            AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
            ProjectionType, ScalarAttributeType,
        },
    };
    use std::collections::BTreeMap;

    /// Makes both tables under these names, as the template does on AWS.
    pub async fn create_tables(client: &Client, names: &TableNames) {
        create(client, &names.state, STATE_TABLE, &[(PK, "S")]).await;
        create(client, &names.audit, AUDIT_TABLE, &[(DOCUMENT, "S"), (AT, "S")]).await;
    }

    async fn create(client: &Client, name: &str, table: &str, key: &[(&'static str, &'static str)]) {
        let mut attributes: BTreeMap<&str, &str> = key.iter().copied().collect();
        let mut request = client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(schema(key)));
        for index in INDEXES.iter().filter(|index| index.table == table) {
            let mut key = vec![(index.hash, "S")];
            key.extend(index.range);
            attributes.extend(key.iter().copied());
            let index = GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .set_key_schema(Some(schema(&key)))
                .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
            request = request.global_secondary_indexes(index.build().unwrap());
        }
        for (attribute, letter) in attributes {
            let definition = AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::from(letter));
            request = request.attribute_definitions(definition.build().unwrap());
        }
        request.send().await.unwrap();
    }

    fn schema(key: &[(&'static str, &'static str)]) -> Vec<KeySchemaElement> {
        let kinds = [KeyType::Hash, KeyType::Range];
        key.iter()
            .zip(kinds)
            .map(|((name, _), kind)| {
                KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap()
            })
            .collect()
    }
}
