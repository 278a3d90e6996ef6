use crate::output::{Look, Report, Table};
use jiff::Timestamp;
use model::{AuditEntry, AuditOutcome, Cause, Direction, DocumentItem, DocumentKey, Link, Step, goes_to_sap};
use serde_json::{Value, json};

/// A document, how it stands, and the attempts on it, oldest first.
pub(super) struct Found {
    pub document: DocumentKey,
    pub item: DocumentItem,
    pub attempts: Vec<AuditEntry>,
}

/// The documents that go by the number asked for: rarely more than one.
pub(super) struct Timelines(pub Vec<Found>);

/// Attempts over all documents, oldest first.
pub(super) struct Attempts {
    pub attempts: Vec<AuditEntry>,
    /// There are older ones.
    pub more: bool,
}

impl Report for Timelines {
    fn human(&self, look: &Look) -> String {
        let documents: Vec<_> = self.0.iter().map(|found| found.human(look)).collect();
        let anything_sent =
            self.0.iter().flat_map(|found| &found.attempts).any(|entry| !entry.sent.is_empty());
        let more = if anything_sent {
            "\n\nWhat was sent and answered in full, and where each field came from: add --json."
        } else {
            ""
        };
        format!("{}{}", documents.join("\n\n"), look.dim(more))
    }

    fn json(&self) -> Value {
        json!({"documents": self.0.iter().map(Found::json).collect::<Vec<_>>()})
    }
}

impl Found {
    fn number(&self) -> String {
        let last = self.attempts.iter().rev().find_map(|entry| entry.number.clone());
        self.item.number.clone().or(last).unwrap_or_else(|| self.document.key.to_string())
    }

    fn human(&self, look: &Look) -> String {
        let kind = self.document.kind.singular().replace('_', " ");
        let title = format!("{kind} {}", self.number());
        let mut lines = vec![format!("{}  (SAP: {})", look.bold(&title), self.document)];
        lines.extend(self.in_coupa().map(|place| format!("In Coupa: {place}")));
        lines.extend(self.trouble(look).map(|trouble| format!("Now: {trouble}")));
        lines.push(format!("Times are in {}.", look.zone_name()));
        if self.attempts.is_empty() {
            lines.push("\nNo attempt has ended yet.".to_owned());
        }
        for entry in &self.attempts {
            lines.push(String::new());
            lines.extend(entry_lines(entry, look));
        }
        lines.join("\n")
    }

    fn in_coupa(&self) -> Option<String> {
        match self.item.link.as_ref()? {
            Link::Supplier(link) => Some(format!("id {}", link.coupa_id)),
            Link::Order(link) => {
                Some(format!("{}, id {}, {}", link.po_number, link.coupa_id, word(&link.stage)))
            }
            Link::Invoice(link) => {
                let paid = if link.paid == Some(true) { ", paid" } else { "" };
                Some(format!("{}, id {}, {}{paid}", link.number, link.coupa_id, word(&link.stage)))
            }
            Link::Payment(link) if link.applied.is_empty() => None,
            Link::Payment(link) => {
                let rows = link.applied.values().map(|applied| {
                    let reversed = if applied.reversed { ", reversed" } else { "" };
                    format!("{} on invoice id {}{reversed}", applied.amount, applied.invoice)
                });
                Some(rows.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn trouble(&self, look: &Look) -> Option<String> {
        if let Some(letter) = &self.item.dead_letter {
            let text =
                format!("failed for good {}, {}: {}", look.ago(letter.at), letter.code, letter.message);
            return Some(look.bad(&text));
        }
        let parked = self.item.parked.as_ref()?;
        let text =
            format!("waiting, {}: {} (next try {})", parked.code, parked.reason, look.ago(parked.due_at));
        Some(look.warn(&text))
    }

    fn json(&self) -> Value {
        json!({
            "document": self.document,
            "number": self.number(),
            "link": self.item.link,
            "parked": self.item.parked,
            "dead_letter": self.item.dead_letter,
            "attempts": self.attempts,
        })
    }
}

/// One attempt, as an accountant would tell it.
fn entry_lines(entry: &AuditEntry, look: &Look) -> Vec<String> {
    let code = entry.code.map(|code| format!("  {code}")).unwrap_or_default();
    let outcome = format!("{}{code}", outcome_of(entry));
    let mut lines = vec![format!("{}  {}", look.moment(entry.at), paint(entry.outcome, &outcome, look))];
    let mut detail = |text: String| lines.push(format!("    {text}"));
    if !entry.message.is_empty() {
        detail(entry.message.clone());
    }
    for sent in &entry.sent {
        let text = |name| sent.get(name).and_then(Value::as_str).unwrap_or("?");
        let to = if goes_to_sap(sent) { " to SAP" } else { "" };
        detail(format!("Sent{to}: {} {}{}", text("method"), text("path"), answered(sent)));
    }
    if entry.is_emptied() {
        detail("What it sent is no longer kept.".to_owned());
    }
    if let (Some(code), AuditOutcome::Failed) = (entry.code, entry.outcome) {
        detail(format!("What to do: {} (docs/errors/{code}.md)", code.fix()));
    }
    detail(look.dim(&circumstances(entry)));
    lines
}

/// What came back, in a few words.
fn answered(sent: &Value) -> String {
    let Some(reply) = sent.get("reply") else { return String::new() };
    let of_body =
        |name: &str| reply.get("body").and_then(|body| body.get(name)).filter(|value| !value.is_null());
    if let Some(reason) = reply.get("lost").and_then(Value::as_str) {
        return format!(" → {reason}");
    }
    let status = reply.get("status").map(Value::to_string).unwrap_or_default();
    let id = of_body("id").map(|id| format!(", id {id}")).unwrap_or_default();
    let state =
        of_body("status").and_then(Value::as_str).map(|state| format!(", {state}")).unwrap_or_default();
    format!(" → {status}{id}{state}")
}

/// Suppliers go both ways.
fn outcome_of(entry: &AuditEntry) -> &'static str {
    match (entry.outcome, entry.way()) {
        (AuditOutcome::Created, Direction::CoupaToSap | Direction::BothWays) => "created in SAP",
        (AuditOutcome::Updated, Direction::CoupaToSap) => "updated in SAP",
        (AuditOutcome::Updated, Direction::BothWays) => "updated in SAP and in Coupa",
        (other, _) => outcome(other),
    }
}

fn circumstances(entry: &AuditEntry) -> String {
    let calls = if entry.coupa_calls == 1 { "call" } else { "calls" };
    let step = match entry.step {
        Step::Document => "",
        Step::Close => " About closing the order.",
    };
    format!(
        "Because {}.{step} {}, {} Coupa {calls}, attempt {}.",
        cause(entry.cause),
        took(entry.duration_ms),
        entry.coupa_calls,
        entry.attempt
    )
}

fn took(duration_ms: u64) -> String {
    format!("{}.{} s", duration_ms / 1_000, duration_ms % 1_000 / 100)
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Poll => "SAP showed a change",
        Cause::Coupa => "Coupa's supplier changed",
        Cause::Webhook => "SAP told of a change",
        Cause::Replay => "somebody put it back into the queue",
        Cause::Reconcile => "SAP and Coupa differed",
        Cause::Dependency => "another document needs or touches it",
        Cause::Person => "somebody asked for it",
    }
}

const fn outcome(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Created => "created in Coupa",
        AuditOutcome::Updated => "updated in Coupa",
        AuditOutcome::Unchanged => "unchanged: Coupa shows it already",
        AuditOutcome::NotApplicable => "not applicable: it has no place in Coupa",
        AuditOutcome::NotApplied => "not applied: Coupa no longer lets it change",
        AuditOutcome::Retry => "will be tried again",
        AuditOutcome::Waiting => "waiting",
        AuditOutcome::Unknown => "result unknown: the next attempt asks Coupa first",
        AuditOutcome::Failed => "FAILED",
        AuditOutcome::Superseded => "superseded: another worker took over",
    }
}

fn paint(outcome: AuditOutcome, text: &str, look: &Look) -> String {
    match outcome {
        AuditOutcome::Created | AuditOutcome::Updated => look.good(text),
        AuditOutcome::Failed => look.bad(text),
        AuditOutcome::Retry
        | AuditOutcome::Waiting
        | AuditOutcome::Unknown
        | AuditOutcome::NotApplied
        | AuditOutcome::Superseded => look.warn(text),
        AuditOutcome::Unchanged | AuditOutcome::NotApplicable => text.to_owned(),
    }
}

/// A stage, in the word that JSON has for it.
fn word(stage: &impl serde::Serialize) -> String {
    match serde_json::to_value(stage) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

impl Report for Attempts {
    fn human(&self, look: &Look) -> String {
        if self.attempts.is_empty() {
            return "No attempts.".to_owned();
        }
        let zone = look.zone_name();
        let mut table = Table::new([zone.as_str(), "object", "number", "outcome", "code", "message"]);
        for entry in &self.attempts {
            let outcome = match entry.outcome {
                AuditOutcome::Failed => "FAILED".to_owned(),
                outcome => word(&outcome).replace('_', " "),
            };
            table.row([
                look.moment(entry.at),
                entry.document.kind.singular().replace('_', " "),
                entry.number.clone().unwrap_or_else(|| entry.document.key.to_string()),
                outcome,
                entry.code.map(|code| code.to_string()).unwrap_or_default(),
                first_line(&entry.message),
            ]);
        }
        let count = self.attempts.len();
        let more = if self.more {
            format!("\n\nThese are the newest {count}; `--limit` and `--since` show others.")
        } else {
            String::new()
        };
        format!("{}{more}", table.text())
    }

    fn json(&self) -> Value {
        json!({"attempts": self.attempts, "more": self.more})
    }
}

/// What fits on a line: messages quote what other systems said, and they can say much.
pub(in crate::commands) fn first_line(message: &str) -> String {
    const WIDTH: usize = 100;
    let line = message.lines().next().unwrap_or_default();
    if line.chars().count() <= WIDTH {
        line.to_owned()
    } else {
        line.chars().take(WIDTH - 1).chain(['…']).collect()
    }
}

/// The oldest of some moments, for people.
pub(in crate::commands) fn oldest(moments: impl Iterator<Item = Timestamp>, look: &Look) -> String {
    moments.min().map(|moment| look.ago(moment)).unwrap_or_default()
}
