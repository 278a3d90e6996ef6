//! The config file: what it may say, what it means where it says nothing, and what is wrong with it.

mod error;
mod keys;
mod notifications;
mod sections;
mod template;
mod values;

pub use error::ConfigError;
pub use notifications::{NotificationsSection, SmtpSecurity};
pub use sections::{
    AuditSection, CoupaSection, GuardrailSection, MappingSection, ReconcileSection, SapSection, StoreSection,
    SuppliersSection, SyncSection, WebhookSection,
};
pub use template::template;
pub use values::{OdataVersion, Period, RequestRate, ValueError, WebhookAlgorithm, parse_date, parse_object};

use serde::Deserialize;
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Where the config file is looked for unless `--config` says otherwise.
pub const DEFAULT_FILE: &str = "b1-coupa.toml";

/// Everything the config file says, checked, with the defaults filled in.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// How to reach SAP.
    pub sap: SapSection,
    /// How to reach Coupa.
    pub coupa: CoupaSection,
    /// What moves, and when.
    pub sync: SyncSection,
    /// What goes from Coupa to SAP.
    #[serde(default)]
    pub suppliers: SuppliersSection,
    /// Where our own records are kept.
    #[serde(default)]
    pub store: StoreSection,
    /// Which mapping file applies.
    #[serde(default)]
    pub mapping: MappingSection,
    /// How SAP's webhooks prove where they come from.
    #[serde(default)]
    pub webhook: WebhookSection,
    /// When both sides are compared, and where the certificates go.
    #[serde(default)]
    pub reconcile: ReconcileSection,
    /// What is kept of each attempt.
    #[serde(default)]
    pub audit: AuditSection,
    /// What stops a run that would change far more than is usual.
    #[serde(default)]
    pub guardrail: GuardrailSection,
    /// Who is told of what a person must mend.
    #[serde(default)]
    pub notifications: NotificationsSection,
    /// The file this was read from.
    #[serde(skip)]
    pub file: PathBuf,
}

impl Config {
    /// Reads and checks the file. Paths in it become absolute or relative to the present folder, as `file` is.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::unreadable(file, &error))?;
        Self::parse(&text, file)
    }

    /// Checks `text` as the content of `file`.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        keys::check(text, file)?;
        let mut config: Self =
            toml::from_str(text).map_err(|error| ConfigError::from_toml(&error, text, file))?;
        file.clone_into(&mut config.file);
        config.check_sections(text)?;
        config.resolve_paths();
        Ok(config)
    }

    /// The folder that paths in the file are relative to.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Where the secrets are kept, encrypted: beside the database. Their key is in a file of the same name with
    /// `.key` behind it.
    pub fn secrets_file(&self) -> PathBuf {
        self.store.path.with_extension("secrets")
    }

    fn check_sections(&self, text: &str) -> Result<(), ConfigError> {
        let url = &self.sap.service_layer_url;
        let is_name = !url.host().starts_with('[') && url.host().parse::<IpAddr>().is_err();
        if self.sap.connect_to.is_some() && (url.scheme() != "https" || !is_name) {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                "connect_to",
                "`connect_to` needs a `service_layer_url` with https and a name",
                "Write the name that the Service Layer's certificate is good for into `service_layer_url`, or leave out \
                 `connect_to` and write the address there.",
            ));
        }
        if self.sap.ca_file.is_some() && !self.sap.spki_sha256.is_empty() {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                "spki_sha256",
                "`ca_file` and `spki_sha256` are both given, and only one of them can decide whom to trust",
                "Keep `ca_file` where SAP's certificate comes from a certificate authority of yours or is a clean \
                 self-signed one; keep `spki_sha256` for the certificate that SAP's installer made.",
            ));
        }
        let basic = self.webhook.algorithm == WebhookAlgorithm::Basic;
        if basic != self.webhook.user.is_some() {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                if basic { "algorithm" } else { "user" },
                "`algorithm` \"Basic\" and `user` under [webhook] go together, and only one of them is given",
                "Name the user that SAP's subscription logs in as, or leave out both for signatures by HMACSha256.",
            ));
        }
        self.check_listener(text)?;
        self.check_notifications(text)?;
        if self.suppliers.create_in_sap && !self.suppliers.from_coupa {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                "create_in_sap",
                "`create_in_sap` needs `from_coupa = true` under [suppliers]: without it Coupa isn't asked for suppliers",
                "Set both, or leave `create_in_sap` out.",
            ));
        }
        Ok(())
    }

    /// What attempts sent before this moment is not kept any longer; `None` where it is kept for good.
    pub fn payloads_kept_since(&self, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
        now.checked_sub(self.audit.keep_payloads?.to_signed()).ok()
    }

    fn check_listener(&self, text: &str) -> Result<(), ConfigError> {
        let webhook = &self.webhook;
        if webhook.certificate_file.is_some() != webhook.key_file.is_some() {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                if webhook.key_file.is_some() { "key_file" } else { "certificate_file" },
                "`certificate_file` and `key_file` under [webhook] go together, and only one of them is given",
                "Name both, or neither for a listener on loopback behind a proxy that has the certificate.",
            ));
        }
        if webhook.certificate_file.is_none()
            && webhook.listen.is_some_and(|listen| !listen.ip().is_loopback())
        {
            return Err(ConfigError::at_key(
                text,
                &self.file,
                "listen",
                "others than this machine could reach `listen` under [webhook] without TLS",
                "Add `certificate_file` and `key_file`, or listen on 127.0.0.1 behind a proxy that has the certificate.",
            ));
        }
        Ok(())
    }

    fn resolve_paths(&mut self) {
        let folder = self.folder().to_owned();
        self.store.path = folder.join(&self.store.path);
        self.sap.ca_file = self.sap.ca_file.take().map(|path| folder.join(path));
        let webhook = &mut self.webhook;
        webhook.certificate_file = webhook.certificate_file.take().map(|path| folder.join(path));
        webhook.key_file = webhook.key_file.take().map(|path| folder.join(path));
        self.reconcile.folder = folder.join(&self.reconcile.folder);
        self.mapping.file = self.mapping.file.take().map(|path| folder.join(path));
    }
}

#[cfg(test)]
mod tests;
