use crate::sap::refusal::Refusal;
use http::Method;
use jiff::Timestamp;
use std::time::Duration;

/// Something that goes wrong, and with which requests.
#[derive(Clone, Debug)]
pub struct Fault {
    what: FaultKind,
    method: Option<Method>,
    path: String,
    skip: u32,
    times: u32,
    until: Option<Timestamp>,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// This status and body instead of an answer; nothing is done.
    Answer {
        /// HTTP status.
        status: u16,
        /// The header of that name.
        content_type: String,
        /// As it stands.
        body: String,
    },
    /// An error in Service Layer's shape instead of an answer; nothing is done.
    Refuse(Refusal),
    /// Answered late. The work is done before.
    Delay(Duration),
    /// The work is done, and the connection closes without a reply.
    DropAfterWork,
    /// The connection closes without a reply, and nothing is done.
    DropBeforeWork,
    /// The connection closes after this many bytes of the body. The work is done.
    Truncate(usize),
    /// The work is done, and the body of the answer isn't JSON.
    Garble,
    /// All sessions end just before the request.
    ExpireSessions,
}

impl Fault {
    /// Meets every request, once.
    pub fn new(what: FaultKind) -> Self {
        Self { what, method: None, path: String::new(), skip: 0, times: 1, until: None }
    }

    /// The Apache in front of Service Layer has lost its node: 502 and a page in HTML.
    pub fn bad_gateway() -> Self {
        Self::new(FaultKind::Answer {
            status: 502,
            content_type: "text/html; charset=iso-8859-1".to_owned(),
            body: "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>502 Proxy Error</title>\n</head><body>\n<h1>Proxy Error</h1>\n<p>The proxy server received an invalid response from an upstream server.<br />\nReason: <strong>Error reading from remote server</strong></p>\n</body></html>\n".to_owned(),
        })
    }

    /// 500 with code 305, before anything is done.
    pub fn switch_company() -> Self {
        Self::new(FaultKind::Refuse(Refusal::new(500, 305, "Switch company error: -1102")))
    }

    /// 500 with nothing in it.
    pub fn empty_error() -> Self {
        Self::new(FaultKind::Answer { status: 500, content_type: String::new(), body: String::new() })
    }

    /// Only requests whose path below `/b1s/vN` starts like this, such as `/PurchaseOrders`.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Only requests of that method.
    #[must_use]
    pub fn on(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Lets that many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// That many times, instead of once.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// As often as it is met up to that moment.
    #[must_use]
    pub fn until(mut self, end: Timestamp) -> Self {
        self.times = u32::MAX;
        self.until = Some(end);
        self
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|of| of == method) && path.starts_with(&self.path)
    }
}

/// The faults that are still to come.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What goes wrong with this request, and uses that up. Faults add up.
    pub(crate) fn strike(&mut self, method: &Method, path: &str, now: Timestamp) -> Vec<FaultKind> {
        self.0.retain(|fault| fault.times > 0 && fault.until.is_none_or(|end| now < end));
        let mut struck = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.matches(method, path)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 {
                fault.times = fault.times.saturating_sub(1);
                struck.push(fault.what.clone());
            }
        }
        struck
    }
}
