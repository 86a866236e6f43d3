//! Secrets come from a file, from standard input or from the environment, never from an
//! argument: arguments stay in the shell's history and stand in the list of processes.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

/// Bytes of a file that holds one secret; more is some other file.
const SECRET_BYTES_MAX: u64 = 16 * 1024;
/// Gives the token of a store.
pub const ACCESS_TOKEN: &str = "LOCKSTEP_SHOPIFY_STORE_ACCESS_TOKEN";
/// Gives the secret of a store's own app. Not the name of the server's own setting, which is a list
/// while a secret is rotated.
pub const API_SECRET: &str = "LOCKSTEP_SHOPIFY_STORE_API_SECRET";

/// Secrets of a store.
#[derive(Args)]
pub struct Secrets {
    /// File with the store's Admin API access token; `-` is standard input
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
    /// File with the secret that signs the store's webhooks, when it is not the
    /// installation's; `-` is standard input
    #[arg(long, value_name = "FILE")]
    api_secret_file: Option<PathBuf>,
}

impl Secrets {
    /// Puts what the flags name into a body.
    pub fn put(&self, body: &mut Map<String, Value>) -> anyhow::Result<()> {
        let is_stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
        if is_stdin(&self.access_token_file) && is_stdin(&self.api_secret_file) {
            bail!("standard input can give one secret; give the other in a file");
        }
        let files = [
            ("access_token", "--access-token-file", &self.access_token_file),
            ("api_secret", "--api-secret-file", &self.api_secret_file),
        ];
        for (field, flag, file) in files {
            if let Some(file) = file {
                let secret = read(file).with_context(|| flag)?;
                body.insert(field.to_owned(), single(field, secret).with_context(|| flag)?.into());
            }
        }
        Ok(())
    }

    /// Puts what the environment gives for those that no flag names.
    #[expect(
        clippy::disallowed_methods,
        reason = "a variable that clap reads would be an argument that gives the secret in clear"
    )]
    pub fn put_from_environment(body: &mut Map<String, Value>) -> anyhow::Result<()> {
        for (field, variable) in [("access_token", ACCESS_TOKEN), ("api_secret", API_SECRET)] {
            let Some(text) = std::env::var_os(variable).filter(|_| !body.contains_key(field))
            else {
                continue;
            };
            let Ok(text) = text.into_string() else { bail!("{variable} is not text") };
            if !text.trim().is_empty() {
                let secret = single(field, text.trim().to_owned()).with_context(|| variable)?;
                body.insert(field.to_owned(), secret.into());
            }
        }
        Ok(())
    }
}

/// A store's app signs with one secret; with a list in its place every webhook would be refused.
fn single(field: &str, secret: String) -> anyhow::Result<String> {
    if field == "api_secret" && secret.contains(',') {
        bail!("it holds several secrets; a store's app signs with one");
    }
    Ok(secret)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("read {}", file.display()))?)
    };
    let read = source.by_ref().take(SECRET_BYTES_MAX + 1).read_to_string(&mut text);
    read.with_context(|| format!("read {}", file.display()))?;
    if text.len() as u64 > SECRET_BYTES_MAX {
        bail!("{} holds more than a secret", file.display());
    }
    match text.trim() {
        "" => bail!("{} is empty", file.display()),
        secret => Ok(secret.to_owned()),
    }
}
