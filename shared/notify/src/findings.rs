use crate::{Outage, System};
use jiff::Timestamp;
use model::{Code, CompanyDb, ObjectKind};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{DeadLetterRow, StateStore, StoreError};

/// So many documents of one code are named; the rest is counted.
const NAMED: usize = 5;

/// All that is open now and that a person should know of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Whose.
    pub company: String,
    /// What failed for good, by code.
    pub failures: Vec<Failures>,
    /// Why nothing moves, if nothing does.
    pub standstill: Option<Standstill>,
    /// Coupa is away, however short a time.
    pub outage: Option<Outage>,
    /// How the last comparison of both sides ended, if it found differences.
    pub drift: Option<Drift>,
}

/// The dead letters of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// What happened to all of them.
    pub code: Code,
    /// When each failed, in order; never empty.
    pub failed_at: Vec<Timestamp>,
    /// Some of the documents, the newest first.
    pub examples: Vec<Example>,
}

/// A document by the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it is.
    pub kind: ObjectKind,
    /// Its number, or its key where it has none.
    pub number: String,
}

/// SAP can't be read, so nothing new arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// Which kind of trouble.
    pub code: Code,
    /// Since when, where that is known. The same moment is the same standstill.
    pub since: Option<Timestamp>,
    /// The same for people.
    pub text: String,
}

/// SAP and Coupa differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// When both sides were compared.
    pub compared_at: Timestamp,
    /// How many differences there are.
    pub differences: usize,
    /// The file that names them.
    pub certificate: String,
}

impl Findings {
    /// Gathers them from the books of a company. `last_comparison` names the record of the last comparison of both sides; by what
    /// signs SAP can't be read is another matter in each edition.
    pub async fn read(
        state: &dyn StateStore,
        company: &CompanyDb,
        last_comparison: &str,
        standstill: Option<Standstill>,
    ) -> Result<Self, StoreError> {
        let compared = state.record(last_comparison).await?;
        Ok(Self {
            company: company.to_string(),
            failures: Failures::by_code(state.dead_letters().await?),
            standstill,
            outage: Outage::read(state, System::Coupa).await?,
            drift: compared.and_then(Drift::of_record),
        })
    }
}

impl Drift {
    /// What the record of a comparison says of it. One that another version wrote in another shape says nothing.
    fn of_record(record: serde_json::Value) -> Option<Self> {
        #[derive(Deserialize)]
        struct Compared {
            at: Timestamp,
            differences: usize,
            certificate: String,
        }
        let Compared { at, differences, certificate } = serde_json::from_value(record).ok()?;
        (differences > 0).then_some(Self { compared_at: at, differences, certificate })
    }
}

impl Failures {
    /// Groups dead letters by their code, in the order of the codes.
    pub fn by_code(mut rows: Vec<DeadLetterRow>) -> Vec<Self> {
        rows.sort_by_key(|row| row.letter.at);
        let mut groups: BTreeMap<Code, Vec<DeadLetterRow>> = BTreeMap::new();
        for row in rows {
            groups.entry(row.letter.code).or_default().push(row);
        }
        let group = |(code, rows): (Code, Vec<DeadLetterRow>)| Self {
            code,
            failed_at: rows.iter().map(|row| row.letter.at).collect(),
            examples: rows.into_iter().rev().take(NAMED).map(Example::of).collect(),
        };
        groups.into_iter().map(group).collect()
    }

    /// How many documents.
    pub const fn count(&self) -> usize {
        self.failed_at.len()
    }

    /// When the last of them failed.
    pub fn newest(&self) -> Timestamp {
        self.failed_at.last().copied().unwrap_or_default()
    }
}

impl Example {
    fn of(row: DeadLetterRow) -> Self {
        let number = row.number.unwrap_or_else(|| row.document.key.to_string());
        Self { kind: row.document.kind, number }
    }
}
