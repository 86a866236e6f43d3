//! Secrets come from files, standard input or the environment, and are not shown.

use serde_json::{Value, json};

use crate::fake::{Answer, Fake, Ran};

const STORE: &str = r#"{"id": "north", "shop_domain": "north.myshopify.com"}"#;
const ADD: &str = "store add north --shop-domain north.myshopify.com";

fn body(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for secret in ["shpat_file", "shpat_in", "shpat_env"] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
    }
    serde_json::from_str(&ran.asked[0].body).unwrap()
}

#[test]
fn a_store_is_added_with_secrets_from_file_input_or_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "shpat_file\n").unwrap();
    let by_file = format!("{ADD} --access-token-file {}", file.display());
    let expected = |token: &str, secret: Option<&str>| {
        let mut body = json!({"id": "north", "shop_domain": "north.myshopify.com",
                              "access_token": token});
        if let Some(secret) = secret {
            body["api_secret"] = secret.into();
        }
        body
    };
    let fake = || Fake::answering([Answer::json(STORE)]);
    // A flag wins over the environment.
    let ran = fake().line(&by_file).env("LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN", "shpat_env").run();
    assert_eq!(body(&ran), expected("shpat_file", None));
    let ran = fake().line(&format!("{ADD} --access-token-file -")).stdin("shpat_in\n").run();
    assert_eq!(body(&ran), expected("shpat_in", None));
    let ran = fake().line(ADD).env("LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN", "shpat_env").run();
    assert_eq!(body(&ran), expected("shpat_env", None));
    let ran = fake().line(&by_file).env("LOCKSTEP_SHOPIFY_STORE_API_SECRET", "s2").run();
    assert_eq!(body(&ran), expected("shpat_file", Some("s2")));
    // The server's own list of secrets, while one is rotated, is no secret of a store.
    let ran = fake().line(&by_file).env("LOCKSTEP_SHOPIFY_API_SECRET", "s2").run();
    assert_eq!(body(&ran), expected("shpat_file", None));
}

#[test]
fn settings_change_no_secret_that_no_flag_names() {
    let fake = Fake::answering([Answer::json(STORE)]);
    let line = fake.line("store set north enabled=true");
    let ran = line
        .env("LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN", "shpat_env")
        .env("LOCKSTEP_SHOPIFY_STORE_API_SECRET", "s")
        .run();
    assert_eq!(body(&ran), json!({"enabled": true}));
    let fake = Fake::answering([Answer::json(STORE)]);
    let ran = fake.line("store set north --api-secret-file -").stdin("shpat_in").run();
    assert_eq!(body(&ran), json!({"api_secret": "shpat_in"}));
}

#[test]
fn secrets_that_cannot_be_read_are_refused_before_anything_is_sent() {
    let table = [
        (format!("{ADD} --access-token-file -"), " \n", "--access-token-file: - is empty"),
        (
            format!("{ADD} --access-token-file nowhere/x"),
            "",
            "--access-token-file: read nowhere/x: ",
        ),
        (
            format!("{ADD} --access-token-file - --api-secret-file -"),
            "x",
            "standard input can give one secret",
        ),
        (
            "store set north --api-secret-file -".to_owned(),
            "shpat_in,shpat_in2",
            "--api-secret-file: it holds several secrets; a store's app signs with one",
        ),
        ("store set north access_token=shpat_in".to_owned(), "", "use --access-token-file FILE"),
        ("store set north api_secret=shpat_in".to_owned(), "", "use --api-secret-file FILE"),
    ];
    for (line, stdin, said) in table {
        let fake = Fake::answering([]);
        let ran = fake.line(&line).stdin(stdin).run();
        assert_eq!(ran.code, Some(1), "{line}");
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
        assert!(!ran.err.contains("shpat_in") && ran.asked.is_empty(), "{line}: {}", ran.err);
    }
}

#[test]
fn a_new_token_is_alone_on_standard_output() {
    let answer = r#"{"token_id": "t1", "token": "lsb_secret", "label": ""}"#;
    let fake = Fake::answering([Answer::json(answer)]);
    let ran = fake.line("token issue wms").run();
    assert_eq!(ran.out, "lsb_secret\n");
    assert_eq!(ran.err, "token t1 of wms; it is not shown again\n");
}
