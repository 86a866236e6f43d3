//! `lockstep products`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;

use super::Target;
use super::job::{JobView, OneJob};
use super::output::{Shown, clean, remark};
use super::session::{Answer, Path, Session};

/// A job is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Products {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    command: ProductsCommand,
}

#[derive(Subcommand)]
enum ProductsCommand {
    /// Link the variants of a store to SKUs by their codes; changes no stock and no link
    #[command(after_help = SYNC_HELP)]
    Sync {
        /// Id of the store
        store: String,
        /// Start it, and do not wait for its end
        #[arg(long)]
        detach: bool,
    },
}

const SYNC_HELP: &str = "\
One sync of a store runs at a time: the command shows the one that runs, or starts one. Stopping
the command (Ctrl-C) does not stop the sync; `lockstep job pause` and `lockstep job cancel` do. The
exit code is 1 when the sync does not end by itself. With --json the job is printed as it starts
and as it ends.

Examples:
  lockstep products sync north
  lockstep products sync north --detach --json";

impl Products {
    pub async fn execute(self, session: &Session) -> anyhow::Result<ExitCode> {
        let ProductsCommand::Sync { store, detach } = self.command;
        let path = Path::try_new(&["stores", &store, "products", "sync"])?;
        let answer = session.call(Method::POST, &path).send().await?;
        let OneJob { job } = answer.read()?;
        if session.is_json() {
            answer.print()?;
        } else {
            remark(&clean(&format!("job {}", job.id)));
        }
        if detach {
            return Ok(ExitCode::SUCCESS);
        }
        let (answer, job) = follow(session, answer, job).await?;
        if session.is_json() {
            answer.print()?;
        } else {
            ended(&store, &job).print()?;
        }
        Ok(if job.state == "done" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Looks at a job until it has ended, or waits for a person.
async fn follow(
    session: &Session,
    mut answer: Answer,
    mut job: JobView,
) -> anyhow::Result<(Answer, JobView)> {
    let path = Path::try_new(&["jobs", &job.id])?;
    let progress = ProgressBar::new_spinner();
    while !job.has_ended() && job.state != "paused" {
        show(&progress, &job);
        tokio::time::sleep(LOOK_EVERY).await;
        answer = session.call(Method::GET, &path).send().await?;
        job = answer.read::<OneJob>()?.job;
    }
    progress.finish_and_clear();
    Ok((answer, job))
}

fn show(progress: &ProgressBar, job: &JobView) {
    if let Some(items) = job.items().filter(|_| progress.length().is_none()) {
        progress.println(clean(&job.forecast().unwrap_or_default()));
        progress.set_length(items);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len}, {eta} left {msg}")
        {
            progress.set_style(style);
        }
    }
    progress.set_message(clean(&job.message));
    progress.set_position(job.done);
    progress.tick();
}

fn ended(store: &str, job: &JobView) -> Shown {
    let mut shown = Shown::default();
    let result = match job.result() {
        result if result.is_empty() => "nothing to do".to_owned(),
        result => result,
    };
    shown.line(clean(&format!("{}: {result}", job.state)));
    if !job.message.is_empty() && job.state != "done" {
        shown.line(clean(&job.message));
    }
    match job.state.as_str() {
        "paused" => shown.remark(clean(&format!("go on: lockstep job resume {}", job.id))),
        _ => shown.remark(format!("what a person must decide: lockstep conflicts {store}")),
    }
    shown
}
