//! The end of an attempt: one transaction, or a few where one can't hold it.

use super::{
    AwsStore,
    audit::EntryWrite,
    document::{EncodedItem, FENCE, LEASE_UNTIL},
    transaction::{Before, holds},
};
use crate::{Finish, FinishedDocument, StoreError};
use model::{AuditEntry, DocumentKey, Fence};
use std::collections::BTreeMap;

/// DynamoDB takes 100 actions and 4 MB in one transaction. A number that is new takes an action more, and keys and names
/// count, too.
const ACTIONS_AT_ONCE: usize = 90;
const BYTES_AT_ONCE: usize = 3_000_000;

/// A document's end, with the audit entries that must stand or fall with it.
#[derive(Default)]
pub(super) struct Group {
    pub(super) document: Option<DocumentWrite>,
    pub(super) entries: Vec<EntryWrite>,
}

/// The item of a document, to be written under its lease.
pub(super) struct DocumentWrite {
    pub(super) document: DocumentKey,
    pub(super) pk: String,
    pub(super) fence: Fence,
    pub(super) item: EncodedItem,
    /// What the item had before, once a refused transaction has told.
    pub(super) before: Option<Before>,
}

impl AwsStore {
    /// What is too much for one transaction is written in several: first the other documents, and the attempt's own, which
    /// comes first in the list, with its audit entry at the end. A crash between them is harmless: the attempt's own document is
    /// found with its attempt open, so the next one asks Coupa what became of it, and what it then writes to the others
    /// is what they hold already.
    pub(super) async fn write_finish(&self, finish: Finish) -> Result<(), StoreError> {
        let groups = self.groups(finish)?;
        self.make_days_known(groups.iter().flat_map(|group| &group.entries)).await?;
        self.put_parts(&groups).await?;
        let transactions = pack(groups);
        if transactions.len() > 1 {
            // Nothing binds the transactions together. But an end that is too late from the start writes nothing.
            self.check_leases(&transactions).await?;
        }
        for transaction in transactions {
            self.write_together(transaction).await?;
        }
        Ok(())
    }

    /// The attempt's own document last.
    fn groups(&self, finish: Finish) -> Result<Vec<Group>, StoreError> {
        let mut groups = Vec::with_capacity(finish.documents.len());
        let mut places = BTreeMap::new();
        for (place, FinishedDocument { lease, item }) in finish.documents.into_iter().enumerate() {
            let document = lease.document;
            places.insert(document.clone(), (place, lease.fence));
            let item = EncodedItem::new(&document, item, &lease.fence.0.to_string())?;
            let pk = document.to_string();
            let document = DocumentWrite { pk, document, fence: lease.fence, item, before: None };
            groups.push(Group { document: Some(document), entries: vec![] });
        }
        for (index, entry) in finish.audit.iter().enumerate() {
            match places.get(&entry.document) {
                Some((place, fence)) => {
                    let entry = self.entry(entry, Some(*fence), index)?;
                    groups.get_mut(*place).into_iter().for_each(|group| group.entries.push(entry.clone()));
                }
                None => groups.push(Group { document: None, entries: vec![self.loose_entry(entry)?] }),
            }
        }
        if finish_has_own(&groups) {
            groups.rotate_left(1);
        }
        Ok(groups)
    }

    fn loose_entry(&self, entry: &AuditEntry) -> Result<EntryWrite, StoreError> {
        let number = usize::try_from(self.next_in_sequence()).unwrap_or(usize::MAX);
        self.entry(entry, None, number)
    }

    async fn put_parts(&self, groups: &[Group]) -> Result<(), StoreError> {
        for group in groups {
            if let Some(document) = &group.document {
                self.dynamo.put_parts(&document.pk, &document.item.body).await?;
            }
            for entry in &group.entries {
                self.put_entry_parts(entry).await?;
            }
        }
        Ok(())
    }

    async fn check_leases(&self, transactions: &[Vec<Group>]) -> Result<(), StoreError> {
        let documents = || transactions.iter().flatten().filter_map(|group| group.document.as_ref());
        let found = self.dynamo.get_many(documents().map(|document| document.pk.clone())).await?;
        let late = documents()
            .find(|document| !found.get(&document.pk).is_some_and(|item| holds(item, document.fence)));
        late.map_or(Ok(()), |document| Err(StoreError::Fenced(document.document.clone())))
    }
}

fn finish_has_own(groups: &[Group]) -> bool {
    groups.first().is_some_and(|group| group.document.is_some())
}

/// Divides the groups into transactions, in their order.
fn pack(groups: Vec<Group>) -> Vec<Vec<Group>> {
    let mut transactions: Vec<Vec<Group>> = Vec::new();
    let (mut actions, mut bytes) = (0, 0);
    for group in groups {
        let (more_actions, more_bytes) = (group.actions(), group.bytes());
        let fits = actions + more_actions <= ACTIONS_AT_ONCE && bytes + more_bytes <= BYTES_AT_ONCE;
        if let Some(transaction) = transactions.last_mut().filter(|_| fits) {
            transaction.push(group);
            (actions, bytes) = (actions + more_actions, bytes + more_bytes);
        } else {
            transactions.push(vec![group]);
            (actions, bytes) = (more_actions, more_bytes);
        }
    }
    transactions
}

impl Group {
    fn actions(&self) -> usize {
        let numbers = self.entries.iter().filter(|entry| entry.number.is_some()).count();
        usize::from(self.document.is_some()) + self.entries.len() + numbers
    }

    fn bytes(&self) -> usize {
        let document = self.document.as_ref().map_or(0, |document| document.item.bytes());
        document + self.entries.iter().map(EntryWrite::bytes).sum::<usize>()
    }
}

/// The condition that every write of an attempt's end has.
pub(super) fn under_lease() -> String {
    format!("{FENCE} = :fence AND attribute_exists({LEASE_UNTIL})")
}
