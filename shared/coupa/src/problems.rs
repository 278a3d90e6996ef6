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
/// And what it is about after this many: a member's name may be as long as the body.
const MOST_ATTRIBUTE: usize = 200;

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
pub fn decode(body: &[u8]) -> Vec<Problem> {
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
                let key = cut(key, MOST_ATTRIBUTE);
                match (says_nothing, path) {
                    (true, _) => collect(value, path, problems),
                    (false, "") => collect(value, key, problems),
                    (false, _) => collect(value, cut(&format!("{path}.{key}"), MOST_ATTRIBUTE), problems),
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
    problems.push(Problem { attribute: attribute.to_owned(), text: cut(text, MOST_TEXT).to_owned() });
}

fn cut(text: &str, most_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(most_bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(body: &str) -> Vec<String> {
        decode(body.as_bytes()).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn every_documented_shape_is_read() {
        for (body, expected) in [
            (
                r#"{"errors":{"user":["Login has already been taken","Email has already been taken"]}}"#,
                vec!["user: Login has already been taken", "user: Email has already been taken"],
            ),
            (
                r#"{"errors":{"invoice-header.invoice_lines.tax_lines":["Rate is bad"]}}"#,
                vec!["invoice-header.invoice_lines.tax_lines: Rate is bad"],
            ),
            (
                r#"{"errors":{"invoice-header":{"invoice_lines":["Price can't be blank"]}}}"#,
                vec!["invoice-header.invoice_lines: Price can't be blank"],
            ),
            (r#"{"errors":["one","two"]}"#, vec!["one", "two"]),
            (r#"{"errors":"only one"}"#, vec!["only one"]),
            (r#"{"errors":{"request":[{"order-header":["bad"]}]}}"#, vec!["order-header: bad"]),
            (r#"{"error":"invalid_scope","error_description":"no"}"#, vec!["invalid_scope", "no"]),
            (r#""a bare text""#, vec!["a bare text"]),
            (
                "<?xml version=\"1.0\"?>\n<errors>\n  <error>one &amp; only&#33;</error>\n  <error><![CDATA[two <b>]]></error>\n</errors>",
                vec!["one & only!", "two <b>"],
            ),
            ("<errors><error>cut o", vec!["cut o"]),
            (
                "<html><head><style>p{}</style><title>502 Bad Gateway</title></head><body><br><p>nginx</p></body></html>",
                vec!["502 Bad Gateway", "nginx"],
            ),
            ("upstream connect error", vec!["upstream connect error"]),
            (r#"{"errors":{"user":["cut o"#, vec![r#"{"errors":{"user":["cut o"#]),
            ("", vec![]),
            ("null", vec!["null"]),
        ] {
            assert_eq!(told(body), expected, "{body}");
        }
    }

    #[test]
    fn long_texts_and_long_lists_are_cut() {
        let body = serde_json::json!({ "errors": vec!["ü".repeat(2_000); 200] }).to_string();
        let problems = decode(body.as_bytes());
        assert_eq!(problems.len(), MOST_PROBLEMS);
        assert!(problems.iter().all(|problem| problem.text.len() <= MOST_TEXT));
    }

    #[test]
    fn long_names_are_cut_however_deep_they_stand() {
        let name = "ü".repeat(2_000);
        for body in [
            serde_json::json!({ &name: ["bad"] }),
            serde_json::json!({ "errors": { "invoice-header": { &name: { &name: { "rate": "bad" } } } } }),
        ] {
            let problems = decode(body.to_string().as_bytes());
            assert_eq!(problems.len(), 1);
            assert!(
                problems[0].attribute.len() <= MOST_ATTRIBUTE && problems[0].text == "bad",
                "{problems:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&body);
            let _ = is_html(&body);
        }

        #[test]
        fn no_markup_makes_it_panic(body in r#"[<>/!\[\]&;#x"{}:,a-c0-9 ]{0,80}"#) {
            let _ = decode(format!("<{body}").as_bytes());
            let _ = decode(format!("{{{body}").as_bytes());
        }
    }
}
