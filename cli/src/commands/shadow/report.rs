use crate::output::{Look, Report, Table};
use model::{Code, ObjectKind};
use pipeline::plan::{Action, Planned};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// So many documents are told on a terminal; JSON has all.
const TOLD: usize = 100;

/// What would be done.
pub(in crate::commands) struct Plan {
    pub planned: Vec<Planned>,
    objects: BTreeSet<ObjectKind>,
    ms_per_call: u64,
    /// The id for `replay apply`, where it was kept.
    pub id: Option<String>,
}

impl Plan {
    pub(in crate::commands) fn new(
        planned: Vec<Planned>,
        objects: &BTreeSet<ObjectKind>,
        ms_per_call: u64,
    ) -> Self {
        Self { planned, objects: objects.clone(), ms_per_call, id: None }
    }

    fn calls(&self) -> u64 {
        self.planned.iter().map(|one| u64::from(one.calls)).sum()
    }

    fn by_object(&self) -> BTreeMap<ObjectKind, BTreeMap<Action, u64>> {
        let mut counts: BTreeMap<ObjectKind, BTreeMap<Action, u64>> =
            self.objects.iter().map(|kind| (*kind, BTreeMap::new())).collect();
        for one in &self.planned {
            *counts.entry(one.document.kind).or_default().entry(one.action).or_default() += 1;
        }
        counts
    }
}

const COLUMNS: [(Action, &str); 7] = [
    (Action::Create, "create"),
    (Action::Update, "update"),
    (Action::Cancel, "cancel"),
    (Action::Unchanged, "unchanged"),
    (Action::NotApplicable, "not_applicable"),
    (Action::NotApplied, "not_applied"),
    (Action::Fail, "fail"),
];

/// Seconds at the budget, rounded up.
const fn seconds(calls: u64, ms_per_call: u64) -> u64 {
    (calls * ms_per_call).div_ceil(1_000)
}

impl Report for Plan {
    fn human(&self, look: &Look) -> String {
        let mut table = Table::new([
            "object",
            ">create",
            ">update",
            ">cancel",
            ">unchanged",
            ">not applicable",
            ">not applied",
            ">fail",
        ]);
        for (kind, counts) in self.by_object() {
            let counts = COLUMNS.map(|(action, _)| counts.get(&action).copied().unwrap_or(0).to_string());
            table.row([kind.plural().to_owned()].into_iter().chain(counts));
        }
        let mut lines = vec![table.text()];
        let doing = |one: &&Planned| !matches!(one.action, Action::Unchanged | Action::NotApplicable);
        let told: Vec<&Planned> = self.planned.iter().filter(doing).collect();
        if !told.is_empty() {
            let mut table = Table::new(["would", "document", "what"]);
            for one in told.iter().take(TOLD) {
                let name = format!("{} {}", one.document.kind.singular().replace('_', " "), one.number);
                table.row([word(one.action).to_owned(), name, what(one)]);
            }
            lines.extend([String::new(), table.text()]);
            if told.len() > TOLD {
                lines.push(format!("… and {} more; `--json` has all", told.len() - TOLD));
            }
        }
        let calls = self.calls();
        lines.extend([
            String::new(),
            format!(
                "{calls} calls to Coupa, about {} s at the budget. Nothing was written.",
                seconds(calls, self.ms_per_call)
            ),
        ]);
        if let Some(id) = &self.id {
            lines.push(format!("{} b1-coupa replay apply {id}", look.bold("To do exactly this:")));
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let objects: Map<String, Value> = self
            .by_object()
            .into_iter()
            .map(|(kind, counts)| {
                let counts: Map<String, Value> = COLUMNS
                    .into_iter()
                    .map(|(action, name)| (name.to_owned(), counts.get(&action).copied().unwrap_or(0).into()))
                    .collect();
                (kind.plural().to_owned(), counts.into())
            })
            .collect();
        let documents: Vec<Value> = self.planned.iter().map(document).collect();
        json!({
            "plan": self.id,
            "objects": objects,
            "documents": documents,
            "coupa_calls": self.calls(),
            "seconds": seconds(self.calls(), self.ms_per_call),
        })
    }
}

fn document(one: &Planned) -> Value {
    json!({
        "document": one.document,
        "kind": one.document.kind.singular(),
        "number": one.number,
        "action": one.action,
        "changes": one.changes,
        "code": one.code.map(Code::number),
        "reason": one.reason,
        "coupa_calls": one.calls,
    })
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Cancel => "cancel",
        Action::Unchanged => "leave",
        Action::NotApplicable => "leave out",
        Action::NotApplied => "not apply",
        Action::Fail => "fail",
    }
}

fn what(one: &Planned) -> String {
    let change = |change: &pipeline::reconcile::FieldDifference| {
        format!("{}: `{}` becomes `{}`", change.field, change.coupa, change.sap)
    };
    let code = one.code.map(|code| format!("{code} {}", one.reason));
    let reason = || Some(one.reason.clone()).filter(|reason| !reason.is_empty());
    let changes = one.changes.iter().map(change);
    code.or_else(reason).into_iter().chain(changes).collect::<Vec<_>>().join("; ")
}
