//! XML, which Coupa answers unless JSON is asked for.

use serde_json::Value;

/// Writes text with the characters escaped that mean something in XML.
pub(crate) fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

/// An object or a list in Coupa's XML: `<supplier>`, or `<suppliers type="array">`.
pub(crate) fn document(root: &str, value: &Value) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element(root, value, &mut out);
    out
}

fn element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null => {
            open(name, " nil=\"true\"", out);
            out.truncate(out.len() - 1);
            out.push_str("/>");
        }
        Value::Array(items) => {
            open(&plural(name), " type=\"array\"", out);
            for item in items {
                element(name.trim_end_matches('s'), item, out);
            }
            close(&plural(name), out);
        }
        Value::Object(members) => {
            open(name, "", out);
            for (member, value) in members {
                element(member, value, out);
            }
            close(name, out);
        }
        Value::Bool(flag) => {
            open(name, " type=\"boolean\"", out);
            out.push_str(if *flag { "true" } else { "false" });
            close(name, out);
        }
        Value::Number(number) => {
            open(name, " type=\"integer\"", out);
            out.push_str(&number.to_string());
            close(name, out);
        }
        Value::String(text) => {
            open(name, "", out);
            escape(text, out);
            close(name, out);
        }
    }
}

fn plural(name: &str) -> String {
    if name.ends_with('s') { name.to_owned() } else { format!("{name}s") }
}

fn open(name: &str, attributes: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    out.push_str(attributes);
    out.push('>');
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}
