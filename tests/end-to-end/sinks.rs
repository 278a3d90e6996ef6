//! Where notifications end up: a web server and a mail server of a few lines each, which remember what they were told.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A port of this machine that is free for the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A POST as it came. The names of its headers are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Answers each POST with one status.
pub(crate) struct HttpSink {
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl HttpSink {
    pub(crate) fn start(port: u16, status: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&posted);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A port that was only knocked at says nothing.
                let Some((posted, mut stream)) = read_post(stream.unwrap()) else { continue };
                heard.lock().unwrap().push(posted);
                let _ =
                    write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { posted }
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }
}

fn read_post(stream: TcpStream) -> Option<(Posted, TcpStream)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((Posted { path, headers, body: String::from_utf8(body).ok()? }, reader.into_inner()))
}

/// A mail as it was taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
    pub(crate) in_tls: bool,
    pub(crate) logged_in: bool,
}

/// What a mail server was told, and which commands it heard.
#[derive(Default)]
struct Heard {
    mails: Vec<Mail>,
    /// In the clear or not: `AUTH` or `tls AUTH`.
    commands: Vec<String>,
}

/// How a mail server keeps others out.
#[derive(Clone)]
pub(crate) enum Security {
    StartTls(Arc<ServerConfig>),
    Tls(Arc<ServerConfig>),
    None,
}

/// A mail server that wants this user and password.
pub(crate) struct SmtpSink {
    heard: Arc<Mutex<Heard>>,
}

pub(crate) const MAIL_USER: &str = "mailer";
pub(crate) const MAIL_PASSWORD: &str = "hush battery staple";

impl SmtpSink {
    pub(crate) fn start(port: u16, security: Security) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let sink = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (heard, security) = (Arc::clone(&sink), security.clone());
                thread::spawn(move || serve_mail(stream.unwrap(), security, &heard));
            }
        });
        Self { heard }
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.heard.lock().unwrap().mails.clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.heard.lock().unwrap().commands.clone()
    }
}

/// A certificate for `localhost`, as PEM, and the server's side of it.
pub(crate) fn certificate() -> (String, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.pem(), Arc::new(config))
}

fn serve_mail(mut stream: TcpStream, security: Security, heard: &Mutex<Heard>) {
    const OPEN: &[&str] = &["AUTH PLAIN", "8BITMIME"];
    let config = match security {
        Security::None => {
            greet(&mut stream);
            converse(&mut stream, OPEN, false, heard);
            return;
        }
        Security::StartTls(config) => {
            greet(&mut stream);
            if !converse(&mut stream, &["STARTTLS"], false, heard) {
                return;
            }
            config
        }
        Security::Tls(config) => {
            let mut secured = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
            greet(&mut secured);
            converse(&mut secured, OPEN, true, heard);
            return;
        }
    };
    let mut secured = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    converse(&mut secured, OPEN, true, heard);
}

fn greet(stream: &mut impl Write) {
    let _ = stream.write_all(b"220 sink\r\n");
}

/// Takes mails until the other side goes, or asks for TLS, which is then true.
fn converse(stream: &mut (impl Read + Write), offers: &[&str], in_tls: bool, heard: &Mutex<Heard>) -> bool {
    let mut mail = Mail { in_tls, ..Mail::default() };
    while let Some(line) = read_line(stream) {
        let command = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        heard.lock().unwrap().commands.push(format!("{}{command}", if in_tls { "tls " } else { "" }));
        let reply = match command.as_str() {
            "EHLO" => {
                let lines: Vec<_> = offers.iter().map(|offer| format!("250-{offer}")).collect();
                format!("250-sink\r\n{}\r\n250 SIZE 1000000", lines.join("\r\n"))
            }
            "STARTTLS" => {
                let _ = stream.write_all(b"220 go\r\n");
                return true;
            }
            "AUTH" => {
                mail.logged_in = line.ends_with(&STANDARD.encode(format!("\0{MAIL_USER}\0{MAIL_PASSWORD}")));
                // As some servers do: with what they were told.
                if mail.logged_in { "235 in".to_owned() } else { format!("535 5.7.8 no: {line}") }
            }
            "RCPT" => {
                mail.to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 yes".to_owned()
            }
            "DATA" => {
                let _ = stream.write_all(b"354 go on\r\n");
                while let Some(line) = read_line(stream).filter(|line| line != ".") {
                    mail.text.push_str(&line);
                    mail.text.push('\n');
                }
                heard.lock().unwrap().mails.push(mail.clone());
                "250 taken".to_owned()
            }
            "QUIT" => {
                let _ = stream.write_all(b"221 bye\r\n");
                return false;
            }
            _ => "250 yes".to_owned(),
        };
        let _ = stream.write_all(format!("{reply}\r\n").as_bytes());
    }
    false
}

/// Byte by byte: what comes after `STARTTLS` belongs to TLS.
fn read_line(stream: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte).ok()?;
        match byte[0] {
            b'\n' => return Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
            byte => line.push(byte),
        }
    }
}
