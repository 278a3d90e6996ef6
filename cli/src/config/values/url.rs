use super::ValueError;
use http::Uri;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Scheme, host and port of a system, and a path in front of everything where a proxy adds one. Without a
/// slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// As text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_url = |why: &str| {
            ValueError::new(
                format!("`{}` is no URL of a system: {why}", without_user(text)),
                "Write scheme, host and port, such as \"https://sap.example.local:50000\".",
            )
        };
        let uri: Uri = text.parse().map_err(|error: http::uri::InvalidUri| no_url(&error.to_string()))?;
        let scheme = uri.scheme_str().ok_or_else(|| no_url("it doesn't start with https://"))?;
        let authority = uri.authority().ok_or_else(|| no_url("it names no host"))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(no_url("it names no host"));
        }
        if authority.as_str().contains('@') {
            return Err(ValueError::new(
                "it has a user or password in it",
                "Take out everything between `//` and `@`; secrets are set with `b1-coupa secrets set`.",
            ));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(no_url("it has a query or a fragment"));
        }
        match scheme {
            "https" => {}
            "http" if uri.host().is_some_and(is_loopback) => {}
            "http" => return Err(plain_http(text)),
            other => return Err(no_url(&format!("`{other}` is not a way to speak to it"))),
        }
        if let Some((root, _)) = text.split_once("/b1s") {
            let help = format!("Write \"{root}\" and say \"v1\" or \"v2\" in `odata_version`.");
            return Err(ValueError::new(format!("`{text}` has the Service Layer's path in it"), help));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

fn plain_http(text: &str) -> ValueError {
    ValueError::new(
        format!("`{text}` is plain http, where anybody between here and there reads the password"),
        "Use https://. Plain http is allowed to this very machine only (localhost, 127.0.0.0/8, ::1).",
    )
}

fn without_user(text: &str) -> String {
    match (text.find("//"), text.rfind('@')) {
        (Some(start), Some(end)) if start < end => format!("{}…{}", &text[..start + 2], &text[end..]),
        _ => text.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || inner.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ValueError {
        text.parse::<BaseUrl>().unwrap_err()
    }

    #[test]
    fn https_goes_anywhere_and_http_only_home() {
        for text in [
            "https://sap.example.local:50000",
            "https://10.0.0.5:50000",
            "http://localhost:50001",
            "http://127.0.0.1:8080",
            "http://127.1.2.3",
            "http://[::1]:9000",
            "https://proxy.example/sap",
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), text);
        }
        for text in [
            "http://sap.example.local:50001",
            "http://10.0.0.5",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[2001:db8::1]:9000",
        ] {
            assert!(error(text).message.contains("plain http"), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_says_why() {
        for (text, why) in [
            ("sap.example.local:50000", "https://"),
            ("ftp://sap.example.local", "ftp"),
            ("https://", "no URL"),
            ("https://sap.example.local?x=1", "query"),
            ("https://sap.example.local#x", "fragment"),
            ("https://sap.example.local:50000/b1s/v2", "Service Layer's path"),
            ("", "no URL"),
        ] {
            assert!(error(text).message.contains(why), "{text}: {}", error(text));
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        for text in ["https://user:geheim@sap.example.local", "://user:geheim@sap.example.local"] {
            assert!(!error(text).to_string().contains("geheim"), "{}", error(text));
        }
    }

    #[test]
    fn a_slash_at_the_end_is_dropped() {
        assert_eq!("https://acme.example/".parse::<BaseUrl>().unwrap().as_str(), "https://acme.example");
    }
}
