//! Keys and set-up of the tunnel's agent, through the binary.

use crate::{process::Ended, world::World};

fn agent_config(world: &World, platform: &str) -> Ended {
    let (agent, relay) = (world.folder().join("agent.key"), world.folder().join("relay.key"));
    let relay = world.run(&["tunnel", "public-key", relay.to_str().unwrap()]).expect(0).stdout;
    world.run(&[
        "tunnel",
        "agent-config",
        "--relay",
        "203.0.113.10",
        "--relay-public-key",
        relay.trim(),
        "--key-file",
        agent.to_str().unwrap(),
        "--service-layer",
        "192.168.50.10:50000",
        "--platform",
        platform,
    ])
}

#[test]
fn a_private_key_is_in_its_file_alone() {
    let world = World::new();
    for name in ["agent.key", "relay.key"] {
        let file = world.folder().join(name);
        let made = world.run(&["tunnel", "new-key", file.to_str().unwrap()]).expect(0);
        let private = std::fs::read_to_string(&file).unwrap();
        assert!(private.len() == 44 && !made.text().contains(&private), "{made:?}");
        let public = world.run(&["tunnel", "public-key", file.to_str().unwrap()]).expect(0).stdout;
        assert!(made.stdout.contains(public.trim()), "{made:?}");
        world.run(&["tunnel", "new-key", file.to_str().unwrap()]).expect(1);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), private, "nothing is overwritten");
    }
    for platform in ["linux", "windows"] {
        let printed = agent_config(&world, platform).expect(0).text();
        for name in ["agent.key", "relay.key"] {
            let private = std::fs::read_to_string(world.folder().join(name)).unwrap();
            assert!(!printed.contains(&private), "{platform}: {name}");
        }
        assert!(printed.contains("203.0.113.10:51820") && printed.contains("192.168.50.10"), "{printed}");
    }
}

#[test]
fn nothing_but_addresses_goes_into_the_script() {
    let world = World::new();
    let file = world.folder().join("agent.key");
    world.run(&["tunnel", "new-key", file.to_str().unwrap()]).expect(0);
    let key = world.run(&["tunnel", "public-key", file.to_str().unwrap()]).expect(0).stdout;
    let with = |relay: &str, key: &str, service_layer: &str| {
        let file = file.to_str().unwrap();
        let fixed =
            ["tunnel", "agent-config", "--key-file", file, "--relay", relay, "--relay-public-key", key];
        world.run(&[fixed.as_slice(), &["--service-layer", service_layer]].concat())
    };
    let (good_relay, good_key, good_address) = ("relay.acme.example", key.trim(), "192.168.50.10:50000");
    with(good_relay, good_key, good_address).expect(0);
    with("$(reboot)", good_key, good_address).expect(1);
    with(good_relay, "no key", good_address).expect(1);
    with(good_relay, good_key, "sap.acme.example:50000").expect(1);
    with(good_relay, good_key, "127.0.0.1:50000").expect(1);
}
