use crate::members;
use sap::entities::Document;

/// What a number can be made of.
const PLACEHOLDERS: [&str; 4] = ["DocNum", "NumAtCard", "Series", "DocEntry"];

/// How a document's number in Coupa is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Member(&'static str),
}

impl Template {
    /// `{DocNum}` with a prefix: what every default is.
    pub(crate) fn doc_num_after(prefix: &str) -> Self {
        let prefix = (!prefix.is_empty()).then(|| Part::Text(prefix.to_owned()));
        Self(prefix.into_iter().chain([Part::Member("DocNum")]).collect())
    }

    /// Reads `CN-{DocNum}`, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(open);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let inside = from.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let (name, after) = inside.ok_or_else(|| format!("`{text}` has a brace without its partner"))?;
            let known = PLACEHOLDERS.into_iter().find(|placeholder| *placeholder == name);
            parts.push(Part::Member(known.ok_or_else(|| {
                let nearest = super::source::nearest(name, &PLACEHOLDERS);
                format!(
                    "`{{{name}}}` is no placeholder; did you mean `{{{nearest}}}`? Known are {{{}}}",
                    PLACEHOLDERS.join("}, {")
                )
            })?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, Part::Member(_))) {
            return Err(format!("`{text}` would give every document the same number; use {{DocNum}}"));
        }
        Ok(Self(parts))
    }

    /// The number, or the name of the member that is empty.
    pub(crate) fn fill(&self, document: &Document) -> Result<String, &'static str> {
        let mut number = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => number.push_str(text),
                Part::Member(name) => {
                    let value = members::of_document(document, name).unwrap_or_default();
                    let value = value.trim();
                    if value.is_empty() {
                        return Err(name);
                    }
                    number.push_str(value);
                }
            }
        }
        Ok(number)
    }
}
