//! `webhooks …`: has SAP tell what changed, and shows how that stands. Polling goes on in any case and stays the source of truth.

mod report;

use super::{App, Exit};
use crate::{
    CliError, CliResult, args::WebhooksCommand, config::Config, engine::Engine, listener::StoredKey,
};
use model::{Credential, ObjectKind};
use report::{State, Way};
use sap::{EventAuthentication, EventSubscription, SubscriptionAction, SubscriptionState};
use secrecy::SecretString;
use setup::config::WebhookAlgorithm;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::SecretName;

type Events = BTreeMap<String, BTreeSet<String>>;

pub(super) async fn run(app: &App, command: &WebhooksCommand) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    let ended = Webhooks { app, config: &config, engine: &engine }.run(command).await;
    engine.remember_session().await?;
    engine.close().await;
    ended
}

struct Webhooks<'a> {
    app: &'a App,
    config: &'a Config,
    engine: &'a Engine,
}

impl Webhooks<'_> {
    async fn run(&self, command: &WebhooksCommand) -> CliResult<Exit> {
        let Some(catalog) = self.engine.pipeline.sap.event_catalog().await.map_err(failed)? else {
            return self.without(*command);
        };
        match command {
            WebhooksCommand::Enable => self.enable(&catalog).await?,
            WebhooksCommand::Status => {}
            WebhooksCommand::Pause => self.act(SubscriptionAction::Pause).await?,
            WebhooksCommand::Resume => self.act(SubscriptionAction::Resume).await?,
            WebhooksCommand::Replay => self.replay().await?,
            WebhooksCommand::Disable => {
                self.there().await?;
                self.engine.pipeline.sap.unsubscribe(self.id()).await.map_err(failed)?;
            }
        }
        self.app.show(&self.state(&catalog).await?);
        Ok(Exit::Done)
    }

    /// This Service Layer is older than webhooks.
    fn without(&self, command: WebhooksCommand) -> CliResult<Exit> {
        let polls = format!("Changes are found by polling, every {}.", self.config.sync.poll_interval);
        if command == WebhooksCommand::Status {
            self.app.show(&State::without(self.config));
            return Ok(Exit::Done);
        }
        Err(CliError::new("this Service Layer has no webhooks: they came with 10.0 FP 2602").help(&polls))
    }

    async fn enable(&self, catalog: &Events) -> CliResult<()> {
        let sap = &self.engine.pipeline.sap;
        let url = self.config.webhook.url.as_deref().ok_or_else(|| {
            CliError::new("`url` is missing under [webhook]: SAP must be told where to call").help(
                "Give the https address that SAP reaches the listener or the stack by, such as \
                       https://bridge.acme.example:8443/sap/events.",
            )
        })?;
        if !url.starts_with("https://") {
            return Err(CliError::new(format!(
                "`url` under [webhook] is `{url}`, and SAP calls nothing but https"
            ))
            .help("Give the listener a certificate, or put a proxy with one before it."));
        }
        let authentication = self.authentication().await?;
        let wanted = self.events(catalog);
        if wanted.is_empty() {
            return Err(CliError::new("SAP's event catalog names none of the objects in the config")
                .help("Nothing is set up; all objects stay with polling."));
        }
        sap.enable_events().await.map_err(failed)?;
        let before = self.subscription().await?;
        sap.subscribe(self.id(), url, &authentication, &wanted, before.is_some()).await.map_err(|error| {
            CliError::new(format!("SAP did not take the subscription: {error}")).help(
                "SAP calls the address at once to make sure that it is ours: `b1-coupa run` must be listening, and its \
                 certificate be trusted by the Service Layer's machine.",
            )
        })?;
        let stands = before.is_some_and(|before| before.state != SubscriptionState::Active);
        if stands {
            self.act(SubscriptionAction::Resume).await?;
        }
        Ok(())
    }

    /// Only of a subscription that is paused does SAP send again what was missed.
    async fn replay(&self) -> CliResult<()> {
        if self.there().await?.state != SubscriptionState::Inactive {
            self.act(SubscriptionAction::Pause).await?;
        }
        self.act(SubscriptionAction::Replay).await
    }

    async fn act(&self, action: SubscriptionAction) -> CliResult<()> {
        self.there().await?;
        self.engine.pipeline.sap.act_on_subscription(self.id(), action).await.map_err(failed)
    }

    fn id(&self) -> &str {
        &self.config.webhook.subscription
    }

    async fn subscription(&self) -> CliResult<Option<EventSubscription>> {
        self.engine.pipeline.sap.subscription(self.id()).await.map_err(failed)
    }

    async fn there(&self) -> CliResult<EventSubscription> {
        self.subscription().await?.ok_or_else(|| {
            CliError::new(format!("SAP has no subscription `{}`", self.id()))
                .help("`b1-coupa webhooks enable` makes it.")
        })
    }

    /// What to ask for: of each object that moves, all that the catalog has.
    fn events(&self, catalog: &Events) -> Events {
        let objects = self.config.sync.objects.iter().map(|kind| sap::entity_set(*kind).0);
        objects.filter_map(|name| Some((name.to_owned(), catalog.get(name)?.clone()))).collect()
    }

    async fn authentication(&self) -> CliResult<EventAuthentication> {
        let key = self.key().await?;
        let hmac = |algorithm| EventAuthentication::Hmac { key: key.clone(), algorithm };
        Ok(match self.config.webhook.algorithm {
            WebhookAlgorithm::HmacSha256 => hmac("HMACSha256"),
            WebhookAlgorithm::HmacSha384 => hmac("HMACSha384"),
            WebhookAlgorithm::HmacSha512 => hmac("HMACSha512"),
            WebhookAlgorithm::Basic => EventAuthentication::Basic {
                user: self.config.webhook.user.clone().unwrap_or_default(),
                password: key,
            },
            WebhookAlgorithm::Bearer => {
                return Err(CliError::new("a subscription with bearer tokens can't be set up from here").help(
                    "SAP fetches such tokens from an OAuth server of yours: make the subscription in SAP, or use \
                     `algorithm = \"HMACSha256\"`.",
                ));
            }
        })
    }

    /// What SAP is to sign with: the next key while the key is being changed. The stack's, where it is a stack that SAP calls.
    async fn key(&self) -> CliResult<SecretString> {
        let [next, key] = self.stored([SecretName::WebhookKeyNext, SecretName::WebhookKey]).await?;
        // Where the place that keeps them can't be read, the second says so.
        match next.get().await {
            Ok(next) => Ok(next),
            Err(_) => key.get().await.map_err(|error| {
                CliError::new(format!("there is no key that SAP could sign with: {error}")).help(
                    "Set it with `b1-coupa secrets set webhook-key`; on AWS add \"webhook-key\" to the stack's secret. \
                     `openssl rand -base64 32` makes one.",
                )
            }),
        }
    }

    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "a stack is found over the network")
    )]
    async fn stored(&self, names: [SecretName; 2]) -> CliResult<[Arc<dyn Credential>; 2]> {
        #[cfg(feature = "aws")]
        if let Some(stack) = self.app.find_stack(self.config).await? {
            return Ok(names.map(|name| stack.secret(name)));
        }
        let file = self.config.secrets_file();
        Ok(names.map(|name| Arc::new(StoredKey::new(name, &file, self.app.variable)) as Arc<dyn Credential>))
    }

    async fn state(&self, catalog: &Events) -> CliResult<State> {
        let subscription = self.subscription().await?;
        let sends = subscription.as_ref().is_some_and(|one| one.state == SubscriptionState::Active);
        let way = |kind: &ObjectKind| {
            let name = sap::entity_set(*kind).0;
            let way = match subscription.as_ref().and_then(|one| one.events.get(name)) {
                Some(_) if sends => Way::Webhook,
                Some(_) => Way::Held,
                None if catalog.contains_key(name) => Way::NotAsked,
                None => Way::NotInCatalog,
            };
            (*kind, way)
        };
        let objects = self.config.sync.objects.iter().map(way).collect();
        Ok(State::new(self.config, subscription, objects))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands over")]
fn failed(error: sap::Error) -> CliError {
    CliError::new(format!("SAP could not be asked: {error}"))
        .help("`b1-coupa check` tries every part of the way.")
}
