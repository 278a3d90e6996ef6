//! The audit trail of a document as a chain: each entry carries a hash over itself and the one before it, and the document's
//! item says where the chain ends. So an entry that was altered, taken out or moved is found, at the end too.
//!
//! What was sent counts by its digest alone, so that it can be let go one day without breaking the chain.

mod runs;

pub use runs::{Run, Runs, let_go_until};

use jiff::Timestamp;
use model::planted::{Bug, bug};
use model::{AuditEntry, AuditHead, Chain, DocumentItem};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What is wrong with a chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Its content is not what was hashed.
    #[error("entry {0} was altered")]
    Altered(u64),
    /// The entry before it is missing, or is another one.
    #[error("what stood before entry {0} was taken out or replaced")]
    Gap(u64),
    /// It stands in another place than it was written in.
    #[error("entry {0} stands in the wrong place")]
    Moved(u64),
    /// The item tells of later entries.
    #[error("{missing} entries at the end were taken out: the document had {count}")]
    Truncated {
        /// How many entries the document had.
        count: u64,
        /// How many of them are missing.
        missing: u64,
    },
    /// There are entries that the item doesn't tell of.
    #[error("entry {0} was added behind the end")]
    Added(u64),
    /// The first entries are missing, and nothing that was signed says that they were let go.
    #[error("{0} entries at the beginning were taken out")]
    Beheaded(u64),
    /// What was sent is missing before its time.
    #[error("what entry {0} sent was taken out")]
    Emptied(u64),
}

/// What may be missing of a chain, because it was let go in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// The entries up to this one, which had this hash.
    pub until: AuditHead,
    /// What entries before this moment sent; without it nothing.
    pub payloads_before: Option<Timestamp>,
}

/// Puts the entry at the end of the document's chain.
pub(crate) fn append(mut entry: AuditEntry, item: &mut DocumentItem) -> AuditEntry {
    let head = item.audit.take().unwrap_or_default();
    let sequence = head.count + 1;
    let digest = digest(&entry.sent);
    let payload = if entry.sent.is_empty() { String::new() } else { digest.clone() };
    let sent = std::mem::replace(&mut entry.sent, vec![Value::from(digest)]);
    entry.chain = None;
    let hash = hash(&entry, sequence, &head.hash);
    entry.sent = sent;
    let end = AuditHead { count: sequence, hash: hash.clone() };
    item.audit = Some(if bug(Bug::ChainNotKept) { head.clone() } else { end });
    entry.chain = Some(Chain { sequence, before: head.hash, hash, payload });
    entry
}

/// Of an entry with the digest of what it sent in the place of that, and without its chain.
fn hash(plain: &AuditEntry, sequence: u64, before: &str) -> String {
    // A type that serializes to text does so always; should it ever not, the entry would be told as altered.
    let text = serde_json::to_string(plain).unwrap_or_default();
    hex(&[
        b"b1-coupa audit 1\n",
        before.as_bytes(),
        b"\n",
        sequence.to_string().as_bytes(),
        b"\n",
        text.as_bytes(),
    ])
}

fn digest(sent: &[Value]) -> String {
    hex(&[serde_json::to_string(sent).unwrap_or_default().as_bytes()])
}

/// The digest of what an entry sent, also where that was let go.
fn payload(entry: &AuditEntry, chain: &Chain) -> String {
    if entry.is_emptied() { chain.payload.clone() } else { digest(&entry.sent) }
}

fn hex(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), Sha256::chain_update);
    format!("{:x}", digest.finalize())
}

/// Checks the attempts on one document, in the order in which the store has them, which is that of their times. Entries of
/// versions without a chain, at the beginning, are passed over.
pub fn verify(entries: &[AuditEntry], head: Option<&AuditHead>, let_go: &LetGo) -> Result<(), Broken> {
    let mut last: Option<&Chain> = None;
    for (entry, chain) in in_sequence(entries)? {
        follows(chain, last, &let_go.until)?;
        if !is_unaltered(entry, chain) {
            return Err(Broken::Altered(chain.sequence));
        }
        if entry.is_emptied() && let_go.payloads_before.is_none_or(|before| entry.at >= before) {
            return Err(Broken::Emptied(chain.sequence));
        }
        last = Some(chain);
    }
    let end = last.map_or((0, ""), |last| (last.sequence, last.hash.as_str()));
    // What is left, if anything, may all be due: then the end that was signed stands for it.
    let (count, end) = end.max((let_go.until.count, let_go.until.hash.as_str()));
    let (expected, hash) = head.map_or((0, ""), |head| (head.count, head.hash.as_str()));
    if count < expected {
        return Err(Broken::Truncated { count: expected, missing: expected - count });
    }
    if count > expected {
        return Err(Broken::Added(expected + 1));
    }
    if count > 0 && end != hash { Err(Broken::Altered(count)) } else { Ok(()) }
}

/// Whether an entry may stand after `last`, or at the beginning. Of those that were let go any may be missing: they don't go all at
/// once, nor in order.
fn follows(chain: &Chain, last: Option<&Chain>, until: &AuditHead) -> Result<(), Broken> {
    let sequence = chain.sequence;
    if sequence == until.count && chain.hash != until.hash {
        return Err(Broken::Altered(sequence));
    }
    match last {
        Some(last) if sequence <= last.sequence => Err(Broken::Moved(sequence)),
        Some(last) if sequence == last.sequence + 1 => {
            if chain.before == last.hash {
                Ok(())
            } else {
                Err(Broken::Gap(sequence))
            }
        }
        _ if sequence <= until.count => Ok(()),
        _ if sequence == until.count + 1 && chain.before == until.hash => Ok(()),
        None if sequence == 1 => Err(Broken::Altered(1)),
        None if sequence > until.count + 1 => Err(Broken::Beheaded(sequence - 1 - until.count)),
        _ => Err(Broken::Gap(sequence)),
    }
}

/// Whether its content is what was hashed.
fn is_unaltered(entry: &AuditEntry, chain: &Chain) -> bool {
    let plain = AuditEntry { chain: None, sent: vec![Value::from(payload(entry, chain))], ..entry.clone() };
    hash(&plain, chain.sequence, &chain.before) == chain.hash
}

/// The entries that are chained, as they were chained. Two workers whose clocks are apart may end one after the other, and the
/// second be stamped earlier.
fn in_sequence(entries: &[AuditEntry]) -> Result<Vec<(&AuditEntry, &Chain)>, Broken> {
    let mut chained: Vec<(&AuditEntry, &Chain)> = Vec::with_capacity(entries.len());
    for entry in entries {
        match (&entry.chain, chained.last()) {
            (Some(chain), Some((last, _))) if entry.at < last.at => {
                return Err(Broken::Moved(chain.sequence));
            }
            (Some(chain), _) => chained.push((entry, chain)),
            (None, Some((_, last))) => return Err(Broken::Altered(last.sequence + 1)),
            (None, None) => {}
        }
    }
    chained.sort_by_key(|(_, chain)| chain.sequence);
    Ok(chained)
}

#[cfg(test)]
mod tests;
