//! Tells people what they must mend, by the stack's topic: one message for one cause, however many documents it stopped. What is told,
//! and when, is decided in `notify`; here is where it comes from, and what SNS is given.

mod notification;

pub use notification::{Attribute, Notification};

use async_trait::async_trait;
use functions::store_failed;
use jiff::SignedDuration;
use model::{Clock, Code, CompanyDb, Failure, SharedSecret};
use notify::{Findings, Outage, Rhythm, Standstill, System, TellError};
use serde_json::{Value, json};
use std::sync::Arc;
use store::StateStore;

/// What fails together is told together. Looks are minutes apart: whatever was still coming in is told by the next.
const SETTLE: SignedDuration = SignedDuration::from_secs(30);

/// The way to people.
#[async_trait]
pub trait Topic: Send + Sync {
    /// `Ok` means that the topic has taken it. The error is for people.
    async fn publish(&self, notification: &Notification) -> Result<(), String>;
}

/// Everything that the function needs, handed in.
pub struct Notifier {
    /// What there is to tell, and what has been told.
    pub state: Arc<dyn StateStore>,
    /// Where the workers leave word of a log-in that SAP refused.
    pub session: Arc<dyn SharedSecret>,
    /// Whose.
    pub company: CompanyDb,
    /// Between two messages about the same cause.
    pub pause: SignedDuration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The way to people.
    pub topic: Box<dyn Topic>,
}

impl Notifier {
    /// Works on `{"tell":"news"}`: tells what is due. Answers whether that was anything.
    pub async fn handle(&self, event: Value) -> Result<Value, Failure> {
        if event != json!({"tell": "news"}) {
            return Err(Failure::new(Code::EventForeign, r#"`{"tell":"news"}` is expected"#));
        }
        let standstill = self.standstill().await?;
        let (state, last) = (self.state.as_ref(), certificate::LAST_COMPARISON);
        let findings = Findings::read(state, &self.company, last, standstill).await;
        let findings = findings.map_err(|error| store_failed(&error))?;
        let rhythm = Rhythm { pause: self.pause, settle: SETTLE };
        let publish = async |message: &notify::Message| self.topic.publish(&Notification::of(message)).await;
        let told = notify::tell(state, notify::TOPIC, &findings, self.clock.now(), rhythm, publish).await;
        let told = told.map_err(|error| match error {
            TellError::Store(error) => store_failed(&error),
            TellError::NotTaken(why) => Failure::new(Code::TopicRefused, why),
        })?;
        if told {
            tracing::info!("what people must mend has been told");
        }
        Ok(json!({ "told": told }))
    }

    /// Why SAP can't be read.
    async fn standstill(&self) -> Result<Option<Standstill>, Failure> {
        let status = sap::SessionStatus::shared(Arc::clone(&self.session)).await;
        let refusal = status.map_err(|error| store_failed(&error))?.refusal;
        if let Some(sap::Refusal { text, .. }) = refusal {
            return Ok(Some(Standstill { code: Code::SapLoginRefused, since: None, text }));
        }
        let outage = Outage::read(self.state.as_ref(), System::Sap).await;
        let outage = outage.map_err(|error| store_failed(&error))?.filter(Outage::is_long);
        Ok(outage.map(|Outage { code, since, .. }| {
            let text = "no poll has succeeded since".to_owned();
            Standstill { code, since: Some(since), text }
        }))
    }
}
