//! The ways to people, each tried as far as it goes without telling them anything.

use super::Checks;
use crate::{
    commands::{App, notifications::Way},
    config::Config,
};

pub(super) async fn check(app: &App, config: &Config, checks: &mut Checks) {
    for way in Way::all(config) {
        let name = format!("notifications by {}", way.name());
        let channel = match way.open(app, config).await {
            Ok(channel) => channel,
            Err(error) => {
                checks.error(&name, &error);
                continue;
            }
        };
        let company = config.sap.company_db.to_string();
        match channel.check(&company, app.clock.now()).await {
            Ok(()) => checks.good(&name, went_well(way, config)),
            Err(error) => checks.bad(&name, error.to_string(), help(way)),
        }
    }
}

fn went_well(way: Way, config: &Config) -> String {
    let section = &config.notifications;
    match way {
        Way::Email => {
            let host = section.smtp_host.as_deref().unwrap_or_default();
            format!("{host} lets us in; no mail was sent to {}", section.email_to.join(", "))
        }
        Way::Webhook => {
            let origin = section.webhook_url.as_ref().map(wire::BaseUrl::origin).unwrap_or_default();
            format!("{origin} took a signed call of the kind `check`")
        }
    }
}

const fn help(way: Way) -> &'static str {
    match way {
        Way::Email => {
            "Check `smtp_host`, `smtp_port`, `smtp_security` and `smtp_user` under [notifications], and the password with \
             `b1-coupa secrets set smtp-password`."
        }
        Way::Webhook => {
            "Check `webhook_url` under [notifications]. The other side must answer 2xx, and must know the same key as \
             `b1-coupa secrets set notification-key` was given."
        }
    }
}
