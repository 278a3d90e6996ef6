use super::{
    super::{App, Exit},
    key::signing_key,
};
use crate::{
    CliError, CliResult,
    output::{Look, Report},
};
use certificate::{Certificate, PublicKey, Signed};
use serde_json::{Value, json};
use std::path::Path;

/// What a look at a certificate came to.
enum Verdict {
    /// Nothing was altered; and whether the key is ours, where ours is at hand.
    Genuine {
        certificate: Box<Certificate>,
        key: PublicKey,
        ours: Option<bool>,
    },
    Wrong(String),
}

pub(super) async fn run(app: &App, file: &Path) -> CliResult<Exit> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::new(format!("{} can't be read: {error}", file.display())))?;
    let verdict = match Signed::read(&text).and_then(|signed| signed.verify()) {
        Ok((certificate, key)) => {
            let ours = match app.config() {
                Ok(config) => signing_key(app, &config).await.ok().map(|own| own.public() == key),
                Err(_) => None,
            };
            Verdict::Genuine { certificate: Box::new(certificate), key, ours }
        }
        Err(error) => Verdict::Wrong(error.to_string()),
    };
    app.show(&verdict);
    Ok(if verdict.is_good() { Exit::Done } else { Exit::Failed })
}

impl Verdict {
    const fn is_good(&self) -> bool {
        matches!(self, Self::Genuine { ours, .. } if !matches!(ours, Some(false)))
    }
}

impl Report for Verdict {
    fn human(&self, look: &Look) -> String {
        let (certificate, key, ours) = match self {
            Self::Wrong(reason) => return format!("{} {reason}", look.bad("not genuine:")),
            Self::Genuine { certificate, key, ours } => (certificate, key, ours),
        };
        let balance = if certificate.in_balance {
            "in balance".to_owned()
        } else {
            format!("{} differences", certificate.differences.len())
        };
        let said = format!(
            "{} and Coupa, {}: {balance}\nsigned by {key}",
            certificate.about.company,
            look.moment(certificate.about.made_at)
        );
        match ours {
            Some(true) => {
                format!("{} nothing was altered, and your key signed it\n{said}", look.good("genuine:"))
            }
            Some(false) => format!("{} another key than yours signed it\n{said}", look.bad("not yours:")),
            None => format!(
                "{} nothing was altered. Whether the key below is the right one is for you to compare: no config with a key \
                 is at hand\n{said}",
                look.warn("unaltered:")
            ),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Genuine { certificate, key, ours } => json!({
                "genuine": self.is_good(),
                "public_key": key.to_string(),
                "own_key": ours,
                "made_at": certificate.about.made_at,
                "in_balance": certificate.in_balance,
                "differences": certificate.differences.len(),
            }),
            Self::Wrong(reason) => json!({"genuine": false, "reason": reason}),
        }
    }
}
