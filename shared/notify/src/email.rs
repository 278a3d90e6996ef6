use crate::{ChannelError, Message};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

/// What a mail server may take for one reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// What the whole mail may take: people wait for a sync to end, and a stop waits for less than half a minute.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Who is mailed to, and through whom.
#[derive(Debug)]
pub struct EmailSettings {
    /// Each with or without a name.
    pub to: Vec<String>,
    /// With or without a name.
    pub from: String,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept from others.
    pub security: Security,
    /// Who logs in, where the server wants that.
    pub login: Option<Login>,
}

/// How the way to the mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins in plain, and nothing is said before TLS is on.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: to this very machine only.
    Plain,
}

/// A user of the mail server.
#[derive(Debug)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

/// Mails through one server.
#[derive(Debug)]
pub struct Email {
    mailer: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    server: String,
    login: Option<Login>,
}

impl Email {
    /// Speaks to nobody yet.
    pub fn new(settings: EmailSettings) -> Result<Self, ChannelError> {
        let EmailSettings { to, from, host, port, security, login } = settings;
        let tls = || {
            TlsParameters::new(host.clone())
                .map_err(|error| ChannelError::Setup(format!("TLS for {host}: {error}")))
        };
        let tls = match security {
            Security::StartTls => Tls::Required(tls()?),
            Security::Tls => Tls::Wrapper(tls()?),
            Security::Plain if wire::is_loopback(&host) => Tls::None,
            Security::Plain => return Err(ChannelError::Plain(host)),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(port)
            .tls(tls)
            .timeout(Some(REPLY_TIMEOUT));
        if let Some(login) = &login {
            let password = login.password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(login.user.clone(), password));
        }
        Ok(Self {
            mailer: builder.build(),
            from: mailbox(&from)?,
            to: to.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?,
            server: format!("{host}:{port}"),
            login,
        })
    }

    /// Mails the text, to all at once.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        let id = format!("<b1-coupa.{}@{}>", message.at.as_nanosecond(), self.from.email.domain());
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .subject(&message.subject)
            .date(message.at.try_into().map_err(|error: jiff::Error| self.refused(&error.to_string()))?)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            // Keeps holiday replies from coming back.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = mail.body(message.text.clone()).map_err(|error| self.refused(&error.to_string()))?;
        self.within_time(self.mailer.send(mail)).await.map(drop)
    }

    /// Connects and logs in.
    pub(crate) async fn check(&self) -> Result<(), ChannelError> {
        if self.within_time(self.mailer.test_connection()).await? {
            return Ok(());
        }
        Err(self.refused("it let us in and then did not answer"))
    }

    async fn within_time<T>(
        &self,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, ChannelError> {
        match tokio::time::timeout(TIMEOUT, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.refused(&error.to_string())),
            Err(_) => Err(self.refused(&format!("no end after {} s", TIMEOUT.as_secs()))),
        }
    }

    /// Some servers repeat what they did not understand, password and all.
    fn refused(&self, reason: &str) -> ChannelError {
        let mut reason = reason.to_owned();
        if let Some(login) = &self.login {
            let password = login.password.expose_secret();
            let plain = format!("\0{}\0{password}", login.user);
            for said in [password.to_owned(), BASE64_STANDARD.encode(password), BASE64_STANDARD.encode(plain)]
            {
                if !said.is_empty() {
                    reason = reason.replace(&said, "…");
                }
            }
        }
        ChannelError::Mail { server: self.server.clone(), reason }
    }
}

fn mailbox(address: &str) -> Result<Mailbox, ChannelError> {
    address
        .parse()
        .map_err(|error| ChannelError::Address { address: address.to_owned(), reason: format!("{error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> EmailSettings {
        let login = Login { user: "mailer".to_owned(), password: SecretString::from("geheim") };
        EmailSettings {
            to: vec!["ops@acme.example".to_owned()],
            from: "b1-coupa <b1@acme.example>".to_owned(),
            host: "localhost".to_owned(),
            port: 587,
            security: Security::Plain,
            login: Some(login),
        }
    }

    #[test]
    fn plain_is_for_this_machine_alone() {
        Email::new(settings()).unwrap();
        for host in ["mail.acme.example", "10.0.0.5", "localhost.acme.example"] {
            let error = Email::new(EmailSettings { host: host.to_owned(), ..settings() }).unwrap_err();
            assert_eq!(error, ChannelError::Plain(host.to_owned()));
        }
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let error = Email::new(EmailSettings { to: vec!["ops".to_owned()], ..settings() }).unwrap_err();
        assert!(error.to_string().contains("`ops`"), "{error}");
    }

    #[test]
    fn a_server_that_repeats_the_password_is_not_quoted_with_it() {
        let email = Email::new(settings()).unwrap();
        let plain = BASE64_STANDARD.encode("\0mailer\0geheim");
        let reply = format!("unknown: AUTH PLAIN {plain}, {} or geheim", BASE64_STANDARD.encode("geheim"));
        let text = email.refused(&reply).to_string();
        assert_eq!(text, "the mail server localhost:587 did not take it: unknown: AUTH PLAIN …, … or …");
        assert!(!format!("{email:?}").contains("geheim"));
    }
}
