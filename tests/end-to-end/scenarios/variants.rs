//! The points in which systems differ, a few at a time, each with a company of its own.

use crate::world::World;
use simulators::{
    coupa::{Effect, ErrorShape, Fault},
    sap::{CancelStatus, DateStyle, Document, DocumentKind, LinkStyle, MetadataVersion},
};

/// One way that the two systems, and the config for them, can be.
struct Variant {
    name: &'static str,
    sap: fn(&mut simulators::sap::Settings),
    coupa: fn(&mut simulators::coupa::Settings),
    /// Lines for `[sap]`.
    config: &'static str,
}

fn variants() -> Vec<Variant> {
    vec![
        Variant {
            name: "v1, a row a page, absolute links",
            sap: |sap| {
                sap.page_size = 1;
                sap.links = LinkStyle::AbsoluteUrl;
                sap.dates = DateStyle::DateOnly;
                sap.times_with_seconds = false;
            },
            coupa: |coupa| coupa.created_order_status = "issued",
            config: "odata_version = \"v1\"\npage_size = 3",
        },
        Variant {
            name: "older metadata, links as paths, an empty page at the end",
            sap: |sap| {
                sap.metadata = MetadataVersion::Older;
                sap.links = LinkStyle::AbsolutePath;
                sap.link_after_full_last_page = true;
                sap.stamp_on_create = false;
            },
            coupa: |coupa| {
                coupa.full_size_replies = true;
                coupa.extra_null_attributes = true;
            },
            config: "page_size = 20",
        },
        Variant {
            name: "other spellings in Coupa",
            sap: |sap| {
                sap.payment_stamps_invoice = true;
                sap.copy_stamps_base = false;
                sap.cancellation_shows_cancelled = true;
            },
            coupa: |coupa| {
                coupa.soft_closed_status = "closed";
                coupa.cancelled_status = "canceled";
                coupa.filters_ignore_case = true;
                coupa.error_shape = ErrorShape::XmlWithCdata;
            },
            config: "page_size = 1",
        },
        Variant {
            name: "no order, pages as asked, etags",
            sap: |sap| {
                sap.unstable_order = true;
                sap.top_beats_page_size = true;
                sap.etags_in_lists = true;
                sap.page_size = 7;
                sap.utc_offset_minutes = -300;
            },
            coupa: |coupa| {
                coupa.error_shape = ErrorShape::List;
                coupa.voided_numbers_are_free = true;
                coupa.default_matching_level = "3-way";
                coupa.reissue = simulators::coupa::Reissue::Refused;
            },
            config: "max_parallel_requests = 1",
        },
    ]
}

/// Whatever the variant, a second look at the same documents after a day at work must end right too.
fn change_some(world: &World) {
    let all = |kind: DocumentKind| {
        let entries = world.sap.entries(kind).into_iter().rev();
        entries
            .filter_map(move |entry| world.sap.document(kind, entry))
            .filter(|one| one.cancel == CancelStatus::No)
    };
    let open = |one: &Document| !one.closed && one.paid.local.is_zero();
    let mut orders = all(DocumentKind::Order).filter(open);
    world.sap.close_order(orders.next().unwrap().entry).unwrap();
    let _ = orders.next().map(|order| world.sap.cancel(DocumentKind::Order, order.entry).unwrap());
    let mut invoices = all(DocumentKind::Invoice).filter(open);
    let _ = invoices.next().map(|invoice| world.sap.cancel(DocumentKind::Invoice, invoice.entry).unwrap());
    let code = world.sap.supplier_codes().remove(0);
    world.payment(world.invoice(&code).0);
}

fn play(index: usize) {
    let variant = variants().swap_remove(index);
    let mut world = World::new();
    world.set("sap", variant.config);
    // A company whose settings differ is another one from its first day.
    let host = world.sap_url();
    world.sap.configure(|sap| {
        sap.host = host;
        (variant.sap)(sap);
    });
    world.coupa.configure(variant.coupa);
    world.fill(31 + u64::try_from(index).unwrap(), 40);
    let name = variant.name;
    let step = |what: &str| {
        let ended = world.sync_waiting("20s");
        let list = || world.run(&["dead-letters", "list"]).stdout;
        assert_eq!(ended.code, Some(0), "{name}, {what}: {ended:?}\n{}", list());
        let since = crate::world::START;
        let differences = simulators::compare::differences(&world.sap, &world.coupa, since);
        assert!(differences.is_empty(), "{name}, {what}: {differences:#?}");
        world.expect_clean_requests();
    };
    step("at first");
    change_some(&world);
    step("after changes");
    let writes = world.writes();
    step("with nothing changed");
    assert_eq!(world.writes(), writes, "{name}: writes although nothing had changed");
}

#[test]
fn old_service_layer() {
    play(0);
}

#[test]
fn old_metadata_and_large_replies() {
    play(1);
}

#[test]
fn other_spellings() {
    play(2);
}

#[test]
fn unstable_order_and_other_errors() {
    play(3);
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let world = World::with_documents(41, 40);
    let evil = world.coupa_url();
    world.sap.configure(|sap| {
        sap.page_size = 2;
        sap.links = LinkStyle::OtherHost(evil);
    });
    // Paging by key needs no link, so it is no reason to fail either; but nobody else may be asked.
    let ended = world.sync();
    assert!(ended.code == Some(0) || ended.code == Some(1), "{ended:?}");
    assert!(world.coupa.exchanges().iter().all(|exchange| !exchange.target.contains("b1s")));
    if ended.code == Some(0) {
        world.expect_in_step();
    }
}

#[test]
fn every_shape_of_an_error_ends_as_one_readable_failure() {
    for shape in [
        ErrorShape::Object,
        ErrorShape::List,
        ErrorShape::Text,
        ErrorShape::Wrapped,
        ErrorShape::Xml,
        ErrorShape::XmlWithCdata,
    ] {
        let world = World::new();
        world.coupa.configure(|settings| settings.error_shape = shape);
        world.supplier("V1");
        let refusal = Effect::Refuse {
            object: "supplier".to_owned(),
            message: "Name is on a sanctions list".to_owned(),
        };
        world.coupa.plan(Fault::on(http::Method::POST, "/api/suppliers", refusal).times(9));
        world.sync().expect(2);
        let last = world.attempts("supplier", "V1").pop().unwrap();
        assert_eq!((&last["outcome"], &last["code"]), (&"failed".into(), &"BC-0205".into()), "{last}");
        assert!(last["message"].as_str().unwrap().contains("sanctions list"), "{last}");
    }
}
