//! `Set-Cookie` read by hand. SAP writes `B1SESSION=…;HttpOnly;`, with no path and a dangling `;`, which strict parsers
//! drop without a word; the next call then fails for want of a session.

use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

/// The cookies that a session lives by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies {
    /// The session itself.
    pub(crate) session: Option<String>,
    /// The node behind the load balancer that knows it best.
    pub(crate) route: Option<String>,
}

impl Cookies {
    /// What a reply sets.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut cookies = Self::default();
        for header in headers.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let pair = text.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim() {
                _ if value.is_empty() => {}
                "B1SESSION" => cookies.session = Some(value.to_owned()),
                "ROUTEID" => cookies.route = Some(value.to_owned()),
                _ => {}
            }
        }
        cookies
    }

    /// The header that carries them back, kept out of debug output; nothing without a session or where a value can't stand
    /// in a header.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let session = self.session.as_ref()?;
        let route = self.route.as_ref().map(|route| format!("; ROUTEID={route}")).unwrap_or_default();
        let mut value = HeaderValue::from_str(&format!("B1SESSION={session}{route}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&'static str]) -> Cookies {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_static(line));
        }
        Cookies::of(&headers)
    }

    #[test]
    fn saps_odd_cookies_are_read_and_both_go_back() {
        let cookies = cookies(&["B1SESSION=6f1c0a2e-9d31;HttpOnly;", "ROUTEID=.node1; path=/b1s"]);
        let header = cookies.header().unwrap();
        assert_eq!(header, "B1SESSION=6f1c0a2e-9d31; ROUTEID=.node1");
        assert!(!format!("{header:?}").contains("6f1c"), "{header:?}");
    }

    #[test]
    fn the_strict_form_and_a_missing_route_do_too() {
        let cookies = cookies(&["B1SESSION=a-1-2; Path=/b1s/v2/; Secure; HttpOnly", "ROUTEID=; path=/b1s"]);
        assert_eq!(cookies.header().unwrap(), "B1SESSION=a-1-2");
    }

    #[test]
    fn without_a_session_there_is_no_header() {
        assert_eq!(cookies(&["B1SESSION=;HttpOnly;", "ROUTEID=.node1"]).header(), None);
    }
}
