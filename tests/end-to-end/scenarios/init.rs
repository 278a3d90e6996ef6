//! The first steps on a system of one's own.

use crate::world::World;
use std::fs;

#[test]
fn init_writes_files_that_parse_and_never_overwrites() {
    let world = World::new();
    fs::remove_file(world.config_file()).unwrap();
    let written = world.run(&["init", "--json"]).expect(0).json();
    assert_eq!(written["mapping_was_there"], false);
    // They parse, the mapping file too: what is missing now are the secrets, and nothing else.
    let config = fs::read_to_string(world.config_file()).unwrap();
    let config = config.replace("# file = \"mapping.toml\"", "file = \"mapping.toml\"");
    fs::write(world.config_file(), &config).unwrap();
    world.run(&["status"]).expect(0);
    let error = crate::process::Ended::of(world.command_without_secrets(&["sync", "--once", "--json"]));
    assert!(error.expect(1).error()["message"].as_str().unwrap().contains("is not set"));

    let error = world.run(&["init", "--json"]).expect(1).error();
    assert!(error["message"].as_str().unwrap().contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(world.config_file()).unwrap(), config);
}
