//! Movements of linked SKUs through the whole product while stores are live: how many a second,
//! beside a plain bulk insert of the rows that they cost; memory; and how soon a change is on its
//! way to Shopify, when nothing else happens, while a catalogue is imported, and beside a SKU that
//! moves all the time.
//!
//! One back office with two warehouses, three stores that each show both, windows as they are by
//! default (30 s, leading), Shopify's standard plan, 150 ms per call. Nobody listens to the stores'
//! webhooks here: an echo is the business of `ingest`. ADR 0026 says how the figures are read.

mod baseline;
mod database;
mod latency;
mod load;
mod scene;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::memory::megabytes;
use crate::report::Report;
use crate::stats::per_second;
use baseline::Baseline;
use load::Part;
use scene::Scene;

/// SKUs, each of which moves once in every part.
const SKUS: usize = 100_000;
/// With `--tenth`: to see whether it runs.
const A_TENTH: usize = 10_000;
/// Parts of the load. Memory is read after the first of them and after the last.
const PARTS: usize = 10;
/// The least rate, as a share of that of the bulk insert of the same rows.
const RATIO_MIN: f64 = 0.3;
/// The most memory at the end, as a multiple of that at a tenth.
const MEMORY_RATIO_MAX: f64 = 1.25;
/// From a movement to the start of the call: half of them when nothing else happens.
const IDLE_P50_MS_MAX: f64 = 1_000.0;
/// All but one in a hundred of them while variants are imported.
const IMPORT_P99_MS_MAX: f64 = 5_000.0;
/// Calls about a SKU that moves all the time: its window opens at 0, 30 and 60 s of 65.
const HOT_CALLS_MAX: f64 = 3.0;
/// The least rate of that SKU: a thousand a second, but for a tick that is late.
const HOT_PER_S_MIN: f64 = 950.0;

/// What the load came to.
struct Loaded {
    parts: Vec<Part>,
    mb_at_a_tenth: f64,
    mb_at_the_end: f64,
}

/// The load, what it is compared with, then the latencies.
pub async fn measure(is_tenth: bool) -> Result<Report> {
    let skus = if is_tenth { A_TENTH } else { SKUS };
    let mut scene = Scene::set(skus).await?;
    let loaded = load(&mut scene).await?;
    scene.quiet_all().await?;
    let plain = Baseline::open(&scene).await?.measure(&loaded.parts).await?;
    let idle = latency::idle(&mut scene).await?;
    let import = latency::under_import(&mut scene).await?;
    let hot = latency::beside_hot(&mut scene).await?;
    let violations = scene.violations().await?;
    ensure!(violations == 0, "Shopify's rules were broken {violations} times");

    let movements = skus * PARTS;
    let took: Duration = loaded.parts.iter().map(|part| part.took).sum();
    let about = format!(
        "{movements} movements over {skus} SKUs, 2 warehouses, 3 live stores with links, in \
         {PARTS} parts; {} ms per call, standard plan; latencies from {} changes at rest, {} \
         under the import, {} beside the hot SKU",
        scene::LATENCY_MS,
        idle.samples,
        import.samples,
        hot.latency.samples
    );
    let mut report = Report::new("stock", about);
    let rate = per_second(movements, took);
    let (same, narrow) = (per_second(movements, plain.same), per_second(movements, plain.narrow));
    report.figure("movements_per_s", rate, "1/s");
    report.figure("bulk_insert_per_s", same, "1/s");
    report.figure("narrow_insert_per_s", narrow, "1/s");
    report.figure("ratio_bulk_insert", rate / same, "of the same rows");
    report.figure("ratio_narrow_insert", rate / narrow, "of one narrow row");
    report.figure("rows_per_movement", plain.rows_per_movement, "rows");
    report.figure("rss_ratio", loaded.mb_at_the_end / loaded.mb_at_a_tenth, "of a tenth");
    report.figure("rss_mb", loaded.mb_at_the_end, "MB");
    report.figure("p50_ms_idle", idle.p50_ms, "ms");
    report.figure("p99_ms_idle", idle.p99_ms, "ms");
    report.figure("p50_ms_under_import", import.p50_ms, "ms");
    report.figure("p99_ms_under_import", import.p99_ms, "ms");
    report.figure("hot_per_s", hot.per_s, "1/s");
    report.figure("hot_calls", hot.calls, "calls");
    report.figure("p99_ms_beside_hot", hot.latency.p99_ms, "ms");
    report.at_least("ratio_bulk_insert", RATIO_MIN);
    report.at_least("hot_per_s", HOT_PER_S_MIN);
    report.limit("rss_ratio", MEMORY_RATIO_MAX);
    report.limit("p50_ms_idle", IDLE_P50_MS_MAX);
    report.limit("p99_ms_under_import", IMPORT_P99_MS_MAX);
    report.limit("hot_calls", HOT_CALLS_MAX);
    Ok(report)
}

async fn load(scene: &mut Scene) -> Result<Loaded> {
    let pid = scene.stage.pid().context("the process is gone")?;
    let peak = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status"));
        megabytes(&status.context("the process is gone")?, "VmHWM")
    };
    // What the set-up took does not count.
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the mark")?;
    let (mut parts, mut mb_at_a_tenth) = (Vec::new(), 0.0);
    for number in 0..PARTS {
        let part = load::part(scene, number).await?;
        println!(
            "  part {:>2} of {PARTS}: {:>8.0} movements/s, {:>6.1} MB",
            number + 1,
            per_second(scene.skus.len(), part.took),
            peak()?
        );
        parts.push(part);
        if number == 0 {
            mb_at_a_tenth = peak()?;
        }
    }
    Ok(Loaded { parts, mb_at_a_tenth, mb_at_the_end: peak()? })
}
