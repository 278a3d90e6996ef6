use crate::{Action, Call, Client, Error, Query, Record, exchange::Ask};
use http::Method;
use model::{CoupaId, Sent};
use serde::de::DeserializeOwned;

/// Coupa never gives more rows at once.
pub const PAGE: usize = 50;

impl Client {
    /// One page, at most 50 rows, in the order of the id, from the lowest or after `after`.
    pub async fn page<T: Record>(
        &self,
        call: &Call<'_>,
        query: &Query,
        after: Option<CoupaId>,
    ) -> Result<Vec<T>, Error> {
        self.index(call, T::RESOURCE.name(), T::FIELDS, query, after, T::id).await
    }

    /// All rows, page by page, by keyset: no row is missed or seen twice because others come and go.
    pub async fn list<T: Record>(&self, call: &Call<'_>, query: &Query) -> Result<Vec<T>, Error> {
        let mut all: Vec<T> = Vec::new();
        let mut after = None;
        loop {
            let page = self.page::<T>(call, query, after).await?;
            let full = page.len() >= PAGE;
            after = page.iter().map(T::id).max();
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn index<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        resource: &str,
        fields: &str,
        query: &Query,
        after: Option<CoupaId>,
        id: impl Fn(&T) -> CoupaId,
    ) -> Result<Vec<T>, Error> {
        let mut query = query.clone();
        if let Some(after) = after {
            query = query.compares("id", "gt", &after.to_string());
        }
        let query = query
            .parameter("order_by", "id")
            .parameter("dir", "asc")
            .parameter("limit", &PAGE.to_string())
            .parameter("fields", fields);
        let rows: Vec<T> = self.rows(call, resource, query).await?;
        match after {
            // Going on from here would never end.
            Some(after) if rows.iter().any(|row| id(row) <= after) => {
                Err(Error::BadReply(format!("rows after id {after} were asked for, and others came")))
            }
            _ => Ok(rows),
        }
    }

    pub(crate) async fn rows<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        resource: &str,
        query: Query,
    ) -> Result<Vec<T>, Error> {
        let ask = Ask { empty_is_404: true, ..Ask::get(format!("/api/{resource}"), query.into()) };
        self.exchange(call, &ask, from_json).await
    }

    /// One document by its id.
    pub async fn get<T: Record>(&self, call: &Call<'_>, id: CoupaId) -> Result<T, Error> {
        let query = Query::new().parameter("fields", T::FIELDS);
        let ask = Ask::get(format!("/api/{}/{id}", T::RESOURCE.name()), query.into());
        self.exchange(call, &ask, |body| one(body, Some(id))).await
    }

    /// Creates a document.
    pub async fn create<T: Record>(&self, call: &Call<'_>, body: &Sent) -> Result<T, Error> {
        self.write(call, Method::POST, format!("/api/{}", T::RESOURCE.name()), Some(body), None).await
    }

    /// Changes the attributes that `body` names.
    pub async fn update<T: Record>(&self, call: &Call<'_>, id: CoupaId, body: &Sent) -> Result<T, Error> {
        let path = format!("/api/{}/{id}", T::RESOURCE.name());
        self.write(call, Method::PUT, path, Some(body), Some(id)).await
    }

    /// Does something to a document.
    pub async fn act<T: Record>(&self, call: &Call<'_>, id: CoupaId, action: &Action) -> Result<T, Error> {
        let path = format!("/api/{}/{id}/{}", T::RESOURCE.name(), action.name());
        self.write(call, Method::PUT, path, action.body(), Some(id)).await
    }

    async fn write<T: Record>(
        &self,
        call: &Call<'_>,
        method: Method,
        path: String,
        body: Option<&Sent>,
        id: Option<CoupaId>,
    ) -> Result<T, Error> {
        let query = Query::new().parameter("fields", T::FIELDS).into();
        let ask = Ask { method, path, query, body, empty_is_404: false };
        self.exchange(call, &ask, |body| one(body, id)).await
    }
}

/// One document; some actions answer with a list of one. It must be the one that was asked for.
fn one<T: Record>(body: &[u8], id: Option<CoupaId>) -> Result<T, String> {
    let listed = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let record: T = if listed {
        let mut records: Vec<T> = from_json(body)?;
        if records.len() > 1 {
            return Err(format!("it holds {} objects instead of one", records.len()));
        }
        records.pop().ok_or("it is an empty list")?
    } else {
        from_json(body)?
    };
    match id {
        Some(id) if record.id() != id => Err(format!("it shows {} instead of {id}", record.id())),
        _ => Ok(record),
    }
}

pub(crate) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if crate::problems::is_html(body) {
        return Err("it is a web page".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("{error} ({} bytes)", body.len()))
}
