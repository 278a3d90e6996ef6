use model::ObjectKind;

/// The customer's mapping file; its default is what goes without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {}

/// Why a mapping file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MappingError {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Which documents already in Coupa are taken over where their number fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopt {
    /// Only those that carry our mark.
    ByMark,
    /// Any.
    ByNumber,
}

impl Mapping {
    /// Reads a mapping file.
    pub fn parse(_toml: &str) -> Result<Self, MappingError> {
        Ok(Self::default())
    }

    /// Members of SAP's entity that are read only because the mapping file names them.
    pub fn extra_members(&self, _kind: ObjectKind) -> Vec<String> {
        Vec::new()
    }

    /// What to do with a document of Coupa that has the right number and no link.
    pub fn adopt(&self, kind: ObjectKind) -> Adopt {
        if kind == ObjectKind::Supplier { Adopt::ByNumber } else { Adopt::ByMark }
    }
}
