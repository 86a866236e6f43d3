//! Accepts connections and lets the router answer on them, within limits, until the stop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::lifecycle::Lifecycle;

/// A socket that gives no connection (no file handle is free) is asked again after this.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// What every HTTP/2 connection begins with.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An HTTP/2 connection on which nothing comes is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(60);
/// Time for the answer to that.
const PING_DEADLINE: Duration = Duration::from_secs(20);
/// An HTTP/2 connection on which nothing was asked for so long is closed: whoever asks again
/// connects again.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Bytes of the head of one request; one that is larger is refused with 431.
const HEAD_BYTES_MAX: u16 = 32 * 1024;

/// What whoever connects can hold at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; the next one waits until one of them ends.
    pub connections_max: usize,
    /// Time for the whole head of a request, from the moment that the connection waits for one.
    /// It also ends an HTTP/1.1 connection on which nothing is asked. Of HTTP/2 it is the time
    /// for the first words, and again for the first request.
    pub header_deadline: Duration,
    /// Time that a stop waits for requests that were begun; then they are cut off.
    pub stop_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            header_deadline: Duration::from_secs(10),
            // Below `SHUTDOWN_GRACE`, so that a slow caller does not make a stop a failure.
            stop_grace: Duration::from_secs(20),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Language {
    Http1,
    Http2 { streams_max: u32 },
}

/// A socket with what answers on it.
#[derive(Debug)]
pub struct Endpoint {
    name: &'static str,
    listener: TcpListener,
    router: Router,
    limits: Limits,
    language: Language,
}

impl Endpoint {
    /// An endpoint for HTTP/1.1 with the limits that we ship; the name is for logs.
    pub fn new(name: &'static str, listener: TcpListener, router: Router) -> Self {
        let limits = Limits::default();
        Self { name, listener, router, limits, language: Language::Http1 }
    }

    /// With other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Speaks HTTP/2 with prior knowledge and nothing else, with at most so many requests at once
    /// on one connection.
    #[must_use]
    pub fn http2(self, streams_max: u32) -> Self {
        Self { language: Language::Http2 { streams_max }, ..self }
    }
}

/// Answers until the lifecycle ends: then nothing new is taken, connections without a request
/// are closed, and requests that were begun are finished within [`Limits::stop_grace`].
pub fn serve(endpoint: Endpoint, life: &Lifecycle) {
    if let Ok(address) = endpoint.listener.local_addr() {
        info!(endpoint = endpoint.name, address = %address, "endpoint answers");
    }
    let shutdown = life.shutdown.clone();
    life.spawn_vital(endpoint.name, answer(endpoint, shutdown));
}

async fn answer(endpoint: Endpoint, shutdown: CancellationToken) {
    let Endpoint { name, listener, router, limits, language } = endpoint;
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let connection = Connection {
        service: TowerToHyperService::new(router),
        language,
        header_deadline: limits.header_deadline,
        tasks: connections.clone(),
        shutdown: shutdown.clone(),
        cut: cut.clone(),
    };
    let slots = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    while let Some((stream, slot)) = next_connection(name, &listener, &slots, &shutdown).await {
        let connection = connection.clone();
        connections.spawn(async move {
            connection.converse(stream).await;
            drop(slot);
        });
    }
    // Whoever connects from now on is refused, and finds another replica.
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.stop_grace, connections.wait()).await.is_err() {
        warn!(endpoint = name, left = connections.len(), "connections are cut off");
        cut.cancel();
        connections.wait().await;
    }
}

/// The next connection, once there is room for it; `None` when the process stops.
async fn next_connection(
    name: &'static str,
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let accepted = async {
        let slot = slots.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, slot)),
                Err(cause) if is_of_one_connection(&cause) => {}
                Err(cause) => {
                    error!(code = "LS0003", endpoint = name, error = %cause, "nobody can connect");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => None,
        accepted = accepted => accepted,
    }
}

/// True when the one who connected has gone again, so that the next can be taken at once.
fn is_of_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What a connection needs.
#[derive(Clone)]
struct Connection {
    service: TowerToHyperService<Router>,
    language: Language,
    header_deadline: Duration,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    cut: CancellationToken,
}

impl Connection {
    async fn converse(self, stream: TcpStream) {
        if let Err(cause) = stream.set_nodelay(true) {
            debug!(error = %cause, "a connection keeps Nagle's delay");
        }
        match self.language {
            Language::Http1 => self.converse_http1(stream).await,
            Language::Http2 { streams_max } => self.converse_http2(stream, streams_max).await,
        }
    }

    async fn converse_http1(self, stream: TcpStream) {
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_deadline)
            .max_buf_size(HEAD_BYTES_MAX.into())
            .serve_connection(TokioIo::new(stream), self.service);
        finish(conversation, std::future::pending(), (&self.shutdown, &self.cut)).await;
    }

    async fn converse_http2(self, stream: TcpStream, streams_max: u32) {
        let (mut read, write) = stream.into_split();
        let mut begun = [0; PREFACE.len()];
        // Read here, since nothing below puts a limit on the time for it.
        let preface = tokio::select! {
            () = self.shutdown.cancelled() => return,
            read = tokio::time::timeout(self.header_deadline, read.read_exact(&mut begun)) => read,
        };
        if !matches!(preface, Ok(Ok(_))) || begun != *PREFACE {
            debug!("a connection does not begin as HTTP/2 does");
            return;
        }
        let stream = tokio::io::join(io::Cursor::new(begun).chain(read), write);
        let (open, asked) = watch::channel(0);
        let streams = Streams { tasks: self.tasks, cut: self.cut.clone(), open };
        let conversation = http2::Builder::new(streams)
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_DEADLINE)
            .max_concurrent_streams(streams_max)
            .max_header_list_size(HEAD_BYTES_MAX.into())
            .serve_connection(TokioIo::new(stream), self.service);
        let idle = idle(asked, self.header_deadline);
        finish(conversation, idle, (&self.shutdown, &self.cut)).await;
    }
}

/// Returns when nothing is asked: for `first` since the beginning, then for [`IDLE_MAX`].
async fn idle(mut open: watch::Receiver<usize>, first: Duration) {
    let mut wait = first;
    loop {
        let is_idle = *open.borrow_and_update() == 0;
        tokio::select! {
            () = tokio::time::sleep(wait), if is_idle => return,
            changed = open.changed() => if changed.is_err() { return },
        }
        wait = IDLE_MAX;
    }
}

/// Drives a connection to its end.
async fn finish<C>(
    conversation: C,
    idle: impl Future<Output = ()>,
    (shutdown, cut): (&CancellationToken, &CancellationToken),
) where
    C: GracefulConnection<Error = hyper::Error>,
{
    let mut conversation = std::pin::pin!(conversation);
    let ended = tokio::select! {
        ended = conversation.as_mut() => ended,
        () = idle => {
            conversation.as_mut().graceful_shutdown();
            // Who does not take leave is left.
            match tokio::time::timeout(PING_DEADLINE, conversation).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
        () = shutdown.cancelled() => {
            conversation.as_mut().graceful_shutdown();
            tokio::select! {
                ended = conversation => ended,
                () = cut.cancelled() => return,
            }
        }
    };
    if let Err(cause) = ended {
        debug!(error = %cause, "a connection ended early");
    }
}

/// Runs the requests of an HTTP/2 connection.
#[derive(Clone)]
struct Streams {
    tasks: TaskTracker,
    cut: CancellationToken,
    /// How many are open.
    open: watch::Sender<usize>,
}

/// One that is open, until it is dropped.
struct Open(watch::Sender<usize>);

impl Open {
    fn of(open: &watch::Sender<usize>) -> Self {
        open.send_modify(|count| *count += 1);
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let (cut, open) = (self.cut.clone(), Open::of(&self.open));
        self.tasks.spawn(async move {
            // Moved in, so that it falls when the request ends.
            let _open = open;
            tokio::select! {
                _ = stream => {}
                () = cut.cancelled() => {}
            }
        });
    }
}
