use model::{Code, Failure, ObjectKind};
use pipeline::Backfill;
use serde::Deserialize;
use serde_json::{Value, json};

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What to do.
    pub work: Work,
    /// How many invocations have led to this one.
    pub generation: u32,
    /// Where the one before stood.
    pub after: Option<String>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Enqueue what changed in this object.
    Poll(ObjectKind),
    /// Enqueue everything of this object from a date on.
    Backfill(Backfill),
    /// Only put back what waits and is due.
    Release,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    object: Option<String>,
    backfill: Option<Since>,
    #[serde(default)]
    release: bool,
    #[serde(default)]
    generation: u32,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    since: String,
}

impl Ask {
    /// Reads `{"object":"invoices"}`, `{"object":"invoices","backfill":{"since":"2026-01-01"}}` or `{"release":true}`.
    pub fn read(event: Value) -> Result<Self, Failure> {
        let foreign = |what: String| Failure::new(Code::EventForeign, what);
        let payload: Payload = serde_json::from_value(event).map_err(|error| foreign(error.to_string()))?;
        let work = match (payload.object, payload.backfill, payload.release) {
            (None, None, true) => Work::Release,
            (Some(object), backfill, false) => {
                let kind = ObjectKind::parse(&object)
                    .ok_or_else(|| Failure::new(Code::ObjectUnknown, format!("`{object}`")))?;
                match backfill {
                    None => Work::Poll(kind),
                    Some(Since { since }) => {
                        let since =
                            setup::config::parse_date(&since).map_err(|error| foreign(error.message))?;
                        Work::Backfill(Backfill { kind, since })
                    }
                }
            }
            _ => return Err(foreign("either an `object` or `release` is asked for".to_owned())),
        };
        Ok(Self { work, generation: payload.generation, after: payload.after })
    }

    /// The event that goes on where this one stood in the end.
    pub(crate) fn next(&self, generation: u32, after: Option<&str>) -> Value {
        match self.work {
            Work::Poll(kind) => {
                json!({"object": kind.plural(), "generation": generation, "after": after})
            }
            Work::Backfill(Backfill { kind, since }) => json!({
                "object": kind.plural(),
                "backfill": {"since": since.to_string()},
                "generation": generation,
                "after": after,
            }),
            Work::Release => json!({"release": true}),
        }
    }
}
