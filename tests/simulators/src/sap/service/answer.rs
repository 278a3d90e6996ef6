use crate::sap::query::Version;
use crate::sap::refusal::Refusal;
use crate::sap::schema::EntityType;
use crate::sap::settings::{MetadataVersion, Settings};
use crate::sap::value::{Entity, Style, Value, write_text};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use sha1::{Digest as _, Sha1};

/// What every answer depends on.
pub(crate) struct Format<'a> {
    pub(crate) version: Version,
    pub(crate) settings: &'a Settings,
}

impl Format<'_> {
    pub(crate) fn root(&self) -> &'static str {
        match self.version {
            Version::V1 => "/b1s/v1/",
            Version::V2 => "/b1s/v2/",
        }
    }

    pub(crate) fn style(&self) -> Style {
        Style {
            dates: self.settings.dates,
            times_with_seconds: self.settings.times_with_seconds,
            metadata: self.settings.metadata,
        }
    }

    /// The member that says what the body is, with its comma. `what` comes after `$metadata#`.
    pub(crate) fn context(&self, what: &str) -> String {
        let name = match self.version {
            Version::V1 => "odata.metadata",
            Version::V2 => "@odata.context",
        };
        format!("\"{name}\":\"{}{}$metadata#{what}\",", self.settings.host, self.root())
    }

    /// The member that carries an etag, with its comma.
    pub(crate) fn etag_member(&self, etag: &str) -> String {
        let name = match self.version {
            Version::V1 => "odata.etag",
            Version::V2 => "@odata.etag",
        };
        format!("\"{name}\":\"{}\",", etag.replace('"', "\\\""))
    }

    /// The etag of `entity`, if its type and the metadata version have one.
    pub(crate) fn etag(&self, entity: &dyn Entity) -> Option<String> {
        if self.settings.metadata == MetadataVersion::Older {
            return None;
        }
        match entity.member(data_version(entity.entity_type())?) {
            Value::Int(version) => Some(etag_of(version)),
            _ => None,
        }
    }

    pub(crate) fn json(&self, status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let (content_type, header, version) = match self.version {
            Version::V1 => {
                ("application/json;odata=minimalmetadata;charset=utf-8", "dataserviceversion", "3.0")
            }
            Version::V2 => ("application/json;odata.metadata=minimal;charset=utf-8", "odata-version", "4.0"),
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.headers_mut().insert(HeaderName::from_static(header), HeaderValue::from_static(version));
        response
    }

    pub(crate) fn no_content(&self) -> Response<Bytes> {
        let mut response = self.json(StatusCode::NO_CONTENT, Vec::new());
        response.headers_mut().remove(CONTENT_TYPE);
        response
    }

    pub(crate) fn refusal(&self, refusal: &Refusal) -> Response<Bytes> {
        let mut text = Vec::new();
        write_text(&mut text, &refusal.message);
        let text = String::from_utf8_lossy(&text).into_owned();
        let code = refusal.code;
        // SAP pretty-prints errors, with a blank on both sides of the colon.
        let body = match self.version {
            Version::V1 => format!(
                "{{\n   \"error\" : {{\n      \"code\" : {code},\n      \"message\" : {{\n         \"lang\" : \"en-us\",\n         \"value\" : {text}\n      }}\n   }}\n}}\n"
            ),
            Version::V2 => {
                let details = if self.settings.error_details {
                    "\"details\" : [ { \"code\" : \"\", \"message\" : \"\" } ],\n      "
                } else {
                    ""
                };
                format!(
                    "{{\n   \"error\" : {{\n      \"code\" : \"{code}\",\n      {details}\"message\" : {text}\n   }}\n}}\n"
                )
            }
        };
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = self.json(status, body.into_bytes());
        let content_type = HeaderValue::from_static("application/json;charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

fn data_version(of: &EntityType) -> Option<u16> {
    of.index("DataVersion")
}

/// `W/"…"` around the SHA-1 of the version's decimal text.
pub(crate) fn etag_of(version: i64) -> String {
    let digest = Sha1::digest(version.to_string().as_bytes());
    let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
    format!("W/\"{hex}\"")
}

/// Puts a header on a response; text that no header can hold is left out.
pub(crate) fn set_header(response: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn etag_is_the_hash_of_the_version() {
        assert_eq!(super::etag_of(1), "W/\"356A192B7913B04C54574D18C28D46E6395428AB\"");
    }
}
