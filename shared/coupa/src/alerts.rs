//! Reporting back to Coupa's own people: integration runs, and errors that stand beside the document they are about.

use crate::{Call, Client, Error, documents::from_json, exchange::Ask};
use http::Method;
use model::{CoupaId, Sent};
use serde::Deserialize;
use serde_json::{Value, json};

/// An error as Coupa's people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The run that met it.
    pub run: u64,
    /// Coupa's name of the kind of document, such as `InvoiceHeader`.
    pub document_type: &'static str,
    /// Coupa's id of it; none while it isn't in Coupa, which is sent as 0.
    pub document: Option<CoupaId>,
    /// Such as `BC-0206`.
    pub code: &'static str,
    /// What happened and what to do.
    pub message: String,
}

#[derive(Deserialize)]
struct HasId {
    id: u64,
}

impl Client {
    /// Opens a run of an integration that Coupa knows by this code. Answers its id.
    pub async fn open_run(&self, call: &Call<'_>, integration: &str) -> Result<u64, Error> {
        let body = object(json!({"integration": {"code": integration}}));
        let run = self.report(call, Method::POST, "/api/integration_runs".to_owned(), Some(&body)).await?;
        self.report(call, Method::PUT, format!("/api/integration_runs/{run}/run"), None).await?;
        Ok(run)
    }

    /// Ends a run.
    pub async fn close_run(&self, call: &Call<'_>, run: u64, failed: bool) -> Result<(), Error> {
        let action = if failed { "fail" } else { "success" };
        self.report(call, Method::PUT, format!("/api/integration_runs/{run}/{action}"), None).await.map(drop)
    }

    /// Raises an error, and has Coupa tell the integration's contacts. Answers its id.
    pub async fn raise(&self, call: &Call<'_>, alert: &Alert) -> Result<u64, Error> {
        let body = object(json!({
            "integration-run-id": alert.run,
            "document-type": alert.document_type,
            "document-id": alert.document.map_or(0, |id| id.0),
            "contact-alert-type": "Functional",
            "status": "Error",
            "responses": [{"response-code": alert.code, "response-message": alert.message}],
        }));
        self.report(call, Method::POST, "/api/integration_errors/create_alert".to_owned(), Some(&body)).await
    }

    /// Says that an error is no more.
    pub async fn resolve(&self, call: &Call<'_>, error: u64) -> Result<(), Error> {
        self.report(call, Method::PUT, format!("/api/integration_errors/{error}/resolve"), None)
            .await
            .map(drop)
    }

    /// Some actions answer with a list of one.
    async fn report(
        &self,
        call: &Call<'_>,
        method: Method,
        path: String,
        body: Option<&Sent>,
    ) -> Result<u64, Error> {
        let ask = Ask { method, path, query: String::new(), body, empty_is_404: false };
        let id = |body: &[u8]| {
            let reply: Value = from_json(body)?;
            let reply =
                if let Value::Array(mut list) = reply { list.pop().unwrap_or_default() } else { reply };
            let one: HasId = serde_json::from_value(reply).map_err(|error| error.to_string())?;
            Ok(one.id)
        };
        self.exchange(call, &ask, id).await
    }
}

fn object(value: Value) -> Sent {
    match value {
        Value::Object(object) => object,
        _ => Sent::new(),
    }
}
