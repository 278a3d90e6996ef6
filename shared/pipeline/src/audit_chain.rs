//! The audit trail of a document as a chain: each entry carries a hash over itself and the one before it, and the document's
//! item says where the chain ends. So an entry that was altered, taken out or moved is found, at the end too.
//!
//! What was sent counts by its digest alone, so that it can be let go one day without breaking the chain.

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
    /// The first entries are missing, and nothing says that they expired.
    #[error("{0} entries at the beginning were taken out")]
    Beheaded(u64),
    /// What was sent is missing before its time.
    #[error("what entry {0} sent was taken out")]
    Emptied(u64),
}

/// What may be missing of a chain, because it was let go in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// The first so many entries.
    pub entries: u64,
    /// What entries before this moment sent; without it nothing.
    pub payloads_before: Option<Timestamp>,
}

/// Puts the entry at the end of the document's chain.
pub(crate) fn append(mut entry: AuditEntry, item: &mut DocumentItem) -> AuditEntry {
    let head = item.audit.take().unwrap_or_default();
    let sequence = head.count + 1;
    let digest = digest(&entry.sent);
    let hash = hash(&entry, &digest, sequence, &head.hash);
    let payload = if entry.sent.is_empty() { String::new() } else { digest };
    let end = AuditHead { count: sequence, hash: hash.clone() };
    item.audit = Some(if bug(Bug::ChainNotKept) { head.clone() } else { end });
    entry.chain = Some(Chain { sequence, before: head.hash, hash, payload });
    entry
}

fn hash(entry: &AuditEntry, payload: &str, sequence: u64, before: &str) -> String {
    let plain = AuditEntry { chain: None, sent: vec![Value::from(payload)], ..entry.clone() };
    // A type that serializes to text does so always; should it ever not, the entry would be told as altered.
    let text = serde_json::to_string(&plain).unwrap_or_default();
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
pub fn verify(entries: &[AuditEntry], head: Option<&AuditHead>, let_go: LetGo) -> Result<(), Broken> {
    let mut last: Option<&Chain> = None;
    for (entry, chain) in in_sequence(entries)? {
        match last {
            None if chain.sequence > let_go.entries + 1 => return Err(Broken::Beheaded(chain.sequence - 1)),
            None if chain.sequence == 1 && !chain.before.is_empty() => return Err(Broken::Altered(1)),
            Some(last) if chain.sequence <= last.sequence => return Err(Broken::Moved(chain.sequence)),
            Some(last) if chain.sequence != last.sequence + 1 || chain.before != last.hash => {
                return Err(Broken::Gap(chain.sequence));
            }
            None | Some(_) => {}
        }
        if hash(entry, &payload(entry, chain), chain.sequence, &chain.before) != chain.hash {
            return Err(Broken::Altered(chain.sequence));
        }
        if entry.is_emptied() && let_go.payloads_before.is_none_or(|before| entry.at >= before) {
            return Err(Broken::Emptied(chain.sequence));
        }
        last = Some(chain);
    }
    let (count, end) = last.map_or((0, ""), |last| (last.sequence, last.hash.as_str()));
    let (expected, hash) = head.map_or((0, ""), |head| (head.count, head.hash.as_str()));
    if count < expected && !(count == 0 && let_go.entries >= expected) {
        return Err(Broken::Truncated { count: expected, missing: expected - count });
    }
    if count > expected {
        return Err(Broken::Added(expected + 1));
    }
    if count > 0 && end != hash { Err(Broken::Altered(count)) } else { Ok(()) }
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
mod tests {
    use super::*;
    use model::{AuditOutcome, Cause, CompanyDb, CorrelationId, DocumentKey, ObjectKind, Step};
    use serde_json::json;

    fn chain(length: u32) -> (Vec<AuditEntry>, AuditHead) {
        let mut item = DocumentItem::default();
        let entries = (0..length).map(|attempt| {
            let entry = AuditEntry {
                document: DocumentKey::entry(&CompanyDb("ACME".to_owned()), ObjectKind::Invoice, 7),
                number: Some("100237".to_owned()),
                at: jiff::Timestamp::from_second(1_800_000_000 + i64::from(attempt)).unwrap(),
                noticed_at: None,
                duration_ms: 12,
                cause: Cause::Poll,
                step: Step::Document,
                sap_stamp: None,
                attempt,
                outcome: AuditOutcome::Updated,
                code: None,
                class: None,
                message: "updated".to_owned(),
                direction: None,
                sent: vec![json!({"method": "PUT", "body": {"a": attempt}})],
                coupa_calls: 1,
                correlation: CorrelationId("c".to_owned()),
                chain: None,
            };
            append(entry, &mut item)
        });
        let entries = entries.collect();
        (entries, item.audit.unwrap())
    }

    const NOTHING: LetGo = LetGo { entries: 0, payloads_before: None };

    #[test]
    fn a_whole_chain_is_whole_and_what_was_sent_may_be_let_go() {
        let (mut entries, head) = chain(4);
        assert_eq!(verify(&entries, Some(&head), NOTHING), Ok(()));
        let read: Vec<AuditEntry> = serde_json::from_str(&serde_json::to_string(&entries).unwrap()).unwrap();
        assert_eq!(verify(&read, Some(&head), NOTHING), Ok(()));
        assert_eq!(verify(&[], None, NOTHING), Ok(()));
        let expired = LetGo { entries: 2, payloads_before: None };
        assert_eq!(verify(&entries[2..], Some(&head), expired), Ok(()), "the first two expired");
        entries[1].sent = vec![];
        let until = |entry: &AuditEntry| LetGo { entries: 0, payloads_before: Some(entry.at) };
        assert_eq!(verify(&entries, Some(&head), until(&entries[2])), Ok(()));
        assert_eq!(verify(&entries, Some(&head), until(&entries[1])), Err(Broken::Emptied(2)), "too early");
        assert_eq!(verify(&entries, Some(&head), NOTHING), Err(Broken::Emptied(2)));
    }

    #[test]
    fn a_clock_that_is_behind_moves_no_entry() {
        let mut item = DocumentItem::default();
        let (plain, _) = chain(2);
        let at = [plain[1].at, plain[0].at];
        let mut entries: Vec<AuditEntry> =
            at.map(|at| append(AuditEntry { at, chain: None, ..plain[0].clone() }, &mut item)).into();
        let head = item.audit;
        // The store has them by their times.
        entries.reverse();
        assert_eq!(verify(&entries, head.as_ref(), NOTHING), Ok(()));
        entries.reverse();
        assert_eq!(verify(&entries, head.as_ref(), NOTHING), Err(Broken::Moved(2)));
        let unchained = AuditEntry { chain: None, ..entries[0].clone() };
        entries.reverse();
        entries.push(unchained);
        assert!(verify(&entries, head.as_ref(), NOTHING).is_err(), "one that was added");
    }

    #[test]
    fn the_digest_of_what_was_let_go_cannot_be_replaced() {
        let (mut entries, head) = chain(2);
        entries[1].sent = vec![];
        entries[1].chain.as_mut().unwrap().payload = digest(&[json!({"a": 9})]);
        let all = LetGo { entries: 0, payloads_before: Some(Timestamp::MAX) };
        assert_eq!(verify(&entries, Some(&head), all), Err(Broken::Altered(2)));
    }

    #[test]
    fn each_way_to_tamper_is_named_with_its_place() {
        let (whole, head) = chain(4);
        let tampered = |change: fn(&mut Vec<AuditEntry>)| {
            let mut entries = whole.clone();
            change(&mut entries);
            verify(&entries, Some(&head), NOTHING).unwrap_err()
        };
        assert_eq!(tampered(|all| all[2].message = "never".to_owned()), Broken::Altered(3));
        assert_eq!(tampered(|all| all[0].sent = vec![json!({"a": 9})]), Broken::Altered(1));
        assert_eq!(tampered(|all| all[1].chain = None), Broken::Altered(2));
        assert_eq!(tampered(|all| drop(all.remove(1))), Broken::Gap(3));
        assert_eq!(tampered(|all| all.swap(1, 2)), Broken::Moved(2));
        assert_eq!(tampered(|all| drop(all.pop())), Broken::Truncated { count: 4, missing: 1 });
        assert_eq!(tampered(Vec::clear), Broken::Truncated { count: 4, missing: 4 });
        assert_eq!(tampered(|all| drop(all.remove(0))), Broken::Beheaded(1));
        let more = |all: &mut Vec<AuditEntry>| {
            let mut item = DocumentItem {
                audit: Some(AuditHead { count: 4, hash: all[3].chain.clone().unwrap().hash }),
                ..DocumentItem::default()
            };
            let forged = append(AuditEntry { chain: None, ..all[3].clone() }, &mut item);
            all.push(forged);
        };
        assert_eq!(tampered(more), Broken::Added(5));
        // Hashed anew from there on, it no longer fits what the item says.
        let anew = |all: &mut Vec<AuditEntry>| {
            let mut item = DocumentItem {
                audit: Some(AuditHead { count: 3, hash: all[2].chain.clone().unwrap().hash }),
                ..DocumentItem::default()
            };
            let forged = AuditEntry { chain: None, message: "forged".to_owned(), ..all.remove(3) };
            let forged = append(forged, &mut item);
            all.push(forged);
        };
        assert_eq!(tampered(anew), Broken::Altered(4));
    }
}
