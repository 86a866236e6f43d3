//! A person's browser: follows addresses by hand, and keeps cookies.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

/// What a browser shows.
#[derive(Debug)]
pub struct Page {
    /// Status.
    pub status: StatusCode,
    /// Where it is sent on to.
    pub location: Option<String>,
    /// The text of the page.
    pub text: String,
}

/// A browser with a jar of cookies.
pub struct Browser {
    client: Client,
    cookies: Vec<(String, String)>,
    /// The public address, and where it leads to on this machine: what a reverse proxy does.
    public: (String, String),
}

impl Browser {
    /// A fresh browser, for which a public address leads to another.
    pub fn new(public: &str, leads_to: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build();
        let client = client.expect("a client");
        Self { client, cookies: Vec::new(), public: (public.to_owned(), leads_to.to_owned()) }
    }

    /// Opens an address; is sent nowhere by itself.
    pub async fn open(&mut self, url: &str) -> Page {
        let request = self.client.get(self.reached(url));
        self.send(request).await
    }

    /// Presses a button of a form.
    pub async fn post(&mut self, url: &str, fields: &[(String, String)]) -> Page {
        let encoded: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", coded(name), coded(value)))
            .collect();
        let request = self.client.post(self.reached(url)).body(encoded.join("&"));
        let form = "application/x-www-form-urlencoded";
        self.send(request.header("content-type", form)).await
    }

    fn reached(&self, url: &str) -> String {
        let (public, leads_to) = &self.public;
        match url.strip_prefix(public.as_str()) {
            Some(rest) => format!("{leads_to}{rest}"),
            None => url.to_owned(),
        }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let jar = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let jar = jar.collect::<Vec<_>>().join("; ");
        let request = if jar.is_empty() { request } else { request.header(COOKIE, jar) };
        let response = request.send().await.expect("an answer");
        for set in response.headers().get_all(SET_COOKIE) {
            self.keep(set.to_str().expect("plain text"));
        }
        let location = response.headers().get(LOCATION);
        let location = location.map(|text| text.to_str().expect("plain text").to_owned());
        let status = response.status();
        Page { status, location, text: response.text().await.expect("a page") }
    }

    fn keep(&mut self, set: &str) {
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        let pair = set.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').expect("a pair");
        self.cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// The parameters of an address.
pub fn parameters(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (plain, _) => {
                bytes.push(if *plain == b'+' { b' ' } else { *plain });
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn coded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let one = |byte: &u8| match plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.as_bytes().iter().map(one).collect()
}
