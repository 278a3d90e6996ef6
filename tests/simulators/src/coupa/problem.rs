//! How Coupa says no.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The shape in which errors are told. Clients in the wild have met all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorShape {
    /// `{"errors":{"supplier":["…"]}}`, as documented.
    #[default]
    Object,
    /// `{"errors":["…"]}`.
    List,
    /// `{"errors":"…"}`.
    Text,
    /// `{"errors":{"request":[{"errors":{"supplier":["…"]}}]}}`.
    Wrapped,
    /// `<errors><error>…</error></errors>`, although JSON was asked for.
    Xml,
    /// The same with CDATA around each text.
    XmlWithCdata,
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status of the reply.
    pub(crate) status: StatusCode,
    /// Messages by object.
    pub(crate) errors: BTreeMap<String, Vec<String>>,
}

impl Problem {
    /// A validation error on an object.
    pub(crate) fn refused(object: &str, message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, object, message)
    }

    /// An id or a path that doesn't exist.
    pub(crate) fn not_found() -> Self {
        Self::of(StatusCode::NOT_FOUND, "request", "The requested record was not found.")
    }

    /// Any other refusal.
    pub(crate) fn of(status: StatusCode, object: &str, message: impl Into<String>) -> Self {
        Self { status, errors: BTreeMap::from([(object.to_owned(), vec![message.into()])]) }
    }

    /// Several messages on one object, if there are any.
    pub(crate) fn from_messages(object: &str, messages: Vec<String>) -> Result<(), Self> {
        if messages.is_empty() {
            return Ok(());
        }
        Err(Self { status: StatusCode::BAD_REQUEST, errors: BTreeMap::from([(object.to_owned(), messages)]) })
    }

    fn messages(&self) -> impl Iterator<Item = &String> {
        self.errors.values().flatten()
    }

    /// The reply that tells it.
    pub(crate) fn reply(&self, shape: ErrorShape, xml_asked: bool) -> Response<Bytes> {
        let shape = if xml_asked && shape != ErrorShape::XmlWithCdata { ErrorShape::Xml } else { shape };
        let body = match shape {
            ErrorShape::Object => json!({ "errors": self.errors }),
            ErrorShape::List => json!({ "errors": self.messages().collect::<Vec<_>>() }),
            ErrorShape::Text => {
                json!({ "errors": self.messages().cloned().collect::<Vec<_>>().join(", ") })
            }
            ErrorShape::Wrapped => json!({ "errors": { "request": [{ "errors": self.errors }] } }),
            ErrorShape::Xml | ErrorShape::XmlWithCdata => return self.xml(shape),
        };
        json_reply(self.status, &body)
    }

    fn xml(&self, shape: ErrorShape) -> Response<Bytes> {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<errors>");
        for message in self.messages() {
            text.push_str("<error>");
            if shape == ErrorShape::XmlWithCdata {
                text.push_str("<![CDATA[");
                text.push_str(message);
                text.push_str("]]>");
            } else {
                super::xml::escape(message, &mut text);
            }
            text.push_str("</error>");
        }
        text.push_str("</errors>");
        reply(self.status, "application/xml", text.into())
    }
}

/// A reply with a JSON body.
pub(crate) fn json_reply(status: StatusCode, body: &Value) -> Response<Bytes> {
    reply(status, "application/json; charset=utf-8", body.to_string().into())
}

/// A reply with any body.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// The words that people read for an attribute: `original-invoice-date` reads `Original Invoice Date`.
pub(crate) fn label(attribute: &str) -> String {
    match attribute {
        "invoice-number" => return "Invoice #".to_owned(),
        "po-number" => return "PO Number".to_owned(),
        _ => {}
    }
    let mut label = String::with_capacity(attribute.len());
    for word in attribute.split('-') {
        if !label.is_empty() {
            label.push(' ');
        }
        let mut letters = word.chars();
        label.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        label.push_str(letters.as_str());
    }
    label
}
