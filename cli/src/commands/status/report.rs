use super::ways::Ways;
use crate::{
    commands::{audit::first_line, records::SessionRecord},
    config::{Period, RequestRate},
    output::{Look, Report, Table},
};
use coupa::BudgetState;
use jiff::Timestamp;
use model::{Code, CompanyDb, Cursor, Lane, ObjectKind, Stamp};
use serde_json::{Map, Value, json};
use setup::SapContact;
use std::collections::BTreeMap;
use store::Depth;

/// How far one object is.
pub(super) struct ObjectStatus {
    pub kind: ObjectKind,
    pub cursor: Cursor,
    /// Documents with a counterpart in Coupa, where that can be counted.
    pub linked: Option<u64>,
}

/// Documents of a kind that wait for the same reason.
pub(super) struct Wait {
    pub code: Code,
    pub kind: ObjectKind,
    pub count: u64,
    /// Since when the first of them waits.
    pub oldest: Timestamp,
    pub next_due: Timestamp,
    /// What one of them says.
    pub example: String,
}

/// How everything stands.
pub(super) struct Status {
    /// When it was read.
    pub at: Timestamp,
    pub company: CompanyDb,
    pub objects: Vec<ObjectStatus>,
    pub queue: Depth,
    pub next_due: Option<Timestamp>,
    pub waits: Vec<Wait>,
    pub dead_letters: BTreeMap<Code, u64>,
    /// When each way to people was last used.
    pub notified: Vec<(&'static str, Option<Timestamp>)>,
    pub contact: Option<SapContact>,
    pub session: Option<SessionRecord>,
    pub refusal: Option<sap::Refusal>,
    pub rate: RequestRate,
    pub poll_interval: Period,
    pub budget: BudgetState,
    /// The last comparison of both sides.
    pub reconciled: Option<Value>,
    /// Why the guardrail holds changes back, if it does.
    pub held_back: Option<String>,
    pub ways: Ways,
    /// How far Coupa's suppliers have been read, where they go both ways.
    pub from_coupa: Option<Cursor>,
}

impl Report for Status {
    fn human(&self, look: &Look) -> String {
        let mut lines = vec![look.bold(&format!("Company {}", self.company)), String::new()];
        lines.push(self.objects(look));
        lines.push(String::new());
        lines.push(format!("Queue         {}", self.queue(look)));
        lines.push(format!("Waiting       {}", self.waiting(look)));
        lines.push(format!("Dead letters  {}", self.dead_letters(look)));
        lines.extend(self.notified(look));
        lines.push(format!("SAP contact   {}", self.contact(look)));
        lines.push(format!("SAP session   {}", self.session(look)));
        lines.push(format!("Coupa budget  {}", self.budget(look)));
        lines.push(format!("Changes       {}", self.ways.text()));
        lines.extend(self.balance(look));
        if let Some(reason) = &self.held_back {
            let help = "`b1-coupa guardrail accept` lets them through";
            lines.push(format!(
                "Guardrail     {}; {help}",
                look.bad(&format!("holds changes back: {reason}"))
            ));
        }
        if let Some(polled) = self.from_coupa.as_ref().and_then(|cursor| cursor.polled_at) {
            lines.push(format!(
                "From Coupa    suppliers changed there were last asked for {}",
                look.ago(polled)
            ));
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let objects: Map<_, _> = self
            .objects
            .iter()
            .map(|object| (object.kind.plural().to_owned(), object.json(self.at)))
            .collect();
        let waiting = self.waits.iter().map(|wait| {
            json!({
                "code": wait.code,
                "object": wait.kind.plural(),
                "count": wait.count,
                "oldest": wait.oldest,
                "next_due": wait.next_due,
                "example": wait.example,
            })
        });
        let dead_letters: Map<_, _> =
            self.dead_letters.iter().map(|(code, count)| (code.to_string(), json!(count))).collect();
        json!({
            "at": self.at,
            "company": self.company,
            "objects": objects,
            "queue": {
                "live": self.in_lane(Lane::Live),
                "backfill": self.in_lane(Lane::Backfill),
                "in_flight": self.queue.in_flight,
                "oldest": self.queue.oldest,
                "next_due": self.next_due,
            },
            "waiting": waiting.collect::<Vec<_>>(),
            "dead_letters": dead_letters,
            "notified": self.notified.iter().map(|(way, at)| ((*way).to_owned(), json!(at))).collect::<Map<_, _>>(),
            "changes": self.ways.json(),
            "held_back": self.held_back,
            "reconciled": self.reconciled,
            "suppliers_in_coupa": self.from_coupa.as_ref().map(|cursor| {
                let (mark, polled) = (cursor.high_water.filter(|mark| mark.date.year() > 1900), cursor.polled_at);
                json!({"read_up_to": mark, "polled_at": polled})
            }),
            "sap_contact": self.contact,
            "sap_session": self.session,
            "sap_refusal": self.refusal,
            "coupa_budget": {
                "requests_per_second": self.rate.to_string(),
                "paused_until": after_epoch(self.budget.paused_until),
                "slowed_until": after_epoch(self.budget.slowed_until),
                "halvings": self.budget.halvings,
                "drawn_until": after_epoch(self.budget.next_slot),
            },
        })
    }
}

impl ObjectStatus {
    /// The newest stamp read. A pass over what carries no stamps leaves one from before SAP's time.
    fn mark(&self) -> Option<Stamp> {
        self.cursor.high_water.filter(|mark| mark.date.year() > 1900)
    }

    fn json(&self, at: Timestamp) -> Value {
        json!({
            "in_coupa": self.linked,
            "read_up_to": self.mark(),
            "last_entry": self.cursor.last_entry,
            "polled_at": self.cursor.polled_at,
            "behind_seconds": self.cursor.polled_at.map(|polled| at.duration_since(polled).as_secs()),
            "reading_since": self.cursor.pass.as_ref().map(|pass| pass.started_at),
        })
    }
}

impl Status {
    /// The stamps are SAP's, in the company's own time; how long ago we looked is by our clock.
    fn objects(&self, look: &Look) -> String {
        let mut table = Table::new(["object", ">in Coupa", "last polled", "SAP's changes read up to", ""]);
        for object in &self.objects {
            let mark = object.mark().map(|mark| format!("{} {}", mark.date, mark.time.strftime("%H:%M")));
            let entry = (object.cursor.last_entry > 0).then(|| format!("entry {}", object.cursor.last_entry));
            let polled = object.cursor.polled_at;
            let note = match (&object.cursor.pass, polled) {
                (Some(pass), _) => format!("being read since {}", look.ago(pass.started_at)),
                (None, Some(polled)) if self.is_late(polled, look) => "late".to_owned(),
                _ => String::new(),
            };
            table.row([
                object.kind.plural().replace('_', " "),
                object.linked.map_or_else(String::new, |linked| linked.to_string()),
                polled.map_or_else(|| "never".to_owned(), |moment| look.ago(moment)),
                mark.or(entry).unwrap_or_default(),
                note,
            ]);
        }
        table.text()
    }

    /// Three polls are overdue.
    fn is_late(&self, polled: Timestamp, look: &Look) -> bool {
        look.now.duration_since(polled) > self.poll_interval.to_signed().saturating_mul(3)
    }

    fn in_lane(&self, lane: Lane) -> u64 {
        self.queue.by_lane.get(&lane).copied().unwrap_or(0)
    }

    fn queue(&self, look: &Look) -> String {
        let (live, backfill) = (self.in_lane(Lane::Live), self.in_lane(Lane::Backfill));
        if live + backfill == 0 {
            return "empty".to_owned();
        }
        let oldest = self.queue.oldest.map(|oldest| format!("; the oldest from {}", look.ago(oldest)));
        let in_work = self.queue.in_flight;
        format!("{live} live, {backfill} backfill, {in_work} of them in work{}", oldest.unwrap_or_default())
    }

    fn waiting(&self, look: &Look) -> String {
        let lines = self.waits.iter().map(|wait| {
            let kind = if wait.count == 1 { wait.kind.singular() } else { wait.kind.plural() };
            format!(
                "{} {}  {}  {}; since {}, next try {}; for example: {}",
                wait.count,
                kind.replace('_', " "),
                look.warn(wait.code.number()),
                wait.code.title(),
                look.ago(wait.oldest),
                look.ago(wait.next_due),
                first_line(&wait.example)
            )
        });
        list(lines, "nothing")
    }

    fn dead_letters(&self, look: &Look) -> String {
        let lines = self
            .dead_letters
            .iter()
            .map(|(code, count)| look.bad(&format!("{count} × {code} {}", code.title())));
        list(lines, "none")
    }

    fn notified(&self, look: &Look) -> Option<String> {
        let way = |(way, at): &(&str, Option<Timestamp>)| {
            format!("by {way} {}", at.map_or_else(|| "never".to_owned(), |at| look.ago(at)))
        };
        let ways: Vec<_> = self.notified.iter().map(way).collect();
        (!ways.is_empty()).then(|| format!("Notified      {}", ways.join(", ")))
    }

    /// Silence for three polls is what an alarm should be about: nothing is lost meanwhile, but nothing moves either.
    fn contact(&self, look: &Look) -> String {
        let Some(contact) = self.contact else { return "never".to_owned() };
        let text = format!("last answered {}", look.ago(contact.answered_at));
        if self.is_late(contact.answered_at, look) {
            return look.bad(&format!("{text}; is the line down? See `b1-coupa check`"));
        }
        text
    }

    fn session(&self, look: &Look) -> String {
        if let Some(refusal) = &self.refusal {
            let times =
                if refusal.times == 1 { "once".to_owned() } else { format!("{} times", refusal.times) };
            let next = if refusal.until > look.now { look.ago(refusal.until) } else { "at once".to_owned() };
            return look.bad(&format!("log-in refused {times}: {}; next try {next}", refusal.text));
        }
        let Some(session) = &self.session else { return "never logged in".to_owned() };
        let used = session.last_used_at.map(|used| format!(", last used {}", look.ago(used)));
        let ended = if session.ends_at() < look.now { "; has run out since" } else { "" };
        format!("logged in {}{}{ended}", look.ago(session.logged_in_at), used.unwrap_or_default())
    }

    /// How the last comparison of both sides ended.
    fn balance(&self, look: &Look) -> Option<String> {
        let last = self.reconciled.as_ref()?;
        let at: Timestamp = last["at"].as_str()?.parse().ok()?;
        let verdict = match last["differences"].as_u64()? {
            0 => look.good("in balance"),
            count => look.bad(&format!("{count} differences")),
        };
        Some(format!("Balance       {verdict}, compared {}", look.ago(at)))
    }

    fn budget(&self, look: &Look) -> String {
        let rate = format!("{} requests per second", self.rate);
        if self.budget.paused_until > look.now {
            let text = format!("Coupa asked to pause; goes on {}", look.ago(self.budget.paused_until));
            return format!("{rate}. {}", look.warn(&text));
        }
        if self.budget.slowed_until > look.now && self.budget.halvings > 0 {
            let text = format!(
                "halved {} times after 429 from Coupa, until {}",
                self.budget.halvings,
                look.moment(self.budget.slowed_until)
            );
            return format!("{rate}. {}", look.warn(&text));
        }
        rate
    }
}

/// Lines under each other behind a label of 14 letters.
fn list(lines: impl Iterator<Item = String>, none: &str) -> String {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() { none.to_owned() } else { lines.join("\n              ") }
}

/// A moment that was never set is the epoch.
fn after_epoch(moment: Timestamp) -> Option<Timestamp> {
    Some(moment).filter(|moment| *moment > Timestamp::UNIX_EPOCH)
}
