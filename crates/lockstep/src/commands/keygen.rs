//! `lockstep keygen`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::{Args, ValueEnum};
use lockstep_backoffice_gateway::os_secret;

use super::say;

#[derive(Args)]
pub struct Keygen {
    /// What to make
    #[arg(value_enum, default_value_t = Secret::MasterKey)]
    what: Secret,
}

#[derive(Clone, Copy, ValueEnum)]
enum Secret {
    /// Seals secrets (LOCKSTEP_MASTER_KEY)
    MasterKey,
    /// Opens the admin API (LOCKSTEP_ADMIN_TOKEN)
    AdminToken,
}

impl Keygen {
    pub fn execute(&self) -> anyhow::Result<()> {
        let secret = os_secret().map_err(|e| anyhow::anyhow!("no random bits: {e}"))?;
        match self.what {
            Secret::MasterKey => say(STANDARD.encode(secret)),
            Secret::AdminToken => say(URL_SAFE_NO_PAD.encode(secret)),
        }
    }
}
