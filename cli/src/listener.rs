//! Listens for SAP's webhooks. What a call means and what to answer is decided in `pipeline::receive`, as in the Lambda
//! function; here are the socket, TLS, and the bounds on time and size that API Gateway sets there.

mod key;
mod tls;

pub use key::StoredKey;

use crate::{CliError, CliResult, commands::App};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Credential, Random};
use pipeline::receive::{Answer, Call, MOST_BYTES, Taken, Webhook};
use setup::Config;
use std::{convert::Infallible, sync::Arc, time::Duration};
use store::{Queue, SecretName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// More connections at once are closed: SAP needs one.
const MOST_CONNECTIONS: usize = 64;
/// For the TLS handshake, and again for the headers of each request.
const FOR_HEADERS: Duration = Duration::from_secs(10);
/// For the body. SAP itself gives up on a webhook after ten seconds.
const FOR_BODY: Duration = Duration::from_secs(10);
/// For the queue to take the changes.
const FOR_QUEUE: Duration = Duration::from_secs(8);
/// So long are calls under way waited for at the end.
const TO_FINISH: Duration = Duration::from_secs(5);

/// An open port.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    taker: Arc<Taker>,
}

/// What a connection needs.
struct Taker {
    webhook: Webhook,
    path: String,
}

impl Listener {
    /// Opens the port that the config names, if it names one.
    pub async fn open(
        app: &App,
        config: &Config,
        queue: Arc<dyn Queue>,
        random: Arc<dyn Random>,
    ) -> CliResult<Option<Self>> {
        let Some(listen) = config.webhook.listen else { return Ok(None) };
        let keys = [SecretName::WebhookKey, SecretName::WebhookKeyNext].map(|name| {
            Arc::new(StoredKey::new(name, &config.secrets_file(), app.variable)) as Arc<dyn Credential>
        });
        // SAP would be told of our fault with each call; better to be told once, here.
        keys[0].get().await.map_err(|error| CliError::new(error.to_string()))?;
        let tls = tls::acceptor(&config.webhook)?;
        let socket = TcpListener::bind(listen).await.map_err(|error| {
            CliError::new(format!("the address {listen} of [webhook] can't be listened at: {error}"))
                .help("Give another address or port as `listen`, or stop what listens there.")
        })?;
        let webhook = setup::webhook(config, keys.to_vec(), queue, Arc::clone(&app.clock), random);
        let taker = Arc::new(Taker { webhook, path: config.webhook.path.clone() });
        Ok(Some(Self { socket, tls, taker }))
    }

    /// Where it listens, for people.
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let address = self.socket.local_addr().map(|address| address.to_string()).unwrap_or_default();
        format!("{scheme}://{address}{}", self.taker.path)
    }

    /// Takes calls in until `stopped` comes back, and then finishes those that are under way.
    pub async fn serve(&self, stopped: impl Future<Output = ()>) {
        let mut stopped = std::pin::pin!(stopped);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                accepted = self.socket.accept() => self.accepted(accepted, &mut connections),
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        let finish = async { while connections.join_next().await.is_some() {} };
        if timeout(TO_FINISH, finish).await.is_err() {
            tracing::info!("webhook connections that stayed open were closed");
        }
    }

    fn accepted(
        &self,
        accepted: std::io::Result<(TcpStream, std::net::SocketAddr)>,
        connections: &mut JoinSet<()>,
    ) {
        match accepted {
            Ok((stream, _)) if connections.len() < MOST_CONNECTIONS => {
                let (tls, taker) = (self.tls.clone(), Arc::clone(&self.taker));
                connections.spawn(async move { connect(stream, tls, taker).await });
            }
            Ok((_, from)) => tracing::warn!(%from, "too many webhook connections at once; one was closed"),
            Err(error) => tracing::warn!(%error, "a webhook connection was lost before it began"),
        }
    }
}

async fn connect(stream: TcpStream, tls: Option<TlsAcceptor>, taker: Arc<Taker>) {
    let Some(tls) = tls else { return talk(stream, taker).await };
    match timeout(FOR_HEADERS, tls.accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, taker).await,
        Ok(Err(error)) => tracing::warn!(%error, "a webhook connection failed in its TLS handshake"),
        Err(_) => tracing::warn!("a webhook connection took too long for its TLS handshake"),
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, taker: Arc<Taker>) {
    let service = service_fn(|request| {
        let taker = Arc::clone(&taker);
        async move { Ok::<_, Infallible>(taker.take(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(FOR_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a webhook connection ended early");
    }
}

impl Taker {
    async fn take(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != self.path {
            return response(&refused(404), false);
        }
        let (parts, body) = request.into_parts();
        let body = match timeout(FOR_BODY, Limited::new(body, MOST_BYTES).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return response(&refused(413), true);
            }
            Ok(Err(_)) => return response(&refused(400), true),
            Err(_) => return response(&refused(408), true),
        };
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let call = Call {
            method: parts.method.as_str(),
            token: header("x-b1-webhook-token"),
            signature: header("x-b1-webhook-signature"),
            authorization: header("authorization"),
            body: &body,
        };
        let (answer, taken) = timeout(FOR_QUEUE, self.webhook.receive(&call)).await.unwrap_or_else(|_| {
            tracing::error!("the queue did not take what SAP sent in time; SAP is asked to send it again");
            (refused(503), Taken::default())
        });
        taken.log(answer.status);
        response(&answer, false)
    }
}

fn refused(status: u16) -> Answer {
    Answer { status, body: "{}".to_owned() }
}

/// `last` closes the connection: what else of the request comes is not read.
fn response(answer: &Answer, last: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body.clone())));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if last {
        headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}
