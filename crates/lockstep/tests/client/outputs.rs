//! What answers look like: tables for people, the answer itself with `--json`.

use crate::fake::{Answer, Fake};

const STORE: &str = r#"{"id": "north", "shop_domain": "north.myshopify.com", "enabled": true,
 "backoffices": [{"id": "wms", "roles": ["stock", "orders"]}],
 "stock": {"enabled": "live", "mode": "delta", "buffer": 0},
 "orders": {"enabled": false, "filter": {"tags": ["b2b", "b2c"]}},
 "locations": [{"location_id": "61", "warehouses": ["wms/MAIN"], "default": true}],
 "revision": 12, "updated_at": "2026-11-24T15:00:00Z", "updated_by": "admin",
 "pending": ["stock-sync"], "later": {"unknown": true}}"#;

fn shown(line: &str, answer: &str) -> (Option<i32>, String, String) {
    let ran = Fake::answering([Answer::json(answer)]).line(line).run();
    (ran.code, ran.out, ran.err)
}

fn expect(line: &str, answer: &str, out: &[&str]) {
    let (code, text, err) = shown(line, answer);
    assert_eq!(code, Some(0), "{line}: {err}");
    assert_eq!(text.lines().collect::<Vec<_>>(), out, "{line}");
}

#[test]
fn a_store_shows_its_settings_by_the_names_that_set_takes() {
    let (code, out, err) = shown("store show north", STORE);
    assert_eq!(code, Some(0));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "id                  north",
            "shop_domain         north.myshopify.com",
            "enabled             true",
            "backoffices         wms=stock,orders",
            "stock.buffer        0",
            "stock.enabled       live",
            "stock.mode          delta",
            "orders.enabled      false",
            "orders.filter.tags  b2b,b2c",
            "location 61         wms/MAIN (default)",
            "revision            12",
            "updated             2026-11-24T15:00:00Z by admin",
        ]
    );
    assert_eq!(err, "not adopted yet by stock-sync; they will\n");
    let list = format!(r#"{{"stores": [{STORE}], "next": null}}"#);
    expect(
        "store list",
        &list,
        &[
            "STORE  SHOP DOMAIN          ENABLED  STOCK  MODE   LOCATIONS  BACK OFFICES",
            "north  north.myshopify.com  yes      live   delta  1          wms=stock,orders",
        ],
    );
}

#[test]
fn a_store_that_was_called_shows_its_points() {
    let points = r#"{"maximum": 2000, "restore_rate": 100, "available": 1165.4, "reserved": 0,
      "calls": 41, "throttled_calls": 1, "levels_written": 10000, "points_per_level": 0.04,
      "spent": {"stock_down": 400.0, "stock_up": 0, "catalogue": 35}, "later": 1}"#;
    let answer = format!(r#"{{"id": "north", "shop_domain": "d", "points": {points}}}"#);
    let (code, out, err) = shown("store show north", &answer);
    assert_eq!(code, Some(0), "{err}");
    let told: Vec<_> = out.lines().skip_while(|line| !line.starts_with("points")).collect();
    assert_eq!(
        told,
        [
            "points            1165 of 2000, 100/s",
            "calls             41, 1 throttled",
            "points per level  0.0400 over 10000 levels",
            "points spent      catalogue 35, stock_down 400",
        ]
    );
}

#[test]
fn an_added_store_tells_what_shopify_took_and_refused() {
    let answer = r#"{"id": "north", "shop_domain": "d", "locations": [], "pending": [],
      "shop": {"name": "North", "currency": "EUR", "plan": null, "missing_scopes": ["read_x"]},
      "webhooks": {"uri": "https://x/webhooks/shopify", "kept": [], "made": ["a", "b"],
                   "removed": [], "refused": [{"topic": "c", "message": "no"}]}}"#;
    let fake = Fake::answering([Answer::json(answer)]);
    let line = fake.line("store add north --shop-domain d");
    let ran = line.env("LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN", "shpat_1").run();
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.out,
        "store north added\nShopify: North, EUR\nwebhooks to https://x/webhooks/shopify: 2 made\n"
    );
    assert_eq!(
        ran.err,
        "the token lacks the scopes read_x\n1 topic refused:\n  c: no\n\
         try again: lockstep store repair-webhooks north\nnext: lockstep location list north\n"
    );
}

#[test]
fn webhooks_that_stay_refused_are_a_failure() {
    let answer = r#"{"uri": "https://x", "kept": ["a"], "made": [], "mended": ["d"],
                     "removed": ["b"], "refused": [{"topic": "c", "message": "no"}]}"#;
    let (code, out, _) = shown("store repair-webhooks north", answer);
    assert_eq!(
        (code, out.as_str()),
        (Some(1), "webhooks to https://x: 1 mended, 1 kept, 1 removed\n")
    );
}

#[test]
fn tables_of_locations_back_offices_and_tokens() {
    expect(
        "location list north",
        r#"{"locations": [
          {"location_id": "61", "name": "Berlin", "exists": true, "is_active": true,
           "warehouses": ["wms/MAIN", "wms/OUT"], "shipping_process": "", "default": true,
           "buffer": null},
          {"location_id": "62", "name": "", "exists": false, "is_active": false,
           "warehouses": [], "shipping_process": "parcel", "default": false, "buffer": 2}]}"#,
        &[
            "LOCATION  NAME    STATE   WAREHOUSES        DEFAULT  BUFFER  SHIPPING PROCESS",
            "61        Berlin  active  wms/MAIN,wms/OUT  yes      -       -",
            "62        -       gone    -                 -        2       parcel",
        ],
    );
    expect(
        "backoffice show wms",
        r#"{"id": "wms", "kind": "contract", "name": "Warehouse Berlin",
          "stock": {"basis": "physical", "lowered_by": ["pick", "invoice"]},
          "warehouses": [{"code": "MAIN", "name": "Main hall"}], "revision": 7,
          "updated_at": "2026-11-24T15:00:00Z", "updated_by": "admin", "pending": []}"#,
        &[
            "id                  wms",
            "kind                contract",
            "name                Warehouse Berlin",
            "stock.basis         physical",
            "stock.lowered_by    pick,invoice",
            "warehouse wms/MAIN  Main hall",
            "revision            7",
            "updated             2026-11-24T15:00:00Z by admin",
        ],
    );
    expect(
        "token list wms",
        r#"{"tokens": [{"token_id": "t1", "label": "prod", "issued_at": "2026-11-24T15:00:00Z",
                        "last_used_at": null}]}"#,
        &[
            "TOKEN ID  LABEL  ISSUED                LAST USED",
            "t1        prod   2026-11-24T15:00:00Z  never",
        ],
    );
}

#[test]
fn stock_tells_the_unknown_from_zero() {
    expect(
        "stock show north LAMP-1",
        r#"{"store": "north", "sku": "LAMP-1",
          "positions": [{"warehouse": "wms/MAIN", "sku": "LAMP-1", "position": "12", "owed": 1,
                         "free": 11},
                        {"warehouse": "erp/OUT", "sku": "L1", "position": null, "owed": 0,
                         "free": null}],
          "levels": [{"inventory_item_id": "7", "location_id": "61", "warehouses": ["wms/MAIN"],
            "available_target": 11, "on_hand_target": 12, "delta_target": 12, "booked": 12,
            "explained_available": null, "explained_on_hand": null, "verdict": "",
            "in_flight": ""}],
          "window_until": "2026-11-24T15:00:30Z", "dirty_since": null}"#,
        &[
            "LAMP-1 in store north",
            "",
            "WAREHOUSE  SKU     POSITION  OWED  FREE",
            "wms/MAIN   LAMP-1  12        1     11",
            "erp/OUT    L1      unknown   0     unknown",
            "",
            "LOCATION  ITEM  WAREHOUSES  TARGET  EXPLAINED  IN FLIGHT  VERDICT",
            "61        7     wms/MAIN    11/12   unknown    -          -",
            "",
            "the window is open until 2026-11-24T15:00:30Z",
        ],
    );
}

#[test]
fn the_doctor_tells_the_worst_first_and_fails_when_something_is_broken() {
    let examined = |status: &str, severity: &str| {
        format!(
            r#"{{"status": "{status}",
              "services": [{{"service": "stock-sync", "state": "answers", "version": "0.1.0"}},
                           {{"service": "product-sync", "state": "silent", "version": ""}}],
              "findings": [
                {{"severity": "ok", "service": "console", "subject": "store north token",
                  "message": "it opens north", "fix": ""}},
                {{"severity": "warning", "service": "console", "subject": "store north webhooks",
                  "message": "2 topics are not subscribed",
                  "fix": "POST /api/v1/stores/north/webhooks/repair"}},
                {{"severity": "{severity}", "service": "product-sync", "subject": "service",
                  "message": "product-sync does not answer",
                  "fix": "see that it runs: lockstep run product-sync"}}]}}"#
        )
    };
    let (code, out, _) = shown("doctor", &examined("error", "error"));
    assert_eq!(code, Some(1));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "ERROR    service: product-sync does not answer (product-sync)",
            "         do: see that it runs: lockstep run product-sync",
            "WARNING  store north webhooks: 2 topics are not subscribed (console)",
            "         do: lockstep store repair-webhooks north",
            "OK       1 check (--all shows them)",
            "",
            "SERVICE       STATE    VERSION",
            "stock-sync    answers  0.1.0",
            "product-sync  silent   -",
            "",
            "status: error",
        ]
    );
    let (code, out, _) = shown("doctor --all", &examined("warning", "warning"));
    assert_eq!(code, Some(0));
    assert!(out.contains("OK       store north token: it opens north (console)\n"), "{out}");
    let broken = examined("error", "error");
    assert_eq!(shown("doctor --json", &broken), (Some(1), format!("{broken}\n"), String::new()));
}

#[test]
fn the_doctor_shows_what_is_left_of_the_points_and_what_a_level_costs() {
    let examined = r#"{"status": "ok", "findings": [],
      "services": [{"service": "stock-sync", "state": "answers", "version": "0.1.0"}],
      "points": [
        {"store": "north", "maximum": 2000, "restore_rate": 100, "available": 1165.4, "reserved": 0,
         "calls": 41, "throttled_calls": 1, "levels_written": 10000, "points_per_level": 0.04,
         "spent": {"stock_down": 400}, "later": 1},
        {"store": "south", "maximum": 20000, "restore_rate": 1000, "available": 20000,
         "calls": 2, "throttled_calls": 0, "levels_written": 0, "points_per_level": null}]}"#;
    expect(
        "doctor",
        examined,
        &[
            "SERVICE     STATE    VERSION",
            "stock-sync  answers  0.1.0",
            "",
            "STORE  POINTS LEFT             CALLS  THROTTLED  LEVELS WRITTEN  POINTS PER LEVEL",
            "north  1165 of 2000, 100/s     41     1          10000           0.0400",
            "south  20000 of 20000, 1000/s  2      0          0               -",
            "",
            "status: ok",
        ],
    );
}

#[test]
fn activity_has_a_row_for_each_setting() {
    expect(
        "activity",
        r#"{"activity": [
          {"at": "2026-11-24T15:00:01Z", "by": "admin", "key": "store.north", "revision": 14,
           "what": "changed", "changes": [
             {"setting": "stock.mode", "before": "delta", "after": "absolute"},
             {"setting": "stock.buffer", "before": null, "after": 2}]},
          {"at": "2026-11-24T15:00:00Z", "by": "admin", "key": "backoffice.wms", "revision": 13,
           "what": "added", "changes": [{"setting": "id", "before": null, "after": "wms"}]}]}"#,
        &[
            "AT                    BY     WHAT            CHANGE   SETTING       BEFORE -> AFTER",
            "2026-11-24T15:00:01Z  admin  store north     changed  stock.mode    delta -> absolute",
            "2026-11-24T15:00:01Z  admin  store north     changed  stock.buffer  nothing -> 2",
            "2026-11-24T15:00:00Z  admin  backoffice wms  added    -             -",
        ],
    );
}

#[test]
fn dead_letters_name_the_services_that_were_silent() {
    let answer = r#"{"dead_letters": [{"id": "d1", "service": "stock-sync", "stream": "EVENTS",
      "stream_sequence": "12", "message_type": "stock.v1.Moved", "message_id": "m",
      "reason": "broken\nbody", "attempts": 3, "state": "open",
      "opened_at": "2026-11-24T15:00:00Z"}], "silent": ["product-sync"]}"#;
    let (code, out, err) = shown("dead-letters list", answer);
    assert_eq!(code, Some(0));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "ID  OPENED                SERVICE     MESSAGE         ATTEMPTS  STATE  REASON",
            "d1  2026-11-24T15:00:00Z  stock-sync  stock.v1.Moved  3         open   broken body",
        ]
    );
    assert_eq!(err, "no answer from: product-sync\n");
}

#[test]
fn a_removed_store_tells_what_is_left_at_shopify_or_that_nobody_knows() {
    let removed = |left: &str| {
        let answer = format!(
            r#"{{"id": "north", "deleted": true, "pending": [], "left_at_shopify": {left}}}"#
        );
        let (code, out, err) = shown("store remove north --yes", &answer);
        assert_eq!((code, out.as_str()), (Some(0), "store north removed\n"));
        err
    };
    assert_eq!(removed("[]"), "");
    assert!(removed(r#"["products/update"]"#).starts_with("still subscribed at Shopify: products"));
    assert!(removed("null").contains("its token was gone already"));
}

#[test]
fn effects_have_a_row_for_each_level() {
    expect(
        "effects list",
        r#"{"effects": [{"id": "e1", "store": "north", "kind": "adjust", "asks": true,
          "since": "2026-11-24T15:00:00Z", "read_at": null, "attempts": 3, "note": "no answer",
          "reference": "gid://lockstep/Push/e1", "lines": [
            {"inventory_item_id": "7", "location_id": "61", "skus": ["wms/LAMP-1"], "delta": -2,
             "explained_available": 5, "explained_on_hand": 6, "read_available": 4,
             "read_on_hand": null, "read_committed": null},
            {"inventory_item_id": "8", "location_id": "61", "skus": [], "delta": 1,
             "explained_available": null, "explained_on_hand": null, "read_available": null,
             "read_on_hand": null, "read_committed": null}]}], "has_more": false}"#,
        &[
            "ID  SINCE                 STORE  KIND    STATE  LOCATION  SKU         CHANGE  \
             EXPLAINED  READ",
            "e1  2026-11-24T15:00:00Z  north  adjust  asks   61        wms/LAMP-1  -2      \
             5/6        4/?",
            "e1  2026-11-24T15:00:00Z  north  adjust  asks   61        -           1       \
             -          -",
        ],
    );
}

#[test]
fn fulfillments_of_unknown_outcome_have_a_row_for_each_that_may_be_it() {
    expect(
        "effects list",
        r#"{"effects": [{"id": "e2", "store": "north", "kind": "fulfillment", "asks": true,
          "since": "2026-11-24T15:00:00Z", "order_key": "north:1001", "shipment": "wms/S1",
          "parcel": "P1", "units": [{"line_id": "5", "quantity": 2}], "company": "DHL",
          "numbers": ["N1"], "candidates": [
            {"fulfillment_id": "9001", "quantity": 2, "numbers": ["N1"], "cancelled": false},
            {"fulfillment_id": "9002", "quantity": 1, "numbers": ["N2"], "cancelled": true}]}],
          "has_more": false, "silent": []}"#,
        &[
            "ID  SINCE                 ORDER       SHIPMENT  PARCEL  UNITS  NUMBERS  MAY BE  SHOWS",
            "e2  2026-11-24T15:00:00Z  north:1001  wms/S1    P1      2      N1       9001    2 N1",
            "e2  2026-11-24T15:00:00Z  north:1001  wms/S1    P1      2      N1       9002    \
             1 N2 taken back",
        ],
    );
}

fn job(state: &str, done: u64, message: &str) -> Answer {
    Answer::json(&format!(
        r#"{{"job": {{"id": "j1", "service": "product-sync", "kind": "products_sync",
          "store": "north", "state": "{state}", "done": {done}, "message": "{message}",
          "forecast": {{"items": 500, "calls": 3, "points": 90, "seconds": 61}},
          "result": {{"linked": {done}, "conflicts": 2}}, "requested_by": "admin",
          "started_at": "2026-11-24T15:00:00Z", "ended_at": null}}}}"#
    ))
}

#[test]
fn a_sync_is_followed_to_its_end() {
    let table = [
        ("done", Some(0), "done: 2 conflicts, 500 linked\n"),
        ("failed", Some(1), "failed: 2 conflicts, 500 linked\nno answer\n"),
        ("paused", Some(1), "paused: 2 conflicts, 500 linked\nno answer\n"),
    ];
    for (state, code, out) in table {
        let answers =
            [job("running", 0, ""), job("running", 250, ""), job(state, 500, "no answer")];
        let ran = Fake::answering(answers).line("products sync north").run();
        assert_eq!((ran.code, ran.out.as_str()), (code, out), "{}", ran.err);
        let asked: Vec<_> = ran.asked.iter().map(|asked| asked.line.as_str()).collect();
        let looked = "GET /api/v1/jobs/j1";
        assert_eq!(asked, ["POST /api/v1/stores/north/products/sync", looked, looked]);
        assert!(ran.err.starts_with("job j1\n"), "{}", ran.err);
    }
    let answers = [job("running", 0, ""), job("done", 500, "")];
    let expected = format!("{}\n{}\n", answers[0].2, answers[1].2);
    let ran = Fake::answering(answers).line("products sync north --json").run();
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (Some(0), expected, ""));
}

#[test]
fn a_job_shows_its_forecast_and_what_it_came_to() {
    let answer = job("running", 250, "page 2 of 3").2;
    expect(
        "job show j1",
        &answer,
        &[
            "job       j1",
            "kind      products_sync",
            "store     north",
            "state     running",
            "forecast  500 to look at: 3 calls, 90 points, about 2 min",
            "done      250 of 500",
            "result    2 conflicts, 250 linked",
            "message   page 2 of 3",
            "started   2026-11-24T15:00:00Z by admin",
            "ended     -",
        ],
    );
}

#[test]
fn conflicts_tell_what_to_do() {
    expect(
        "conflicts north",
        r#"{"conflicts": [{"variant_id": "5", "inventory_item_id": "6", "title": "Lamp",
          "sku": "LAMP", "barcode": "", "kind": "duplicate", "message": "2 variants carry LAMP",
          "fix": "link it: PUT /api/v1/stores/north/links/5", "other_variant_ids": ["9"],
          "near": [], "since": "2026-11-24T15:00:00Z"}], "next": null}"#,
        &[
            "VARIANT  KIND       TITLE  SKU   BARCODE  WHY",
            "5        duplicate  Lamp   LAMP  -        2 variants carry LAMP; link it: lockstep \
             link set north 5",
        ],
    );
    let csv = "variant_id,kind\r\n5,duplicate\r\n";
    let fake = Fake::answering([Answer(200, "text/csv", csv.to_owned())]);
    let ran = fake.line("conflicts north --csv").run();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), csv));
    assert_eq!(ran.asked[0].header("accept"), Some("text/csv"));
}

#[test]
fn json_is_the_answer_unchanged_for_every_command() {
    let lines = [
        "store show north",
        "store set north enabled=true",
        "store remove north --yes",
        "location list north",
        "location map north 61 wms/MAIN",
        "backoffice show wms",
        "backoffice add wms",
        "backoffice set wms name=x",
        "warehouse add wms MAIN",
        "token issue wms",
        "token list wms",
        "link set north 1 wms A",
        "link cut north 1",
        "stock show north A",
        "dead-letters list",
        "dead-letters show d1",
        "dead-letters retry d1",
        "effects list",
        "effects settle e1 --applied",
        "job show j1",
        "job pause j1",
        "jobs north",
        "conflicts north",
        "orders list north",
        "orders show north:1",
        "shipments list",
        "activity",
        "store list",
        "link list north",
    ];
    // Spaces, order and unknown members stay as they came.
    let answer = "{ \"z\":1,\n  \"a\": [1.50, null], \"status\": \"ok\" }";
    for line in lines {
        let (code, out, err) = shown(&format!("{line} --json"), answer);
        assert_eq!((code, out), (Some(0), format!("{answer}\n")), "{line}: {err}");
    }
    let fake = Fake::answering([Answer(204, "application/json", String::new())]);
    let ran = fake.line("token revoke wms t1 --json").run();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
}

#[test]
fn help_reads_well_and_gives_examples() {
    let fake = Fake::answering([]);
    let top = fake.line("--help").run();
    assert_eq!(top.code, Some(0));
    assert!(top.out.contains("\n  dead-letters  Messages that could not be processed"));
    assert!(!top.out.contains("--database-url"), "{}", top.out);
    assert!(fake.line("run --help").run().out.contains("--database-url"));
    assert!(fake.line("topology apply --help").run().out.contains("--nats-url"));
    let groups = [
        ("store", &["list", "show", "add", "set", "remove", "repair-webhooks"][..]),
        ("location", &["list", "map"]),
        ("backoffice", &["list", "show", "add", "set"]),
        ("warehouse", &["add"]),
        ("token", &["issue", "list", "revoke"]),
        ("link", &["list", "set", "cut", "import", "export"]),
        ("stock", &["show"]),
        ("orders", &["list", "show"]),
        ("shipments", &["list"]),
        ("products", &["sync"]),
        ("conflicts", &[""]),
        ("jobs", &[""]),
        ("job", &["show", "pause", "resume", "cancel"]),
        ("effects", &["list", "settle"]),
        ("dead-letters", &["list", "show", "retry", "dismiss"]),
        ("doctor", &[""]),
        ("activity", &[""]),
    ];
    for (group, commands) in groups {
        for command in commands {
            let help = fake.line(&format!("{group} {command} --help")).run();
            assert_eq!(help.code, Some(0), "{group} {command}");
            assert!(help.out.contains("Example"), "{group} {command} has no example");
            assert!(help.out.contains(&format!("\n  lockstep {group} {command}")), "{}", help.out);
            assert!(help.out.contains("--console-url <URL>") && help.out.contains("--json"));
            assert!(!help.out.contains("--nats-url"), "{group} {command}");
        }
    }
}
