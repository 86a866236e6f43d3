//! What is told of a request, and the trace that it begins.

use axum::http::StatusCode;
use lockstep_testkit::Logs;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;

use super::World;
use crate::support::{Post, SECRET, read};

#[tokio::test]
async fn one_line_tells_a_request_and_nothing_of_its_body() {
    let lines = Logs::default();
    let logs = tracing_subscriber::fmt::layer().json().with_writer(lines.clone());
    let provider = SdkTracerProvider::builder().build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let subscriber = tracing_subscriber::registry().with(logs).with(traces);
    let _guard = tracing::subscriber::set_default(subscriber);

    let world = World::new().await;
    let body = r#"{"customer":{"email":"ada@example.com"}}"#;
    assert_eq!(world.send(Post::new(body).id("told")).await.status, StatusCode::OK);
    let forged = Post::new(body).id("evil-id").signed_with("guessed");
    assert_eq!(world.send(forged).await.status, StatusCode::UNAUTHORIZED);

    let text = lines.text();
    let answered: Vec<&str> =
        text.lines().filter(|line| line.contains("webhook answered")).collect();
    assert_eq!(answered.len(), 2, "{text}");
    for told in ["\"http.status\":200", "\"webhook.id\":\"told\"", "\"store.id\":\"north\""] {
        assert!(answered[0].contains(told), "{told} in {}", answered[0]);
    }
    assert!(answered[1].contains("\"outcome\":\"UNAUTHENTICATED\""), "{}", answered[1]);
    for secret in ["ada@example.com", SECRET, "guessed", "evil-id", "hmac-sha256="] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }

    let (metadata, _) = read(&world.published()[0]);
    let trace = metadata.trace.expect("the message carries the trace");
    assert_eq!(trace.traceparent().len(), 55, "{}", trace.traceparent());
}
