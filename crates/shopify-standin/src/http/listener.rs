//! Connections that can be reset: a handler blows the fuse, and the next write ends the
//! connection with a TCP reset instead of an answer.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The fuse of one connection, which its handlers hold.
#[derive(Clone, Debug, Default)]
pub struct Fuse(Arc<AtomicBool>);

impl Fuse {
    /// From now on every write to this connection resets it.
    pub fn blow(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn blown(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A listener whose connections have fuses. Connections of a stopped stand-in are reset too.
#[derive(Debug)]
pub struct FusedListener {
    inner: TcpListener,
    main: Fuse,
}

impl FusedListener {
    /// Wraps a listener; `main` is the fuse of the whole house.
    #[must_use]
    pub fn new(inner: TcpListener, main: Fuse) -> Self {
        Self { inner, main }
    }
}

/// A connection with its fuses.
#[derive(Debug)]
pub struct FusedStream {
    inner: TcpStream,
    own: Fuse,
    main: Fuse,
}

impl Listener for FusedListener {
    type Io = FusedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (FusedStream, SocketAddr) {
        loop {
            match self.inner.accept().await {
                Ok((inner, address)) => {
                    // A small answer must not wait for the next one.
                    let _ = inner.set_nodelay(true);
                    let stream =
                        FusedStream { inner, own: Fuse::default(), main: self.main.clone() };
                    return (stream, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl Connected<IncomingStream<'_, FusedListener>> for Fuse {
    fn connect_info(stream: IncomingStream<'_, FusedListener>) -> Self {
        stream.io().own.clone()
    }
}

impl FusedStream {
    fn check(&self) -> io::Result<()> {
        if self.own.blown() || self.main.blown() {
            // Without lingering, closing sends a reset.
            let _ = self.inner.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for FusedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for FusedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Err(reset) = self.check() {
            return Poll::Ready(Err(reset));
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
