use serde_json::{Value, json};
use setup::{
    SetupError,
    config::{ConfigError, ValueError},
};
use store::StoreError;

/// What a command tells the user when it can't do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    message: String,
    help: Option<String>,
    code: Option<model::Code>,
}

/// What a command ends with.
pub type CliResult<T = ()> = Result<T, CliError>;

impl CliError {
    /// What happened.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, code: None }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help| !help.is_empty());
        self
    }

    /// What the user can do about it, if there is something.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// As text for stderr, ending without a line break.
    pub fn human(&self) -> String {
        let page = self.code.map(|code| format!("\nhelp: More in docs/errors/{code}.md."));
        let help = self.help.as_ref().map(|help| format!("\nhelp: {help}"));
        format!("error: {}{}{}", self.message, help.unwrap_or_default(), page.unwrap_or_default())
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let code = self.code.map(model::Code::number);
        json!({"error": {"message": self.message, "help": self.help, "code": code}})
    }
}

impl From<model::Failure> for CliError {
    fn from(failure: model::Failure) -> Self {
        Self {
            message: failure.to_string(),
            help: Some(failure.code.fix().to_owned()),
            code: Some(failure.code),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let help = match &error {
            StoreError::Unavailable(_) => {
                "Check that the database file and its folder can be read and written, and that the disk isn't full."
            }
            StoreError::Corrupt(_) => {
                "Put back the last good copy of the database file; docs/operating.md says how, and what is then done again."
            }
            StoreError::Conflict(_) | StoreError::Fenced(_) => {
                "Another process was quicker: run the command again."
            }
        };
        Self::new(error.to_string()).help(help)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(error.to_string()).help(error.help)
    }
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        Self::new(error.message).help(error.help)
    }
}

impl From<ValueError> for CliError {
    fn from(error: ValueError) -> Self {
        Self::new(error.message).help(error.help)
    }
}

impl From<telemetry::InitError> for CliError {
    fn from(error: telemetry::InitError) -> Self {
        Self::new(error.to_string())
            .help("Write a level or a list of them, such as B1_COUPA_LOG=sap=debug,warn.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_page() {
        let error = CliError::from(model::Failure::new(model::Code::SapLoginRefused, "user coupa_sync"));
        assert!(error.human().starts_with("error: BC-0102 "), "{}", error.human());
        assert!(error.human().contains("\nhelp: Check user and password"), "{}", error.human());
        assert!(error.human().ends_with("docs/errors/BC-0102.md."), "{}", error.human());
        assert_eq!(error.json()["error"]["code"], "BC-0102");
    }

    #[test]
    fn an_error_without_help_has_no_help_line() {
        assert_eq!(CliError::new("no").human(), "error: no");
        assert_eq!(CliError::new("no").help("").human(), "error: no");
    }
}
