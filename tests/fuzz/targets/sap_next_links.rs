//! A link to the next page, under the service roots of a plain, a proxied and a local Service Layer. What it is resolved to is
//! asked of the very scheme, host, port and service that the config names, as the HTTP client reads the URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sap::{ODataVersion, Root};
use url::Url;

fuzz_target!(|link: &str| {
    for base in ["https://sap.example:50000", "https://gate.example/erp", "http://127.0.0.1"] {
        for version in [ODataVersion::V1, ODataVersion::V2] {
            let root = Root::new(base, version).expect("these are good");
            let Ok(target) = root.relative(link) else { continue };
            let (asked, home) = (root.url(&target), root.url(""));
            let (url, home) = (Url::parse(&asked).expect(&asked), Url::parse(&home).expect("a URL"));
            assert_eq!(url.origin(), home.origin(), "{asked}");
            assert!(url.path().starts_with(home.path()), "{asked} is {url}");
            assert!(
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
                "{asked}"
            );
            assert!(!asked.contains(|c: char| c.is_control() || c == ' '), "{asked:?}");
        }
    }
});
