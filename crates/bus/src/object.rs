//! The object store: bodies too large for a message.

use async_nats::jetstream::object_store::{self, GetErrorKind, PutErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use lockstep_ports::{ErrorKind, ObjectStore, PortError};
use tokio::io::AsyncReadExt;

use crate::connection::NatsBus;
use crate::error;

/// More than any webhook; a larger object is not read into memory.
const OBJECT_BYTES_MAX: usize = 64 * 1024 * 1024;

#[async_trait]
impl ObjectStore for NatsBus {
    async fn put(&self, bucket: &str, name: &str, body: Bytes) -> Result<(), PortError> {
        let doing = format!("storing the object {name} in {bucket}");
        self.exchange(&doing, async {
            let store = self.object_store(&doing, bucket).await?;
            let stored = store.put(name, &mut body.as_ref()).await;
            stored.map(|_| ()).map_err(|cause| {
                let kind = match cause.kind() {
                    PutErrorKind::InvalidName => ErrorKind::Permanent,
                    _ => ErrorKind::Transient,
                };
                PortError::new(kind, doing.as_str(), cause)
            })
        })
        .await
    }

    async fn get(&self, bucket: &str, name: &str) -> Result<Option<Bytes>, PortError> {
        let doing = format!("reading the object {name} of {bucket}");
        self.exchange(&doing, async {
            let store = self.object_store(&doing, bucket).await?;
            let mut object = match store.get(name).await {
                Ok(object) => object,
                Err(cause) if cause.kind() == GetErrorKind::NotFound => return Ok(None),
                Err(cause) => {
                    let kind = match cause.kind() {
                        GetErrorKind::InvalidName | GetErrorKind::BucketLink => {
                            ErrorKind::Permanent
                        }
                        _ => ErrorKind::Transient,
                    };
                    return Err(PortError::new(kind, doing.as_str(), cause));
                }
            };
            let size = object.info().size;
            if size > OBJECT_BYTES_MAX {
                let what = format!("{doing}: {size} bytes are above {OBJECT_BYTES_MAX}");
                return Err(PortError::plain(ErrorKind::Permanent, what));
            }
            let mut body = Vec::with_capacity(size);
            let read = object.read_to_end(&mut body).await;
            read.map_err(|cause| PortError::new(ErrorKind::Transient, doing.as_str(), cause))?;
            Ok(Some(Bytes::from(body)))
        })
        .await
    }
}

impl NatsBus {
    async fn object_store(
        &self,
        doing: &str,
        bucket: &str,
    ) -> Result<object_store::ObjectStore, PortError> {
        let known = |this: &Self| {
            let known = this.object_stores.lock();
            known.unwrap_or_else(std::sync::PoisonError::into_inner).get(bucket).cloned()
        };
        if let Some(store) = known(self) {
            return Ok(store);
        }
        // Asked first, since the next call does not say whether it is missing or out of reach.
        self.jetstream
            .get_stream(format!("OBJ_{bucket}"))
            .await
            .map_err(|cause| error::get_stream(doing, cause))?;
        let store = self
            .jetstream
            .get_object_store(bucket)
            .await
            .map_err(|cause| PortError::new(ErrorKind::Transient, doing, cause))?;
        let mut stores =
            self.object_stores.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        stores.insert(bucket.to_owned(), store.clone());
        Ok(store)
    }
}
