//! Sockets: whoever connects cannot hold more than the limits, and a stop ends in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockstep_runtime::Lifecycle;
use lockstep_runtime::http::{Endpoint, Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const LONG: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(200);
const ASK: &[u8] = b"GET /now HTTP/1.1\r\nhost: a\r\n\r\n";

/// `/now` answers at once, `/later` when it is let.
struct Server {
    address: std::net::SocketAddr,
    life: Lifecycle,
    begun: Arc<AtomicUsize>,
    let_go: Arc<Notify>,
}

async fn server(change: impl FnOnce(Endpoint) -> Endpoint) -> Server {
    let (begun, let_go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (now, later) = (begun.clone(), (begun.clone(), let_go.clone()));
    let answer_now = move || {
        now.fetch_add(1, Ordering::SeqCst);
        async { "now" }
    };
    let answer_later = move || {
        let (begun, let_go) = later.clone();
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            let_go.notified().await;
            "later"
        }
    };
    let router = Router::new().route("/now", get(answer_now)).route("/later", get(answer_later));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let life = Lifecycle::new();
    serve(change(Endpoint::new("test", listener, router)), &life);
    Server { address, life, begun, let_go }
}

fn limits() -> Limits {
    Limits { connections_max: 2, header_deadline: LONG, stop_grace: LONG }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until so many requests were begun.
    async fn until_begun(&self, count: usize) {
        while self.begun.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(&self) {
        self.life.shutdown.cancel();
        self.life.tracker.close();
        tokio::time::timeout(LONG / 4, self.life.tracker.wait()).await.expect("it ends");
    }
}

/// What comes until the other side closes. Bounded, so that a server that does not is seen.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(LONG / 2, stream.read_to_end(&mut bytes)).await;
    // A reset is an end, too.
    let _ = read.expect("the connection ends");
    String::from_utf8(bytes).unwrap()
}

/// One answer on a connection that stays open.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("now") && !text.ends_with("later") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.unwrap();
        assert!(count > 0, "closed behind {text:?}");
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
    text
}

#[test]
fn what_we_ship_is_bounded() {
    let limits = Limits::default();
    assert_eq!(limits.connections_max, 1_024);
    assert_eq!(limits.header_deadline, Duration::from_secs(10));
    assert!(limits.stop_grace < lockstep_runtime::lifecycle::SHUTDOWN_GRACE);
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    let server = server(|e| e.within(Limits { header_deadline: SOON, ..limits() })).await;
    let (mut silent, mut slow) = (server.connect().await, server.connect().await);
    slow.write_all(b"GET /now HTTP/1.1\r\nhost: a\r\nx-one:").await.unwrap();
    assert!(!rest(&mut silent).await.contains("200 OK"));
    assert!(!rest(&mut slow).await.contains("200 OK"));
    // And what asked once and then no more.
    let mut idle = server.connect().await;
    idle.write_all(ASK).await.unwrap();
    assert!(rest(&mut idle).await.ends_with("now"));
    assert_eq!(server.begun.load(Ordering::SeqCst), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_head_is_not_kept_however_large_it_grows() {
    let server = server(|e| e.within(limits())).await;
    let mut stream = server.connect().await;
    let head = format!("GET /now HTTP/1.1\r\nhost: a\r\nx-one: {}\r\n\r\n", "x".repeat(100_000));
    // The server may close before it has read all.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.shutdown().await;
    assert!(!rest(&mut stream).await.contains("200 OK"));
    assert_eq!(server.begun.load(Ordering::SeqCst), 0);
    let mut ordinary = server.connect().await;
    let head = format!("GET /now HTTP/1.1\r\nhost: a\r\nx-one: {}\r\n\r\n", "x".repeat(16_000));
    ordinary.write_all(head.as_bytes()).await.unwrap();
    assert!(answer(&mut ordinary).await.ends_with("now"));
    server.stop().await;
}

#[tokio::test]
async fn a_request_may_take_longer_than_its_head() {
    let server = server(|e| e.within(Limits { header_deadline: SOON, ..limits() })).await;
    let (mut patient, mut silent) = (server.connect().await, server.connect().await);
    patient.write_all(b"GET /later HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    server.until_begun(1).await;
    // The time for heads has passed when the other one is closed.
    rest(&mut silent).await;
    server.let_go.notify_one();
    assert!(answer(&mut patient).await.ends_with("later"));
    server.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_waits_for_another_to_end() {
    let server = server(|e| e.within(limits())).await;
    let mut held = [server.connect().await, server.connect().await];
    for stream in &mut held {
        stream.write_all(ASK).await.unwrap();
        assert!(answer(stream).await.ends_with("now"));
    }
    let mut third = server.connect().await;
    third.write_all(ASK).await.unwrap();
    // The two that are served go on, and the third is not begun.
    for stream in &mut held {
        stream.write_all(ASK).await.unwrap();
        assert!(answer(stream).await.ends_with("now"));
    }
    assert_eq!(server.begun.load(Ordering::SeqCst), 4);
    let [first, second] = held;
    drop(first);
    assert!(answer(&mut third).await.ends_with("now"));
    drop((second, third));
    server.stop().await;
}

#[tokio::test]
async fn a_stop_closes_what_is_idle_and_finishes_what_was_begun() {
    let limits = Limits { connections_max: 3, ..limits() };
    let server = server(|e| e.within(limits)).await;
    let mut silent = server.connect().await;
    let (mut idle, mut busy) = (server.connect().await, server.connect().await);
    idle.write_all(ASK).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("now"));
    busy.write_all(b"GET /later HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    server.until_begun(2).await;
    server.life.shutdown.cancel();
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing new is taken");
    assert!(!server.life.tracker.is_empty(), "it waits for what was begun");
    server.let_go.notify_one();
    assert!(rest(&mut busy).await.ends_with("later"));
    server.stop().await;
    assert!(!server.life.has_failed());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = server(|e| e.within(Limits { stop_grace: SOON, ..limits() })).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /later HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    server.until_begun(1).await;
    server.stop().await;
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn http2_is_spoken_with_who_knows_it() {
    let limits = Limits { header_deadline: SOON, ..limits() };
    let server = server(|e| e.within(limits).http2(10)).await;
    let (mut silent, mut other) = (server.connect().await, server.connect().await);
    other.write_all(ASK).await.unwrap();
    assert_eq!(rest(&mut other).await, "");
    assert_eq!(rest(&mut silent).await, "");
    let stream = TokioIo::new(server.connect().await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let driving = server.life.tracker.spawn(connection);
    for (path, text) in [("/now", "now"), ("/later", "later")] {
        server.let_go.notify_one();
        let request = Request::get(format!("http://a{path}")).body(Body::empty()).unwrap();
        let response = client.send_request(request).await.unwrap();
        let body = to_bytes(Body::new(response.into_body()), 100).await.unwrap();
        assert_eq!(body, text);
    }
    server.stop().await;
    driving.await.unwrap().expect("closed in peace");
}

#[tokio::test]
async fn a_connection_of_http2_on_which_nothing_is_asked_makes_room() {
    let limits = Limits { header_deadline: SOON, ..limits() };
    let server = server(|e| e.within(limits).http2(10)).await;
    let own = tokio_util::task::TaskTracker::new();
    let connect = async || {
        let stream = TokioIo::new(server.connect().await);
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap()
    };
    // They speak HTTP/2, answer pings and hold every slot.
    let mut idle = Vec::new();
    for _ in 0..2 {
        let (client, connection) = connect().await;
        own.spawn(connection);
        idle.push(client);
    }
    let (mut client, connection) = connect().await;
    own.spawn(connection);
    let request = Request::get("http://a/now").body(Body::empty()).unwrap();
    let answered = tokio::time::timeout(LONG / 4, client.send_request(request)).await;
    assert!(answered.expect("there is room").is_ok());
    drop((idle, client));
    server.stop().await;
}

#[tokio::test]
async fn a_stop_cuts_off_a_request_of_http2_too() {
    let limits = Limits { stop_grace: SOON, ..limits() };
    let server = server(|e| e.within(limits).http2(10)).await;
    let stream = TokioIo::new(server.connect().await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let own = tokio_util::task::TaskTracker::new();
    own.spawn(connection);
    let request = Request::get("http://a/later").body(Body::empty()).unwrap();
    let asked = own.spawn(client.send_request(request));
    server.until_begun(1).await;
    server.stop().await;
    assert!(asked.await.unwrap().is_err());
}
