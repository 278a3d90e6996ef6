use crate::{
    Config,
    config::{WebhookAlgorithm, WebhookSection},
};
use model::{Clock, Credential, Random};
use pipeline::receive::{Hash, ReadAgain, Scheme, Webhook};
use std::sync::Arc;
use store::Queue;

/// What takes in SAP's webhooks, as the config says. Any of `keys` will do: two while the key is being changed.
pub fn webhook(
    config: &Config,
    keys: Vec<Arc<dyn Credential>>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Webhook {
    Webhook {
        company: config.sap.company_db.clone(),
        objects: config.sync.objects.iter().copied().collect(),
        scheme: scheme(&config.webhook),
        keys,
        queue,
        clock,
        random,
        read_again_at: ReadAgain::default(),
    }
}

fn scheme(section: &WebhookSection) -> Scheme {
    match section.algorithm {
        WebhookAlgorithm::HmacSha256 => Scheme::Hmac(Hash::Sha256),
        WebhookAlgorithm::HmacSha384 => Scheme::Hmac(Hash::Sha384),
        WebhookAlgorithm::HmacSha512 => Scheme::Hmac(Hash::Sha512),
        WebhookAlgorithm::Basic => Scheme::Basic { user: section.user.clone().unwrap_or_default() },
        WebhookAlgorithm::Bearer => Scheme::Bearer,
    }
}
