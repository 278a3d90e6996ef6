use super::answer::{Format, set_header};
use crate::sap::query::Version;
use crate::sap::refusal::Refusal;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use sha1::{Digest as _, Sha1};
use std::collections::BTreeMap;
use std::time::Duration;

/// Who is logged in.
#[derive(Default)]
pub(crate) struct Sessions {
    /// When each was last used.
    live: BTreeMap<String, Timestamp>,
    wrong_passwords: u32,
    pub(crate) logins: u64,
    pub(crate) refused_logins: u64,
}

impl Sessions {
    /// Sessions that haven't run out.
    pub(crate) fn count(&mut self, now: Timestamp, timeout: Duration) -> usize {
        let timeout = SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX);
        self.live.retain(|_, used| now.duration_since(*used) < timeout);
        self.live.len()
    }

    /// Ends all sessions.
    pub(crate) fn expire_all(&mut self) {
        self.live.clear();
    }

    /// Lets a locked user in again.
    pub(crate) fn unlock(&mut self) {
        self.wrong_passwords = 0;
    }

    /// Checks the session that `headers` name, and keeps it from running out.
    pub(crate) fn check(
        &mut self,
        headers: &HeaderMap,
        now: Timestamp,
        format: &Format<'_>,
    ) -> Result<String, Refusal> {
        self.count(now, format.settings.session_timeout);
        let id = session_id(headers).filter(|id| self.live.contains_key(id));
        let id = id.ok_or_else(|| Refusal::new(401, 301, "Invalid session or session already timeout."))?;
        self.live.insert(id.clone(), now);
        Ok(id)
    }

    /// Answers Logout.
    pub(crate) fn logout(&mut self, id: &str, format: &Format<'_>) -> Response<Bytes> {
        self.live.remove(id);
        format.no_content()
    }

    /// Answers Login.
    pub(crate) fn login(
        &mut self,
        body: &[u8],
        now: Timestamp,
        format: &Format<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let settings = format.settings;
        let body: serde_json::Value =
            serde_json::from_slice(body).map_err(|_| Refusal::syntax("Login needs a JSON body"))?;
        let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let known = text("CompanyDB") == settings.company_db && text("UserName") == settings.user_name;
        if known && self.wrong_passwords >= settings.lock_after {
            self.refused_logins += 1;
            return Err(Refusal::new(401, 100_000_055, "The user is locked"));
        }
        if !known || text("Password") != settings.password {
            self.refused_logins += 1;
            self.wrong_passwords += u32::from(known);
            return Err(Refusal::new(401, 100_000_027, "Fail to get DB Credentials from SLD"));
        }
        self.wrong_passwords = 0;
        self.logins += 1;
        let id = new_id(self.logins, now);
        self.live.insert(id.clone(), now);
        let context = match format.version {
            Version::V1 => format.context("B1Sessions/@Element"),
            Version::V2 => format.context("B1Sessions/$entity"),
        };
        let minutes = settings.session_timeout.as_secs() / 60;
        let body = format!(
            "{{{context}\"SessionId\":\"{id}\",\"Version\":\"1000321\",\"SessionTimeout\":{minutes}}}"
        );
        let mut response = format.json(StatusCode::OK, body.into_bytes());
        set_header(&mut response, "set-cookie", &format!("B1SESSION={id};HttpOnly;"));
        set_header(&mut response, "set-cookie", "ROUTEID=.node1; path=/b1s");
        Ok(response)
    }
}

/// The session that the cookies name; which node they name doesn't matter.
fn session_id(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(http::header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix("B1SESSION=").map(str::to_owned))
}

/// Looks like a GUID and is the same in each run.
fn new_id(number: u64, now: Timestamp) -> String {
    let digest = Sha1::digest(format!("{number} {now}").as_bytes());
    let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
