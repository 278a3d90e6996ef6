use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a mapping file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MappingError {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// A value of the file, with its key.
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a DeValue<'a>,
    at: Range<usize>,
}

/// The known name that is most like the given one.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> &'a str {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}

/// The entries of a table in the order of the file, so that the first mistake is the one that is told.
pub(super) fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
        let text: &'a std::borrow::Cow<'a, str> = key.get_ref();
        Entry { key: text.as_ref(), value: value.get_ref(), at: key.span() }
    };
    let mut entries: Vec<Entry<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at.start);
    entries
}

/// The file's text, to say where in it something is wrong.
pub(super) struct Source<'a>(pub(super) &'a str);

impl Source<'_> {
    /// An error at a place of the file.
    pub(super) fn error(&self, entry: &Entry<'_>, message: impl Into<String>) -> MappingError {
        self.error_at(&entry.at, message)
    }

    pub(super) fn error_at(&self, at: &Range<usize>, message: impl Into<String>) -> MappingError {
        let before = self.0.get(..at.start).unwrap_or(self.0);
        MappingError { line: before.matches('\n').count() + 1, message: message.into() }
    }

    /// The value as a table.
    pub(super) fn table<'a>(&self, entry: &Entry<'a>) -> Result<&'a DeTable<'a>, MappingError> {
        entry.value.as_table().ok_or_else(|| {
            self.error(entry, format!("`{0}` must be a table: write `[{0}]`, then its entries", entry.key))
        })
    }

    /// The value as a text that isn't empty.
    pub(super) fn text<'a>(&self, entry: &Entry<'a>) -> Result<&'a str, MappingError> {
        match entry.value.as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text),
            Some(_) => Err(self.error(entry, format!("`{}` is empty", entry.key))),
            None => Err(self.error(entry, format!("`{}` must be a text in quotes", entry.key))),
        }
    }

    /// The value as one of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        entry: &Entry<'_>,
        choices: &[(&'static str, T)],
    ) -> Result<T, MappingError> {
        let word = self.text(entry)?;
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice).ok_or_else(|| {
            let allowed = names.join("\", \"");
            self.error(entry, format!("`{}` is \"{word}\"; allowed are \"{allowed}\"", entry.key))
        })
    }

    /// No such key.
    pub(super) fn unknown(&self, entry: &Entry<'_>, what: &str, known: &[&str]) -> MappingError {
        let nearest = nearest(entry.key, known);
        self.error(entry, format!("unknown {what} `{}`; did you mean `{nearest}`?", entry.key))
    }
}
