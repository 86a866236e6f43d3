//! What a benchmark found: a table on the terminal and a file for machines.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    metric: &'static str,
    value: f64,
    unit: &'static str,
}

/// The figures of one benchmark.
#[derive(Debug)]
pub struct Report {
    name: &'static str,
    about: String,
    figures: Vec<Figure>,
    limits: Vec<(&'static str, f64)>,
}

impl Report {
    /// Without figures yet. `about` says what was done, and how often.
    pub fn new(name: &'static str, about: String) -> Self {
        Self { name, about, figures: Vec::new(), limits: Vec::new() }
    }

    /// Adds a figure, with three digits after the point at most.
    pub fn figure(&mut self, metric: &'static str, value: f64, unit: &'static str) {
        let value = (value * 1_000.0).round() / 1_000.0;
        self.figures.push(Figure { metric, value, unit });
    }

    /// The benchmark fails when this figure is above.
    pub fn limit(&mut self, metric: &'static str, most: f64) {
        self.limits.push((metric, most));
    }

    /// Prints the table and writes the file.
    ///
    /// # Errors
    /// When the file cannot be written, or a figure is beyond its limit.
    pub fn publish(&self) -> Result<()> {
        println!("{}: {}", self.name, self.about);
        for Figure { metric, value, unit } in &self.figures {
            println!("  {metric:<22} {value:>12} {unit}");
        }
        let program = std::env::current_exe().context("this program has no place")?;
        let target = program.ancestors().nth(2).context("a program is in a profile's folder")?;
        let folder = target.join("bench");
        let file = folder.join(format!("{}.json", self.name));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, serde_json::to_vec_pretty(&self.figures)?))
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("  written to {}\n", file.display());
        let found = |metric| self.figures.iter().find(|figure| figure.metric == metric);
        let above = |(metric, most): &(&'static str, f64)| {
            let Figure { value, unit, .. } = found(*metric)?;
            (value > most).then(|| format!("{metric} is {value}, above {most} {unit}"))
        };
        let above: Vec<String> = self.limits.iter().filter_map(above).collect();
        if above.is_empty() { Ok(()) } else { bail!("{}", above.join("; ")) }
    }
}
