//! Questions between services: request and reply without a stream.

use std::time::Duration;

use async_nats::{Client, Request, Subject};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use lockstep_ports::{Answerer, Ask, ErrorKind, PortError, Question};

use crate::connection::NatsBus;
use crate::{error, headers};

#[async_trait]
impl Ask for NatsBus {
    async fn ask(
        &self,
        subject: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, PortError> {
        let doing = format!("asking {subject}");
        let request = Request::new()
            .headers(headers::encode(&headers)?)
            .payload(body)
            .timeout(Some(deadline));
        self.exchange(&doing, async {
            let answer = self.client.send_request(subject.to_owned(), request).await;
            answer.map(|answer| answer.payload).map_err(|cause| error::request(&doing, cause))
        })
        .await
    }

    async fn questions(
        &self,
        subject: &str,
        group: &str,
    ) -> Result<BoxStream<'static, Question>, PortError> {
        let doing = format!("answering {subject}");
        let client = self.client.clone();
        let subscriber = self
            .exchange(&doing, async {
                let subscriber = client.queue_subscribe(subject.to_owned(), group.to_owned()).await;
                let subscriber = subscriber
                    .map_err(|cause| PortError::new(ErrorKind::Permanent, doing.as_str(), cause))?;
                // Whoever asks right after this call is heard.
                let flushed = client.flush().await;
                flushed
                    .map_err(|cause| PortError::new(ErrorKind::Transient, doing.as_str(), cause))?;
                Ok(subscriber)
            })
            .await?;
        let questions = subscriber.filter_map(move |message| {
            // A message without a reply subject asks nothing.
            let question = message.reply.map(|reply| Question {
                headers: headers::decode(message.headers.as_ref()),
                body: message.payload,
                answerer: Box::new(ReplyTo { client: client.clone(), reply }),
            });
            std::future::ready(question)
        });
        Ok(questions.boxed())
    }
}

struct ReplyTo {
    client: Client,
    reply: Subject,
}

#[async_trait]
impl Answerer for ReplyTo {
    async fn answer(self: Box<Self>, body: Bytes) -> Result<(), PortError> {
        self.client
            .publish(self.reply, body)
            .await
            .map_err(|cause| error::publish("answering a question", cause))
    }
}
