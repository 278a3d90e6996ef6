//! Plans that are kept until somebody has looked, and are then done exactly so: what moved on meanwhile is planned anew.

use super::{Action, Planned, Shadow};
use crate::{Pipeline, reconcile::ReconcileError};
use jiff::{SignedDuration, Timestamp};
use model::{Cause, Change, DocumentKey, Lane};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;
use store::StoreError;

/// So many documents stand in one record.
const IN_RECORD: usize = 50;
/// After so long a plan is no longer applied: it is cheaper to plan again than to read it.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A plan, but for its documents.
#[derive(Serialize, Deserialize)]
struct Head {
    made_at: Timestamp,
    parts: usize,
}

/// What came of applying a plan.
#[derive(Debug)]
pub struct Applied {
    /// Documents put into the queue.
    pub enqueued: usize,
    /// Those that are no longer as they were planned, as they would be done now. They were not touched.
    pub moved_on: Vec<Planned>,
}

impl Pipeline {
    /// Keeps a plan for a week; answers by which id.
    pub async fn keep_plan(&self, planned: &[Planned]) -> Result<String, StoreError> {
        let id = format!("{:08x}", self.random.next_u64() >> 32);
        let parts: Vec<&[Planned]> = planned.chunks(IN_RECORD).collect();
        for (at, some) in parts.iter().enumerate() {
            self.state.save_record(&part(&id, at), Some(&written(some)?)).await?;
        }
        let kept = Head { made_at: self.clock.now(), parts: parts.len() };
        self.state.save_record(&head(&id), Some(&written(&kept)?)).await?;
        Ok(id)
    }

    /// Does what was planned, where that is still what would be done; `None` if there is no such plan. It can be applied once.
    pub async fn apply_plan(&self, id: &str) -> Result<Option<Applied>, ReconcileError> {
        let Some(kept) = self.state.record(&head(id)).await? else { return Ok(None) };
        let kept: Head = read(kept)?;
        if self.clock.now().duration_since(kept.made_at) > KEPT {
            return Ok(None);
        }
        let mut applied = Applied { enqueued: 0, moved_on: vec![] };
        let shadow = Shadow::of(self);
        // Part by part: what is decided on what was read is enqueued soon after, and a crash between leaves the rest in the plan.
        for at in 0..kept.parts {
            let Some(record) = self.state.record(&part(id, at)).await? else { continue };
            let planned: Vec<Planned> = read(record)?;
            let documents: Vec<DocumentKey> = planned.iter().map(|one| one.document.clone()).collect();
            let today = shadow.pipeline.plan(&documents, true).await?;
            let changes = self.still_so(planned, &today, &mut applied.moved_on);
            self.queue.send(&changes, self.clock.now()).await?;
            applied.enqueued += changes.len();
            self.state.save_record(&part(id, at), None).await?;
        }
        self.state.save_record(&head(id), None).await?;
        Ok(Some(applied))
    }

    /// What is to be looked at of what is as it was planned.
    fn still_so(&self, planned: Vec<Planned>, today: &[Planned], moved_on: &mut Vec<Planned>) -> Vec<Change> {
        let today: BTreeMap<&DocumentKey, &Planned> = today.iter().map(|one| (&one.document, one)).collect();
        let mut changes = Vec::new();
        for one in planned {
            match today.get(&one.document) {
                Some(now) if **now == one => changes
                    .extend(cause(one.action).map(|cause| self.asked_for(one.document, cause, Lane::Live))),
                Some(now) => moved_on.push((*now).clone()),
                None => {}
            }
        }
        changes
    }
}

/// Why a planned document is looked at; nothing where the plan says that it is left alone. What needs nothing is looked at
/// too: that closes its dead letter.
const fn cause(action: Action) -> Option<Cause> {
    match action {
        Action::Create | Action::Update | Action::Cancel => Some(Cause::Reconcile),
        Action::Unchanged | Action::NotApplicable => Some(Cause::Replay),
        Action::NotApplied | Action::Fail => None,
    }
}

fn head(id: &str) -> String {
    format!("plan/{id}")
}

fn part(id: &str, at: usize) -> String {
    format!("plan/{id}/{at}")
}

fn written<T: Serialize + ?Sized>(thing: &T) -> Result<Value, StoreError> {
    serde_json::to_value(thing).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Corrupt(format!("a kept plan: {error}")))
}
