//! Shopify, called step by step.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_domain::StoreId;
use lockstep_ports::{AdminAnswer, AdminError, AdminRequest, ShopifyAdmin};

use super::Steps;

/// Shopify behind [`Steps`].
pub struct SteppingShopify {
    inner: Arc<dyn ShopifyAdmin>,
    steps: Steps,
}

impl SteppingShopify {
    /// Steps before and after each call.
    pub fn new(inner: Arc<dyn ShopifyAdmin>, steps: Steps) -> Self {
        Self { inner, steps }
    }
}

#[async_trait]
impl ShopifyAdmin for SteppingShopify {
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError> {
        self.steps.step().await;
        let answer = self.inner.send(store, request).await;
        self.steps.step().await;
        answer
    }

    fn budget_left(&self, store: &StoreId) -> Option<f64> {
        self.inner.budget_left(store)
    }

    fn wrote_levels(&self, store: &StoreId, levels: usize) {
        self.inner.wrote_levels(store, levels);
    }
}
