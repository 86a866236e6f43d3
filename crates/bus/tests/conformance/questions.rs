//! Questions and answers.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use lockstep_ports::{ErrorKind, Question};

use super::{Broker, kind};
use crate::support::PLENTY;

async fn reply(question: Question, answer: String) {
    question.answerer.answer(Bytes::from(answer)).await.expect("answered");
}

pub async fn questions_are_answered(bus: impl Broker) {
    let subject = "ask.stock.v1.get_stock";
    let mut one = bus.questions(subject, "stock-sync").await.expect("answering");
    let mut other = bus.questions(subject, "stock-sync").await.expect("answering");
    for n in 0..10 {
        let headers = vec![("ce-id".to_owned(), n.to_string())];
        let ask = bus.ask(subject, headers, Bytes::from(format!("q{n}")), PLENTY);
        let answer = async {
            let question = tokio::select! {
                question = one.next() => question,
                question = other.next() => question,
            };
            let question = question.expect("asked");
            assert_eq!(question.headers, [("ce-id".to_owned(), n.to_string())]);
            let text = String::from_utf8_lossy(&question.body).replace('q', "a");
            reply(question, text).await;
        };
        let (answer, ()) = tokio::join!(ask, answer);
        assert_eq!(answer.expect("answered"), format!("a{n}"));
    }
}

pub async fn a_silent_service_is_transient(bus: impl Broker) {
    let ask = |subject: &'static str| {
        bus.ask(subject, Vec::new(), Bytes::new(), Duration::from_millis(200))
    };
    assert_eq!(kind(ask("ask.nobody").await), ErrorKind::Transient);
    let _silent = bus.questions("ask.silent", "silent").await.expect("answering");
    assert_eq!(kind(ask("ask.silent").await), ErrorKind::Transient);
}
