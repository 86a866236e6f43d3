//! The object store.

use async_trait::async_trait;
use bytes::Bytes;
use lockstep_ports::{ObjectStore, PortError};

use super::{MemoryBus, refused};

#[async_trait]
impl ObjectStore for MemoryBus {
    async fn put(&self, bucket: &str, name: &str, body: Bytes) -> Result<(), PortError> {
        let mut state = self.reach("storing an object")?;
        let Some(objects) = state.objects.get_mut(bucket) else {
            return Err(refused(format!("there is no object store {bucket}")));
        };
        objects.insert(name.to_owned(), body);
        Ok(())
    }

    async fn get(&self, bucket: &str, name: &str) -> Result<Option<Bytes>, PortError> {
        let state = self.reach("reading an object")?;
        let Some(objects) = state.objects.get(bucket) else {
            return Err(refused(format!("there is no object store {bucket}")));
        };
        Ok(objects.get(name).cloned())
    }
}
