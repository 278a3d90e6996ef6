use crate::{CliError, CliResult};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use setup::config::WebhookSection;
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// TLS with the certificate that the config names; nothing where it names none.
pub(super) fn acceptor(section: &WebhookSection) -> CliResult<Option<TlsAcceptor>> {
    let (Some(certificate), Some(key)) = (&section.certificate_file, &section.key_file) else {
        return Ok(None);
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unusable("certificate_file", certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key_file", key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable("certificate_file", certificate, &error))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn unusable(key: &str, file: &Path, error: &dyn std::fmt::Display) -> CliError {
    CliError::new(format!("`{key}` under [webhook], {}, can't be used: {error}", file.display()))
        .help("Both files are PEM: the certificate with what leads to its authority, and its private key without a password.")
}
