//! The subscription by which SAP tells what changes, kept alive by whoever runs all the time.

use crate::Config;
use pipeline::Pipeline;
use sap::{SubscriptionAction, SubscriptionState};

/// Has SAP go on where it has given up on the listener. Without an address to be called at there is no subscription. Whatever goes
/// wrong is told alone: polling finds what webhooks don't bring.
pub async fn keep_subscribed(pipeline: &Pipeline, config: &Config) {
    let webhook = &config.webhook;
    if webhook.url.is_none() {
        return;
    }
    let (sap, id) = (&pipeline.sap, webhook.subscription.as_str());
    match sap.subscription(id).await {
        Ok(Some(one)) if one.state == SubscriptionState::Exceptional => {
            match sap.act_on_subscription(id, SubscriptionAction::Resume).await {
                Ok(()) => tracing::warn!("SAP had given up on the webhook and has been asked to resume"),
                Err(error) => tracing::warn!(%error, "SAP has given up on the webhook and does not resume"),
            }
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "the subscription can't be looked at"),
    }
}
