//! The way to the Service Layer: address, certificate, log-in.

use super::{Checks, certificate};
use crate::{config::Config, engine::Engine};

/// Whether the Service Layer can be used.
pub(super) async fn check(engine: &Engine, config: &Config, checks: &mut Checks) -> bool {
    let url = &config.sap.service_layer_url;
    let now = engine.pipeline.clock.now();
    let seen = certificate::look(config).await;
    match engine.pipeline.sap.log_in().await {
        Ok(info) => {
            checks.good("Service Layer", format!("{url} answers"));
            certificate::accepted(seen.as_ref(), config, now, checks);
            checks.good(
                "SAP log-in",
                format!(
                    "{} on {}, version {}, an idle session ends after {} min",
                    config.sap.user, config.sap.company_db, info.version, info.session_timeout_minutes
                ),
            );
            true
        }
        Err(error @ (sap::Error::LoginRefused { .. } | sap::Error::SessionLost(_))) => {
            checks.good("Service Layer", format!("{url} answers"));
            certificate::accepted(seen.as_ref(), config, now, checks);
            checks.failure("SAP log-in", &error.failure());
            false
        }
        Err(error) => {
            checks.failure("Service Layer", &error.failure());
            certificate::refused(seen.as_ref(), config, now, checks);
            false
        }
    }
}

/// Whether business partners can keep Coupa's id, where suppliers of Coupa's become business partners.
pub(super) async fn coupa_id(engine: &Engine, checks: &mut Checks) {
    const NAME: &str = "business partners";
    let suppliers = &engine.pipeline.settings.suppliers;
    let (true, Some(field)) = (suppliers.create_in_sap, &suppliers.coupa_id_member) else { return };
    match engine.pipeline.sap.has_member(field).await {
        Ok(true) => checks.good(NAME, format!("they have {field}, which keeps Coupa's id")),
        Ok(false) => checks.note(
            NAME,
            format!("they have no {field}: after a crash a new one is found again by name and tax id alone"),
            "Add it in SAP: Tools > Customization Tools > User-Defined Fields Management > Master Data > Business \
             Partner > Add, Title CoupaId (SAP puts the U_ before it), alphanumeric, 20 characters; then restart \
             the Service Layer.",
        ),
        Err(error) => checks.failure(NAME, &error.failure()),
    }
}
