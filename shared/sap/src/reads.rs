//! What a pass asks for: the newest stamp, a page of keys, how many there are.

use crate::{
    Client, Error, Page, Row, Window,
    entities::{parse_date, parse_time},
    exchange::Ask,
    query::{Query, all_of, behind, entity_set, of_kind, within},
    reply::shorten,
    rows::{Envelope, plain_text},
};
use jiff::civil::{Date, Time};
use model::{ObjectKind, SapKey, Stamp};
use serde::Deserialize;
use serde_json::value::RawValue;

impl Client {
    /// The newest stamp that SAP holds, none later than the day `not_after`. Payments carry none.
    pub async fn newest_stamp(&self, kind: ObjectKind, not_after: Date) -> Result<Option<Stamp>, Error> {
        if kind == ObjectKind::Payment {
            return Ok(None);
        }
        let (set, _) = entity_set(kind);
        let filter = all_of(&[of_kind(kind), format!("UpdateDate le '{not_after}'")]);
        let query = Query::default()
            .select(["UpdateDate", "UpdateTime"])
            .filter(&filter)
            .order_by("UpdateDate desc,UpdateTime desc")
            .top(1);
        let ask = self.ask(format!("{set}{}", query.as_str()), 1);
        self.read(&ask, |body| {
            let page = Envelope::of(body)?;
            let Some(row) = page.value.first() else { return Ok(None) };
            let stamp = stamp(&Members::of(row));
            stamp.map(Some).ok_or_else(|| Error::BadReply(format!("no stamp in {}", shorten(row.get()))))
        })
        .await
    }

    /// The highest `DocEntry` so far. Suppliers have none.
    pub async fn highest_entry(&self, kind: ObjectKind) -> Result<Option<i64>, Error> {
        let (set, key) = entity_set(kind);
        if kind == ObjectKind::Supplier {
            return Ok(None);
        }
        let query = Query::default().select([key]).order_by("DocEntry desc").top(1);
        let ask = self.ask(format!("{set}{}", query.as_str()), 1);
        self.read(&ask, |body| {
            let page = Envelope::of(body)?;
            let Some(row) = page.value.first() else { return Ok(None) };
            let entry = text(Members::of(row).doc_entry).and_then(|text| text.parse().ok());
            entry.map(Some).ok_or_else(|| Error::BadReply(format!("no key in {}", shorten(row.get()))))
        })
        .await
    }

    /// One page of keys behind `after`, in the order of the key. The next page is asked for by the last key of this one, not
    /// by SAP's link: a link only counts rows, so rows that come and go meanwhile would shift what it shows.
    pub async fn page(
        &self,
        kind: ObjectKind,
        window: &Window,
        after: Option<&SapKey>,
    ) -> Result<Page, Error> {
        let (set, key) = entity_set(kind);
        let filter = all_of(&[of_kind(kind), behind(kind, after), within(kind, window)]);
        let query = Query::default().select(row_members(kind).iter().copied()).filter(&filter).order_by(key);
        let size = self.settings.page_size;
        let ask = self.ask(format!("{set}{}", query.as_str()), size);
        self.read(&ask, |body| {
            let envelope = Envelope::of(body)?;
            let mut page = Page {
                more: envelope.next_link().is_some() || envelope.value.len() >= size,
                ..Page::default()
            };
            for raw in &envelope.value {
                match row(kind, raw) {
                    Some(row) => page.rows.push(row),
                    None => page.unreadable.push(shorten(raw.get())),
                }
            }
            // Without a key to go on from, the same page would be asked for again for ever.
            let last = page.rows.last().map(|row| &row.key);
            if page.more && (last.is_none() || last == after) {
                return Err(Error::BadReply(format!(
                    "a page of {set} says there is more, and holds no further key"
                )));
            }
            Ok(page)
        })
        .await
    }

    /// How many rows a pass would see; nothing where SAP refuses to count. For people only.
    pub async fn count(&self, kind: ObjectKind, window: &Window) -> Result<Option<u64>, Error> {
        let (set, _) = entity_set(kind);
        let query = Query::default().filter(&all_of(&[of_kind(kind), within(kind, window)]));
        let ask = self.ask(format!("{set}/$count{}", query.as_str()), self.settings.page_size);
        let counted = self.read(&ask, |body| {
            let text = String::from_utf8_lossy(crate::reply::strip_mark(body));
            text.trim()
                .parse()
                .map(Some)
                .map_err(|_| Error::BadReply(format!("`{}` is no count", shorten(&text))))
        });
        match counted.await {
            Err(Error::Refused { .. } | Error::NotFound { .. } | Error::BadReply(_)) => Ok(None),
            other => other,
        }
    }

    pub(crate) fn ask(&self, target: String, page_size: usize) -> Ask {
        Ask { target, page_size, max_body_bytes: self.settings.max_body_bytes }
    }
}

/// All that a pass needs of a row.
pub(crate) const fn row_members(kind: ObjectKind) -> &'static [&'static str] {
    match kind {
        ObjectKind::Supplier => &["CardCode", "UpdateDate", "UpdateTime"],
        ObjectKind::Payment => &["DocEntry", "DocDate", "Cancelled"],
        _ => &["DocEntry", "UpdateDate", "UpdateTime", "DocDate", "Cancelled"],
    }
}

/// What of [`row_members`] a row has, in SAP's literal text.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Members<'a> {
    #[serde(borrow)]
    card_code: Option<&'a RawValue>,
    #[serde(borrow)]
    doc_entry: Option<&'a RawValue>,
    #[serde(borrow)]
    update_date: Option<&'a RawValue>,
    #[serde(borrow)]
    update_time: Option<&'a RawValue>,
    #[serde(borrow)]
    doc_date: Option<&'a RawValue>,
    #[serde(borrow)]
    cancelled: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    fn of(row: &'a RawValue) -> Self {
        serde_json::from_str(row.get()).unwrap_or_default()
    }
}

fn text(member: Option<&RawValue>) -> Option<String> {
    member.and_then(plain_text).filter(|text| !text.is_empty())
}

/// A row whose key can be read counts, whatever else is wrong with it: what is wrong shows when the document is read.
fn row(kind: ObjectKind, raw: &RawValue) -> Option<Row> {
    let members = Members::of(raw);
    let key = if kind == ObjectKind::Supplier {
        SapKey::CardCode(text(members.card_code)?)
    } else {
        SapKey::DocEntry(text(members.doc_entry)?.parse().ok()?)
    };
    Some(Row {
        key,
        stamp: stamp(&members),
        doc_date: text(members.doc_date).and_then(|text| parse_date(&text)),
        cancelled: matches!(text(members.cancelled).as_deref(), Some("tYES" | "Y")),
    })
}

fn stamp(members: &Members<'_>) -> Option<Stamp> {
    let date = parse_date(&text(members.update_date)?)?;
    let time = match text(members.update_time) {
        None => Time::midnight(),
        Some(text) => parse_time(&text)?,
    };
    Some(Stamp { date, time })
}
