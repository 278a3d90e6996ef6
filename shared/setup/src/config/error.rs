use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

/// What is wrong with the config file, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", file.display(), place(*line))]
pub struct ConfigError {
    /// Which file.
    pub file: PathBuf,
    /// Which line of it, from 1, where one line is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

fn place(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        let (message, help) = match error.kind() {
            io::ErrorKind::NotFound => (
                "there is no such config file".to_owned(),
                "Run `b1-coupa init` to write one, or name yours with `--config FILE`.".to_owned(),
            ),
            io::ErrorKind::InvalidData => (
                "the config file is not UTF-8 text".to_owned(),
                "Save it as UTF-8, which every editor offers.".to_owned(),
            ),
            _ => (
                format!("the config file can't be read: {error}"),
                "Check that the file belongs to the user who runs b1-coupa, or may be read by them."
                    .to_owned(),
            ),
        };
        Self { file: file.to_owned(), line: None, message, help }
    }

    /// An error at a place in the text.
    pub(super) fn at(
        text: &str,
        file: &Path,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let line = span.map(|span| line_of(text, span.start));
        Self { file: file.to_owned(), line, message: message.into(), help: help.into() }
    }

    /// An error at the line that sets `key`.
    pub(super) fn at_key(text: &str, file: &Path, key: &str, message: &str, help: &str) -> Self {
        let sets_it = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.contains('='));
        let line = text.lines().position(sets_it).map(|index| index + 1);
        Self { file: file.to_owned(), line, message: message.to_owned(), help: help.to_owned() }
    }

    /// An error of the TOML reader, or of one of our own value types while it reads.
    pub(super) fn from_toml(error: &toml::de::Error, text: &str, file: &Path) -> Self {
        if let Some(name) = missing_field(error.message()) {
            return Self::missing(name, error.span(), text, file);
        }
        let (message, help) = error.message().split_once('\n').unwrap_or((error.message(), ""));
        let source = error.span().and_then(|span| key_of(text, span.start));
        let message = match source {
            Some(key) => format!("`{key}`: {message}"),
            None => message.to_owned(),
        };
        let help = if help.is_empty() { "Write it as `b1-coupa init` does in a new file." } else { help };
        Self::at(text, file, error.span(), message, help)
    }

    fn missing(name: &str, span: Option<Range<usize>>, text: &str, file: &Path) -> Self {
        // A whole section that is missing is reported at the first line, which may be another section's.
        let is_section = super::keys::sections().iter().any(|(section, _)| *section == name);
        let section = span.as_ref().and_then(|span| section_at(text, span.start)).filter(|_| !is_section);
        let (message, help) = match section {
            Some(section) => (
                format!("[{section}] lacks the key `{name}`"),
                format!(
                    "Add `{name} = …` under [{section}]; `b1-coupa init` writes an example with every key."
                ),
            ),
            None => (
                format!("the section [{name}] is missing"),
                format!("Add a section [{name}]; `b1-coupa init` writes an example with every key."),
            ),
        };
        let span = span.filter(|_| section.is_some());
        Self::at(text, file, span, message, help)
    }
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The line that holds the byte at `offset`, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The key that is set on the line of `offset`.
fn key_of(text: &str, offset: usize) -> Option<&str> {
    let line = text.lines().nth(line_of(text, offset) - 1)?;
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.\"".contains(letter);
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// The section whose header stands at `offset` or is the last before it.
fn section_at(text: &str, offset: usize) -> Option<&str> {
    let header = |line: &'_ str| line.trim_start().starts_with('[');
    let line = text.lines().take(line_of(text, offset)).filter(|line| header(line)).last()?;
    line.trim_start().strip_prefix('[')?.split(']').next().map(str::trim)
}
