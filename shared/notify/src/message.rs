use crate::{
    Drift, Failures, Findings, Outage, Standstill,
    digest::{DRIFT, OUTAGE, STANDSTILL},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many codes stand in a subject.
const IN_SUBJECT: usize = 3;
/// Of words that others wrote, so many characters.
const CHARACTERS: usize = 200;

/// One message to people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whose.
    pub company: String,
    /// The causes of which it has news: codes, `standstill`, `outage`, `drift`.
    pub causes: Vec<String>,
    /// When it was made.
    pub at: Timestamp,
    /// In one line.
    pub subject: String,
    /// For people.
    pub text: String,
    /// For programs. The members stand in the crate's README.
    pub json: Value,
}

impl Message {
    /// Tells all that is open. `news` says how much of each cause nobody has heard of.
    pub(crate) fn new(findings: &Findings, news: &BTreeMap<String, usize>, at: Timestamp) -> Self {
        let subject = subject(findings, news);
        let text = text(findings, news);
        let unheard = |failures: &Failures| news.get(failures.code.number()).copied().unwrap_or(0);
        let codes = findings.failures.iter().map(|one| code_json(one, unheard(one)));
        let json = json!({
            "kind": "digest",
            "at": at,
            "company": findings.company,
            "subject": subject,
            "text": text,
            "dead_letters": findings.failures.iter().map(Failures::count).sum::<usize>(),
            "new": findings.failures.iter().map(unheard).sum::<usize>(),
            "codes": codes.collect::<Vec<_>>(),
            "standstill": findings.standstill.as_ref().map(standstill_json),
            "outage": outage(findings).map(outage_json),
            "over": is_over(findings, news).then_some(OUTAGE).into_iter().collect::<Vec<_>>(),
            "drift": findings.drift.as_ref().map(drift_json),
        });
        let causes = news.keys().cloned().collect();
        Self { company: findings.company.clone(), causes, at, subject, text, json }
    }
}

/// The outage, if it is one to speak of.
fn outage(findings: &Findings) -> Option<&Outage> {
    findings.outage.as_ref().filter(|outage| outage.is_long())
}

/// Coupa is there again, and people were told that it was away.
fn is_over(findings: &Findings, news: &BTreeMap<String, usize>) -> bool {
    findings.outage.is_none() && news.contains_key(OUTAGE)
}

fn subject(findings: &Findings, news: &BTreeMap<String, usize>) -> String {
    let mut parts = Vec::new();
    if let Some(standstill) = findings.standstill.as_ref().filter(|_| news.contains_key(STANDSTILL)) {
        parts.push(standstill.code.title().to_owned());
    }
    if let Some(outage) = outage(findings).filter(|_| news.contains_key(OUTAGE)) {
        parts.push(outage.code.title().to_owned());
    }
    if is_over(findings, news) {
        parts.push("Coupa answers again".to_owned());
    }
    let failed: Vec<_> =
        findings.failures.iter().filter_map(|one| Some((one, *news.get(one.code.number())?))).collect();
    if !failed.is_empty() {
        let mut codes: Vec<_> =
            failed.iter().take(IN_SUBJECT).map(|(one, _)| one.code.number().to_owned()).collect();
        if failed.len() > IN_SUBJECT {
            codes.push(format!("{} more", failed.len() - IN_SUBJECT));
        }
        let count = failed.iter().map(|(_, unheard)| unheard).sum();
        parts.push(format!("{} failed ({})", documents(count), codes.join(", ")));
    }
    if let Some(drift) = findings.drift.as_ref().filter(|_| news.contains_key(DRIFT)) {
        parts.push(format!("{} between SAP and Coupa", differences(drift.differences)));
    }
    format!("b1-coupa {}: {}", one_line(&findings.company), parts.join("; "))
}

fn text(findings: &Findings, news: &BTreeMap<String, usize>) -> String {
    let mut lines = vec![format!("Company {}", one_line(&findings.company)), String::new()];
    if let Some(Standstill { code, since, text }) = &findings.standstill {
        lines.push(format!("{code}  {}: {}", code.title(), one_line(text)));
        lines.extend(since.map(|since| format!("    Since: {}", moment(since))));
        lines.push(format!("    What to do: {}", code.fix()));
        lines.push(String::new());
    }
    if let Some(Outage { code, since, .. }) = outage(findings) {
        lines.push(format!("{code}  {}: nothing has gone to Coupa since then", code.title()));
        lines.push(format!("    Since: {}", moment(*since)));
        lines.push(format!("    What to do: {}", code.fix()));
        lines.push(String::new());
    }
    if is_over(findings, news) {
        lines.push("Coupa answers again. What waited goes on by itself.".to_owned());
        lines.push(String::new());
    }
    for failures in &findings.failures {
        lines.extend(failures_text(failures, news.get(failures.code.number()).copied().unwrap_or(0)));
        lines.push(String::new());
    }
    if let Some(Drift { compared_at, differences: count, certificate }) = &findings.drift {
        lines.push(format!(
            "SAP and Coupa are not in balance: {}, compared {}.",
            differences(*count),
            moment(*compared_at)
        ));
        lines.push(format!("    What to do: look at {certificate}; `b1-coupa reconcile --repair` has what differs looked at afresh."));
        lines.push(String::new());
    }
    if !findings.failures.is_empty() {
        lines.push("`b1-coupa dead-letters list` names all documents and says why.".to_owned());
        lines.push("After mending the cause: `b1-coupa dead-letters redrive --code CODE`.".to_owned());
    }
    lines.join("\n").trim_end().to_owned()
}

fn failures_text(failures: &Failures, unheard: usize) -> [String; 3] {
    let Failures { code, examples, .. } = failures;
    let (count, named) = (failures.count(), examples.len());
    let of_them = match unheard {
        0 => "none of them new".to_owned(),
        unheard if unheard == count => "new".to_owned(),
        unheard => format!("{unheard} of them new"),
    };
    let mut list: Vec<_> = examples
        .iter()
        .map(|one| format!("{} {}", one.kind.singular().replace('_', " "), one_line(&one.number)))
        .collect();
    if count > named {
        list.push(format!("and {} more", count - named));
    }
    [
        format!(
            "{code}  {}: {}, {of_them}, the last {}",
            code.title(),
            documents(count),
            moment(failures.newest())
        ),
        format!("    What to do: {} (docs/errors/{code}.md)", code.fix()),
        format!("    Which: {}", list.join(", ")),
    ]
}

fn code_json(failures: &Failures, unheard: usize) -> Value {
    let code = failures.code;
    let examples: Vec<_> = failures
        .examples
        .iter()
        .map(|one| json!({"object": one.kind.singular(), "number": one.number}))
        .collect();
    json!({
        "code": code.number(),
        "title": code.title(),
        "class": code.class().name(),
        "fix": code.fix(),
        "count": failures.count(),
        "new": unheard,
        "newest": failures.newest(),
        "examples": examples,
    })
}

fn standstill_json(standstill: &Standstill) -> Value {
    let Standstill { code, since, text } = standstill;
    json!({"code": code.number(), "title": code.title(), "fix": code.fix(), "since": since, "text": one_line(text)})
}

fn outage_json(outage: &Outage) -> Value {
    let Outage { code, since, last } = outage;
    json!({"code": code.number(), "title": code.title(), "fix": code.fix(), "since": since, "last": last})
}

fn drift_json(drift: &Drift) -> Value {
    json!({
        "compared_at": drift.compared_at,
        "differences": drift.differences,
        "certificate": drift.certificate,
    })
}

fn documents(count: usize) -> String {
    format!("{count} {}", if count == 1 { "document" } else { "documents" })
}

fn differences(count: usize) -> String {
    format!("{count} {}", if count == 1 { "difference" } else { "differences" })
}

fn moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Words of others without line breaks, so that they can't pass for lines of ours.
fn one_line(text: &str) -> String {
    let kept: String = text.chars().take(CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(CHARACTERS).is_some() { format!("{kept} …") } else { kept }
}
