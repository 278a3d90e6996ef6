use std::{fmt, net::IpAddr};

/// An address that may be spoken to: `https`, or plain `http` on this very machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: String,
    host: String,
    port: u16,
    path: String,
}

/// Why a text is no [`BaseUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It can't be read.
    #[error("`{text}` is no URL: {reason}")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It would carry secrets in the clear.
    #[error("plain http to `{0}` is refused; use https (http is for loopback addresses only)")]
    PlainHttp(String),
    /// It is neither http nor https.
    #[error("`{0}` is not a scheme to reach a web service by; use https")]
    Scheme(String),
    /// Secrets don't belong into a URL, where they end up in logs.
    #[error("a URL must not hold a user name or password")]
    Credentials,
    /// There is nothing to ask for yet.
    #[error("a base URL must not have a query or a fragment")]
    Query,
}

/// Takes a URL from a config file: refuses plain http except to this machine, and what doesn't belong there.
pub fn check_url(text: &str) -> Result<BaseUrl, UrlError> {
    let malformed = |reason: String| UrlError::Malformed { text: without_credentials(text), reason };
    let url = reqwest::Url::parse(text.trim()).map_err(|error| malformed(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials);
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlError::Scheme(url.scheme().to_owned()));
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(malformed("it names no host".to_owned()));
    };
    if url.scheme() == "http" && !is_loopback(host) {
        return Err(UrlError::PlainHttp(host.to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UrlError::Query);
    }
    Ok(BaseUrl {
        scheme: url.scheme().to_owned(),
        host: host.to_owned(),
        port,
        path: url.path().trim_end_matches('/').to_owned(),
    })
}

/// `localhost`, `127.0.0.0/8` or `::1`, as a URL writes it.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn without_credentials(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = before.split_once("//").map_or(String::new(), |(scheme, _)| format!("{scheme}//"));
    format!("{scheme}…@{host}")
}

impl BaseUrl {
    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// In lower case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The scheme's own where none was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Without a slash at its end; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> String {
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => format!("{}://{}", self.scheme, self.host),
            _ => format!("{}://{}:{}", self.scheme, self.host, self.port),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_only_for_this_machine() {
        for good in [
            "http://127.0.0.1:50000",
            "http://127.9.9.9",
            "http://[::1]:80/x",
            "http://localhost:1",
            "https://sap",
        ] {
            check_url(good).unwrap();
        }
        for bad in [
            "http://sap.example.local:50000",
            "http://10.0.0.5",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::2]",
            "http://0.0.0.0",
        ] {
            assert!(matches!(check_url(bad), Err(UrlError::PlainHttp(_))), "{bad}");
        }
    }

    #[test]
    fn what_does_not_belong_is_refused_without_showing_it() {
        assert_eq!(check_url("https://user:pw@sap"), Err(UrlError::Credentials));
        assert_eq!(check_url("http://127.0.0.1@evil.example"), Err(UrlError::Credentials));
        assert_eq!(check_url("https://sap/?a=b"), Err(UrlError::Query));
        assert_eq!(check_url("ftp://sap"), Err(UrlError::Scheme("ftp".to_owned())));
        assert!(check_url("sap:50000").is_err());
        for text in ["https://user:hunter2@sap:port", "//user:hunter2@sap", "a user:hunter2@sap"] {
            let error = check_url(text).unwrap_err().to_string();
            assert!(error.contains("sap") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn parts_come_back_normalised() {
        let url = check_url(" HTTPS://Sap.Example:50000/prefix/ ").unwrap();
        assert_eq!(url.to_string(), "https://sap.example:50000/prefix");
        assert_eq!((url.host(), url.port(), url.path()), ("sap.example", 50000, "/prefix"));
        assert_eq!(check_url("https://sap:443").unwrap().origin(), "https://sap");
    }
}
