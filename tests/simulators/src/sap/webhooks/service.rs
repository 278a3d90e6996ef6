//! `EventSubscriptions` over HTTP. Only below `/b1s/v2`.

use super::{Authentication, State, Subscription, TRANSACTIONS, Webhooks, call};
use crate::sap::{query::Version, refusal::Refusal, settings::Settings};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A token of the handshake, as a UUID looks.
const TOKEN: &str = "5ac18923-cfce-40d3-a31e-7154ca4d5191";

/// The answer's status and body, if the path is one of webhooks'; nothing where this Service Layer has none.
pub(crate) fn route(
    webhooks: &mut Webhooks,
    settings: &Settings,
    version: Version,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Result<(u16, Option<Value>), Refusal>> {
    if !settings.has_webhooks || version != Version::V2 {
        return None;
    }
    let json =
        || serde_json::from_slice::<Value>(body).map_err(|_| Refusal::syntax("The request body is not JSON"));
    if method == Method::POST && path == "CompanyService_UpdateAdminInfo" {
        return Some(json().map(|given| {
            if let Some(enable) = given["AdminInfo"]["EnableWebhook"].as_str() {
                webhooks.enabled = enable == "tYES";
            }
            (204, None)
        }));
    }
    if method == Method::POST && path == "EventSubscriptionsService_GetEventCatalog" {
        return Some(Ok((200, Some(json!({"value": catalog(settings)})))));
    }
    let rest = path.strip_prefix("EventSubscriptions")?;
    let (key, action) = match rest.strip_prefix("('").and_then(|rest| rest.split_once("')")) {
        Some((key, action)) => (Some(key), action.trim_start_matches('/')),
        None => (None, rest),
    };
    Some(match (method, key, action) {
        (&Method::GET, None, "") => Ok((200, Some(json!({"value": webhooks.shown()})))),
        (&Method::POST, None, "") => json().and_then(|given| webhooks.create(settings, &given)),
        (_, Some(key), _) => webhooks.one(settings, method, key, action, headers, json),
        _ => Err(Refusal::new(400, 200, "Unrecognized resource path.")),
    })
}

fn catalog(settings: &Settings) -> Vec<Value> {
    let entry = |object: &String| json!({"BusinessObject": object, "ObjectType": "0", "TransactionTypes": TRANSACTIONS.join(",")});
    settings.webhook_objects.iter().map(entry).collect()
}

impl Webhooks {
    fn shown(&self) -> Vec<Value> {
        self.subscriptions.iter().map(|(id, subscription)| subscription.shown(id)).collect()
    }

    fn create(&mut self, settings: &Settings, given: &Value) -> Result<(u16, Option<Value>), Refusal> {
        let id = given["WebhookID"].as_str().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Refusal::rule("WebhookID is missing"))?.to_owned();
        let url = given["WebhookURL"].as_str().unwrap_or_default().to_owned();
        if !self.enabled {
            return Err(Refusal::rule("Webhook is not enabled for the company"));
        }
        if !url.starts_with("https://") {
            return Err(Refusal::rule("WebhookURL must be an HTTPS URL"));
        }
        if self.subscriptions.iter().any(|(known, one)| *known == id || one.url == url) {
            return Err(Refusal::new(
                400,
                -2035,
                "This entry already exists in the following tables (ODBC -2035)",
            ));
        }
        let subscription = Subscription {
            url,
            authentication: authentication(given)?,
            handshake: given["Handshake"] != "tNO",
            events: events(settings, given)?,
            state: State::Active,
            replaying: false,
            pending: vec![],
            missed: vec![],
            failures: 0,
        };
        subscription.shake_hands(settings)?;
        let shown = subscription.shown(&id);
        self.subscriptions.insert(id, subscription);
        Ok((201, Some(shown)))
    }

    fn one(
        &mut self,
        settings: &Settings,
        method: &Method,
        key: &str,
        action: &str,
        headers: &HeaderMap,
        json: impl Fn() -> Result<Value, Refusal>,
    ) -> Result<(u16, Option<Value>), Refusal> {
        let subscription = self.subscriptions.get_mut(key).ok_or_else(Refusal::no_match)?;
        match (method, action) {
            (&Method::GET, "") => return Ok((200, Some(subscription.shown(key)))),
            (&Method::PATCH, "") => subscription.change(settings, headers, &json()?)?,
            (&Method::DELETE, "") => drop(self.subscriptions.remove(key)),
            (&Method::POST, "Pause") => subscription.state = State::Inactive,
            (&Method::POST, "Resume") => subscription.state = State::Active,
            (&Method::POST, "Handshake") => subscription.shake_hands(settings)?,
            (&Method::POST, "Replay") => subscription.replay(settings)?,
            _ => return Err(Refusal::new(400, 200, "Unrecognized resource path.")),
        }
        Ok((204, None))
    }
}

impl Subscription {
    fn shown(&self, id: &str) -> Value {
        let events = self
            .events
            .iter()
            .map(|(object, transaction)| json!({"BusinessObject": object, "TransactionType": transaction}));
        json!({
            "WebhookID": id,
            "WebhookURL": self.url,
            "AuthenticationType": match self.authentication {
                Authentication::None => "None",
                Authentication::Basic { .. } => "Basic",
                Authentication::Hmac { .. } => "HMAC",
            },
            "State": self.state.name(),
            "WorkMode": if self.replaying { "Replay" } else { "Standard" },
            "EventCollection": events.collect::<Vec<_>>(),
        })
    }

    /// Without it, the collection is merged.
    fn change(&mut self, settings: &Settings, headers: &HeaderMap, given: &Value) -> Result<(), Refusal> {
        let mut changed = self.clone();
        if let Some(url) = given["WebhookURL"].as_str() {
            url.clone_into(&mut changed.url);
        }
        if !given["AuthenticationCred"].is_null() {
            changed.authentication = authentication(given)?;
        }
        if !given["EventCollection"].is_null() {
            let replace = headers.get("b1s-replacecollectionsonpatch");
            let replace = replace.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
            let events = events(settings, given)?;
            if replace {
                changed.events = events;
            } else {
                changed.events.extend(events);
            }
        }
        *self = changed;
        Ok(())
    }

    fn shake_hands(&self, settings: &Settings) -> Result<(), Refusal> {
        if self.handshake
            && !call::shakes_hands(&self.url, &self.authentication, &settings.webhook_roots, TOKEN)
        {
            return Err(Refusal::rule("Webhook handshake failed"));
        }
        Ok(())
    }

    /// Sends again what was not delivered since the last success.
    fn replay(&mut self, settings: &Settings) -> Result<(), Refusal> {
        if self.state != State::Inactive {
            return Err(Refusal::rule("Replay is only possible for an inactive webhook"));
        }
        self.shake_hands(settings)?;
        let mut events = std::mem::take(&mut self.missed);
        events.append(&mut self.pending);
        (self.pending, self.state, self.replaying) = (events, State::Active, true);
        Ok(())
    }
}

fn authentication(given: &Value) -> Result<Authentication, Refusal> {
    let cred: Value = match given["AuthenticationCred"].as_str() {
        Some(text) => serde_json::from_str(text)
            .map_err(|_| Refusal::rule("AuthenticationCred is not a JSON string"))?,
        None => Value::Null,
    };
    let text = |name: &str| cred[name].as_str().unwrap_or_default().to_owned();
    match given["AuthenticationType"].as_str().unwrap_or("HMAC") {
        "None" => Ok(Authentication::None),
        "Basic" => Ok(Authentication::Basic { user: text("Username"), password: text("Password") }),
        "HMAC" if cred["Key"].is_string() => {
            Ok(Authentication::Hmac { key: text("Key"), algorithm: text("Algorithm") })
        }
        other => Err(Refusal::rule(format!("AuthenticationCred does not fit {other}"))),
    }
}

fn events(settings: &Settings, given: &Value) -> Result<BTreeSet<(String, String)>, Refusal> {
    let list = given["EventCollection"].as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Refusal::rule("EventCollection is empty"))?;
    let event = |event: &Value| {
        let (object, transaction) = (
            event["BusinessObject"].as_str().unwrap_or_default(),
            event["TransactionType"].as_str().unwrap_or_default(),
        );
        if !settings.webhook_objects.contains(object) || !TRANSACTIONS.contains(&transaction) {
            return Err(Refusal::rule(format!("Event {object}.{transaction} is not in the event catalog")));
        }
        Ok((object.to_owned(), transaction.to_owned()))
    };
    list.iter().map(event).collect()
}
