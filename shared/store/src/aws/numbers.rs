//! From the numbers that people know to the documents.
//!
//! The numbers that a document has now lead to it by sparse indexes. SAP's key is the item's own key. Only a number that it used to
//! have, or that stands in an audit entry alone, needs an item of its own; both are rare.

use super::{
    AwsStore,
    document::{self, COUPA_NUMBER, NUMBER, number_key},
    tables::{BY_COUPA_NUMBER, BY_NUMBER, PK},
    value::{get_set, get_text, text},
};
use crate::StoreError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use model::{DocumentKey, ObjectKind, SapKey};
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENTS: &str = "documents";

/// By the key of a number's own item: the documents to be added to it.
#[derive(Default)]
pub(super) struct Aliases(pub(super) BTreeMap<String, BTreeSet<String>>);

impl Aliases {
    pub(super) fn add<'a>(&mut self, document: &str, numbers: impl Iterator<Item = &'a String>) {
        for number in numbers {
            self.0.entry(alias_key(number)).or_default().insert(document.to_owned());
        }
    }
}

fn alias_key(number_key: &str) -> String {
    format!("number/{}", number_key.replacen('#', "/", 1))
}

/// Adds documents to a number's own item.
pub(super) fn update(table: &str, pk: String, documents: BTreeSet<String>) -> Result<Update, StoreError> {
    Update::builder()
        .table_name(table)
        .key(PK, text(pk))
        .update_expression(format!("ADD {DOCUMENTS} :documents"))
        .expression_attribute_values(":documents", AttributeValue::Ss(documents.into_iter().collect()))
        .build()
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

impl AwsStore {
    pub(super) async fn find_by_number(
        &self,
        kind: ObjectKind,
        number: &str,
    ) -> Result<Vec<DocumentKey>, StoreError> {
        let key = number_key(kind, number);
        let mut found: BTreeSet<String> = BTreeSet::new();
        for (index, attribute) in [(BY_NUMBER, NUMBER), (BY_COUPA_NUMBER, COUPA_NUMBER)] {
            let query = self.dynamo.query_state(index, attribute, &key);
            // A number that the item has lost since is one that people knew it by: no need to look at it again.
            let items = self.dynamo.query(query, usize::MAX).await?;
            found.extend(items.iter().filter_map(|item| get_text(item, PK)).map(str::to_owned));
        }
        let alias = alias_key(&key);
        let own = self.by_sap_key(kind, number).map(|document| document.to_string());
        let mut items = self.dynamo.get_many([Some(alias.clone()), own].into_iter().flatten()).await?;
        if let Some(alias) = items.remove(&alias) {
            found.extend(get_set(&alias, DOCUMENTS));
        }
        found.extend(items.into_keys());
        found.iter().map(|text| document::key(text)).collect()
    }

    /// The document whose key in SAP is exactly this.
    fn by_sap_key(&self, kind: ObjectKind, text: &str) -> Option<DocumentKey> {
        let key = match kind {
            ObjectKind::Supplier => SapKey::CardCode(text.to_owned()),
            _ => SapKey::DocEntry(text.parse().ok()?),
        };
        (key.to_string() == text).then(|| DocumentKey { company: self.company.clone(), kind, key })
    }
}
