//! A server on loopback that answers in a given order and remembers what it was asked, and the
//! binary run against it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

pub const TOKEN: &str = "an-administrator-token-of-tests";

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET /api/v1/stores?limit=500`
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }
}

/// An answer of the server: status, kind and body.
#[derive(Clone)]
pub struct Answer(pub u16, pub &'static str, pub String);

impl Answer {
    pub fn json(body: &str) -> Self {
        Self(200, "application/json", body.to_owned())
    }

    pub fn problem(status: u16, body: &str) -> Self {
        Self(status, "application/problem+json", body.to_owned())
    }
}

#[derive(Default)]
struct Script {
    answers: Vec<Answer>,
    asked: Vec<Asked>,
}

pub struct Fake {
    url: String,
    script: Arc<Mutex<Script>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a run of the binary gave.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub asked: Vec<Asked>,
}

/// A command line that is not run yet.
pub struct Line<'a> {
    fake: &'a Fake,
    command: Command,
    stdin: Vec<u8>,
}

impl Fake {
    /// Answers in this order; asked more often, it answers 500.
    pub fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        let script = Arc::new(Mutex::new(Script { answers, asked: Vec::new() }));
        let (tell_url, url) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new().fallback(answer).with_state(script.clone());
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell_url.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
                let serving = axum::serve(listener, app);
                tokio::select! {
                    served = serving => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { url: url.recv().unwrap(), script, stop: Some(stop), thread: Some(thread) }
    }

    /// Prepares a command line, split at spaces.
    pub fn line(&self, line: &str) -> Line<'_> {
        self.arguments(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Prepares a command line.
    pub fn arguments(&self, arguments: &[&str]) -> Line<'_> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command
            .args(arguments)
            .env_clear()
            .env("LOCKSTEP_CONSOLE_URL", &self.url)
            .env("LOCKSTEP_ADMIN_TOKEN", TOKEN);
        Line { fake: self, command, stdin: Vec::new() }
    }

    fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // The thread has ended already when the receiver is gone.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Line<'_> {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub fn run(mut self) -> Ran {
        let command = self.command.stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not read what is offered is no error.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            asked: self.fake.asked(),
        };
        assert!(
            !ran.out.contains(TOKEN) && !ran.err.contains(TOKEN),
            "the token is shown: {ran:?}"
        );
        ran
    }

    /// Runs with a reader that goes away before the first byte.
    pub fn run_unread(mut self) -> Ran {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let command = self.command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        Ran { code: output.status.code(), out: String::new(), err, asked: self.fake.asked() }
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let asked = Asked {
        line: format!("{} {}", parts.method, parts.uri),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let mut script = script.lock().unwrap();
    script.asked.push(asked);
    if script.answers.is_empty() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "asked too often").into_response();
    }
    let Answer(status, kind, body) = script.answers.remove(0);
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, kind)], Bytes::from(body)).into_response()
}
