//! What a stack's trail has let go: whole attempts expire there, and what was signed of each day before it went tells them from
//! attempts that somebody took out.

use super::verify::Wrong;
use crate::{CliResult, commands::App, config::Config};
use certificate::{DayLetGo, PublicKey};
use model::AuditHead;
use pipeline::audit_chain::{Run, let_go_until};
use std::collections::BTreeMap;

/// What the checkpoints of a stack say.
#[derive(Default)]
pub(super) struct Expired {
    /// Up to where each chain was let go, by the document's key.
    pub(super) until: BTreeMap<String, AuditHead>,
    /// Checkpoints that are not what was signed.
    pub(super) wrong: Vec<Wrong>,
}

impl Expired {
    /// Nothing, where there is no stack.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "a stack is found over the network")
    )]
    pub(super) async fn read(app: &App, config: &Config, key: &PublicKey) -> CliResult<Self> {
        #[cfg(feature = "aws")]
        if let Some(stack) = app.find_stack(config).await? {
            return Ok(Self::of(&stack.checkpoints().await?, &config.sap.company_db.0, key));
        }
        let (_, _, _) = (app, config, key);
        Ok(Self::default())
    }

    #[cfg_attr(not(any(feature = "aws", test)), expect(dead_code, reason = "for stacks alone"))]
    fn of(files: &[(String, String)], company: &str, key: &PublicKey) -> Self {
        let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, text) in files {
            let broken = match DayLetGo::open(text, key) {
                Ok(day) if day.company == company => {
                    for (document, some) in day.runs {
                        runs.entry(document).or_default().extend(some);
                    }
                    continue;
                }
                Ok(day) => format!("the checkpoint is of the company {}", day.company),
                Err(error) => format!("the checkpoint is not what was signed: {error}"),
            };
            wrong.push(Wrong { document: name.clone(), number: String::new(), what: broken });
        }
        let until = runs.into_iter().map(|(document, runs)| (document, let_go_until(&runs)));
        Self { until: until.collect(), wrong }
    }

    /// Up to where this chain was let go.
    pub(super) fn until(&self, document: &str) -> AuditHead {
        self.until.get(document).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certificate::Key;

    fn day(key: &Key, day: &str, company: &str, from: u64, to: u64) -> (String, String) {
        let head = |count: u64| AuditHead {
            count,
            hash: if count == 0 { String::new() } else { format!("h{count}") },
        };
        let run = Run { after: head(from), until: head(to) };
        let day = DayLetGo {
            made_at: "2026-11-26T02:00:00Z".parse().unwrap(),
            company: company.to_owned(),
            day: day.parse().unwrap(),
            runs: BTreeMap::from([("ACME/invoice/7".to_owned(), vec![run])]),
        };
        let file = day.file(key).unwrap();
        (file.name, file.text)
    }

    #[test]
    fn days_join_and_a_checkpoint_that_is_not_ours_counts_for_nothing_and_is_named() {
        let (key, other) = (Key::read(&Key::text([1; 32])).unwrap(), Key::read(&Key::text([2; 32])).unwrap());
        let days = [day(&key, "2026-01-02", "ACME", 2, 5), day(&key, "2026-01-01", "ACME", 0, 2)];
        let expired = Expired::of(&days, "ACME", &key.public());
        assert_eq!((expired.until("ACME/invoice/7").count, expired.wrong.len()), (5, 0));
        assert_eq!(expired.until("ACME/invoice/8"), AuditHead::default());
        for bad in [day(&other, "2026-01-01", "ACME", 0, 2), day(&key, "2026-01-01", "OTHER", 0, 2)] {
            let expired = Expired::of(&[days[0].clone(), bad], "ACME", &key.public());
            assert_eq!(expired.until("ACME/invoice/7").count, 0);
            assert_eq!(expired.wrong[0].document, "audit-2026-01-01.json");
        }
    }
}
