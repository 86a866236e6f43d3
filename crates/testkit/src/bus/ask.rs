//! Questions and answers.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use lockstep_ports::{Answerer, Ask, ErrorKind, PortError, Question};
use tokio::sync::{mpsc, oneshot};

use super::MemoryBus;

/// Who answers which subject: the first of a group is asked next.
pub(super) type Answerers = BTreeMap<String, VecDeque<mpsc::UnboundedSender<Question>>>;

#[async_trait]
impl Ask for MemoryBus {
    async fn ask(
        &self,
        subject: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, PortError> {
        let silent =
            |why: &str| PortError::plain(ErrorKind::Transient, format!("asking {subject}: {why}"));
        let (sender, answer) = oneshot::channel();
        let mut question = Question { headers, body, answerer: Box::new(Reply(sender)) };
        {
            let mut state = self.reach("asking")?;
            let answerers = state.answerers.entry(subject.to_owned()).or_default();
            loop {
                let Some(next) = answerers.pop_front() else {
                    return Err(silent("nobody answers"));
                };
                match next.send(question) {
                    Ok(()) => {
                        answerers.push_back(next);
                        break;
                    }
                    // That one has gone: the next of the group is asked.
                    Err(back) => question = back.0,
                }
            }
        }
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(silent("no answer in time")),
        }
    }

    async fn questions(
        &self,
        subject: &str,
        _group: &str,
    ) -> Result<BoxStream<'static, Question>, PortError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.reach("answering")?;
        state.answerers.entry(subject.to_owned()).or_default().push_back(sender);
        Ok(stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|question| (question, receiver))
        })
        .boxed())
    }
}

struct Reply(oneshot::Sender<Bytes>);

#[async_trait]
impl Answerer for Reply {
    async fn answer(self: Box<Self>, body: Bytes) -> Result<(), PortError> {
        // Whoever asked may have stopped waiting, which is nobody's fault.
        let _ = self.0.send(body);
        Ok(())
    }
}
