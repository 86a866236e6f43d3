//! Process settings: flags and `LOCKSTEP_*` variables of the same names. Nothing else in the
//! product reads the environment.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use clap::Args;
use lockstep_ports::AppKeys;
use lockstep_shopify_client::UrlTemplate;
use secrecy::SecretString;

/// Admin API version that is pinned; every operation is checked against its schema.
pub const SHOPIFY_API_VERSION: &str = "2026-10";

/// The settings as a person writes them.
#[derive(Args, Clone, Default)]
pub struct ProcessArgs {
    /// Broker, several servers separated by commas, e.g. nats://127.0.0.1:4222
    #[arg(long, env = "LOCKSTEP_NATS_URL", global = true, hide_env_values = true)]
    pub nats_url: Option<String>,
    /// Postgres, e.g. postgres://lockstep:secret@127.0.0.1/lockstep
    #[arg(long, env = "LOCKSTEP_DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where Shopify and people reach this installation, e.g. <https://sync.example.com>
    #[arg(long, env = "LOCKSTEP_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// 32 bytes in base64 that seal secrets; several, comma-separated, while one is rotated
    #[arg(long, env = "LOCKSTEP_MASTER_KEY", global = true, hide_env_values = true)]
    pub master_key: Option<String>,
    /// The app's client id, so that stores can be approved in the browser
    #[arg(long, env = "LOCKSTEP_SHOPIFY_API_KEY", global = true)]
    pub shopify_api_key: Option<String>,
    /// The app's secret that signs webhooks; several, comma-separated, while one is rotated
    #[arg(long, env = "LOCKSTEP_SHOPIFY_API_SECRET", global = true, hide_env_values = true)]
    pub shopify_api_secret: Option<String>,
    /// Where stores are called; {shop} is replaced by the shop's domain
    #[arg(long, env = "LOCKSTEP_SHOPIFY_URL", global = true, default_value = "https://{shop}")]
    pub shopify_url: String,
    /// Admin API version
    #[arg(
        long,
        env = "LOCKSTEP_SHOPIFY_API_VERSION",
        global = true,
        default_value = SHOPIFY_API_VERSION
    )]
    pub shopify_api_version: String,
    /// Webhooks of Shopify arrive here, on the path /webhooks/shopify
    #[arg(long, env = "LOCKSTEP_WEBHOOK_LISTEN", global = true, default_value = ":8080")]
    pub webhook_listen: String,
    /// Back offices call here over REST
    #[arg(long, env = "LOCKSTEP_GATEWAY_LISTEN", global = true, default_value = ":8081")]
    pub gateway_listen: String,
    /// Back offices call here over gRPC
    #[arg(long, env = "LOCKSTEP_GATEWAY_GRPC_LISTEN", global = true, default_value = ":8082")]
    pub gateway_grpc_listen: String,
    /// The admin API
    #[arg(long, env = "LOCKSTEP_CONSOLE_LISTEN", global = true, default_value = ":8083")]
    pub console_listen: String,
    /// Health of the process
    #[arg(long, env = "LOCKSTEP_OPS_LISTEN", global = true, default_value = ":8084")]
    pub ops_listen: String,
    /// Bearer token of the first administrator
    #[arg(long, env = "LOCKSTEP_ADMIN_TOKEN", global = true, hide_env_values = true)]
    pub admin_token: Option<String>,
    /// What is logged, e.g. info,lockstep_runtime=debug
    #[arg(long, env = "LOCKSTEP_LOG", global = true, default_value = "info")]
    pub log: String,
    /// How logs look: json or text
    #[arg(long, env = "LOCKSTEP_LOG_FORMAT", global = true, default_value = "json")]
    pub log_format: String,
    /// Copies of each stream: 1 on one broker, 3 in a cluster
    #[arg(long, env = "LOCKSTEP_NATS_REPLICAS", global = true, default_value_t = 1)]
    pub nats_replicas: usize,
    /// Where traces go over OTLP (gRPC); nothing is exported without it
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    pub otlp_endpoint: Option<String>,
}

/// A setting that is missing or wrong: one line with what is expected and what makes one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {problem}; {fix}")]
pub struct ConfigError {
    /// Name of the variable; the flag has the same name.
    pub setting: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: &'static str,
}

fn wrong(setting: &'static str, problem: impl fmt::Display, fix: &'static str) -> ConfigError {
    ConfigError { setting, problem: problem.to_string(), fix }
}

const NATS_FIX: &str = "expected e.g. LOCKSTEP_NATS_URL=nats://127.0.0.1:4222";
const DATABASE_FIX: &str =
    "expected e.g. LOCKSTEP_DATABASE_URL=postgres://lockstep:secret@127.0.0.1/lockstep";
const MASTER_KEY_FIX: &str = "make one with: lockstep keygen";
const KEY_FIX: &str = "copy the app's client id from Shopify's developer dashboard";
const SECRET_FIX: &str = "copy the app's client secret from Shopify's developer dashboard";
const TOKEN_FIX: &str =
    "choose at least 24 random characters, e.g. with: lockstep keygen admin-token";
const PUBLIC_FIX: &str = "expected the address that Shopify reaches, e.g. \
                          LOCKSTEP_PUBLIC_URL=https://sync.example.com";

/// An administrator's token is at least this long: it opens everything.
const ADMIN_TOKEN_LEN_MIN: usize = 24;

impl ProcessArgs {
    /// Address of the broker.
    pub fn nats_url(&self) -> Result<&str, ConfigError> {
        required("LOCKSTEP_NATS_URL", self.nats_url.as_deref(), NATS_FIX)
    }

    /// Address of the database.
    pub fn database_url(&self) -> Result<&str, ConfigError> {
        let url = required("LOCKSTEP_DATABASE_URL", self.database_url.as_deref(), DATABASE_FIX)?;
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(url)
        } else {
            Err(wrong("LOCKSTEP_DATABASE_URL", "is not an address of Postgres", DATABASE_FIX))
        }
    }

    /// Address under which others reach this installation, without a slash at its end.
    pub fn public_url(&self) -> Result<String, ConfigError> {
        let url = required("LOCKSTEP_PUBLIC_URL", self.public_url.as_deref(), PUBLIC_FIX)?;
        if url.starts_with("https://") || url.starts_with("http://") {
            Ok(url.trim_end_matches('/').to_owned())
        } else {
            Err(wrong("LOCKSTEP_PUBLIC_URL", "is not an address", PUBLIC_FIX))
        }
    }

    /// Master keys, the present one first.
    pub fn master_keys(&self) -> Result<Vec<SecretString>, ConfigError> {
        let text = required("LOCKSTEP_MASTER_KEY", self.master_key.as_deref(), MASTER_KEY_FIX)?;
        Ok(list(text))
    }

    /// Secrets that sign webhooks.
    pub fn shopify_api_secrets(&self) -> Result<Vec<SecretString>, ConfigError> {
        let text = self.shopify_api_secret.as_deref();
        let secrets = list(required("LOCKSTEP_SHOPIFY_API_SECRET", text, SECRET_FIX)?);
        if secrets.is_empty() {
            return Err(wrong("LOCKSTEP_SHOPIFY_API_SECRET", "is empty", SECRET_FIX));
        }
        Ok(secrets)
    }

    /// The app that stores approve; `None` without a client id.
    pub fn shopify_app(&self) -> Result<Option<AppKeys>, ConfigError> {
        let Some(api_key) = self.shopify_api_key.as_deref().map(str::trim) else { return Ok(None) };
        if api_key.is_empty() {
            return Ok(None);
        }
        if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("LOCKSTEP_SHOPIFY_API_KEY", "is no client id", KEY_FIX));
        }
        let api_secrets = self.shopify_api_secrets()?;
        Ok(Some(AppKeys { api_key: api_key.to_owned(), api_secrets }))
    }

    /// Where stores are called.
    pub fn shopify_url(&self) -> Result<UrlTemplate, ConfigError> {
        let fix = "expected LOCKSTEP_SHOPIFY_URL=https://{shop}";
        UrlTemplate::try_new(&self.shopify_url)
            .map_err(|e| wrong("LOCKSTEP_SHOPIFY_URL", format!("is refused: {e}"), fix))
    }

    /// The administrator's token.
    pub fn admin_token(&self) -> Result<SecretString, ConfigError> {
        let token = required("LOCKSTEP_ADMIN_TOKEN", self.admin_token.as_deref(), TOKEN_FIX)?;
        if token.chars().count() < ADMIN_TOKEN_LEN_MIN {
            let problem = format!("has fewer than {ADMIN_TOKEN_LEN_MIN} characters");
            return Err(wrong("LOCKSTEP_ADMIN_TOKEN", problem, TOKEN_FIX));
        }
        Ok(SecretString::from(token.to_owned()))
    }
}

fn required<'a>(
    setting: &'static str,
    value: Option<&'a str>,
    fix: &'static str,
) -> Result<&'a str, ConfigError> {
    match value.map(str::trim) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(wrong(setting, "is missing", fix)),
    }
}

fn list(text: &str) -> Vec<SecretString> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| SecretString::from(part.to_owned()))
        .collect()
}

/// An address to listen on: `:8080` is every interface, `127.0.0.1:8080` one.
pub fn listen(setting: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    SocketAddr::from_str(&full).map_err(|_| {
        wrong(setting, format!("is not an address to listen on: {text}"), "expected e.g. :8080")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_names_itself_and_the_fix_in_one_line() {
        let args = ProcessArgs::default();
        let text = args.master_keys().unwrap_err().to_string();
        assert_eq!(text, "LOCKSTEP_MASTER_KEY is missing; make one with: lockstep keygen");
        assert!(!args.nats_url().unwrap_err().to_string().contains('\n'));
    }

    #[test]
    fn wrong_settings_are_refused() {
        let with = |f: fn(&mut ProcessArgs)| {
            let mut args = ProcessArgs::default();
            f(&mut args);
            args
        };
        let args = with(|a| a.database_url = Some("mysql://x".into()));
        assert!(args.database_url().is_err());
        let args = with(|a| a.admin_token = Some("short".into()));
        assert!(args.admin_token().is_err());
        let args = with(|a| a.shopify_url = "https://example.com".into());
        assert!(args.shopify_url().is_err());
        let args = with(|a| a.shopify_api_secret = Some(" , ".into()));
        assert!(args.shopify_api_secrets().is_err());
        assert!(listen("LOCKSTEP_OPS_LISTEN", "8084").is_err());
    }

    #[test]
    fn two_secrets_while_one_is_rotated() {
        let args =
            ProcessArgs { shopify_api_secret: Some("old, new".into()), ..ProcessArgs::default() };
        assert_eq!(args.shopify_api_secrets().map(|s| s.len()), Ok(2));
        assert_eq!(listen("X", ":80").map(|a| a.to_string()), Ok("0.0.0.0:80".to_owned()));
    }
}
