//! Where the workers of a stack keep what they are logged in with. The names tell whose it is: when the config changes to
//! another user, client or address, what was had for the former one must not pass for theirs.

use crate::Config;
use sha2::{Digest, Sha256};

/// The cell of the SAP session that all workers with this config share.
pub fn session_cell(config: &Config) -> String {
    let sap = &config.sap;
    name("sap-session", &[&sap.service_layer_url.to_string(), &sap.company_db.to_string(), &sap.user])
}

/// The cell of the Coupa token that all workers with this config share.
pub fn token_cell(config: &Config) -> String {
    let coupa = &config.coupa;
    name("coupa-token", &[&coupa.url.to_string(), &coupa.client_id])
}

fn name(what: &str, whose: &[&str]) -> String {
    let digest = Sha256::digest(whose.join("\n"));
    format!("{what}/{:.16}", format!("{digest:x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_user_or_client_has_a_cell_of_its_own() {
        let text = "[sap]\nservice_layer_url = \"https://sap:50000\"\ncompany_db = \"A\"\nuser = \"u\"\n[coupa]\n\
                    url = \"https://acme.coupahost.com\"\nclient_id = \"c\"\nship_to_user = \"b\"\n\
                    chart_of_accounts = \"M\"\n[sync]\nstart_date = \"2026-01-01\"\n";
        let cells = |text: &str| {
            let config = Config::parse(text, std::path::Path::new("b1-coupa.toml")).unwrap();
            (session_cell(&config), token_cell(&config))
        };
        let (session, token) = cells(text);
        assert_eq!(cells(text), (session.clone(), token.clone()));
        let (others_session, same_token) = cells(&text.replace("\"u\"", "\"v\""));
        assert_eq!((others_session == session, same_token == token), (false, true));
        let (same_session, others_token) = cells(&text.replace("\"c\"", "\"d\""));
        assert_eq!((same_session == session, others_token == token), (true, false));
    }
}
