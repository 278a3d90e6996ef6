//! `audit verify`: whether the trail is what was written.

use super::{checkpoint::CheckpointFile, expired::Expired};
use crate::{
    CliResult,
    books::Books,
    commands::{App, Exit},
    output::{Look, Report, Table},
};
use certificate::Checkpoint;
use jiff::Timestamp;
use model::{AuditEntry, AuditHead, DocumentKey};
use pipeline::audit_chain::{self, LetGo};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::AuditFilter;

/// Documents looked up at once.
const AT_ONCE: usize = 500;

/// Something that is not as it was written.
pub(super) struct Wrong {
    pub(super) document: String,
    pub(super) number: String,
    pub(super) what: String,
}

pub(in crate::commands) async fn run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    // First what is let go may be known, then what is: a payload that goes in between was covered before it went.
    let mut trail = Trail::read(&books).await?;
    let file = CheckpointFile::find(app, &config).await?;
    let last = file.last()?;
    let expired = Expired::read(app, &config, &file.public_key()).await?;
    let mut wrong = trail.add_expired(&books, &expired).await?;
    let payloads_before = last.as_ref().and_then(|last| last.payloads_before);
    wrong.extend(trail.still_broken(&books, &expired, payloads_before).await?);
    if let Some(last) = &last {
        wrong.extend(trail.since(last, &expired));
    }
    wrong.extend(expired.wrong);
    let whole = wrong.is_empty();
    if whole {
        file.leave(&Checkpoint {
            made_at: app.clock.now(),
            company: config.sap.company_db.to_string(),
            documents: trail.ends(),
            // Looked up anew: what is let go meanwhile stays covered.
            payloads_before: file.last()?.and_then(|last| last.payloads_before),
        })?;
    }
    let entries = trail.entries.values().map(Vec::len).sum();
    // One that only says what was let go has seen no document.
    let since = last.filter(|last| !last.documents.is_empty()).map(|last| last.made_at.to_string());
    app.show(&Verified { documents: trail.heads.len(), entries, since, wrong });
    Ok(if whole { Exit::Done } else { Exit::Failed })
}

/// All attempts by document, and where each chain should end.
struct Trail {
    entries: BTreeMap<DocumentKey, Vec<AuditEntry>>,
    heads: BTreeMap<DocumentKey, (String, AuditHead)>,
}

impl Trail {
    async fn read(books: &Books) -> CliResult<Self> {
        let filter = AuditFilter { failed: false, since: None, limit: usize::MAX };
        let mut entries: BTreeMap<DocumentKey, Vec<AuditEntry>> = BTreeMap::new();
        for entry in books.audit.list(&filter).await? {
            entries.entry(entry.document.clone()).or_default().push(entry);
        }
        let mut documents: BTreeSet<DocumentKey> = entries.keys().cloned().collect();
        documents.extend(books.documents().await?);
        let mut trail = Self { entries, heads: BTreeMap::new() };
        trail.add_heads(books, documents).await?;
        Ok(trail)
    }

    async fn add_heads(&mut self, books: &Books, documents: BTreeSet<DocumentKey>) -> CliResult<()> {
        let documents: Vec<DocumentKey> = documents.into_iter().collect();
        for some in documents.chunks(AT_ONCE) {
            for (document, item) in some.iter().zip(books.state.items(some).await?) {
                let item = item.unwrap_or_default();
                let number = item.number.unwrap_or_else(|| document.key.to_string());
                let chained = |all: &Vec<AuditEntry>| all.iter().any(|entry| entry.chain.is_some());
                if let Some(head) = item.audit {
                    self.heads.insert(document.clone(), (number, head));
                } else if self.entries.get(document).is_some_and(chained) {
                    self.heads.insert(document.clone(), (number, AuditHead::default()));
                }
            }
        }
        Ok(())
    }

    /// Adds documents of which nothing may be left but what was signed of them, and their items. Answers those whose item is gone too:
    /// it says where the chain ends, and does not expire.
    async fn add_expired(&mut self, books: &Books, expired: &Expired) -> CliResult<Vec<Wrong>> {
        let documents = expired.until.keys().filter_map(|document| document.parse().ok());
        let unseen: BTreeSet<DocumentKey> =
            documents.filter(|document| !self.heads.contains_key(document)).collect();
        self.add_heads(books, unseen.clone()).await?;
        let gone = unseen.into_iter().filter(|document| !self.heads.contains_key(document));
        let wrong = |document: DocumentKey| {
            let what = "its record, which says where the chain ends, was taken out".to_owned();
            Wrong { document: document.to_string(), number: String::new(), what }
        };
        Ok(gone.map(wrong).collect())
    }

    /// Where the chain of each document ends, by the document's key.
    fn ends(&self) -> BTreeMap<String, AuditHead> {
        self.heads.iter().map(|(document, (_, head))| (document.to_string(), head.clone())).collect()
    }

    /// Chains that are not whole. Each is looked at twice: the first time an attempt may have ended in between.
    async fn still_broken(
        &self,
        books: &Books,
        expired: &Expired,
        payloads_before: Option<Timestamp>,
    ) -> CliResult<Vec<Wrong>> {
        let (none, mut wrong) = (Vec::new(), Vec::new());
        for (document, (number, head)) in &self.heads {
            let entries = self.entries.get(document).unwrap_or(&none);
            let let_go = LetGo { until: expired.until(&document.to_string()), payloads_before };
            if audit_chain::verify(entries, Some(head), &let_go).is_ok() {
                continue;
            }
            let entries = books.audit.of_document(document).await?;
            let item = books.state.items(std::slice::from_ref(document)).await?.pop().flatten();
            let head = item.and_then(|item| item.audit);
            if let Err(broken) = audit_chain::verify(&entries, head.as_ref(), &let_go) {
                let (document, number) = (document.to_string(), number.clone());
                wrong.push(Wrong { document, number, what: broken.to_string() });
            }
        }
        Ok(wrong)
    }

    /// What the last checkpoint saw, and is no longer there or no longer the same, unless it was let go.
    fn since(&self, last: &Checkpoint, expired: &Expired) -> Vec<Wrong> {
        let by_key: BTreeMap<String, &DocumentKey> =
            self.heads.keys().map(|key| (key.to_string(), key)).collect();
        let mut wrong = Vec::new();
        for (key, head) in &last.documents {
            let then = format!("{} attempts of it were there at {}", head.count, last.made_at);
            let entries = by_key.get(key).and_then(|document| self.entries.get(*document));
            let same = entries.is_some_and(|entries| {
                let mut chains = entries.iter().filter_map(|entry| entry.chain.as_ref());
                chains.any(|chain| chain.sequence == head.count && chain.hash == head.hash)
            });
            if !same && expired.until(key).count < head.count {
                let what = if entries.is_none() { "was taken out whole" } else { "was written anew" };
                wrong.push(Wrong {
                    document: key.clone(),
                    number: String::new(),
                    what: format!("{what}: {then}"),
                });
            }
        }
        wrong
    }
}

struct Verified {
    documents: usize,
    entries: usize,
    /// When the checkpoint was made that it was held against.
    since: Option<String>,
    wrong: Vec<Wrong>,
}

impl Report for Verified {
    fn human(&self, look: &Look) -> String {
        let what = format!("{} attempts on {} documents", self.entries, self.documents);
        let against = match &self.since {
            Some(since) => format!("Nothing that was there at {since} is missing."),
            None => "There was no checkpoint yet to hold it against; there is one now.".to_owned(),
        };
        if self.wrong.is_empty() {
            return format!("{} {what}, none altered, taken out or added. {against}", look.good("Whole:"));
        }
        let mut table = Table::new(["document", "number", "what"]);
        for wrong in &self.wrong {
            table.row([wrong.document.clone(), wrong.number.clone(), wrong.what.clone()]);
        }
        format!("{} {what}\n\n{}", look.bad("Not whole:"), table.text())
    }

    fn json(&self) -> Value {
        let wrong: Vec<Value> = self
            .wrong
            .iter()
            .map(|wrong| json!({"document": wrong.document, "number": wrong.number, "what": wrong.what}))
            .collect();
        json!({
            "whole": self.wrong.is_empty(),
            "documents": self.documents,
            "entries": self.entries,
            "checkpoint": self.since,
            "wrong": wrong,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{attempt, before_noon, filled, invoice};
    use model::{Chain, DocumentItem};

    fn head(count: u64, hash: &str) -> AuditHead {
        AuditHead { count, hash: hash.to_owned() }
    }

    fn expired(document: &str, until: AuditHead) -> Expired {
        Expired { until: BTreeMap::from([(document.to_owned(), until)]), wrong: vec![] }
    }

    /// Invoice 2301, whose chain ended so, and of which no entry is left.
    async fn emptied(count: u64, hash: &str) -> Books {
        let item = DocumentItem { audit: Some(head(count, hash)), ..DocumentItem::default() };
        Books { file: None, ..filled(vec![], item).await }
    }

    async fn wrong(books: &Books, expired: &Expired) -> Vec<String> {
        let mut trail = Trail::read(books).await.unwrap();
        let mut wrong = trail.add_expired(books, expired).await.unwrap();
        wrong.extend(trail.still_broken(books, expired, None).await.unwrap());
        wrong.into_iter().map(|wrong| wrong.what).collect()
    }

    #[tokio::test]
    async fn a_document_of_which_all_has_expired_is_held_against_its_item() {
        let key = invoice(2301).to_string();
        assert!(wrong(&emptied(3, "h3").await, &expired(&key, head(3, "h3"))).await.is_empty());
        let later = wrong(&emptied(5, "h5").await, &expired(&key, head(3, "h3"))).await;
        assert_eq!(later, ["2 entries at the end were taken out: the document had 5"]);
        assert_eq!(
            wrong(&emptied(3, "x3").await, &expired(&key, head(3, "h3"))).await,
            ["entry 3 was altered"]
        );
        let gone = expired(&invoice(9).to_string(), head(1, "h1"));
        assert!(wrong(&emptied(3, "h3").await, &gone).await[0].contains("its record"));
    }

    #[tokio::test]
    async fn what_an_earlier_check_saw_may_be_missing_where_it_was_let_go() {
        let key = invoice(2301).to_string();
        let last = Checkpoint {
            made_at: before_noon(5),
            company: "SBODEMOUS".to_owned(),
            documents: BTreeMap::from([(key.clone(), head(3, "h3"))]),
            payloads_before: None,
        };
        let chain = |sequence: u64| Chain {
            sequence,
            before: format!("h{}", sequence - 1),
            hash: format!("h{sequence}"),
            payload: String::new(),
        };
        let books =
            filled(vec![AuditEntry { chain: Some(chain(4)), ..attempt() }], DocumentItem::default()).await;
        let trail = Trail::read(&books).await.unwrap();
        assert!(trail.since(&last, &Expired::default())[0].what.contains("3 attempts of it were there"));
        assert!(trail.since(&last, &expired(&key, head(2, "h2")))[0].what.contains("was written anew"));
        assert!(trail.since(&last, &expired(&key, head(3, "h3"))).is_empty());
    }
}
