//! The door that SAP's calls come in by: a running process of ours, or the API of a stack with TLS before it, which the emulator
//! doesn't have.

use crate::{
    process::Running,
    world::{World, wait_until},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

const PROMPT: Duration = Duration::from_secs(20);

/// Open until it is closed.
pub(crate) struct Door {
    address: String,
    base: String,
    running: Option<Running>,
    closed: Arc<AtomicBool>,
}

impl Door {
    /// Opens it with another environment, where it is a process.
    pub(crate) fn open_with(
        world: &World,
        port: u16,
        change: impl FnOnce(&mut std::process::Command),
    ) -> Self {
        let mut command = world.command(&["run"]);
        change(&mut command);
        Self::of(world, port, None, command)
    }

    /// Opens it. `certificate` is the one that SAP trusts at `port`.
    pub(crate) fn open(
        world: &World,
        port: u16,
        certificate: Option<&rcgen::CertifiedKey<rcgen::KeyPair>>,
    ) -> Self {
        Self::of(world, port, certificate, world.command(&["run"]))
    }

    fn of(
        world: &World,
        port: u16,
        certificate: Option<&rcgen::CertifiedKey<rcgen::KeyPair>>,
        command: std::process::Command,
    ) -> Self {
        let closed = Arc::new(AtomicBool::new(false));
        let Some(stack) = &world.stack else {
            let running = Running::start(command);
            wait_until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
            let address = format!("127.0.0.1:{port}");
            return Self { address, base: String::new(), running: Some(running), closed };
        };
        let (address, base) = stack.api();
        if let Some(certificate) = certificate {
            serve_tls(port, certificate, (address.clone(), base.clone()), &closed);
        }
        Self { address, base, running: None, closed }
    }

    /// Status and body of the answer to a call in plain.
    pub(crate) fn call(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (base, length) = (&self.base, body.len());
        write!(stream, "{method} {base}{path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n", self.address)
            .unwrap();
        // Whoever refuses the headers need not read the body.
        let _ = stream.write_all(body);
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply);
        let status = reply.split(' ').nth(1).unwrap_or_default().parse().unwrap_or(0);
        (status, reply.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    }

    /// Asks the process to end, where there is one.
    pub(crate) fn close(mut self) {
        self.closed.store(true, Relaxed);
        if let Some(mut running) = self.running.take() {
            running.signal("TERM");
            running.end_within(PROMPT).expect(0);
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closed.store(true, Relaxed);
    }
}

fn serve_tls(
    port: u16,
    certificate: &rcgen::CertifiedKey<rcgen::KeyPair>,
    to: (String, String),
    closed: &Arc<AtomicBool>,
) {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let (config, closed) = (Arc::new(config), Arc::clone(closed));
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if closed.load(Relaxed) {
                return;
            }
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // Whoever goes away in the middle has gone away.
            let _ = pass_on(StreamOwned::new(connection, stream), &to);
        }
    });
}

/// One request there, and its answer back.
fn pass_on(mut from: impl Read + Write, (address, base): &(String, String)) -> std::io::Result<()> {
    let (head, body) = read_request(&mut from)?;
    let (first, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let first = first.replacen(" /", &format!(" {base}/"), 1);
    let headers: Vec<&str> =
        headers.split("\r\n").filter(|line| !line.to_lowercase().starts_with("host:")).collect();
    let mut to = TcpStream::connect(address)?;
    write!(to, "{first}\r\nHost: {address}\r\n{}\r\n\r\n", headers.join("\r\n"))?;
    to.write_all(&body)?;
    let mut reply = Vec::new();
    to.read_to_end(&mut reply)?;
    from.write_all(&reply)?;
    from.flush()
}

fn read_request(from: &mut impl Read) -> std::io::Result<(String, Vec<u8>)> {
    let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let end = read.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            let length: usize = length.unwrap_or(0);
            if read.len() >= end + 4 + length {
                return Ok((head, read[end + 4..end + 4 + length].to_vec()));
            }
        }
        match from.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}
