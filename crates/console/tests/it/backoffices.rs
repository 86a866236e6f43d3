//! Back offices, their warehouses and tokens.

use lockstep_contracts::backoffice::v1::{
    IssueTokenRequest, IssueTokenResponse, ListTokensRequest, ListTokensResponse,
    RevokeTokenRequest, RevokeTokenResponse, TokenInfo,
};
use lockstep_contracts::time::to_proto;
use serde_json::{Value, json};

use crate::world::{NOON, World};

#[tokio::test]
async fn a_new_back_office_has_the_defaults_of_its_basis() {
    let world = World::new().await;
    let made = world.call("POST", "/backoffices", json!({"id": "wms", "kind": "contract"})).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(made["name"], "wms");
    let sellable = json!({"basis": "sellable", "lowered_by": ["accept"], "excludes_damaged": true});
    assert_eq!(made["stock"], sellable);
    let physical = json!({"id": "erp", "name": "ERP", "stock": {"basis": "physical"}});
    let made = world.call("POST", "/backoffices", physical).await.ok();
    assert_eq!(made["stock"]["lowered_by"], json!(["pick", "shipment", "invoice"]));
    let listed = world.get("/backoffices").await.ok();
    let ids: Vec<_> = listed["backoffices"].as_array().unwrap().iter().map(|b| &b["id"]).collect();
    assert_eq!(ids, ["erp", "wms"]);
}

#[tokio::test]
async fn a_repetition_is_known_by_its_key() {
    let world = World::new().await;
    let key = [("idempotency-key", "abc")];
    let made = world.call_with("POST", "/backoffices", json!({"id": "wms"}), &key).await;
    assert_eq!(made.status, 201);
    for headers in [&[][..], &[("idempotency-key", "another")]] {
        let again = world.call_with("POST", "/backoffices", json!({"id": "wms"}), headers).await;
        assert_eq!(again.problem(), (409, "BACK_OFFICE_EXISTS".into(), "id".into()));
    }
    let again = world.call_with("POST", "/backoffices", json!({"id": "wms"}), &key).await;
    assert_eq!(
        (again.status.as_u16(), &again.headers["idempotent-replayed"]),
        (200, &"true".parse().unwrap())
    );
    let other = json!({"id": "wms", "stock": {"basis": "physical"}});
    let other = world.call_with("POST", "/backoffices", other, &key).await;
    let reused = (422, "IDEMPOTENCY_KEY_REUSED".into(), "Idempotency-Key".into());
    assert_eq!(other.problem(), reused);
    assert_eq!(world.get("/backoffices/wms").await.ok()["stock"]["basis"], "sellable");
}

#[tokio::test]
async fn another_basis_brings_its_own_lowering_reports() {
    let world = World::furnished().await;
    let patch = |body| world.call("PATCH", "/backoffices/wms", body);
    let changed = patch(json!({"stock": {"basis": "physical"}})).await.ok();
    assert_eq!(changed["stock"]["lowered_by"], json!(["pick", "shipment", "invoice"]));
    let changed = patch(json!({"stock": {"lowered_by": ["shipment", "pick", "pick"]}})).await.ok();
    assert_eq!(changed["stock"]["lowered_by"], json!(["pick", "shipment"]));
    let changed = patch(json!({"name": "Hall", "stock": {"basis": "physical"}})).await.ok();
    assert_eq!(changed["stock"]["lowered_by"], json!(["pick", "shipment"]), "the same basis");
    let changed = patch(json!({"name": null, "stock": null})).await.ok();
    assert_eq!((&changed["name"], &changed["stock"]["basis"]), (&json!("wms"), &json!("sellable")));
    assert_eq!(changed["stock"]["lowered_by"], json!(["accept"]));
}

#[tokio::test]
async fn warehouses_are_declared_and_renamed() {
    let world = World::furnished().await;
    let path = "/backoffices/wms/warehouses/Halle%2F%C3%96";
    let named = world.call("PUT", path, json!({"name": "Hall"})).await.ok();
    let last = &named["warehouses"][0];
    assert_eq!((&last["code"], &last["name"]), (&json!("Halle/Ö"), &json!("Hall")));
    let again = world.call("PUT", path, json!({})).await.ok();
    assert_eq!(again["revision"], named["revision"]);
    let renamed = world.call("PUT", path, json!({"name": null})).await.ok();
    assert_eq!(renamed["warehouses"][0]["name"], "Halle/Ö");
    assert_eq!(renamed["warehouses"].as_array().unwrap().len(), 3);
    let unknown = world.call("PUT", "/backoffices/none/warehouses/A", json!({})).await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_BACK_OFFICE".into(), String::new()));
}

#[tokio::test]
async fn tokens_are_the_gateways_to_give() {
    let mut world = World::furnished().await;
    let issue = |request: IssueTokenRequest| IssueTokenResponse {
        token_id: format!("id of {}", request.request_id),
        token: format!("secret for {} {}", request.backoffice, request.label),
    };
    world.answers(IssueTokenRequest::subject(), issue).await;
    let list = |_: ListTokensRequest| ListTokensResponse {
        tokens: vec![TokenInfo {
            token_id: "t1".to_owned(),
            label: "prod".to_owned(),
            issued_at: Some(to_proto(NOON)),
            last_used_at: None,
        }],
    };
    world.answers(ListTokensRequest::subject(), list).await;
    let revoke =
        |request: RevokeTokenRequest| RevokeTokenResponse { revoked: request.token_id == "t1" };
    world.answers(RevokeTokenRequest::subject(), revoke).await;

    let path = "/backoffices/wms/tokens";
    let key = [("idempotency-key", "once")];
    let made = world.call_with("POST", path, json!({"label": "prod"}), &key).await;
    assert_eq!(made.status, 201);
    let expected =
        json!({"token_id": "id of once", "token": "secret for wms prod", "label": "prod"});
    assert_eq!(made.ok(), expected);
    let again = world.call_with("POST", path, json!({"label": "prod"}), &key).await;
    assert_eq!(again.ok()["token_id"], "id of once");
    let other = world.call_with("POST", path, json!({"label": "test"}), &key).await;
    assert_eq!(other.problem().1, "IDEMPOTENCY_KEY_REUSED");
    let (one, two) =
        tokio::join!(world.call("POST", path, Value::Null), world.call("POST", path, json!({})));
    assert_ne!(one.ok()["token_id"], two.ok()["token_id"], "without a key each call makes one");
    let listed = world.get(path).await.ok();
    assert_eq!(listed["tokens"][0]["last_used_at"], Value::Null);
    assert_eq!(listed["tokens"][0]["issued_at"], NOON.to_string());
    assert_eq!(world.call("DELETE", "/backoffices/wms/tokens/t1", Value::Null).await.status, 204);
    let unknown = world.call("DELETE", "/backoffices/wms/tokens/t2", Value::Null).await;
    assert_eq!(unknown.problem(), (404, "UNKNOWN_TOKEN".into(), String::new()));
}

#[tokio::test]
async fn a_silent_gateway_is_named() {
    let world = World::furnished().await;
    let answer = world.call("POST", "/backoffices/wms/tokens", json!({})).await;
    assert_eq!(answer.problem(), (503, "SERVICE_SILENT".into(), String::new()));
    assert!(answer.text.contains("backoffice-gateway"), "{}", answer.text);
}
