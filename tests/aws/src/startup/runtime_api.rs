//! Lambda's Runtime API, as far as one event needs it.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// No function takes this long over an event when nobody answers it.
const PATIENCE: Duration = Duration::from_secs(120);
/// In the year 2100: no function gives up early.
const DEADLINE_MS: &str = "4102444800000";

/// Waits for a function.
pub(crate) struct RuntimeApi(TcpListener);

/// A function that has asked for its first event.
pub(crate) struct Asked {
    api: TcpListener,
    connection: BufReader<TcpStream>,
}

impl RuntimeApi {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self(TcpListener::bind(("127.0.0.1", 0))?))
    }

    pub(crate) fn address(&self) -> io::Result<String> {
        Ok(self.0.local_addr()?.to_string())
    }

    /// Waits until the function asks for its first event.
    pub(crate) fn first_request(self) -> io::Result<Asked> {
        let connection = accept(&self.0)?;
        let mut asked = Asked { api: self.0, connection };
        let line = asked.read_request()?;
        if line.contains("/invocation/next") { Ok(asked) } else { Err(io::Error::other(line)) }
    }
}

impl Asked {
    pub(crate) fn answer_with_event(&mut self, event: &str) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: {DEADLINE_MS}\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:function\r\n\r\n",
            event.len(),
        );
        self.connection.get_mut().write_all(format!("{head}{event}").as_bytes())
    }

    /// Waits for the event's result, be it a response or an error, and for the function to ask again.
    pub(crate) fn read_result_and_next(&mut self) -> io::Result<()> {
        loop {
            let line = self.read_request()?;
            if line.contains("/invocation/next") {
                return Ok(());
            }
            self.connection.get_mut().write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
        }
    }

    /// Reads one request, on this connection or the next; its first line.
    fn read_request(&mut self) -> io::Result<String> {
        loop {
            let mut first = String::new();
            if self.connection.read_line(&mut first)? > 0 {
                self.skip_rest()?;
                return Ok(first);
            }
            self.connection = accept(&self.api)?;
        }
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        let mut length = 0;
        let mut chunked = false;
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().map_err(io::Error::other)?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        if !chunked {
            return io::copy(&mut self.connection.by_ref().take(length), &mut io::sink()).map(drop);
        }
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            io::copy(&mut self.connection.by_ref().take(size + 2), &mut io::sink())?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

fn accept(listener: &TcpListener) -> io::Result<BufReader<TcpStream>> {
    let (stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}
