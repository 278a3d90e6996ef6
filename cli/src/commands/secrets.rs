//! `b1-coupa secrets`: sets and lists them. What they are is never printed.

use super::{App, Exit};
use crate::{
    CliError, CliResult,
    output::{Look, Report, Table},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::{self, BufRead, IsTerminal};
use store::{SecretError, SecretFile, SecretName};

pub(super) fn set(app: &App, name: Option<SecretName>) -> CliResult<Exit> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        set_from(app, name, ask)
    } else {
        let mut lines = stdin.lock();
        set_from(app, name, |name| read_line(name, &mut lines))
    }
}

/// Asks for one secret or all of them, and keeps them. All answers come before the first write.
fn set_from(
    app: &App,
    name: Option<SecretName>,
    mut answer: impl FnMut(SecretName) -> CliResult<SecretString>,
) -> CliResult<Exit> {
    let config = app.config()?;
    let mut file = SecretFile::create_or_open(config.secrets_file())?;
    let names = name.map_or_else(|| SecretName::NEEDED.to_vec(), |name| vec![name]);
    let answers = names.iter().map(|name| Ok((*name, answer(*name)?))).collect::<CliResult<Vec<_>>>()?;
    for (name, secret) in answers {
        file.set(name, secret)?;
    }
    let file = config.secrets_file().display().to_string();
    app.show(&Kept { names, file });
    Ok(Exit::Done)
}

fn ask(name: SecretName) -> CliResult<SecretString> {
    let question = format!("{} ({name}): ", purpose(name));
    let cannot = |error: io::Error| {
        CliError::new(format!("{name} can't be asked for: {error}"))
            .help("Give it on stdin instead, one line for each secret.")
    };
    // rpassword talks to the terminal itself, past stdout and stderr.
    rpassword::prompt_password(question).map(SecretString::from).map_err(cannot)
}

fn read_line(name: SecretName, lines: &mut impl BufRead) -> CliResult<SecretString> {
    let mut line = String::new();
    let read = lines
        .read_line(&mut line)
        .map_err(|error| CliError::new(format!("{name} can't be read from stdin: {error}")))?;
    if read == 0 {
        return Err(CliError::new(format!("stdin ended before {name}")).help(
            "Give one line for each secret, in the order of `b1-coupa secrets list`, or name the one to set.",
        ));
    }
    // The line break isn't part of the secret; a blank may be.
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

const fn purpose(name: SecretName) -> &'static str {
    match name {
        SecretName::SapPassword => "Password of the SAP user",
        SecretName::CoupaClientSecret => "Secret of Coupa's OAuth client",
        SecretName::WebhookKey => "Key of SAP's webhooks, where they are used",
        SecretName::WebhookKeyNext => "The key in its place, while it is changed",
        SecretName::SigningKey => {
            "Key that certificates are signed with, base64 of 32 bytes; made by itself where it is missing"
        }
        SecretName::SmtpPassword => "Password at the mail server, where notifications are mailed",
        SecretName::NotificationKey => "Key that notifications are signed with, where they are posted",
    }
}

pub(super) fn list(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let file = SecretFile::open(config.secrets_file())?;
    let rows = SecretName::ALL.into_iter().map(|name| {
        let in_environment = (app.variable)(name.variable()).is_some_and(|value| !value.is_empty());
        let in_file = file.as_ref().is_some_and(|file| file.get(name).is_some());
        Row { name, in_environment, in_file }
    });
    app.show(&List { rows: rows.collect(), file: config.secrets_file().display().to_string() });
    Ok(Exit::Done)
}

struct Kept {
    names: Vec<SecretName>,
    file: String,
}

impl Report for Kept {
    fn human(&self, look: &Look) -> String {
        let names: Vec<_> = self.names.iter().map(|name| name.name()).collect();
        format!(
            "{} {} in {}, encrypted. The key is in {}.key: whoever has both has the secrets.",
            look.good("Kept"),
            names.join(" and "),
            self.file,
            self.file
        )
    }

    fn json(&self) -> Value {
        json!({"kept": self.names.iter().map(|name| name.name()).collect::<Vec<_>>(), "file": self.file})
    }
}

struct Row {
    name: SecretName,
    in_environment: bool,
    in_file: bool,
}

impl Row {
    /// Where the secret is taken from.
    const fn source(&self) -> Option<&'static str> {
        match (self.in_environment, self.in_file) {
            (true, _) => Some("environment"),
            (false, true) => Some("file"),
            (false, false) => None,
        }
    }
}

struct List {
    rows: Vec<Row>,
    file: String,
}

impl Report for List {
    fn human(&self, look: &Look) -> String {
        let mut table = Table::new(["secret", "is for", "taken from"]);
        for row in &self.rows {
            let source = match row.source() {
                Some("environment") => format!("environment variable {}", row.name.variable()),
                Some(_) => self.file.clone(),
                None => "not set".to_owned(),
            };
            table.row([row.name.name().to_owned(), purpose(row.name).to_owned(), source]);
        }
        let missing =
            self.rows.iter().any(|row| row.source().is_none() && SecretName::NEEDED.contains(&row.name));
        let hint = if missing {
            format!("\n\n{}", look.warn("Set what is missing with `b1-coupa secrets set`."))
        } else {
            String::new()
        };
        format!("{}{hint}", table.text())
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(
            |row| json!({"name": row.name.name(), "variable": row.name.variable(), "source": row.source()}),
        );
        json!({"secrets": rows.collect::<Vec<_>>(), "file": self.file})
    }
}

impl From<SecretError> for CliError {
    fn from(error: SecretError) -> Self {
        let help = match &error {
            SecretError::Empty(_) => "Run the command again and type the secret.",
            SecretError::Io { .. } => {
                "Check that the user who runs b1-coupa may read and write the file and its folder."
            }
            SecretError::KeyUnreadable { .. } | SecretError::Undecipherable { .. } => {
                "Put back the file and its key from the same back-up, or remove both and set the secrets anew."
            }
            // These say what to do themselves.
            SecretError::KeyOpenToOthers { .. }
            | SecretError::KeyMissing { .. }
            | SecretError::Missing { .. } => "",
        };
        Self::new(error.to_string()).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{app, configured};
    use secrecy::ExposeSecret;

    #[test]
    fn secrets_come_line_by_line_and_keep_their_blanks() {
        let folder = configured();
        let app = app(&folder.path().join("b1-coupa.toml"));
        let mut lines = "pass word \r\nclient-secret\n".as_bytes();
        set_from(&app, None, |name| read_line(name, &mut lines)).unwrap();
        let secrets = app.secrets(&app.config().unwrap()).unwrap();
        assert_eq!(secrets.require(SecretName::SapPassword).unwrap().expose_secret(), "pass word ");
        assert_eq!(secrets.require(SecretName::CoupaClientSecret).unwrap().expose_secret(), "client-secret");
    }

    #[test]
    fn too_few_lines_keep_nothing() {
        let folder = configured();
        let app = app(&folder.path().join("b1-coupa.toml"));
        let mut lines = "only one\n".as_bytes();
        let error = set_from(&app, None, |name| read_line(name, &mut lines)).unwrap_err();
        assert!(error.human().contains("stdin ended before coupa-client-secret"), "{}", error.human());
        let secrets = app.secrets(&app.config().unwrap()).unwrap();
        let error = CliError::from(secrets.require(SecretName::SapPassword).unwrap_err());
        assert!(error.human().contains("b1-coupa secrets set"), "{}", error.human());
    }

    #[test]
    fn the_list_names_sources_and_no_secret() {
        let folder = configured();
        let mut app = app(&folder.path().join("b1-coupa.toml"));
        set_from(&app, Some(SecretName::SapPassword), |_| Ok(SecretString::from("geheim"))).unwrap();
        app.variable = |name| (name == "B1_COUPA_COUPA_CLIENT_SECRET").then(|| "heimlich".to_owned());
        assert_eq!(list(&app), Ok(Exit::Done));
        let rows = vec![
            Row { name: SecretName::SapPassword, in_environment: false, in_file: true },
            Row { name: SecretName::CoupaClientSecret, in_environment: true, in_file: true },
        ];
        let list = List { rows, file: "x.secrets".to_owned() };
        assert_eq!(list.json()["secrets"][0]["source"], "file");
        assert_eq!(list.json()["secrets"][1]["source"], "environment");
        let text = list.human(&app.look());
        assert!(text.contains("B1_COUPA_COUPA_CLIENT_SECRET") && !text.contains("not set"), "{text}");
    }
}
