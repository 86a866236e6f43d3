//! Levels from their committed targets to the store, as packed calls: what they cost and how long
//! they take, in both modes, over back offices of both kinds, by the rules of two plans.
//!
//! The windows of the stores end with a push (`trailing`), so that all targets are committed before
//! the first call. The time is that from the first call to the last one, as the local Shopify wrote
//! them down; each takes it 150 ms. Nobody listens to its webhooks here.

mod journal;
mod round;
mod scene;

use anyhow::{Context as _, Result, ensure};

use crate::report::Report;
use round::{Outcome, Round};
use scene::Scene;

/// The larger number of levels, and the smaller one.
const LEVELS: [usize; 2] = [100_000, 10_000];
/// With `--tenth`: to see whether it runs.
const A_TENTH: [usize; 2] = [10_000, 1_000];
/// The most points that a level may cost without stale lines.
const POINTS_MAX: f64 = 0.045;
/// The longest that the larger number may take, from a full bucket.
const STANDARD_SECONDS_MAX: f64 = 60.0;
const PLUS_SECONDS_MAX: f64 = 30.0;
/// The most memory of the larger number, as a multiple of that of the smaller one.
const MEMORY_RATIO_MAX: f64 = 1.25;

/// What Shopify sells: its bucket and what flows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Standard,
    Plus,
}

impl Plan {
    fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Plus => "plus",
        }
    }
}

/// Every round of one size, the larger one in a process of its own.
struct Size {
    levels: usize,
    outcomes: Vec<Outcome>,
}

impl Size {
    async fn measure(levels: usize) -> Result<Self> {
        let mut scene = Scene::set(levels).await?;
        let mut outcomes = Vec::new();
        for store in scene.stores() {
            for mode in ["delta", "absolute"] {
                scene.switch(store, mode).await?;
                for plan in [Plan::Standard, Plan::Plus] {
                    let round = Round { store, mode, plan, is_stale: false };
                    outcomes.push(round.run(&mut scene).await?);
                }
            }
            let round = Round { store, mode: "absolute", plan: Plan::Standard, is_stale: true };
            outcomes.push(round.run(&mut scene).await?);
        }
        Ok(Self { levels, outcomes })
    }

    fn plain(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.round.is_stale)
    }

    fn stale(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.round.is_stale)
    }

    /// The slowest round of a plan.
    fn seconds(&self, plan: Plan) -> f64 {
        most(self.plain().filter(|outcome| outcome.round.plan == plan).map(|o| o.seconds))
    }

    fn peak_mb(&self) -> f64 {
        most(self.outcomes.iter().map(|outcome| outcome.peak_mb))
    }
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

/// Both sizes, the smaller one first.
pub async fn measure(is_tenth: bool) -> Result<Report> {
    let [many, few] = if is_tenth { A_TENTH } else { LEVELS };
    let few = Size::measure(few).await?;
    let many = Size::measure(many).await?;
    let all = || many.outcomes.iter().chain(&few.outcomes);
    ensure!(all().all(|outcome| outcome.violations == 0), "Shopify's rules were broken");
    let about = format!(
        "{} and {} levels, Delta and Absolute, physical and sellable, Standard and Plus; \
         {} ms per call; each figure is that of the worst round",
        few.levels,
        many.levels,
        scene::LATENCY_MS
    );
    let mut report = Report::new(if is_tenth { "push-tenth" } else { "push" }, about);
    let plain = || many.plain().chain(few.plain());
    #[expect(clippy::cast_precision_loss, reason = "counts below a million")]
    let float = |count: usize| count as f64;
    report.figure("points_per_level", most(plain().map(Outcome::points_per_level)), "points");
    let levels_per_s = float(many.levels) / many.seconds(Plan::Plus);
    report.figure("levels_per_s", levels_per_s, "1/s");
    report.figure("calls", most(many.plain().map(|o| float(o.calls))), "calls");
    let throttled = all().map(|outcome| outcome.throttled).sum();
    report.figure("throttled_calls", float(throttled), "calls");
    report.figure("seconds_100k_standard", many.seconds(Plan::Standard), "s");
    report.figure("seconds_100k_plus", many.seconds(Plan::Plus), "s");
    report.figure("rss_ratio_100k_10k", many.peak_mb() / few.peak_mb(), "of 10k");
    report.figure("rss_peak_100k_mb", many.peak_mb(), "MB");
    let stale = many.stale().max_by(|a, b| a.points_per_level().total_cmp(&b.points_per_level()));
    let stale = stale.context("a round with stale lines")?;
    report.figure("stale_points_per_level", stale.points_per_level(), "points");
    report.figure("stale_calls", float(stale.calls), "calls");
    report.figure("stale_refused", float(stale.refused), "calls");
    report.figure("stale_reads", float(stale.reads), "calls");
    report.figure("stale_seconds", stale.seconds, "s");
    if is_tenth {
        // The limits are those of the whole.
        return Ok(report);
    }
    report.limit("points_per_level", POINTS_MAX);
    report.limit("throttled_calls", 0.0);
    report.limit("seconds_100k_standard", STANDARD_SECONDS_MAX);
    report.limit("seconds_100k_plus", PLUS_SECONDS_MAX);
    report.limit("rss_ratio_100k_10k", MEMORY_RATIO_MAX);
    Ok(report)
}
