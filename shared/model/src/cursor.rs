use crate::SapKey;
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

/// `UpdateDate` and `UpdateTime` of a document, in the company's local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// `UpdateDate`.
    pub date: civil::Date,
    /// `UpdateTime`; midnight where SAP leaves it empty.
    pub time: civil::Time,
}

/// How far one object has been read. Every stamp in it is SAP's own; our clock only measures how long ago we
/// saw something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything stamped up to here has been enqueued. `None` before the first pass ended.
    pub high_water: Option<Stamp>,
    /// When the mark was last seen to move, by our clock: only to tell how long it has stood still since.
    #[serde(default)]
    pub mark_moved_at: Option<Timestamp>,
    /// When the last pass that ended had begun, by our clock: what was visible then has been seen.
    #[serde(default)]
    pub last_pass_at: Option<Timestamp>,
    /// The highest `DocEntry` enqueued.
    pub last_entry: i64,
    /// A pass that hasn't ended yet, to go on with.
    pub pass: Option<Pass>,
    /// What the overlap will show again, and what need not be enqueued again because of it.
    pub seen: Vec<Seen>,
    /// When the last pass ended, by our clock. For people only.
    pub polled_at: Option<Timestamp>,
}

/// One pass over what changed, read in the order of the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The newest stamp that SAP held before the pass began: the next high-water mark.
    pub target: Option<Stamp>,
    /// The last key enqueued.
    pub after: Option<SapKey>,
    /// When it began, by our clock.
    pub started_at: Timestamp,
}

/// A row that a pass enqueued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its key.
    pub key: SapKey,
    /// Its stamp then.
    pub stamp: Option<Stamp>,
    /// It was cancelled then: all that a payment, which carries no stamp, shows of a change.
    #[serde(default)]
    pub cancelled: bool,
    /// When this stamp was first enqueued, by our clock.
    pub first_at: Timestamp,
    /// It was enqueued once more, long enough after for its minute to be over: no change can hide behind it.
    pub settled: bool,
}
