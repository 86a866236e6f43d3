//! `lockstep topology`.

use anyhow::bail;
use clap::Subcommand;
use lockstep_bus::{NatsBus, NatsOptions};

use super::say;
use crate::config::ProcessArgs;

#[derive(Subcommand)]
pub enum Topology {
    /// Make or widen streams and buckets; nothing is narrowed or removed
    Apply,
    /// Show how the broker differs from what the product needs
    Drift,
}

impl Topology {
    pub async fn execute(&self, args: &ProcessArgs) -> anyhow::Result<()> {
        let url = args.nats_url()?;
        let chain = |e: lockstep_ports::PortError| anyhow::anyhow!(e.chain());
        let bus = NatsBus::connect(url, NatsOptions::default()).await.map_err(chain)?;
        let wanted = lockstep_bus::Topology::new(args.nats_replicas);
        match self {
            Self::Apply => {
                let mut refused = 0;
                for change in bus.apply(&wanted).await.map_err(chain)? {
                    if matches!(change, lockstep_bus::Change::Refused { .. }) {
                        refused += 1;
                    }
                    say(change)?;
                }
                if refused > 0 {
                    bail!("{refused} changes would narrow or remove something; make them by hand");
                }
            }
            Self::Drift => {
                let drift = bus.drift(&wanted).await.map_err(chain)?;
                if drift.is_empty() {
                    say("no drift")?;
                }
                let is_blocking = drift.iter().any(lockstep_bus::Drift::is_blocking);
                for line in drift {
                    say(line)?;
                }
                if is_blocking {
                    bail!("services will not start; run: lockstep topology apply");
                }
            }
        }
        Ok(())
    }
}
