//! The pages that a person sees in the browser: one thing each, in words.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::guard::masked;

/// Nothing but the page's own style is loaded, from nowhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b636b;--paper:#f4f5f6;--card:#fff;\
--line:#dfe3e6;--good:#1a7f4b;--bad:#b3261e;--warn:#8a5a00}\
@media(prefers-color-scheme:dark){:root{--ink:#edf0f2;--soft:#a2abb3;--paper:#14171a;\
--card:#1d2125;--line:#343b41;--good:#5bd08f;--bad:#ff8a80;--warn:#f2b84b}}\
*{box-sizing:border-box}body{margin:0;padding:8vh 1rem 4rem;background:var(--paper);\
color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\
main{max-width:38rem;margin:0 auto;background:var(--card);border:1px solid var(--line);\
border-radius:12px;padding:2rem}\
.name{color:var(--soft);font-size:.875rem;letter-spacing:.04em;margin:0 0 1.25rem}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}\
h1::before{content:attr(data-mark);margin-right:.55rem}\
.good h1::before{color:var(--good)}.bad h1::before{color:var(--bad)}\
.warn h1::before{color:var(--warn)}\
p{margin:.5rem 0}dl{margin:1.5rem 0;border-top:1px solid var(--line)}\
dl div{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;padding:.6rem 0;\
border-bottom:1px solid var(--line)}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\
h2{font-size:1rem;margin:1.5rem 0 .25rem}ol{margin:.25rem 0;padding-left:1.25rem}li{margin:.4rem 0}\
code{font:.9em ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;background:var(--paper);\
border:1px solid var(--line);border-radius:5px;padding:.1em .35em;overflow-wrap:anywhere;\
-webkit-box-decoration-break:clone;box-decoration-break:clone}\
a{color:inherit;overflow-wrap:anywhere}\
@media(max-width:30rem){main{padding:1.25rem}dl div{grid-template-columns:1fr}}";

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Good,
    /// Something is left to do.
    Warn,
    /// Not at all.
    Bad,
}

/// A page. Texts may hold `code` between backticks; everything else is shown as it is.
#[derive(Debug)]
pub struct Page {
    /// Status of the answer.
    pub status: StatusCode,
    /// How it went.
    pub mood: Mood,
    /// One sentence.
    pub title: String,
    /// What happened.
    pub what: String,
    /// Facts, each with its name.
    pub facts: Vec<(&'static str, String)>,
    /// What to do, in order.
    pub steps: Vec<String>,
}

impl Page {
    /// A failure: what happened, and what to do.
    pub fn failed(
        status: StatusCode,
        title: impl Into<String>,
        what: impl Into<String>,
        step: impl Into<String>,
    ) -> Self {
        Self {
            status,
            mood: Mood::Bad,
            title: title.into(),
            what: what.into(),
            facts: Vec::new(),
            steps: vec![step.into()],
        }
    }

    fn html(&self) -> String {
        let (class, mark) = match self.mood {
            Mood::Good => ("good", "\u{2713}"),
            Mood::Warn => ("warn", "!"),
            Mood::Bad => ("bad", "\u{2715}"),
        };
        let title = shown(&self.title);
        let facts: String = self
            .facts
            .iter()
            .map(|(name, text)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", shown(text)))
            .collect();
        let facts = if facts.is_empty() { facts } else { format!("<dl>{facts}</dl>") };
        let steps = self.steps.iter().map(|step| format!("<li>{}</li>", shown(step)));
        let steps = match self.steps.as_slice() {
            [] => String::new(),
            [one] => format!("<h2>What to do</h2><p>{}</p>", shown(one)),
            _ => format!("<h2>What to do next</h2><ol>{}</ol>", steps.collect::<String>()),
        };
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title} \u{b7} Lockstep</title><style>{STYLE}</style></head>\
             <body><main class=\"{class}\"><p class=\"name\">Lockstep</p>\
             <h1 data-mark=\"{mark}\">{title}</h1><p>{}</p>{facts}{steps}</main></body></html>",
            shown(&self.what)
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.html())).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            // The address of the last step holds a code.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Text as a page shows it: nothing of it is markup but what stands between backticks, which is a
/// command or an address. What others say must come [`quoted`].
fn shown(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in masked(text).split('`').enumerate() {
        let part = escaped(part);
        let part = match (index % 2 == 1, part.starts_with("http")) {
            (false, _) => part,
            (true, false) => format!("<code>{part}</code>"),
            (true, true) => format!("<a href=\"{part}\">{part}</a>"),
        };
        html.push_str(&part);
    }
    html
}

/// The words of others, so that nothing of them is taken for a command or an address.
pub fn quoted(text: &str) -> String {
    text.replace('`', "'")
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            plain => html.push(plain),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_told_becomes_markup_and_no_token_is_shown() {
        let text = "<b>\"x\"</b> & `lockstep <store>` shpat_0123";
        let html = shown(text);
        assert_eq!(
            html,
            "&lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp; <code>lockstep &lt;store&gt;</code> shpat_***"
        );
        assert_eq!(
            shown("`https://a.b/?x=1&y=\"`"),
            "<a href=\"https://a.b/?x=1&amp;y=&quot;\">https://a.b/?x=1&amp;y=&quot;</a>"
        );
        assert_eq!(shown(&quoted("`https://evil`")), "&#39;https://evil&#39;");
    }
}
