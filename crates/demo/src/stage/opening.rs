//! The first start of a program, on ports that nobody else has.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use lockstep_devservices::Port;

use super::guard::Guard;
use super::program::{Program, Recipe};
use crate::http::Http;
use crate::wait::{Hopeless, until};

/// How long a program may take until it answers.
pub(super) const READY_WAIT: Duration = Duration::from_secs(60);
const TRIES_MAX: u32 = 5;

/// Where programs are started for the first time.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub folder: &'a Path,
    pub guard: &'a Arc<Guard>,
}

impl Opening<'_> {
    /// Starts a program on as many ports as it needs and waits until `health`, an address made
    /// of them, answers. When somebody else listens on one of them after all: again, on new ones.
    pub async fn start<const N: usize>(
        &self,
        recipe: impl Fn(&[Port; N]) -> Recipe,
        health: impl Fn(&[Port; N]) -> (String, &'static str),
    ) -> Result<Program> {
        for tries in 1.. {
            let ports = reserve::<N>()?;
            let (base, path) = health(&ports);
            let recipe = recipe(&ports);
            let mut program = Program::start(recipe, Vec::from(ports), self.folder, self.guard)?;
            let http = Http::new(&base, None)?;
            let name = program.name();
            let answered = answers(name, &http, path, READY_WAIT, || program.ended()).await;
            match answered {
                Ok(()) => return Ok(program),
                Err(_) if tries < TRIES_MAX && port_was_taken(&mut program) => {}
                Err(error) => return Err(error),
            }
        }
        bail!("no port was tried")
    }
}

/// Waits until an address answers, or its program has ended by itself.
pub(super) async fn answers(
    name: &str,
    http: &Http,
    path: &str,
    limit: Duration,
    mut ended: impl FnMut() -> Option<std::process::ExitStatus>,
) -> Result<()> {
    until(&format!("{name} is ready"), limit, async || match ended() {
        Some(status) => bail!(Hopeless(format!("{name} ended by itself: {status}"))),
        None => http.get(path).await.map(|_| Some(())),
    })
    .await
}

fn reserve<const N: usize>() -> Result<[Port; N]> {
    let ports: Vec<Port> = (0..N).map(|_| Port::reserve()).collect::<Result<_, _>>()?;
    ports.try_into().map_err(|_| anyhow::anyhow!("as many ports as were asked for"))
}

fn port_was_taken(program: &mut Program) -> bool {
    program.ended().is_some() && program.words().contains("in use")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use axum::{Router, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    /// Something that answers, so that a program seems to.
    async fn somebody() -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let router = Router::new().route("/", get(async || "{}"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(base)
    }

    /// Starts a program that says a word and ends at its first tries, as often as told.
    async fn open(word: &str, failures: u32) -> Result<(Program, u32)> {
        let folder = tempfile::tempdir()?;
        let guard = Arc::new(Guard::start()?);
        let (somebody, tries) = (somebody().await?, Cell::new(0));
        let opening = Opening { folder: folder.path(), guard: &guard };
        let recipe = |_: &[Port; 2]| Recipe {
            name: "probe",
            binary: "sh".into(),
            arguments: vec![
                "-c".to_owned(),
                r#"[ "$TRY" -gt "$FAILURES" ] && exec sleep 600; echo "$WORD"; exit 1"#.to_owned(),
            ],
            variables: vec![
                ("TRY", tries.get().to_string()),
                ("FAILURES", failures.to_string()),
                ("WORD", word.to_owned()),
            ],
        };
        let health = |ports: &[Port; 2]| {
            tries.set(tries.get() + 1);
            (if tries.get() > failures { somebody.clone() } else { ports[0].url() }, "/")
        };
        let program = opening.start(recipe, health).await?;
        Ok((program, tries.get()))
    }

    #[tokio::test]
    async fn a_port_that_somebody_else_took_is_given_up_for_another() -> Result<()> {
        let (program, tries) = open("Address already in use", 2).await?;
        assert!(program.pid().is_some());
        assert_eq!(tries, 3);
        Ok(())
    }

    #[tokio::test]
    async fn a_program_that_ends_for_another_reason_is_not_tried_again() {
        let error = open("the master key is wrong", 1).await.expect_err("it ends");
        assert!(error.to_string().contains("probe ended by itself"), "{error:#}");
    }
}
