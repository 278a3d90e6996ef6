//! `[notifications]`: who is told of what a person must mend.

use super::{Config, ConfigError, Period, values};
use serde::{Deserialize, Deserializer, de::Error as _};
use wire::{BaseUrl, is_loopback};

/// `[notifications]`: who is told of what a person must mend.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct NotificationsSection {
    /// Who gets mail; nobody, where none is named.
    #[serde(deserialize_with = "addresses")]
    pub email_to: Vec<String>,
    /// Whom it comes from.
    #[serde(deserialize_with = "optional_address")]
    pub email_from: Option<String>,
    /// The mail server.
    #[serde(deserialize_with = "values::optional_text")]
    pub smtp_host: Option<String>,
    /// Its port.
    #[serde(deserialize_with = "port")]
    pub smtp_port: u16,
    /// How the way to it is kept from others.
    pub smtp_security: SmtpSecurity,
    /// Who logs in there; nobody, where it is left out.
    #[serde(deserialize_with = "values::optional_text")]
    pub smtp_user: Option<String>,
    /// Where the same is posted to, signed.
    #[serde(deserialize_with = "webhook_url")]
    pub webhook_url: Option<BaseUrl>,
    /// Between two messages about the same cause.
    pub pause: Period,
}

impl Default for NotificationsSection {
    fn default() -> Self {
        Self {
            email_to: vec![],
            email_from: None,
            smtp_host: None,
            smtp_port: 587,
            smtp_security: SmtpSecurity::StartTls,
            smtp_user: None,
            webhook_url: None,
            pause: Period::from_minutes(60),
        }
    }
}

/// How the way to the mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// It begins in plain, and nothing is said before TLS is on.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: to this very machine only.
    None,
}

impl<'de> Deserialize<'de> for SmtpSecurity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_lowercase().as_str() {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "none" => Ok(Self::None),
            _ => Err(D::Error::custom(values::ValueError::new(
                format!("`{text}` is no way to keep mail from others"),
                "Use \"starttls\" (port 587, usually), \"tls\" (port 465), or \"none\" to this machine only.",
            ))),
        }
    }
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let port = values::within::<D, 1, 65_535>(deserializer)?;
    u16::try_from(port).map_err(D::Error::custom)
}

fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.into_iter().map(|text| address(text).map_err(D::Error::custom)).collect()
}

fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    values::optional_text(deserializer)?.map(|text| address(text).map_err(D::Error::custom)).transpose()
}

/// What could be an address, so that a slip is found when the file is read; the mail client is stricter.
fn address(text: String) -> Result<String, values::ValueError> {
    let bare = text.rsplit_once('<').map_or(text.as_str(), |(_, rest)| rest.trim_end_matches('>'));
    let parts = bare.split_once('@').filter(|(user, domain)| !user.is_empty() && !domain.is_empty());
    if parts.is_some() && !bare.contains(char::is_whitespace) && !text.contains(char::is_control) {
        return Ok(text);
    }
    Err(values::ValueError::new(
        format!("`{text}` is no mail address"),
        "Write one such as \"ops@acme.example\" or \"Operations <ops@acme.example>\".",
    ))
}

fn webhook_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BaseUrl>, D::Error> {
    let Some(text) = values::optional_text(deserializer)? else { return Ok(None) };
    values::https_url(&text).map(Some).map_err(D::Error::custom)
}

impl Config {
    pub(super) fn check_notifications(&self, text: &str) -> Result<(), ConfigError> {
        let section = &self.notifications;
        let error = |key: &str, message: &str, help: &str| {
            Err(ConfigError::at_key(text, &self.file, key, message, help))
        };
        let partners =
            [("email_from", section.email_from.is_some()), ("smtp_host", section.smtp_host.is_some())];
        for (key, given) in partners {
            if !section.email_to.is_empty() && !given {
                let message = format!("`email_to` under [notifications] needs `{key}`");
                return error(
                    "email_to",
                    &message,
                    "Name whom mail comes from, and the mail server that takes it.",
                );
            }
            if section.email_to.is_empty() && given {
                let message = format!(
                    "`{key}` under [notifications] needs `email_to`: nobody is named to be mailed to"
                );
                return error(
                    key,
                    &message,
                    "Name who gets mail in `email_to`, or leave out all keys about mail.",
                );
            }
        }
        if section.smtp_user.is_some() && section.smtp_host.is_none() {
            let message = "`smtp_user` under [notifications] needs `smtp_host`, where that user logs in";
            return error(
                "smtp_user",
                message,
                "Name the mail server in `smtp_host`, or leave out `smtp_user`.",
            );
        }
        let host = section.smtp_host.as_deref().unwrap_or("localhost");
        if section.smtp_security == SmtpSecurity::None && !is_loopback(host) {
            return error(
                "smtp_security",
                "`smtp_security` \"none\" would send mail and password over the network in plain",
                "Use \"starttls\" or \"tls\"; \"none\" is for a mail server on this very machine (localhost, 127.0.0.0/8, ::1).",
            );
        }
        Ok(())
    }
}
