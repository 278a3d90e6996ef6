//! `why`: where a value in Coupa comes from.

use super::{App, Exit, audit::known, reconcile::failed, stop};
use crate::{
    CliError, CliResult,
    args::WhyArgs,
    engine::Engine,
    output::{Look, Report},
};
use mapping::{Source, source_of, sources};
use model::{AuditEntry, DocumentKey, ObjectKind};
use pipeline::Why;
use serde_json::{Value, json};

pub(super) async fn run(app: &App, args: &WhyArgs) -> CliResult<Exit> {
    let source = source_of(args.kind, &args.field).ok_or_else(|| {
        let fields: Vec<&str> = sources(args.kind).iter().map(|source| source.field).collect();
        CliError::new(format!("no field {} of {} is made from SAP", args.field, args.kind.plural()))
            .help(format!("Known: {}.", fields.join(", ")))
    })?;
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| explain(app, engine, args, source).await).await
}

async fn explain(app: &App, engine: &Engine, args: &WhyArgs, source: &'static Source) -> CliResult<Exit> {
    let mut answers = Vec::new();
    for document in known(&engine.books, args.kind, &args.number).await? {
        let attempts = engine.books.audit.of_document(&document).await?;
        let why = engine.pipeline.why(&document, source).await.map_err(failed)?;
        let number = attempts.iter().rev().find_map(|attempt| attempt.number.clone());
        let emptied = attempts.iter().any(AuditEntry::is_emptied);
        answers.push(Answer { document, number, source, why, sent: sent(&attempts, source.field), emptied });
    }
    app.show(&Answers(answers));
    Ok(Exit::Done)
}

/// A time when the field was sent.
struct Sending {
    attempt: AuditEntry,
    value: Value,
    reply: Option<Value>,
}

/// Every attempt that sent the field, oldest first.
fn sent(attempts: &[AuditEntry], field: &str) -> Vec<Sending> {
    let sending = |attempt: &AuditEntry| {
        let with_field = |sent: &&Value| sent.get("body").is_some_and(|body| body.get(field).is_some());
        let sent = attempt.sent.iter().rev().find(with_field)?;
        let value = sent.get("body")?.get(field)?.clone();
        Some(Sending { value, reply: sent.get("reply").cloned(), attempt: attempt.clone() })
    };
    attempts.iter().filter_map(sending).collect()
}

struct Answer {
    document: DocumentKey,
    number: Option<String>,
    source: &'static Source,
    why: Why,
    sent: Vec<Sending>,
    /// Some attempts may have sent it of which that is no longer kept.
    emptied: bool,
}

impl Answer {
    /// What is no longer as it was last sent.
    fn changed_since(&self) -> Option<String> {
        let last = self.sent.last()?;
        let now = self.why.now.as_ref();
        if self.document.kind == ObjectKind::Payment || now.is_none_or(|now| same(now, &last.value)) {
            return None;
        }
        Some(format!("a sync would send {} now", short(now.unwrap_or(&Value::Null))))
    }
}

/// Lines are told by their number: what was sent may be those that changed alone.
fn same(now: &Value, sent: &Value) -> bool {
    now == sent || (!now.is_string() && sent.is_array())
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Object(one) if one.len() == 1 => one.values().next().map(short).unwrap_or_default(),
        other => {
            let text = other.to_string();
            let cut: String = text.chars().take(300).collect();
            if cut.len() < text.len() { format!("{cut} …") } else { text }
        }
    }
}

/// The status, and what the reply shows of the field where it does.
fn replied(reply: &Value, field: &str) -> String {
    if let Some(reason) = reply.get("lost").and_then(Value::as_str) {
        return reason.to_owned();
    }
    let status = reply.get("status").map(Value::to_string).unwrap_or_default();
    match reply.get("body").and_then(|body| body.get(field)) {
        Some(shown) => format!("{status}, {}", short(shown)),
        None => status,
    }
}

struct Answers(Vec<Answer>);

impl Report for Answers {
    fn human(&self, look: &Look) -> String {
        self.0.iter().map(|answer| answer.text(look)).collect::<Vec<_>>().join("\n\n")
    }

    fn json(&self) -> Value {
        json!({"documents": self.0.iter().map(Answer::json).collect::<Vec<_>>()})
    }
}

impl Answer {
    fn text(&self, look: &Look) -> String {
        let name = self.number.clone().unwrap_or_else(|| self.document.key.to_string());
        let kind = self.document.kind.singular().replace('_', " ");
        let mut lines = vec![look.bold(&format!("{} of {kind} {name}", self.source.field))];
        lines.push(match &self.why.shown {
            Some(shown) => format!("Coupa shows   {}", short(shown)),
            None => "Coupa shows   nothing that can be told".to_owned(),
        });
        for (member, value) in &self.why.sap {
            lines.push(format!("SAP holds     {member} = {value}"));
        }
        if let Some(stamp) = self.why.stamp {
            lines.push(format!("SAP version   {} {}", stamp.date, stamp.time));
        }
        lines.push(format!("Rule          {}", self.source.rule));
        match self.sent.last() {
            Some(last) => {
                let version = last
                    .attempt
                    .sap_stamp
                    .map(|stamp| format!(", of SAP's version {} {}", stamp.date, stamp.time));
                lines.push(format!(
                    "Last sent     {} at {}{}",
                    short(&last.value),
                    look.moment(last.attempt.at),
                    version.unwrap_or_default()
                ));
                let reply =
                    last.reply.as_ref().map(|reply| format!("{}: ", replied(reply, self.source.field)));
                lines.push(format!("Coupa said    {}{}", reply.unwrap_or_default(), last.attempt.message));
            }
            None if self.emptied => lines.push("Last sent     longer ago than that is kept".to_owned()),
            None => lines.push("Last sent     never".to_owned()),
        }
        if let Some(refused) = &self.why.refused {
            lines.push(look.bad(&format!("Can't be mapped now: {refused}")));
        }
        lines.push(format!(
            "Since then    {}",
            self.changed_since().unwrap_or_else(|| "nothing changed".to_owned())
        ));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let sent = |sending: &Sending| {
            json!({
                "at": sending.attempt.at,
                "value": sending.value,
                "sap_version": sending.attempt.sap_stamp,
                "outcome": sending.attempt.outcome,
                "message": sending.attempt.message,
                "reply": sending.reply,
                "correlation": sending.attempt.correlation,
            })
        };
        let sap: serde_json::Map<String, Value> =
            self.why.sap.iter().map(|(member, value)| (member.clone(), value.as_str().into())).collect();
        json!({
            "document": self.document,
            "number": self.number,
            "field": self.source.field,
            "coupa": self.why.shown,
            "sap": sap,
            "sap_version": self.why.stamp,
            "rule": self.source.rule,
            "now": self.why.now,
            "refused": self.why.refused,
            "sent": self.sent.iter().map(sent).collect::<Vec<_>>(),
            "changed_since": self.changed_since(),
        })
    }
}
