//! SAP tells what changed, and `run` takes it in.

use crate::{
    door::Door,
    process::Running,
    world::{WEBHOOK_KEY, World, wait_at_most, wait_until},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use rcgen::{CertifiedKey, KeyPair};
use sha2::Sha256;
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

const PROMPT: Duration = Duration::from_secs(20);
const TOKEN: &str = "5ac18923-cfce-40d3-a31e-7154ca4d5191";

/// A port of this machine that is free for the moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A world whose polls come once an hour, and that listens in plain on loopback.
fn world_behind_a_proxy() -> (World, u16) {
    let (mut world, port) = (World::new(), free_port());
    world.configure("poll_interval = \"1s\"", "poll_interval = \"1h\"");
    world.configure("[sync]", &format!("[webhook]\nlisten = \"127.0.0.1:{port}\"\n\n[sync]"));
    (world, port)
}

/// The same with a certificate that SAP trusts.
fn world_with_certificate() -> (World, u16, CertifiedKey<KeyPair>) {
    let (mut world, port) = world_behind_a_proxy();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(world.folder().join("webhook.pem"), made.cert.pem()).unwrap();
    std::fs::write(world.folder().join("webhook.key"), made.signing_key.serialize_pem()).unwrap();
    let lines = format!(
        "certificate_file = \"webhook.pem\"\nkey_file = \"webhook.key\"\nurl = \"https://127.0.0.1:{port}/sap/events\""
    );
    world.set("webhook", &lines);
    world.sap.configure(|settings| {
        settings.webhook_roots = made.cert.pem().into_bytes();
        settings.webhook_retry_interval = Duration::from_millis(50);
    });
    (world, port, made)
}

fn signature(signed: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_KEY.as_bytes()).unwrap().chain_update(signed);
    format!("X-B1-Webhook-Signature: {}\r\n", STANDARD.encode(mac.finalize().into_bytes()))
}

fn event(entry: i64) -> String {
    format!(
        r#"{{"id":"{entry}","source":"/default/sap.b1/SBODEMO_ACME","type":"sap.b1.PurchaseOrders.Created.v1","data":{{"DocEntry":"{entry}"}}}}"#
    )
}

#[test]
fn a_change_arrives_long_before_the_next_poll_would_find_it() {
    let (world, port, certificate) = world_with_certificate();
    let door = Door::open(&world, port, Some(&certificate));
    let enabled = world.run(&["webhooks", "enable", "--json"]).expect(0).json();
    assert_eq!(enabled["subscription"]["state"], "Active", "{enabled}");
    let by = |object: &str| enabled["objects"][object]["by"].clone();
    assert_eq!((by("purchase_orders"), by("payments")), ("webhook".into(), "polling".into()), "{enabled}");
    world.sap.configure(|settings| settings.webhooks_doubled = true);
    let _sender = world.sap.send_webhooks();
    world.supplier("V1");
    let (_, number) = world.order("V1");
    wait_until("the order is there and issued", || {
        world.coupa.order_by_number(&number).is_some_and(|order| order.status == "issued")
            && world.run(&["audit", "show", "purchase-order", &number]).code == Some(0)
    });
    door.close();
    assert_eq!(world.coupa.orders().len(), 1, "told of twice, and there once");
    let attempts = world.attempts("purchase-order", &number);
    assert_eq!(attempts.last().unwrap()["cause"], "webhook", "{attempts:?}");
    world.expect_in_step();
}

#[test]
fn what_sap_can_not_deliver_it_gives_up_on_until_it_is_resumed() {
    let (world, port, certificate) = world_with_certificate();
    world.sap.configure(|settings| settings.webhook_retries = 1);
    let door = Door::open(&world, port, Some(&certificate));
    world.run(&["webhooks", "enable"]).expect(0);
    door.close();
    let _sender = world.sap.send_webhooks();
    world.supplier("V1");
    let state =
        || world.run(&["webhooks", "status", "--json"]).expect(0).json()["subscription"]["state"].clone();
    wait_until("SAP has given up", || state() == "Exceptional");
    let text = world.run(&["webhooks", "status"]).expect(0).stdout;
    assert!(text.contains("webhooks resume") && text.contains("polling, until"), "{text}");

    let _door = Door::open(&world, port, Some(&certificate));
    // A process looks at the subscription when it starts, a stack by the minute.
    assert!(wait_at_most(Duration::from_secs(150), || state() == "Active"), "it is not resumed");
    if world.stack.is_some() {
        // Its polls come by the hour here.
        world.sync().expect(0);
    }
    wait_until("the poll at the start has found it", || world.coupa.supplier_by_number("V1").is_some());
    world.run(&["webhooks", "pause"]).expect(0);
    assert_eq!(state(), "Inactive");
    world.supplier("V2");
    world.run(&["webhooks", "replay"]).expect(0);
    wait_until("what was missed is sent again", || world.coupa.supplier_by_number("V2").is_some());
    let disabled = world.run(&["webhooks", "disable", "--json"]).expect(0).json();
    assert!(disabled["subscription"].is_null(), "{disabled}");
    let error = world.run(&["webhooks", "resume", "--json"]).expect(1).error();
    assert!(error["help"].as_str().unwrap().contains("webhooks enable"), "{error}");
}

#[test]
fn an_older_service_layer_is_polled_and_that_is_said() {
    let (world, ..) = world_with_certificate();
    world.sap.configure(|settings| settings.has_webhooks = false);
    let error = world.run(&["webhooks", "enable", "--json"]).expect(1).error().to_string();
    assert!(error.contains("FP 2602") && error.contains("polling, every 1h"), "{error}");
    let status = world.run(&["webhooks", "status", "--json"]).expect(0).json();
    assert_eq!(
        (&status["available"], &status["objects"]["invoices"]["by"]),
        (&false.into(), &"polling".into())
    );
}

#[test]
fn nobody_gets_in_without_the_key_and_is_told_why() {
    let (world, port) = world_behind_a_proxy();
    world.supplier("V1");
    let door = Door::open(&world, port, None);
    if world.stack.is_some() {
        world.sync().expect(0);
    }
    wait_until("the first polls are over", || world.coupa.supplier_by_number("V1").is_some());
    let path = "/sap/events";
    let token = format!("X-B1-Webhook-Token: {TOKEN}\r\n");
    let greeting = door.call("GET", path, &(token.clone() + &signature(TOKEN.as_bytes())), b"");
    assert_eq!(greeting, (200, format!(r#"{{"Challenge":"{TOKEN}"}}"#)));
    assert_eq!(door.call("GET", path, &token, b""), (401, "{}".to_owned()));

    let (entry, number) = world.order("V1");
    let body = format!("[{}]", event(entry));
    let signed = signature(body.as_bytes());
    for (headers, body) in [
        (String::new(), body.clone()),
        (signature(b"something else"), body.clone()),
        (signed.clone(), body.replace("Created", "Updated")),
        ("X-B1-Webhook-Signature: not base64\r\n".to_owned(), body.clone()),
    ] {
        assert_eq!(door.call("POST", path, &headers, body.as_bytes()), (401, "{}".to_owned()), "{headers}");
    }
    assert_eq!(door.call("POST", "/elsewhere", &signed, body.as_bytes()).0, 404);
    let large = vec![b' '; 5 << 20];
    let headers = format!("Content-Type: application/json\r\n{}", signature(&large));
    assert_eq!(door.call("POST", path, &headers, &large).0, 413);
    assert!(world.coupa.orders().is_empty(), "nothing was taken in");

    assert_eq!(door.call("POST", path, &signed, body.as_bytes()), (200, "{}".to_owned()));
    wait_until("the order is there", || world.coupa.order_by_number(&number).is_some());
    door.close();
}

#[test]
fn a_body_that_never_ends_ends_the_request() {
    let (world, port) = world_behind_a_proxy();
    let door = Door::open(&world, port, None);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"POST /sap/events HTTP/1.1\r\nHost: sap\r\nContent-Length: 100\r\n\r\n[").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    door.close();
}

/// Sets a secret where the listener reads it.
fn set_secret(world: &World, name: &str, value: &str) {
    if let Some(stack) = &world.stack {
        let mut secrets = crate::stack::secrets();
        secrets[name] = value.into();
        stack.set_secrets(&secrets);
        return;
    }
    let mut command = world.command(&["secrets", "set", name]);
    command.env_remove("B1_COUPA_WEBHOOK_KEY").stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{value}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_key_can_be_changed_while_it_runs() {
    let (world, port) = world_behind_a_proxy();
    if world.stack.is_none() {
        set_secret(&world, "webhook-key", "the old key");
    }
    let door = Door::open_with(&world, port, |command| {
        command.env_remove("B1_COUPA_WEBHOOK_KEY");
    });
    let greet = |key: &str| {
        let signature = simulators::sap::webhook_signature(key, TOKEN.as_bytes());
        let headers = format!("X-B1-Webhook-Token: {TOKEN}\r\nX-B1-Webhook-Signature: {signature}\r\n");
        door.call("GET", "/sap/events", &headers, b"").0
    };
    assert_eq!(greet("the next key"), 401);
    set_secret(&world, "webhook-key-next", "the next key");
    // Keys are read again at a refusal, but not at each one.
    wait_until("the next key is good as well", || greet("the next key") == 200);
    let old = if world.stack.is_some() { WEBHOOK_KEY } else { "the old key" };
    assert_eq!(greet(old), 200, "both are good at once");
}

#[test]
fn sap_is_told_to_sign_with_the_next_key_while_the_key_is_being_changed() {
    let (world, port, certificate) = world_with_certificate();
    let door = Door::open(&world, port, Some(&certificate));
    world.run(&["webhooks", "enable"]).expect(0);
    assert_eq!(world.sap.webhook_key("b1-coupa").as_deref(), Some(WEBHOOK_KEY));
    set_secret(&world, "webhook-key-next", "the next key");
    // The listener reads its keys again at a refusal, but not at each one.
    wait_until("SAP's handshake with the next key is taken", || {
        world.run(&["webhooks", "enable"]).code == Some(0)
    });
    assert_eq!(world.sap.webhook_key("b1-coupa").as_deref(), Some("the next key"));
    door.close();
}

/// How long each of `changes` takes from SAP to Coupa, `per_second` of them at a time. Sorted.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn lags(world: &World, changes: u32, per_second: u32) -> Vec<Duration> {
    use std::{collections::BTreeMap, time::Instant};
    let pause = Duration::from_secs(1) / per_second;
    let codes = world.sap.supplier_codes();
    let begun = Instant::now();
    let mut waiting: BTreeMap<String, (String, Instant)> = BTreeMap::new();
    let (mut lags, mut made) = (Vec::new(), 0);
    while made < changes || !waiting.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} changes never arrived", waiting.len());
        // Each supplier is changed again only when its last change has arrived, so that none is folded into another.
        let free = codes
            .iter()
            .cycle()
            .skip(made as usize)
            .take(codes.len())
            .find(|code| !waiting.contains_key(*code));
        if made < changes
            && begun.elapsed() >= pause * made
            && let Some(code) = free
        {
            let name = format!("Change {made}");
            let field = simulators::sap::Field::Text(name.clone());
            world
                .sap
                .change_supplier(code, |partner| {
                    partner.set("CardName", field);
                })
                .unwrap();
            waiting.insert(code.clone(), (name, Instant::now()));
            made += 1;
        }
        waiting.retain(|code, (name, since)| {
            let there = world.coupa.supplier_by_number(code).is_some_and(|supplier| supplier.name == *name);
            lags.extend(there.then(|| since.elapsed()));
            !there
        });
        std::thread::sleep(Duration::from_millis(1));
    }
    lags.sort_unstable();
    lags
}

/// Prints how soon a change is in Coupa by webhook: `cargo test --release -p b1-coupa --test end-to-end
/// how_soon_a_change_arrives -- --ignored --nocapture`.
#[test]
#[ignore = "a benchmark: prints, and judges nothing"]
fn how_soon_a_change_arrives_by_webhook() {
    for (changes, per_second, rate) in [(1_000, 50, None), (300, 10, Some(20))] {
        let (mut world, port, _) = world_with_certificate();
        world.configure("[sync]", "[guardrail]\nenabled = false\n\n[sync]");
        if let Some(rate) = rate {
            world.configure("requests_per_second = 1000", &format!("requests_per_second = {rate}"));
        }
        for at in 0..120 {
            world.supplier(&format!("V{at}"));
        }
        world.sync_waiting("30s").expect(0);
        // Nobody reads its log here, and a full pipe would stop it.
        let mut command = world.command(&["run"]);
        command.env("B1_COUPA_LOG", "warn");
        let mut running = Running::start(command);
        wait_until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        world.run(&["webhooks", "enable"]).expect(0);
        let _sender = world.sap.send_webhooks();
        std::thread::sleep(Duration::from_secs(4));
        let lags = lags(&world, changes, per_second);
        let at = |percent: usize| lags[(lags.len() - 1) * percent / 100].as_millis();
        let under = lags.iter().filter(|lag| **lag < Duration::from_secs(1)).count() * 1_000 / lags.len();
        let limit = rate.map_or("no rate limit".to_owned(), |rate| format!("{rate} requests a second"));
        println!(
            "{changes} changes, {per_second} a second, {limit}: p50 {} ms, p99 {} ms, longest {} ms; under one second {}.{} %",
            at(50),
            at(99),
            at(100),
            under / 10,
            under % 10
        );
        running.signal("TERM");
        running.end_within(PROMPT).expect(0);
    }
}
