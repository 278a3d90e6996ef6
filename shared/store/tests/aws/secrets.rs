//! Passwords in Secrets Manager, and their rotation.

use crate::emulator;
use aws_sdk_secretsmanager::Client;
use model::{Clock as _, Credential as _};
use secrecy::{ExposeSecret as _, SecretString};
use std::{sync::Arc, time::Duration};
use store::{
    SecretName,
    aws::SecretsManager,
    contract::{VirtualClock, emulator::fresh_name, run},
};

async fn rotate(client: &Client, id: &str, value: &str) {
    client.put_secret_value().secret_id(id).secret_string(value).send().await.unwrap();
}

fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

/// And many who are refused at once read it once.
#[test]
fn a_rotated_secret_is_read_again_when_the_old_one_is_refused() {
    run(async {
        let Some(aws) = emulator().await else { return };
        let (client, id) = (aws.secrets(), fresh_name("sap-password"));
        client.create_secret().name(&id).secret_string("first").send().await.unwrap();
        let clock = Arc::new(VirtualClock::default());
        let ids = [(SecretName::SapPassword, id.clone())].into();
        let secrets = SecretsManager::new(&aws, ids, Arc::clone(&clock) as _);
        let credential = secrets.credential(SecretName::SapPassword);
        assert_eq!(exposed(&credential.get().await.unwrap()), "first");
        clock.sleep(Duration::from_secs(60)).await;
        rotate(&client, &id, "second").await;
        assert_eq!(exposed(&credential.get().await.unwrap()), "first", "nobody has been refused yet");
        assert_eq!(exposed(&credential.read_again().await.unwrap()), "second");
        rotate(&client, &id, "third").await;
        assert_eq!(exposed(&credential.read_again().await.unwrap()), "second", "it was read just now");
        clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(exposed(&credential.read_again().await.unwrap()), "third");
        assert_eq!(exposed(&credential.get().await.unwrap()), "third");
    });
}

/// With the secret's name, and without a word of what is in it.
#[test]
fn a_secret_that_is_not_there_is_named() {
    run(async {
        let Some(aws) = emulator().await else { return };
        let clock = Arc::new(VirtualClock::default());
        let ids = [(SecretName::SapPassword, fresh_name("nowhere"))].into();
        let secrets = SecretsManager::new(&aws, ids, clock);
        for name in SecretName::ALL {
            let error = secrets.credential(name).get().await.unwrap_err();
            assert!(error.to_string().contains(name.name()), "{error}");
        }
    });
}
