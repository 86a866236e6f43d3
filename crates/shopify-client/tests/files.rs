//! Files in pieces, over real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "test")]

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use lockstep_contracts::shopify::admin::SignedUrl;
use lockstep_ports::{FileError, FileErrorKind, Piece, PieceWanted, ShopifyFiles};
use lockstep_shopify_client::{FileClient, UrlTemplate};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const FILE: &str = "{\"id\":1}\n{\"id\":22}\n{\"id\":333}\n{\"id\":4444}\n";

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

/// A file under names that say how it is given.
async fn give(
    State(seen): State<Seen>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let range = headers.get("range").map(|range| range.to_str().unwrap().to_owned());
    let from = range
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    seen.lock().unwrap().push(headers);
    let answer = Response::builder();
    let part = |from: usize, said: usize, body: Body| {
        let range = format!("bytes {said}-{}/{}", FILE.len() - 1, FILE.len());
        let answer = Response::builder().status(206).header("content-range", range);
        if from >= FILE.len() {
            return Response::builder().status(416).body(Body::empty()).unwrap();
        }
        answer.body(body).unwrap()
    };
    match (name.as_str(), from) {
        ("ranged" | "reset", Some(from)) => part(from, from, Body::from(&FILE[from..])),
        ("wrong-range", Some(from)) => part(from, from + 1, Body::from(&FILE[from..])),
        ("reset", None) => {
            let chunks = [
                Ok(Bytes::from(FILE[..14].to_owned())),
                Err(io::Error::other("the connection breaks off")),
            ];
            // The server writes what it has before it hears of the fault.
            let slowly = stream::iter(chunks).then(async |chunk| {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                chunk
            });
            answer.body(Body::from_stream(slowly)).unwrap()
        }
        ("cut", _) => answer.body(Body::from(&FILE[..14])).unwrap(),
        ("moved", _) => {
            answer.status(302).header("location", "/plain").body(Body::empty()).unwrap()
        }
        ("gone", _) => answer.status(403).body(Body::empty()).unwrap(),
        ("busy", _) => answer.status(503).body(Body::empty()).unwrap(),
        _ => answer.body(Body::from(FILE)).unwrap(),
    }
}

struct World {
    client: FileClient,
    base: String,
    seen: Seen,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "the server ends with the test")]
    async fn start() -> Self {
        // Another test of this process may have installed it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let seen = Seen::default();
        let router = Router::new().route("/{name}", get(give)).with_state(seen.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let template = UrlTemplate::try_new(&format!("{base}/{{shop}}")).unwrap();
        Self { client: FileClient::try_new(template).unwrap(), base, seen, server }
    }

    async fn piece(&self, name: &str, from: u64, lines: usize) -> Result<Piece, FileError> {
        let url = SignedUrl::new(format!("{}/{name}?sig=1", self.base));
        self.client.piece(&url, PieceWanted { from, lines, size: None }).await
    }

    /// All lines by pieces of two.
    async fn all(&self, name: &str) -> Vec<String> {
        let (mut all, mut at) = (Vec::new(), 0);
        loop {
            let piece = self.piece(name, at, 2).await.unwrap();
            all.extend(piece.lines);
            if piece.end {
                return all;
            }
            assert!(piece.at > at, "{name} stands still at {at}");
            at = piece.at;
        }
    }
}

fn whole() -> Vec<String> {
    FILE.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_file_is_read_in_pieces_with_and_without_ranges() {
    let world = World::start().await;
    assert_eq!(world.all("ranged").await, whole());
    assert_eq!(world.all("plain").await, whole(), "what was read before is skipped");
    let seen = world.seen.lock().unwrap();
    let is_bare = |headers: &HeaderMap| {
        !headers.contains_key("x-shopify-access-token") && !headers.contains_key("authorization")
    };
    assert!(seen.iter().all(is_bare), "no token is sent: {seen:?}");
}

#[tokio::test]
async fn a_large_file_is_not_sent_anew_for_each_piece() {
    let world = World::start().await;
    let piece = async |name: &str, from, size| {
        let url = SignedUrl::new(format!("{}/{name}", world.base));
        world.client.piece(&url, PieceWanted { from, lines: 2, size }).await
    };
    let large = Some(9 << 20);
    assert_eq!(piece("plain", 0, large).await.unwrap().at, 19);
    assert_eq!(piece("plain", 19, large).await.unwrap_err().kind, FileErrorKind::Refused);
    assert_eq!(piece("plain", 9 << 20, None).await.unwrap_err().kind, FileErrorKind::Refused);
    assert_eq!(piece("ranged", 19, large).await.unwrap().lines.len(), 2);
}

#[tokio::test]
async fn after_a_reset_in_the_middle_of_a_line_the_rest_is_read() {
    let world = World::start().await;
    let first = world.piece("reset", 0, 9).await.unwrap();
    assert_eq!((first.lines.len(), first.at, first.end), (1, 9, false));
    let rest = world.piece("reset", first.at, 9).await.unwrap();
    assert_eq!([first.lines, rest.lines].concat(), whole());
    assert!(rest.end);
}

#[tokio::test]
async fn half_a_line_is_no_line() {
    let world = World::start().await;
    let cut = world.piece("cut", 0, 9).await.unwrap();
    assert_eq!((cut.lines.len(), cut.at, cut.end), (1, 9, true));
    let url = SignedUrl::new(format!("{}/cut", world.base));
    let wanted = PieceWanted { from: 0, lines: 9, size: Some(14) };
    let exact = world.client.piece(&url, wanted).await.unwrap();
    assert_eq!((exact.lines.len(), exact.at), (2, 14), "the file ends there");
}

#[tokio::test]
async fn what_cannot_be_read_is_sorted_and_no_address_is_told() {
    let world = World::start().await;
    for (name, from, kind) in [
        ("gone", 0, FileErrorKind::Gone),
        ("moved", 0, FileErrorKind::Gone),
        ("busy", 0, FileErrorKind::Away),
        ("wrong-range", 9, FileErrorKind::Refused),
        ("cut", 20, FileErrorKind::Away),
    ] {
        let error = world.piece(name, from, 9).await.unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
    let asked = world.seen.lock().unwrap().len();
    assert_eq!(asked, 5, "a redirect is not followed");
    let inside = SignedUrl::new("http://169.254.169.254/latest/meta-data".to_owned());
    let wanted = PieceWanted { from: 0, lines: 9, size: None };
    let error = world.client.piece(&inside, wanted).await.unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Refused);
    let nobody = SignedUrl::new("http://127.0.0.1:1/x".to_owned());
    let error = world.client.piece(&nobody, wanted).await.unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Refused, "another port is another host");
}
