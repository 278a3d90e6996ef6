//! `tunnel …`: what the agent beside the SAP server needs to dial out to the relay. Nothing here touches the network.

mod agent;
mod key;

pub use agent::Platform;
pub use key::PublicKey;

use super::{App, Exit};
use crate::{
    CliError, CliResult,
    args::AgentConfigArgs,
    output::{Look, Report},
};
use agent::Agent;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wire::SystemRandom;

/// What WireGuard usually listens on.
const WIREGUARD_PORT: u16 = 51820;

/// `tunnel new-key FILE`
pub(super) fn new_key(app: &App, file: &Path) -> CliResult<Exit> {
    let mut random = [0; 32];
    SystemRandom::fill_secret(&mut random)
        .map_err(|error| CliError::new(format!("no key can be made: {error}")))?;
    app.show(&Made { file: file.to_owned(), public_key: key::make(file, random)? });
    Ok(Exit::Done)
}

/// `tunnel public-key FILE`
pub(super) fn public_key(app: &App, file: &Path) -> CliResult<Exit> {
    app.show(&Public(key::read(file)?));
    Ok(Exit::Done)
}

/// `tunnel agent-config …`
pub(super) fn agent_config(app: &App, args: &AgentConfigArgs) -> CliResult<Exit> {
    if args.service_layer.ip().is_loopback() || args.service_layer.ip().is_unspecified() {
        return Err(CliError::new(format!("{} is no address to forward to", args.service_layer)).help(
            "Name the address under which the Service Layer is reached in the network, also where the agent runs on the \
             same machine.",
        ));
    }
    if args.relay_address == args.agent_address {
        return Err(CliError::new("relay and agent can't have the same address in the tunnel")
            .help("Leave out `--relay-address` and `--agent-address`, or give two that differ."));
    }
    let agent = Agent {
        relay: endpoint(&args.relay)?,
        relay_public_key: args.relay_public_key,
        own_public_key: key::read(&args.key_file)?,
        service_layer: args.service_layer,
        relay_address: args.relay_address,
        own_address: args.agent_address,
        router: args.router,
    };
    app.show(&Printed { script: agent.script(args.platform), agent });
    Ok(Exit::Done)
}

/// The relay as WireGuard writes it, with its port. Goes into scripts, so only what a host is made of passes.
fn endpoint(text: &str) -> CliResult<String> {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let port = port.map_or(Some(WIREGUARD_PORT), |port| port.parse().ok().filter(|port| *port > 0));
    let is_host = !host.is_empty()
        && !host.starts_with(['-', '.'])
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    match port {
        Some(port) if is_host => Ok(format!("{host}:{port}")),
        _ => Err(CliError::new(format!("`{text}` is no relay"))
            .help("Write its name or IPv4 address, and `:PORT` behind it where that isn't 51820.")),
    }
}

struct Made {
    file: PathBuf,
    public_key: PublicKey,
}

impl Report for Made {
    fn human(&self, look: &Look) -> String {
        format!(
            "{} {}: the private key, which only its owner can read.\nPublic key: {}",
            look.good("Wrote"),
            self.file.display(),
            self.public_key
        )
    }

    fn json(&self) -> Value {
        json!({"file": self.file, "public_key": self.public_key.to_string()})
    }
}

struct Public(PublicKey);

impl Report for Public {
    fn human(&self, _: &Look) -> String {
        self.0.to_string()
    }

    fn json(&self) -> Value {
        json!({"public_key": self.0.to_string()})
    }
}

struct Printed {
    script: String,
    agent: Agent,
}

impl Report for Printed {
    fn human(&self, _: &Look) -> String {
        self.script.trim_end().to_owned()
    }

    fn json(&self) -> Value {
        json!({"agent_public_key": self.agent.own_public_key.to_string(), "script": self.script})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_a_host_with_or_without_a_port() {
        assert_eq!(endpoint("203.0.113.10").unwrap(), "203.0.113.10:51820");
        assert_eq!(endpoint("relay.acme.example:443").unwrap(), "relay.acme.example:443");
        for bad in ["", ":51820", "relay:0", "relay:x", "a b", "$(reboot)", "relay\nPostUp = x", "'x'", "-x"]
        {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
