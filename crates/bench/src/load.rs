//! A load generator for webhooks that does little: everything but the webhook's id is made before
//! the clock runs, and of an answer only the status is looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use lockstep_contracts::shopify::{header, signature};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Of an answer's head; the service's own is a tenth of it.
const HEAD_BYTES_MAX: usize = 4_096;
const ID_DIGITS: usize = 20;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub address: SocketAddr,
    pub domain: String,
    pub topic: &'static str,
    pub secret: String,
    pub body: Vec<u8>,
}

/// How much is sent: until one of the two is reached.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    pub connections: usize,
    pub requests_max: usize,
    pub time_max: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub took: Duration,
    /// From the first byte of a request to the end of its answer.
    pub times: Vec<Duration>,
}

/// Sends from keep-alive connections, each its next request after the last answer. `round` keeps
/// the ids of several rounds apart.
///
/// # Errors
/// When anything but 200 is answered.
pub async fn send(webhook: &Webhook, round: usize, amount: Amount) -> Result<Outcome> {
    let mut clients = Vec::new();
    for _ in 0..amount.connections {
        clients.push(Client::connect(webhook).await?);
    }
    let number = Arc::new(AtomicUsize::new(0));
    let (start, mut tasks) = (Instant::now(), JoinSet::new());
    for client in clients {
        tasks.spawn(client.run(number.clone(), round, amount, start));
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(Outcome { took: start.elapsed(), times })
}

struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    id_at: usize,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(webhook: &Webhook) -> Result<Self> {
        let stream = TcpStream::connect(webhook.address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        let signed = signature::sign(webhook.secret.as_bytes(), &webhook.body);
        let mut request = format!(
            "POST /webhooks/shopify HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nuser-agent: Shopify-Captain-Hook\r\n{}: {}\r\n{}: {}\r\n\
             {}: {signed}\r\n{}: 2026-10\r\n{}: 2026-11-24T10:00:00.000000000Z\r\n\
             {}: 98880550-7158-44d4-b7cd-2c97c8a091b5\r\n{}: ",
            webhook.address,
            webhook.body.len(),
            header::TOPIC,
            webhook.topic,
            header::SHOP_DOMAIN,
            webhook.domain,
            header::HMAC,
            header::API_VERSION,
            header::TRIGGERED_AT,
            header::EVENT_ID,
            header::WEBHOOK_ID,
        )
        .into_bytes();
        let id_at = request.len();
        request.extend_from_slice(&[b'0'; ID_DIGITS]);
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(&webhook.body);
        Ok(Self { stream, request, id_at, answer: Vec::with_capacity(HEAD_BYTES_MAX) })
    }

    async fn run(
        mut self,
        number: Arc<AtomicUsize>,
        round: usize,
        amount: Amount,
        start: Instant,
    ) -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        loop {
            let sent = Instant::now();
            let mine = number.fetch_add(1, Ordering::Relaxed);
            if mine >= amount.requests_max || sent.duration_since(start) >= amount.time_max {
                return Ok(times);
            }
            let id = format!("{round:04}-{mine:0width$}", width = ID_DIGITS - "0000-".len());
            if let Some(place) = self.request.get_mut(self.id_at..self.id_at + ID_DIGITS) {
                place.copy_from_slice(id.as_bytes());
            }
            self.stream.write_all(&self.request).await?;
            self.read().await?;
            times.push(sent.elapsed());
        }
    }

    /// Reads one answer without a body.
    async fn read(&mut self) -> Result<()> {
        self.answer.clear();
        while !self.answer.ends_with(b"\r\n\r\n") {
            let read = self.stream.read_buf(&mut self.answer).await?;
            let refused = self.answer.len() > 12 && !self.answer.starts_with(b"HTTP/1.1 200");
            if read == 0 || refused || self.answer.len() > HEAD_BYTES_MAX {
                bail!("a webhook is answered {:?}", String::from_utf8_lossy(&self.answer));
            }
        }
        ensure!(self.answer.starts_with(b"HTTP/1.1 200"), "no answer of HTTP");
        Ok(())
    }
}
