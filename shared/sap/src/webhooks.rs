//! `EventSubscriptions`: what SAP is asked to tell, and where. From 10.0 FP 2602 on, and on the root `v2` alone.

use crate::{Client, Error, WriteCall, query::encode, query::quote, reply::strip_mark};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

const SUBSCRIPTIONS: &str = "EventSubscriptions";

/// A subscription as SAP has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSubscription {
    /// Where SAP calls.
    pub url: String,
    /// How it stands.
    pub state: SubscriptionState,
    /// Sends again what was missed, and holds up all other webhooks meanwhile.
    pub replaying: bool,
    /// What it tells, such as `Created`, by business object, such as `PurchaseInvoices`.
    pub events: BTreeMap<String, BTreeSet<String>>,
}

/// SAP's `State`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It sends.
    Active,
    /// Somebody has paused it.
    Inactive,
    /// SAP has given up on it until somebody resumes it.
    Exceptional,
    /// A word that this product doesn't know.
    Other(String),
}

impl SubscriptionState {
    /// SAP's word.
    pub fn name(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Exceptional => "Exceptional",
            Self::Other(name) => name,
        }
    }
}

/// How SAP is to prove who it is.
#[derive(Clone, Debug)]
pub enum EventAuthentication {
    /// A signature; `algorithm` in SAP's spelling, such as `HMACSha256`.
    Hmac {
        /// What it is made with.
        key: SecretString,
        /// How.
        algorithm: &'static str,
    },
    /// A user with a password.
    Basic {
        /// Who.
        user: String,
        /// With what.
        password: SecretString,
    },
}

/// What to ask SAP to do with a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionAction {
    /// Sends nothing until resumed.
    Pause,
    /// Sends again from here on.
    Resume,
    /// Sends what was missed. Only of one that is paused.
    Replay,
}

impl SubscriptionAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::Replay => "Replay",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    #[serde(rename = "WebhookURL", default)]
    url: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    work_mode: Option<String>,
    #[serde(default)]
    event_collection: Vec<ShownEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShownEvent {
    business_object: String,
    transaction_type: String,
}

#[derive(Deserialize)]
struct Catalog {
    value: Vec<CatalogEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CatalogEntry {
    business_object: String,
    #[serde(default)]
    transaction_types: String,
}

impl Client {
    /// What can be told of which business object. `None` where this Service Layer has no webhooks.
    pub async fn event_catalog(&self) -> Result<Option<BTreeMap<String, BTreeSet<String>>>, Error> {
        let catalog = self
            .command(Method::POST, "EventSubscriptionsService_GetEventCatalog".to_owned(), Map::new())
            .await;
        let body = match catalog {
            Ok(body) => body,
            Err(Error::NotFound { .. } | Error::Refused { status: 400 | 405 | 501, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let catalog: Catalog = parse(&body)?;
        let types = |entry: &CatalogEntry| {
            entry
                .transaction_types
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect()
        };
        Ok(Some(catalog.value.iter().map(|entry| (entry.business_object.clone(), types(entry))).collect()))
    }

    /// Has the company send events at all. Tells whether it didn't before.
    pub async fn enable_events(&self) -> Result<bool, Error> {
        let body = self.command(Method::POST, "CompanyService_GetAdminInfo".to_owned(), Map::new()).await?;
        let info: Value = parse(&body)?;
        if info["EnableWebhook"] == "tYES" {
            return Ok(false);
        }
        let body = object(json!({"AdminInfo": {"EnableWebhook": "tYES"}}));
        self.command(Method::POST, "CompanyService_UpdateAdminInfo".to_owned(), body).await?;
        Ok(true)
    }

    /// The subscription of that name, if there is one.
    pub async fn subscription(&self, id: &str) -> Result<Option<EventSubscription>, Error> {
        let ask = self.ask(target(id), 1);
        let (body, _) = match self.read_reply(&ask).await {
            Ok(reply) => reply,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let shown: Shown = parse(&body)?;
        let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for event in shown.event_collection {
            events.entry(event.business_object).or_default().insert(event.transaction_type);
        }
        let state = match shown.state.as_deref().unwrap_or_default() {
            "Active" => SubscriptionState::Active,
            "Inactive" => SubscriptionState::Inactive,
            "Exceptional" => SubscriptionState::Exceptional,
            other => SubscriptionState::Other(other.to_owned()),
        };
        let replaying = shown.work_mode.as_deref() == Some("Replay");
        Ok(Some(EventSubscription { url: shown.url.unwrap_or_default(), state, replaying, events }))
    }

    /// Subscribes, or changes the subscription that is there: address, key, and events, which are added to those that it has.
    /// SAP makes sure by a handshake that the address is ours.
    pub async fn subscribe(
        &self,
        id: &str,
        url: &str,
        authentication: &EventAuthentication,
        events: &BTreeMap<String, BTreeSet<String>>,
        is_there: bool,
    ) -> Result<(), Error> {
        let (kind, cred) = match authentication {
            EventAuthentication::Hmac { key, algorithm } => {
                ("HMAC", json!({"Key": key.expose_secret(), "Algorithm": algorithm}))
            }
            EventAuthentication::Basic { user, password } => {
                ("Basic", json!({"Username": user, "Password": password.expose_secret()}))
            }
        };
        let one = |(object, types): (&String, &BTreeSet<String>)| -> Vec<Value> {
            types.iter().map(|name| json!({"BusinessObject": object, "TransactionType": name})).collect()
        };
        let mut body = object(json!({
            "WebhookURL": url,
            "AuthenticationType": kind,
            "AuthenticationCred": cred.to_string(),
            "EventCollection": events.iter().flat_map(one).collect::<Vec<_>>(),
        }));
        if is_there {
            return self.command(Method::PATCH, target(id), body).await.map(drop);
        }
        body.insert("WebhookID".to_owned(), id.into());
        body.insert("Handshake".to_owned(), "tYES".into());
        body.insert("VerifyCertificate".to_owned(), "tYES".into());
        self.command(Method::POST, SUBSCRIPTIONS.to_owned(), body).await.map(drop)
    }

    /// Has SAP do something with the subscription.
    pub async fn act_on_subscription(&self, id: &str, action: SubscriptionAction) -> Result<(), Error> {
        let target = format!("{}/{}", target(id), action.name());
        self.command(Method::POST, target, Map::new()).await.map(drop)
    }

    /// Ends the subscription.
    pub async fn unsubscribe(&self, id: &str) -> Result<(), Error> {
        self.command(Method::DELETE, target(id), Map::new()).await.map(drop)
    }

    /// A write that belongs to no document and so to no lease.
    async fn command(
        &self,
        method: Method,
        target: String,
        body: Map<String, Value>,
    ) -> Result<bytes::Bytes, Error> {
        // What was sent is forgotten with the call: it may hold a key.
        let (always, sent) = (|| true, Mutex::default());
        let call = WriteCall { may_send: &always, sent: &sent, timeout: self.settings.request_timeout };
        self.write(&call, method, target, &body, None).await.map(|written| written.body)
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(strip_mark(body)).map_err(|error| Error::BadReply(error.to_string()))
}

fn target(id: &str) -> String {
    format!("{SUBSCRIPTIONS}({})", encode(&quote(id)).replace("%27", "'"))
}
