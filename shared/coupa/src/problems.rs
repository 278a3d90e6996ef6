//! Coupa's error bodies, in all the shapes they were seen in: a dictionary by object, nested or with dotted keys; a
//! list; a single text; `errors.request`; OAuth's `error` and `error_description`; XML with several `<error>` and
//! CDATA; and whatever something between us writes.

use quick_xml::{Reader, events::Event};
use serde_json::Value;
use std::fmt;

/// More than this many say nothing more.
const MOST_PROBLEMS: usize = 50;
/// A text is cut after this many bytes.
const MOST_TEXT: usize = 1_000;

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is about, such as `invoice-header.invoice_lines`; empty where Coupa doesn't say.
    pub attribute: String,
    /// Coupa's words.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attribute.as_str() {
            "" => f.write_str(&self.text),
            attribute => write!(f, "{attribute}: {}", self.text),
        }
    }
}

/// All complaints of an error body. Empty only where the body is.
pub(crate) fn decode(body: &[u8]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        collect(&value, "", &mut problems);
    } else if text.starts_with('<') {
        collect_xml(text, &mut problems);
    }
    if problems.is_empty() {
        push(&mut problems, "", text);
    }
    problems
}

/// The same as one sentence, for errors that are not about content.
pub(crate) fn sentence(body: &[u8]) -> String {
    let texts: Vec<String> = decode(body).iter().map(Problem::to_string).collect();
    if texts.is_empty() { "it does not say why".to_owned() } else { texts.join("; ") }
}

/// A web page, as load balancers and log-in walls send.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(body.get(..200).unwrap_or(body)).trim_start().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head")
}

fn collect(value: &Value, path: &str, problems: &mut Vec<Problem>) {
    match value {
        Value::Null => {}
        Value::String(text) => push(problems, path, text),
        Value::Bool(_) | Value::Number(_) => push(problems, path, &value.to_string()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, path, problems)),
        Value::Object(members) => {
            for (key, value) in members {
                // These say that it is an error, which is known, or that it is text, which is seen.
                let says_nothing = matches!(
                    key.as_str(),
                    "error" | "errors" | "error_description" | "message" | "messages" | "detail" | "request"
                );
                match (says_nothing, path) {
                    (true, _) => collect(value, path, problems),
                    (false, "") => collect(value, key, problems),
                    (false, _) => collect(value, &format!("{path}.{key}"), problems),
                }
            }
        }
    }
}

/// The text of each element that has any. Broken XML yields what came before the break.
fn collect_xml(xml: &str, problems: &mut Vec<Problem>) {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut text = String::new();
    let mut hidden = false;
    loop {
        match reader.read_event() {
            Ok(Event::Text(piece)) => text.push_str(&piece),
            Ok(Event::CData(piece)) => text.push_str(&piece),
            Ok(Event::GeneralRef(name)) => match (name.resolve_char_ref(), &*name) {
                (Ok(Some(character)), _) => text.push(character),
                (_, "lt") => text.push('<'),
                (_, "gt") => text.push('>'),
                (_, "amp") => text.push('&'),
                (_, "quot") => text.push('"'),
                (_, "apos") => text.push('\''),
                _ => text.push(' '),
            },
            Ok(Event::Start(tag)) => {
                flush(&mut text, hidden, problems);
                hidden = matches!(tag.name().as_ref(), "style" | "script");
            }
            Ok(Event::End(_)) => {
                flush(&mut text, hidden, problems);
                hidden = false;
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    flush(&mut text, hidden, problems);
}

fn flush(text: &mut String, hidden: bool, problems: &mut Vec<Problem>) {
    if !hidden {
        push(problems, "", text);
    }
    text.clear();
}

fn push(problems: &mut Vec<Problem>, attribute: &str, text: &str) {
    let text = text.trim();
    if text.is_empty() || problems.len() >= MOST_PROBLEMS {
        return;
    }
    let end = text.floor_char_boundary(MOST_TEXT);
    let text = text.get(..end).unwrap_or(text).to_owned();
    problems.push(Problem { attribute: attribute.to_owned(), text });
}
