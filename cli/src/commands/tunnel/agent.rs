//! What the agent's machine is set up with, as a script for its platform.

use super::key::PublicKey;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Where the agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Platform {
    /// With systemd.
    Linux,
    /// Windows Server 2016 or newer, with WireGuard for Windows.
    Windows,
}

/// Everything that the script depends on.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    /// `host:port`.
    pub relay: String,
    pub relay_public_key: PublicKey,
    pub own_public_key: PublicKey,
    pub service_layer: SocketAddrV4,
    pub relay_address: Ipv4Addr,
    pub own_address: Ipv4Addr,
    /// The machine forwards for others, and goes on doing so.
    pub router: bool,
}

/// Behind the rules for the tunnel: the machine became able to forward only because of it.
const OTHERS: &str = "    drop comment \"this machine forwards for nobody else\"\n";

impl Agent {
    pub(super) fn script(&self, platform: Platform) -> String {
        let template = match platform {
            Platform::Linux => include_str!("agent.sh"),
            Platform::Windows => include_str!("agent.ps1"),
        };
        let (unless_router, others) = if self.router { ("&& false", "") } else { ("", OTHERS) };
        let values = [
            ("relay", self.relay.clone()),
            ("relay_public_key", self.relay_public_key.to_string()),
            ("agent_public_key", self.own_public_key.to_string()),
            ("service_layer", self.service_layer.to_string()),
            ("service_layer_ip", self.service_layer.ip().to_string()),
            ("port", self.service_layer.port().to_string()),
            ("relay_address", self.relay_address.to_string()),
            ("agent_address", self.own_address.to_string()),
            (" {{unless_router}}", format!(" {unless_router}").trim_end().to_owned()),
            ("others", others.to_owned()),
        ];
        values.into_iter().fold(template.to_owned(), |text, (name, value)| {
            let place = if name.contains('{') { name.to_owned() } else { format!("{{{{{name}}}}}") };
            text.replace(&place, &value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent {
            relay: "203.0.113.10:51820".to_owned(),
            relay_public_key: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=".parse().unwrap(),
            own_public_key: "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=".parse().unwrap(),
            service_layer: "192.168.50.10:50000".parse().unwrap(),
            relay_address: Ipv4Addr::new(10, 99, 0, 1),
            own_address: Ipv4Addr::new(10, 99, 0, 2),
            router: false,
        }
    }

    #[test]
    fn every_place_is_filled_and_no_private_key_stands_in_it() {
        for platform in [Platform::Linux, Platform::Windows] {
            let script = agent().script(platform);
            assert!(!script.contains("{{") && !script.contains("}}"), "{script}");
            assert!(script.contains("PublicKey = hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="));
            assert!(script.contains("Endpoint = 203.0.113.10:51820\nAllowedIPs = 10.99.0.1/32"));
            assert!(script.contains("192.168.50.10"));
        }
        assert!(!agent().script(Platform::Linux).contains("PrivateKey"));
    }

    #[test]
    fn a_machine_that_forwarded_for_nobody_goes_on_so() {
        assert!(agent().script(Platform::Linux).contains("forwards for nobody else"));
        let router = Agent { router: true, ..agent() }.script(Platform::Linux);
        assert!(!router.contains("forwards for nobody else") && router.contains("!= 0 ] && false; then"));
    }
}
