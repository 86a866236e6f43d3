//! `lockstep conflicts`.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;

use super::Target;
use super::hint;
use super::output::{Shown, clean};
use super::session::{Path, Session};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Conflicts {
    #[command(flatten)]
    pub(super) target: Target,
    /// Id of the store
    store: String,
    /// As CSV, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

const HELP: &str = "\
A variant that `lockstep products sync` could not link without guessing. Nothing is pushed to it
before a person decides: link it by hand, or mend the code and sync again.

Examples:
  lockstep conflicts north
  lockstep conflicts north --csv > conflicts.csv";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Conflict {
    variant_id: String,
    kind: String,
    title: String,
    sku: String,
    barcode: String,
    message: String,
    fix: String,
}

impl Conflicts {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let path = Path::try_new(&["stores", &self.store, "conflicts"])?;
        if self.csv {
            session.call(Method::GET, &path).patient().stream_csv().await?;
            return Ok(ExitCode::SUCCESS);
        }
        let Some(found) = session.list::<Conflict>(&path, "conflicts").await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let mut shown = Shown::default();
        if found.is_empty() {
            shown.remark("no conflicts");
        } else {
            let rows = found.into_iter().map(Conflict::row);
            shown.table(["VARIANT", "KIND", "TITLE", "SKU", "BARCODE", "WHY"], rows.collect());
        }
        shown.print()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Conflict {
    fn row(self) -> [String; 6] {
        let Self { variant_id, kind, title, sku, barcode, message, fix } = self;
        let why = match fix.as_str() {
            "" => message,
            fix => format!("{message}; {}", hint::in_commands(&clean(fix))),
        };
        [variant_id, kind, title, sku, barcode, why]
    }
}
