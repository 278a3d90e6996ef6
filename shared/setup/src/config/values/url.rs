use super::ValueError;
use serde::{Deserialize, Deserializer, de::Error as _};
use wire::{BaseUrl, UrlError, check_url};

/// Scheme, host and port of a system, and a path in front of everything where a proxy adds one.
pub(crate) fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BaseUrl, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// An address of anybody's: https, or plain http to this very machine.
pub(crate) fn https_url(text: &str) -> Result<BaseUrl, ValueError> {
    check_url(text).map_err(|error| explain(text, &error))
}

fn parse(text: &str) -> Result<BaseUrl, ValueError> {
    let url = https_url(text)?;
    if let Some((root, _)) = url.path().split_once("/b1s") {
        let help = format!("Write \"{}{root}\" and say \"v1\" or \"v2\" in `odata_version`.", url.origin());
        return Err(ValueError::new(format!("`{url}` has the Service Layer's path in it"), help));
    }
    Ok(url)
}

fn explain(text: &str, error: &UrlError) -> ValueError {
    const EXAMPLE: &str = "Write scheme, host and port, such as \"https://sap.example.local:50000\".";
    match error {
        UrlError::Credentials => ValueError::new(
            "it has a user or password in it",
            "Take out everything between `//` and `@`; secrets are set with `b1-coupa secrets set`.",
        ),
        UrlError::PlainHttp(host) => ValueError::new(
            format!("`{host}` by plain http, where anybody between here and there reads the password"),
            "Use https://. Plain http is allowed to this very machine only (localhost, 127.0.0.0/8, ::1).",
        ),
        UrlError::Scheme(scheme) if !text.contains("://") => ValueError::new(
            format!("`{scheme}` is no way to speak to a system: it doesn't start with https://"),
            EXAMPLE,
        ),
        UrlError::Malformed { .. } | UrlError::Scheme(_) | UrlError::Query => {
            ValueError::new(error.to_string(), EXAMPLE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ValueError {
        parse(text).unwrap_err()
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
            "https://b1s.example.local:50000",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
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
        for text in [
            "https://user:geheim@sap.example.local",
            "://user:geheim@sap.example.local",
            "//user:geheim@sap.example.local",
            "some user:geheim@sap.example.local",
            "user:geheim@sap.example.local",
        ] {
            assert!(!error(text).to_string().contains("geheim"), "{}", error(text));
        }
    }

    #[test]
    fn a_slash_at_the_end_is_dropped() {
        assert_eq!(parse("https://acme.example/").unwrap().to_string(), "https://acme.example");
    }
}
