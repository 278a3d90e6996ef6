//! Where the Service Layer is, and where its next page is.

use crate::{Error, ODataVersion, SettingsError};
use wire::{BaseUrl, check_url};

/// The service root, such as `https://sap.example.local:50000/b1s/v2`. Public, so that what a link may lead to can be held to it
/// from outside.
#[derive(Clone, Debug)]
pub struct Root {
    origin: BaseUrl,
    prefix: String,
    version: ODataVersion,
}

impl Root {
    /// The root of that version at `url`, which may name the host alone, or either version's root.
    pub fn new(url: &str, version: ODataVersion) -> Result<Self, SettingsError> {
        let origin = check_url(url)?;
        let path = origin.path();
        let prefix = [ODataVersion::V1, ODataVersion::V2]
            .iter()
            .find_map(|version| path.strip_suffix(version.path()))
            .unwrap_or(path)
            .to_owned();
        Ok(Self { origin, prefix, version })
    }

    /// The absolute URL of what stands under the root.
    pub fn url(&self, relative: &str) -> String {
        format!("{}{}{}/{relative}", self.origin.origin(), self.prefix, self.version.path())
    }

    /// What a link to the next page stands for under the root. Links come as absolute URL, as absolute path and relative to
    /// the root. One that leads to another host, scheme or service is never followed.
    pub fn relative(&self, link: &str) -> Result<String, Error> {
        let foreign = || Error::ForeignLink(link.chars().take(200).collect());
        let link = link.trim();
        let path = link.split(['?', '#']).next().unwrap_or_default();
        if path.contains('\\') || path.split('/').any(goes_up) || link.chars().any(char::is_control) {
            return Err(foreign());
        }
        if path.starts_with("//") {
            return Err(foreign());
        }
        if path.starts_with('/') {
            return self.below(link).ok_or_else(foreign);
        }
        // Only a colon before the first slash and the first bracket can end a scheme.
        let head = path.split(['/', '(']).next().unwrap_or_default();
        if !head.contains(':') {
            return if path.is_empty() { Err(foreign()) } else { Ok(tidy(link)) };
        }
        let (before, query) = link.split_at(path.len());
        let url = check_url(before).map_err(|_| foreign())?;
        if url.origin() != self.origin.origin() {
            return Err(foreign());
        }
        // Cut from the link as it came, because reading it as a URL may have changed its escapes.
        let after_scheme = before.split_once("://").map(|(_, rest)| rest).ok_or_else(foreign)?;
        let path = after_scheme.find('/').map_or("", |slash| &after_scheme[slash..]);
        self.below(&format!("{path}{query}")).ok_or_else(foreign)
    }

    /// What follows the root in an absolute path. A proxy may have put a prefix before it that SAP doesn't know.
    fn below(&self, path: &str) -> Option<String> {
        let root = format!("{}/", self.version.path());
        let prefixed = format!("{}{root}", self.prefix);
        let rest = path.strip_prefix(&prefixed).or_else(|| path.strip_prefix(&root))?;
        (!rest.is_empty()).then(|| tidy(rest))
    }
}

/// A part of a path that takes the part before it away, in every spelling that the reader of a URL knows.
fn goes_up(part: &str) -> bool {
    matches!(part.to_ascii_lowercase().as_str(), ".." | ".%2e" | "%2e." | "%2e%2e")
}

/// Some links come unescaped; what can't stand in a request line is escaped here.
fn tidy(link: &str) -> String {
    let mut tidy = String::with_capacity(link.len());
    for character in link.chars() {
        match character {
            ' ' => tidy.push_str("%20"),
            '"' => tidy.push_str("%22"),
            '<' => tidy.push_str("%3C"),
            '>' => tidy.push_str("%3E"),
            '#' => tidy.push_str("%23"),
            other if other.is_ascii() => tidy.push(other),
            other => tidy.push_str(&crate::query::encode(&other.to_string())),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(url: &str) -> Root {
        Root::new(url, ODataVersion::V2).unwrap()
    }

    #[test]
    fn links_in_all_forms_lead_to_the_same_page() {
        let root = root("https://sap.example:50000");
        for link in [
            "Orders?$skip=20",
            "/b1s/v2/Orders?$skip=20",
            "https://sap.example:50000/b1s/v2/Orders?$skip=20",
            "https://SAP.example:50000/b1s/v2/Orders?$skip=20",
        ] {
            assert_eq!(root.relative(link).unwrap(), "Orders?$skip=20", "{link}");
        }
        assert_eq!(root.url("Orders?$skip=20"), "https://sap.example:50000/b1s/v2/Orders?$skip=20");
        let encoded = "Orders?$filter=DocumentStatus%20eq%20%27bost_Open%27&$skip=20";
        assert_eq!(root.relative(encoded).unwrap(), encoded);
        assert_eq!(
            root.relative("SQLQueries('q:1/2')/List?&$skip=5").unwrap(),
            "SQLQueries('q:1/2')/List?&$skip=5"
        );
        assert_eq!(root.relative("A?$filter=B eq 'é'").unwrap(), "A?$filter=B%20eq%20'%C3%A9'");
    }

    #[test]
    fn a_link_elsewhere_is_never_followed() {
        let root = root("https://sap.example:50000");
        for link in [
            "https://evil.example:50000/b1s/v2/Orders?$skip=20",
            "http://sap.example:50000/b1s/v2/Orders?$skip=20",
            "https://sap.example/b1s/v2/Orders?$skip=20",
            "https://sap.example:50000@evil.example/b1s/v2/Orders",
            "https://sap.example:50000.evil.example/b1s/v2/Orders",
            "//evil.example/b1s/v2/Orders?$skip=20",
            "\\\\evil.example/b1s/v2/Orders",
            "/b1s/v2/../../admin",
            "../v1/Orders",
            "%2e%2E/v1/Orders",
            "/b1s/v2/.%2e/%2E./admin",
            "https://sap.example:50000/b1s/v2/%2E%2E/%2E%2E/admin",
            "/other/Orders?$skip=20",
            "/b1s/v1/Orders?$skip=20",
            "ftp://sap.example/Orders",
            "javascript:alert(1)",
            "/b1s/v2/",
            "",
            "Orders\r\nX: y",
        ] {
            assert!(matches!(root.relative(link), Err(Error::ForeignLink(_))), "{link}");
        }
    }

    #[test]
    fn the_version_comes_from_the_settings_and_a_prefix_stays() {
        assert_eq!(root("https://sap/b1s/v1/").url("Login"), "https://sap/b1s/v2/Login");
        let behind_proxy = root("https://gate.example/erp/");
        assert_eq!(behind_proxy.url("Login"), "https://gate.example/erp/b1s/v2/Login");
        for link in ["/b1s/v2/Orders?$skip=20", "/erp/b1s/v2/Orders?$skip=20"] {
            assert_eq!(behind_proxy.relative(link).unwrap(), "Orders?$skip=20");
        }
    }
}
