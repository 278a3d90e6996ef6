//! Tells people, by mail and webhook, what they must mend. What is told, and when, is decided in `notify`; here is where it comes
//! from and who hears it. Nothing that fails here costs a sync anything.

use super::{App, records::SAP_REFUSAL, run::rest};
use crate::{
    CliError, CliResult,
    books::Books,
    config::{Config, NotificationsSection, SmtpSecurity},
    engine::Engine,
    listener::StoredKey,
};
use jiff::{SignedDuration, Timestamp};
use model::{Code, Credential as _};
use notify::{Channel, Email, EmailSettings, Findings, Login, Rhythm, Security, Standstill, Webhook};
use secrecy::SecretString;
use std::time::Duration;
use store::SecretName;

/// How often `run` looks whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// What fails together is told together: so long `run` waits for more.
const SETTLE: SignedDuration = SignedDuration::from_secs(20);
/// A channel that does not take a message is tried later and later, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);
/// Shorter silences of SAP's are nobody's business: work goes on by itself.
const SILENCE: SignedDuration = SignedDuration::from_mins(15);

/// A way to people that the config names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Email,
    Webhook,
}

impl Way {
    /// Those that the config names.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let section = &config.notifications;
        let email = (!section.email_to.is_empty()).then_some(Self::Email);
        email.into_iter().chain(section.webhook_url.as_ref().map(|_| Self::Webhook)).collect()
    }

    /// As in the log, and in the name of its record.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }

    /// Reads its secret and gets it ready.
    pub(super) async fn open(self, app: &App, config: &Config) -> CliResult<Channel> {
        let section = &config.notifications;
        let channel = match self {
            Self::Email => {
                Email::new(email_settings(app, config).await?).map(|email| Channel::Email(Box::new(email)))
            }
            Self::Webhook => {
                let Some(url) = &section.webhook_url else {
                    return Err(CliError::new("no `webhook_url` is named"));
                };
                let key = secret(app, config, SecretName::NotificationKey).await?;
                Webhook::new(url.clone(), key).map(Channel::Webhook)
            }
        };
        channel.map_err(|error| CliError::new(error.to_string()))
    }
}

async fn email_settings(app: &App, config: &Config) -> CliResult<EmailSettings> {
    let NotificationsSection {
        email_to,
        email_from: Some(from),
        smtp_host: Some(host),
        smtp_port,
        smtp_security,
        smtp_user,
        ..
    } = &config.notifications
    else {
        return Err(CliError::new("mail needs `email_from` and `smtp_host`"));
    };
    let login = match smtp_user {
        Some(user) => {
            let password = secret(app, config, SecretName::SmtpPassword).await?;
            Some(Login { user: user.clone(), password })
        }
        None => None,
    };
    let security = match smtp_security {
        SmtpSecurity::StartTls => Security::StartTls,
        SmtpSecurity::Tls => Security::Tls,
        SmtpSecurity::None => Security::Plain,
    };
    Ok(EmailSettings {
        to: email_to.clone(),
        from: from.clone(),
        host: host.clone(),
        port: *smtp_port,
        security,
        login,
    })
}

async fn secret(app: &App, config: &Config, name: SecretName) -> CliResult<SecretString> {
    let key = StoredKey::new(name, &config.secrets_file(), app.variable);
    let help = format!("Set it with `b1-coupa secrets set {name}`.");
    key.get().await.map_err(|error| CliError::new(error.to_string()).help(help))
}

/// Tells by every way what is due now, at the end of a run.
pub(super) async fn tell(app: &App, engine: &Engine, config: &Config) {
    let rhythm = Rhythm { settle: SignedDuration::ZERO, ..rhythm(config) };
    let ways = Way::all(config).into_iter().map(|way| tell_by(way, app, &engine.books, config, None, rhythm));
    futures::future::join_all(ways).await;
}

/// Tells what there is to tell for as long as the process runs, by each way for itself: one that is down holds up no other.
pub(super) async fn tell_on_schedule(app: &App, engine: &Engine, config: &Config) {
    let running_since = app.clock.now();
    let ways = Way::all(config).into_iter().map(async |way| {
        let mut pause = LOOK_EVERY;
        while !engine.stopping() {
            rest(engine, pause).await;
            if engine.stopping() {
                return;
            }
            let told = tell_by(way, app, &engine.books, config, Some(running_since), rhythm(config)).await;
            pause = if told { LOOK_EVERY } else { pause.saturating_mul(2).min(LONGEST_PAUSE) };
        }
    });
    futures::future::join_all(ways).await;
}

fn rhythm(config: &Config) -> Rhythm {
    Rhythm { pause: config.notifications.pause.to_signed(), settle: SETTLE }
}

/// Whether nothing went wrong.
async fn tell_by(
    way: Way,
    app: &App,
    books: &Books,
    config: &Config,
    running_since: Option<Timestamp>,
    rhythm: Rhythm,
) -> bool {
    let channel = way.name();
    let now = app.clock.now();
    let told = async {
        let findings = find(books, config, now, running_since).await?;
        let send = async |message: &notify::Message| {
            let channel = way.open(app, config).await?;
            channel.send(message).await.map_err(|error| CliError::new(error.to_string()))
        };
        notify::tell(books.state.as_ref(), channel, &findings, now, rhythm, send)
            .await
            .map_err(|error| CliError::new(error.to_string()))
    };
    match told.await {
        Ok(told) => {
            if told {
                tracing::info!(channel, "what people must mend has been told");
            }
            true
        }
        Err(error) => {
            tracing::warn!(channel, %error, "what people must mend could not be told and is told the next time");
            false
        }
    }
}

/// All that there is to tell now.
async fn find(
    books: &Books,
    config: &Config,
    now: Timestamp,
    running_since: Option<Timestamp>,
) -> CliResult<Findings> {
    let standstill = standstill(books, config, now, running_since).await?;
    let company = &config.sap.company_db;
    Ok(Findings::read(books.state.as_ref(), company, certificate::LAST_COMPARISON, standstill).await?)
}

/// Why SAP can't be read. A sync that doesn't run on says by its end that SAP is away; a refused log-in is told in any case.
async fn standstill(
    books: &Books,
    config: &Config,
    now: Timestamp,
    running_since: Option<Timestamp>,
) -> CliResult<Option<Standstill>> {
    let refusal: Option<sap::Refusal> = super::records::read(books, SAP_REFUSAL).await?;
    if let Some(sap::Refusal { text, .. }) = refusal {
        return Ok(Some(Standstill { code: Code::SapLoginRefused, since: None, text }));
    }
    let contact: Option<setup::SapContact> = super::records::read(books, setup::SAP_CONTACT).await?;
    let (Some(contact), Some(running_since)) = (contact, running_since) else { return Ok(None) };
    let since = contact.answered_at;
    let limit = config.sync.poll_interval.to_signed().saturating_mul(3).max(SILENCE);
    // What was silent before this process asked is not SAP's silence.
    let silent = now.duration_since(since.max(running_since)) > limit;
    let text = "it has not answered since".to_owned();
    Ok(silent.then_some(Standstill { code: Code::SapUnreachable, since: Some(since), text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{before_noon, configured, empty, noon};
    use serde_json::json;

    #[tokio::test]
    async fn sap_is_silent_only_for_who_has_asked_all_the_while() {
        let folder = configured();
        let config = Config::load(&folder.path().join("b1-coupa.toml")).unwrap();
        let books = empty();
        let contact = serde_json::to_value(setup::SapContact { answered_at: before_noon(60) }).unwrap();
        books.state.save_record(setup::SAP_CONTACT, Some(&contact)).await.unwrap();
        let found = async |since| find(&books, &config, noon(), since).await.unwrap().standstill;
        assert_eq!(found(None).await, None);
        assert_eq!(found(Some(before_noon(10))).await, None);
        let standstill = found(Some(before_noon(16))).await.unwrap();
        assert_eq!((standstill.code, standstill.since), (Code::SapUnreachable, Some(before_noon(60))));

        let refusal = json!({"until": noon(), "times": 2, "text": "Invalid login credential"});
        books.state.save_record(SAP_REFUSAL, Some(&refusal)).await.unwrap();
        assert_eq!(found(None).await.unwrap().code, Code::SapLoginRefused);
    }

    #[tokio::test]
    async fn differences_are_told_and_a_balance_is_not() {
        let folder = configured();
        let config = Config::load(&folder.path().join("b1-coupa.toml")).unwrap();
        let books = empty();
        for (differences, drift) in [(0, None), (3, Some(3))] {
            let last = json!({"at": noon(), "in_balance": differences == 0, "differences": differences, "certificate": "c.json"});
            books.state.save_record(certificate::LAST_COMPARISON, Some(&last)).await.unwrap();
            let found = find(&books, &config, noon(), None).await.unwrap().drift;
            assert_eq!(found.map(|drift| drift.differences), drift);
        }
    }
}
