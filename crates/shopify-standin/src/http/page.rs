//! The pages that a person sees: consent, and what is said instead.

use crate::model::Shop;
use crate::oauth::Request;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;background:#f1f1f1;margin:0}\
main{max-width:36rem;margin:4rem auto;background:#fff;padding:2rem;border-radius:.75rem;\
box-shadow:0 1px 3px #0003}h1{font-size:1.3rem;margin-top:0}ul{list-style:none;padding:0}\
li{padding:.25rem 0}button{font:inherit;padding:.5rem 1.25rem;border-radius:.5rem;\
border:1px solid #8a8a8a;background:#fff;cursor:pointer;margin-right:.5rem}\
button.main{background:#303030;color:#fff;border-color:#303030}code{font-size:.9em}";

/// The merchant is asked.
pub fn consent(shop: &Shop, asked: &Request, parameters: &[(String, String)]) -> Response {
    let hidden: String = parameters
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
        })
        .collect();
    let scopes: String = asked
        .scopes
        .iter()
        .map(|scope| {
            let scope = escape(scope);
            format!(
                "<li><label><input type=\"checkbox\" name=\"grant\" value=\"{scope}\" checked> \
                 <code>{scope}</code></label></li>"
            )
        })
        .collect();
    let verb = if shop.installed { "Update" } else { "Install" };
    let body = format!(
        "<h1>{verb} app on {}</h1><p>The app <code>{}</code> asks for access to this store:</p>\
         <form method=\"post\" action=\"authorize\">{hidden}\
         <input type=\"hidden\" name=\"chosen\" value=\"1\"><ul>{scopes}</ul>\
         <button class=\"main\" name=\"decision\" value=\"approve\">{verb}</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form>",
        escape(&shop.domain),
        escape(&shop.access.client_id),
    );
    html(StatusCode::OK, "Install app", &body)
}

/// A page with one message.
pub fn message(status: u16, title: &str, text: &str) -> Response {
    let body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html(status, title, &body)
}

fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escape(title)
    );
    (status, Html(page)).into_response()
}

/// Text that is safe inside HTML and its quoted attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
