//! What the four kinds of push have in common: whose document is it, and did Coupa take all of it.

use crate::attempt::Stop;
use coupa::Record;
use mapping::Adopt;
use model::{Code, DocumentKey, Failure, Sent};
use serde_json::Value;

/// How a document of Coupa that carries our document's number is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As this very document.
    Ours,
    /// As another document of SAP's: its mark.
    Anothers(String),
    /// Not at all: somebody made it in Coupa.
    None,
}

/// Whether `ours` may take over what was found by number without a link; if not, why. `what` names it in Coupa.
pub(crate) fn may_adopt(mark: &Mark, adopt: Adopt, ours: &DocumentKey, what: &str) -> Result<(), Failure> {
    match (mark, adopt) {
        (Mark::Ours, _) | (Mark::None, Adopt::ByNumber) => Ok(()),
        (Mark::Anothers(other), _) => {
            let message = format!("{ours} would get the number of {what}, which is SAP's `{other}`");
            Err(Failure::new(Code::NumberClash, message))
        }
        (Mark::None, Adopt::ByMark) => {
            let message = format!("{ours} has the number of {what}, which does not carry its mark");
            Err(Failure::new(Code::NotOurs, message))
        }
    }
}

/// Coupa answers 200 and leaves a reference as it was where it doesn't know the code.
pub(crate) fn nothing_ignored<T: Record + serde::Serialize>(body: &Sent, reply: &T) -> Result<(), Stop> {
    let ignored = coupa::ignored_references(body, reply);
    if ignored.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = ignored
        .iter()
        .map(|one| format!("{} was sent as `{}`, Coupa shows `{}`", one.path, one.sent, one.shown))
        .collect();
    Err(Stop::Failed(Failure::new(Code::CoupaReferenceIgnored, list.join("; "))))
}

/// One object with one attribute.
pub(crate) fn single(name: &str, value: impl Into<Value>) -> Sent {
    Sent::from_iter([(name.to_owned(), value.into())])
}
