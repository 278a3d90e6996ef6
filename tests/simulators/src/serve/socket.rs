use super::{Delivery, Handler, InFlight, Reply};
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::serve::IncomingStream;
use axum::{Extension, Router};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::CONTENT_LENGTH;
use model::Clock;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Requests larger than this are refused with 413 before the simulator sees them.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// A simulator that listens on this machine. Stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves `handler` on a free port of this machine. Must be called within a tokio runtime.
pub async fn serve<H: Handler + Clone + 'static>(handler: H, clock: Arc<dyn Clock>) -> io::Result<Server> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(answer::<H>).with_state(handler).layer(Extension(clock));
    let service = router.into_make_service_with_connect_info::<Cut>();
    let task = tokio::spawn(async move {
        // Accepting never ends by itself; there is nobody to tell about it when the runtime goes away.
        drop(axum::serve(CuttableListener(listener), service).await);
    });
    Ok(Server { address, task })
}

async fn answer<H: Handler + Clone + 'static>(
    State(handler): State<H>,
    Extension(clock): Extension<Arc<dyn Clock>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: http::Request<Body>,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await else {
        let mut refusal = http::Response::new(Body::empty());
        *refusal.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return refusal;
    };
    let _in_flight = InFlight::begin(handler.clone());
    let Reply { response, delay, then } = handler.handle(http::Request::from_parts(parts, body));
    if !delay.is_zero() {
        clock.sleep(delay).await;
    }
    match then {
        Delivery::Deliver => response.map(Body::from),
        Delivery::DropConnection => {
            cut.0.store(true, Ordering::SeqCst);
            http::Response::new(Body::empty())
        }
        Delivery::Truncate(kept) => truncated(response, kept),
    }
}

/// Announces the whole body, sends `kept` bytes of it, and breaks off.
fn truncated(response: http::Response<Bytes>, kept: usize) -> http::Response<Body> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let first = stream::iter([Ok(body.slice(..kept.min(body.len())))]);
    let last = stream::once(async {
        // Lets what was written so far go out first.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    http::Response::from_parts(parts, Body::from_stream(first.chain(last)))
}

/// Once true, the connection takes no further byte.
#[derive(Clone, Debug)]
struct Cut(Arc<AtomicBool>);

impl axum::extract::connect_info::Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cut.clone()
    }
}

struct CuttableListener(TcpListener);

impl axum::serve::Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        (CuttableStream { stream, cut: Cut(Arc::new(AtomicBool::new(false))) }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection that can be made to fail on its next write, so that no reply goes out.
struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
