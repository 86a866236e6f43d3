//! What only shows on a real connection.

use std::net::SocketAddr;

use lockstep_backoffice_gateway::Listeners;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{MOVEMENTS, World, movement, movements};

async fn serve(world: &World) -> SocketAddr {
    let bind = || TcpListener::bind(("127.0.0.1", 0));
    let listeners =
        Listeners { rest: bind().await.expect("a port"), grpc: bind().await.expect("a port") };
    let address = listeners.rest.local_addr().expect("an address");
    world.gateway.serve(listeners, &world.life);
    address
}

/// Writes the whole request, then reads the whole answer, as a simple client does.
async fn exchange(address: SocketAddr, head: String, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    stream.write_all(body).await.expect("the body is taken to its end");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn head(token: &str, length: usize) -> String {
    format!(
        "POST {MOVEMENTS} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_50_mb_still_reads_its_refusal() {
    let world = World::start().await;
    let address = serve(&world).await;
    let body = vec![b' '; 50 * 1024 * 1024];
    let answer = exchange(address, head(&world.token, body.len()), &body).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("ERROR_CODE_TOO_LARGE"), "{answer}");
    let answer = exchange(address, head("wrong", body.len()), &body).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_a_socket_is_answered_and_the_server_stops_cleanly() {
    let world = World::start().await;
    let address = serve(&world).await;
    let body = movements(&[movement("e-1", "1")]).to_string();
    let answer = exchange(address, head(&world.token, body.len()), body.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(answer.contains("ITEM_STATUS_ACCEPTED"), "{answer}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let world = World::start().await;
    let address = serve(&world).await;
    let asking = head(&world.token, 50 * 1024 * 1024)
        .replace("connection: close", "expect: 100-continue\r\nconnection: close");
    let answer = exchange(address, asking, b"").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    world.stop().await;
}
