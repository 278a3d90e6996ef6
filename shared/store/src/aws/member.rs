use async_trait::async_trait;
use model::{Credential, CredentialError};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;

/// One member of a secret that is a JSON object: the whole is read, and rotated, at once.
pub struct SecretMember {
    whole: Arc<dyn Credential>,
    name: &'static str,
}

impl SecretMember {
    /// The member `name` of `whole`.
    pub fn new(whole: Arc<dyn Credential>, name: &'static str) -> Self {
        Self { whole, name }
    }

    /// Says nothing of what stands there instead.
    fn pick(&self, whole: &SecretString) -> Result<SecretString, CredentialError> {
        let object: serde_json::Value = serde_json::from_str(whole.expose_secret())
            .map_err(|_| CredentialError("the secret is no JSON object".to_owned()))?;
        let text = object.get(self.name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
        text.map(SecretString::from)
            .ok_or_else(|| CredentialError(format!("the secret has no text under `{}`", self.name)))
    }
}

#[async_trait]
impl Credential for SecretMember {
    async fn get(&self) -> Result<SecretString, CredentialError> {
        self.pick(&self.whole.get().await?)
    }

    async fn read_again(&self) -> Result<SecretString, CredentialError> {
        self.pick(&self.whole.read_again().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn member(whole: &str, name: &'static str) -> Result<String, String> {
        let whole: Arc<dyn Credential> = Arc::new(SecretString::from(whole));
        let member = SecretMember::new(whole, name).get().await;
        member.map(|secret| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_member_is_picked_and_nothing_else_is_told() {
        let whole = r#"{"sap-password":"geheim","webhook-key":""}"#;
        assert_eq!(member(whole, "sap-password").await.unwrap(), "geheim");
        for (whole, name) in
            [(whole, "webhook-key"), (whole, "coupa-client-secret"), ("geheim", "sap-password")]
        {
            assert!(!member(whole, name).await.unwrap_err().contains("geheim"), "{name}");
        }
    }
}
