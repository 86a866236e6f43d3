//! `lockstep token`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Target;
use super::output::{clean, moment};
use super::session::{Path, Session};

#[derive(Args)]
pub struct Token {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token for a back office. It is shown this once, alone on standard output
    #[command(after_help = "Example:\n  lockstep token issue wms --label \"wms prod\" > wms.token")]
    Issue {
        /// Id of the back office
        backoffice: String,
        /// What the token is for
        #[arg(long)]
        label: Option<String>,
        /// One key makes one token, however often it is asked for
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Tokens of a back office; the tokens themselves are not kept
    #[command(after_help = "Example:\n  lockstep token list wms")]
    List {
        /// Id of the back office
        backoffice: String,
    },
    /// Take a token's rights away, within 5 s everywhere
    #[command(after_help = REVOKE_HELP)]
    Revoke {
        /// Id of the back office
        backoffice: String,
        /// Id of the token; `lockstep token list` shows it
        token_id: String,
    },
}

const REVOKE_HELP: &str = "\
Example:
  lockstep token revoke wms wms.8f14e45fceea567a9c8b1d2e3f405162";

#[derive(Deserialize)]
struct Issued {
    token_id: String,
    token: String,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<TokenView>,
}

#[derive(Deserialize)]
struct TokenView {
    token_id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    issued_at: Value,
    #[serde(default)]
    last_used_at: Value,
}

impl Token {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self.command {
            TokenCommand::Issue { backoffice, label, idempotency_key } => {
                let path = Path::try_new(&["backoffices", &backoffice, "tokens"])?;
                let body: Map<String, Value> =
                    label.map(|label| ("label".to_owned(), label.into())).into_iter().collect();
                let call = session.call(Method::POST, &path).json(body);
                let answer = call.idempotency_key(idempotency_key.as_deref()).send().await?;
                session.show(&answer, |issued: Issued, shown| {
                    shown.line(clean(&issued.token));
                    let id = clean(&issued.token_id);
                    shown.remark(format!("token {id} of {backoffice}; it is not shown again"));
                })?;
            }
            TokenCommand::List { backoffice } => list(session, &backoffice).await?,
            TokenCommand::Revoke { backoffice, token_id } => {
                let path = Path::try_new(&["backoffices", &backoffice, "tokens", &token_id])?;
                let answer = session.call(Method::DELETE, &path).send().await?;
                if session.is_json() {
                    answer.print()?;
                } else {
                    super::output::print(format!("token {token_id} revoked").as_bytes())?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(session: &Session, backoffice: &str) -> anyhow::Result<()> {
    let path = Path::try_new(&["backoffices", backoffice, "tokens"])?;
    let answer = session.call(Method::GET, &path).send().await?;
    session.show(&answer, |Tokens { tokens }, shown| {
        if tokens.is_empty() {
            shown.remark(format!("no tokens; make one: lockstep token issue {backoffice}"));
            return;
        }
        let rows = tokens.into_iter().map(|token| {
            let used = match moment(&token.last_used_at) {
                used if used.is_empty() => "never".to_owned(),
                used => used,
            };
            [token.token_id, token.label, moment(&token.issued_at), used]
        });
        shown.table(["TOKEN ID", "LABEL", "ISSUED", "LAST USED"], rows.collect());
    })
}
