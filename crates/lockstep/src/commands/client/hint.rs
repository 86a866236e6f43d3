//! The API's advice names calls of the API; here they become commands.

use percent_encoding::percent_decode_str;
use serde_json::{Deserializer, Value};

use super::setting;

/// A call, and the command that makes it. `{NAME}` stands for a part of the path.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("GET", "stores", "store list"),
    ("POST", "stores", "store add"),
    ("GET", "stores/{STORE}", "store show {STORE}"),
    ("PATCH", "stores/{STORE}", "store set {STORE}"),
    ("DELETE", "stores/{STORE}", "store remove {STORE}"),
    ("POST", "stores/{STORE}/webhooks/repair", "store repair-webhooks {STORE}"),
    ("GET", "stores/{STORE}/locations", "location list {STORE}"),
    ("PUT", "stores/{STORE}/locations/{LOCATION_ID}", "location map {STORE} {LOCATION_ID}"),
    ("GET", "stores/{STORE}/links", "link list {STORE}"),
    ("POST", "stores/{STORE}/links", "link import {STORE}"),
    ("PUT", "stores/{STORE}/links/{VARIANT_ID}", "link set {STORE} {VARIANT_ID}"),
    ("DELETE", "stores/{STORE}/links/{VARIANT_ID}", "link cut {STORE} {VARIANT_ID}"),
    ("POST", "stores/{STORE}/products/sync", "products sync {STORE}"),
    ("GET", "stores/{STORE}/jobs", "jobs {STORE}"),
    ("GET", "stores/{STORE}/conflicts", "conflicts {STORE}"),
    ("GET", "jobs/{ID}", "job show {ID}"),
    ("POST", "jobs/{ID}/pause", "job pause {ID}"),
    ("POST", "jobs/{ID}/resume", "job resume {ID}"),
    ("POST", "jobs/{ID}/cancel", "job cancel {ID}"),
    ("GET", "stores/{STORE}/stock/{SKU}", "stock show {STORE} {SKU}"),
    ("GET", "stores/{STORE}/orders", "orders list {STORE}"),
    ("GET", "orders/{KEY}", "orders show {KEY}"),
    ("GET", "shipments", "shipments list"),
    ("GET", "backoffices", "backoffice list"),
    ("POST", "backoffices", "backoffice add"),
    ("GET", "backoffices/{BACKOFFICE}", "backoffice show {BACKOFFICE}"),
    ("PATCH", "backoffices/{BACKOFFICE}", "backoffice set {BACKOFFICE}"),
    ("PUT", "backoffices/{BACKOFFICE}/warehouses/{CODE}", "warehouse add {BACKOFFICE} {CODE}"),
    ("GET", "backoffices/{BACKOFFICE}/tokens", "token list {BACKOFFICE}"),
    ("POST", "backoffices/{BACKOFFICE}/tokens", "token issue {BACKOFFICE}"),
    (
        "DELETE",
        "backoffices/{BACKOFFICE}/tokens/{TOKEN_ID}",
        "token revoke {BACKOFFICE} {TOKEN_ID}",
    ),
    ("GET", "dead-letters", "dead-letters list"),
    ("GET", "dead-letters/{ID}", "dead-letters show {ID}"),
    ("POST", "dead-letters/{ID}/retry", "dead-letters retry {ID}"),
    ("POST", "dead-letters/{ID}/dismiss", "dead-letters dismiss {ID}"),
    ("GET", "effects", "effects list"),
    ("POST", "effects/{ID}/settle", "effects settle {ID}"),
    ("GET", "doctor", "doctor"),
    ("GET", "activity", "activity"),
];

/// Fields of a body that a flag gives.
const FLAGS: &[(&str, &str)] = &[
    (" with access_token", " --access-token-file FILE"),
    (" with backoffices", " --backoffice ID=ROLES"),
    (" {\"applied\": true} (or false)", " --applied (or --not-applied)"),
];

/// The advice with every call of the API that has a command replaced by it.
pub fn in_commands(advice: &str) -> String {
    const BASE: &str = " /api/v1/";
    let mut told = String::new();
    let mut rest = advice;
    while let Some((before, after)) = rest.split_once(BASE) {
        let method_at = before.rfind(|c: char| !c.is_ascii_uppercase()).map_or(0, |at| at + 1);
        let (lead, method) = before.split_at(method_at);
        let end = after.find([' ', ',', ';', ')', '`']).unwrap_or(after.len());
        let (path, tail) = after.split_at(end);
        let Some(command) = command(method, path) else {
            told.extend([before, BASE, path]);
            rest = tail;
            continue;
        };
        let (arguments, tail) = arguments(tail);
        told.extend([lead, "lockstep ", &command, &arguments]);
        rest = tail;
    }
    told + rest
}

fn command(method: &str, path: &str) -> Option<String> {
    COMMANDS.iter().filter(|(of, ..)| *of == method).find_map(|(_, pattern, command)| {
        let (pattern, path): (Vec<_>, Vec<_>) =
            (pattern.split('/').collect(), path.split('/').collect());
        if pattern.len() != path.len() {
            return None;
        }
        let mut told = (*command).to_owned();
        for (wanted, given) in pattern.iter().zip(path) {
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                // The advice may leave a part open, in braces of its own.
                Some(name) if given.starts_with('{') => told = told.replace(wanted, name),
                Some(_) => {
                    told = told.replace(wanted, &percent_decode_str(given).decode_utf8().ok()?)
                }
                None if *wanted == given => {}
                None => return None,
            }
        }
        Some(told)
    })
}

/// What follows a call, as arguments, and what follows those.
fn arguments(tail: &str) -> (String, &str) {
    for (field, flag) in FLAGS {
        if let Some(tail) = tail.strip_prefix(field) {
            return ((*flag).to_owned(), tail);
        }
    }
    let mut bodies = Deserializer::from_str(tail).into_iter::<Value>();
    match bodies.next() {
        Some(Ok(body @ Value::Object(_))) => {
            let settings = setting::flat(&body);
            let tail = tail.get(bodies.byte_offset()..).unwrap_or_default();
            (settings.iter().map(|(key, value)| format!(" {key}={value}")).collect(), tail)
        }
        _ => (String::new(), tail),
    }
}

#[cfg(test)]
mod tests {
    use super::in_commands;

    #[test]
    fn calls_become_commands() {
        let table = [
            (
                "declare it: PUT /api/v1/backoffices/wms/warehouses/MAIN2",
                "declare it: lockstep warehouse add wms MAIN2",
            ),
            (
                "map one: PUT /api/v1/stores/north/locations/{location_id}",
                "map one: lockstep location map north LOCATION_ID",
            ),
            (
                r#"then: PATCH /api/v1/stores/north {"enabled": true, "stock": {"buffer": 2}}."#,
                "then: lockstep store set north enabled=true stock.buffer=2.",
            ),
            (
                "give a token: PATCH /api/v1/stores/{id} with access_token",
                "give a token: lockstep store set STORE --access-token-file FILE",
            ),
            ("GET /api/v1/stores lists them", "lockstep store list lists them"),
            (
                "look at GET /api/v1/doctor, or POST /api/v1/dead-letters/a%20b/retry",
                "look at lockstep doctor, or lockstep dead-letters retry a b",
            ),
            (
                r#"say it: POST /api/v1/effects/e1/settle {"applied": true} (or false)"#,
                "say it: lockstep effects settle e1 --applied (or --not-applied)",
            ),
            ("POST /api/v1/nothing/else", "POST /api/v1/nothing/else"),
            ("give 0 or more", "give 0 or more"),
        ];
        for (advice, command) in table {
            assert_eq!(in_commands(advice), command);
        }
    }
}
