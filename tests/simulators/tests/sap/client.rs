//! A client that looks at everything.

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use simulators::clock::ManualClock;
use simulators::sap::{Settings, Simulator};
use simulators::serve::Reply;
use std::sync::Arc;

pub(crate) struct Client {
    pub(crate) sap: Simulator,
    pub(crate) clock: ManualClock,
    pub(crate) cookie: String,
    /// `v1` or `v2`
    pub(crate) version: &'static str,
}

pub(crate) fn simulator(settings: Settings) -> (Simulator, ManualClock) {
    let now: Timestamp = "2026-11-23T09:41:27Z".parse().unwrap();
    let clock = ManualClock::new(now);
    (Simulator::new(settings, Arc::new(clock.clone())), clock)
}

/// A client of an empty company, logged in.
pub(crate) fn logged_in(version: &'static str) -> Client {
    let mut client = stranger(version);
    client.login();
    client
}

pub(crate) fn stranger(version: &'static str) -> Client {
    let (sap, clock) = simulator(Settings::default());
    Client { sap, clock, cookie: String::new(), version }
}

impl Client {
    pub(crate) fn login(&mut self) {
        let response = self.post("/Login", &credentials("correct horse"));
        assert_eq!(response.status(), 200);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
    }

    pub(crate) fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let uri = format!("http://sap.example/b1s/{}{}", self.version, path.replace(' ', "%20"));
        let mut request = Request::builder().method(method).uri(uri).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sap.handle(&request.body(Bytes::from(body.to_owned())).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Response<Bytes> {
        self.request(Method::GET, path, &[], "").response
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response<Bytes> {
        self.request(Method::POST, path, &[], body).response
    }

    pub(crate) fn patch(&self, path: &str, body: &str) -> Response<Bytes> {
        self.request(Method::PATCH, path, &[], body).response
    }

    /// The JSON at `path`, which must be there.
    pub(crate) fn json(&self, path: &str) -> Value {
        let response = self.get(path);
        assert_eq!(response.status(), 200, "{path}: {}", String::from_utf8_lossy(response.body()));
        parse(&response)
    }

    /// One member of each row, as text.
    pub(crate) fn column(&self, path: &str, member: &str) -> Vec<String> {
        let json = self.json(path);
        let rows = json["value"].as_array().unwrap();
        rows.iter().map(|row| row[member].to_string().trim_matches('"').to_owned()).collect()
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self, path: &str) -> (u16, String) {
        refusal(&self.get(path))
    }
}

pub(crate) fn refusal(response: &Response<Bytes>) -> (u16, String) {
    let json = parse(response);
    (response.status().as_u16(), json["error"]["code"].to_string().trim_matches('"').to_owned())
}

pub(crate) fn parse(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

pub(crate) fn credentials(password: &str) -> String {
    format!(r#"{{"CompanyDB":"SBODEMO_ACME","UserName":"coupa_sync","Password":"{password}"}}"#)
}
