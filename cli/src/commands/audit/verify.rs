//! `audit verify`: whether the trail is what was written.

use super::checkpoint::CheckpointFile;
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
struct Wrong {
    document: String,
    number: String,
    what: String,
}

pub(in crate::commands) async fn run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    // First what is let go may be known, then what is: a payload that goes in between was covered before it went.
    let trail = Trail::read(&books).await?;
    let file = CheckpointFile::find(app, &config).await?;
    let last = file.last()?;
    let payloads_before = last.as_ref().and_then(|last| last.payloads_before);
    let mut wrong = trail.still_broken(&books, payloads_before).await?;
    if let Some(last) = last.as_ref().filter(|_| books.file.is_some()) {
        wrong.extend(trail.since(last));
    }
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
        let documents: Vec<DocumentKey> = documents.into_iter().collect();
        let mut heads = BTreeMap::new();
        for some in documents.chunks(AT_ONCE) {
            for (document, item) in some.iter().zip(books.state.items(some).await?) {
                let item = item.unwrap_or_default();
                let number = item.number.unwrap_or_else(|| document.key.to_string());
                if let Some(head) = item.audit {
                    heads.insert(document.clone(), (number, head));
                } else if entries
                    .get(document)
                    .is_some_and(|all| all.iter().any(|entry| entry.chain.is_some()))
                {
                    heads.insert(document.clone(), (number, AuditHead::default()));
                }
            }
        }
        Ok(Self { entries, heads })
    }

    /// Where the chain of each document ends, by the document's key.
    fn ends(&self) -> BTreeMap<String, AuditHead> {
        self.heads.iter().map(|(document, (_, head))| (document.to_string(), head.clone())).collect()
    }

    /// Chains that are not whole. Each is looked at twice: the first time an attempt may have ended in between.
    async fn still_broken(&self, books: &Books, payloads_before: Option<Timestamp>) -> CliResult<Vec<Wrong>> {
        let (none, mut wrong) = (Vec::new(), Vec::new());
        for (document, (number, head)) in &self.heads {
            let entries = self.entries.get(document).unwrap_or(&none);
            // On a stack the oldest entries expire by themselves, and nothing tells those from others that were taken out.
            let let_go = |head: Option<&AuditHead>| {
                let entries = head.filter(|_| books.file.is_none()).map_or(0, |head| head.count);
                LetGo { entries, payloads_before }
            };
            if audit_chain::verify(entries, Some(head), let_go(Some(head))).is_ok() {
                continue;
            }
            let entries = books.audit.of_document(document).await?;
            let item = books.state.items(std::slice::from_ref(document)).await?.pop().flatten();
            let head = item.and_then(|item| item.audit);
            if let Err(broken) = audit_chain::verify(&entries, head.as_ref(), let_go(head.as_ref())) {
                let (document, number) = (document.to_string(), number.clone());
                wrong.push(Wrong { document, number, what: broken.to_string() });
            }
        }
        Ok(wrong)
    }

    /// What the last checkpoint saw, and is no longer there or no longer the same.
    fn since(&self, last: &Checkpoint) -> Vec<Wrong> {
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
            if !same {
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
