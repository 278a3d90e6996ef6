//! What the config file may not say, and how the refusal helps.

use crate::{process::Ended, world::World};

#[track_caller]
fn refused(from: &str, to: &str, words: &[&str]) {
    let mut world = World::new();
    let to = to.replace("{sap}", &world.sap_url()).replace("{coupa}", &world.coupa_url());
    let from = from.replace("{sap}", &world.sap_url()).replace("{coupa}", &world.coupa_url());
    world.configure(&from, &to);
    let ended: Ended = world.run(&["sync", "--once", "--json"]).expect(1);
    let error = ended.error().to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in {error}");
    }
    let human = world.run(&["sync", "--once"]).expect(1).stderr;
    assert!(human.starts_with("error: ") && human.contains("\nhelp: "), "{human}");
    assert_eq!((world.sap.request_count(), world.coupa.api_requests()), (0, 0));
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    refused("{sap}", "http://sap.example.local:50001", &["service_layer_url", "https"]);
    refused("{coupa}", "http://acme.coupahost.com", &["url", "https"]);
    refused("{coupa}", "http://10.0.0.5", &["https"]);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    refused("company_db =", "company_bd =", &["company_bd", "company_db"]);
    refused("[sync]", "[sinc]", &["sinc", "[sync]"]);
    refused("poll_interval =", "page_size = 20\npoll_interval =", &["page_size", "[sap]"]);
}

#[test]
fn secrets_are_refused() {
    refused("[sap]", "[sap]\npassword = \"geheim\"", &["password", "secrets set sap-password"]);
    refused("client_id =", "client_secret = \"geheim\"\nclient_id =", &["secrets set coupa-client-secret"]);
}

#[test]
fn values_out_of_their_range_are_refused() {
    refused("start_date = \"2026-01-01\"", "start_date = \"2026-13-01\"", &["start_date"]);
    refused("requests_per_second = 1000", "requests_per_second = 0", &["requests_per_second"]);
    refused("poll_interval = \"1s\"", "poll_interval = \"often\"", &["poll_interval"]);
    refused("[sap]", "[sap]\nodata_version = \"v3\"", &["odata_version", "v2"]);
}

#[test]
fn a_mapping_file_that_is_wrong_is_refused_before_anything_is_asked() {
    let mut world = World::new();
    world.map("[payment_term]\n\"3\" = \"Net 30\"\n");
    let error = world.run(&["sync", "--once", "--json"]).expect(1).error().to_string();
    assert!(error.contains("payment_term") && error.contains("mapping.toml"), "{error}");
    assert_eq!(world.sap.request_count(), 0);
}
