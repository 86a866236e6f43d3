//! What a benchmark found: a table on the terminal and a file for machines.

use std::fs;
use std::ops::RangeInclusive;

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, Serializer};

/// One figure.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    metric: &'static str,
    /// As measured; shown with three digits after the point at most.
    #[serde(serialize_with = "shown")]
    value: f64,
    unit: &'static str,
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn shown<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value))
}

/// The figures of one benchmark.
#[derive(Debug)]
pub struct Report {
    name: &'static str,
    about: String,
    figures: Vec<Figure>,
    limits: Vec<(&'static str, f64)>,
    least: Vec<(&'static str, f64)>,
}

impl Report {
    /// Without figures yet. `about` says what was done, and how often.
    pub fn new(name: &'static str, about: String) -> Self {
        Self { name, about, figures: Vec::new(), limits: Vec::new(), least: Vec::new() }
    }

    /// Adds a figure.
    pub fn figure(&mut self, metric: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { metric, value, unit });
    }

    /// The benchmark fails when this figure is above, or is not known.
    pub fn limit(&mut self, metric: &'static str, most: f64) {
        self.limits.push((metric, most));
    }

    /// The benchmark fails when this figure is below.
    pub fn at_least(&mut self, metric: &'static str, least: f64) {
        self.least.push((metric, least));
    }

    /// Prints the table and writes the file.
    ///
    /// # Errors
    /// When the file cannot be written, or a figure is beyond its limit.
    pub fn publish(&self) -> Result<()> {
        println!("{}: {}", self.name, self.about);
        for Figure { metric, value, unit } in &self.figures {
            println!("  {metric:<22} {:>12} {unit}", rounded(*value));
        }
        let program = std::env::current_exe().context("this program has no place")?;
        let target = program.ancestors().nth(2).context("a program is in a profile's folder")?;
        let folder = target.join("bench");
        let file = folder.join(format!("{}.json", self.name));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, serde_json::to_vec_pretty(&self.figures)?))
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("  written to {}\n", file.display());
        let beyond = self.beyond();
        if beyond.is_empty() { Ok(()) } else { bail!("{}", beyond.join("; ")) }
    }

    /// The limits that do not hold.
    fn beyond(&self) -> Vec<String> {
        let most = self.limits.iter().map(|(metric, most)| (metric, f64::MIN..=*most));
        let least = self.least.iter().map(|(metric, least)| (metric, *least..=f64::MAX));
        let beyond = |(metric, within): (&&'static str, RangeInclusive<f64>)| {
            let Some(figure) = self.figures.iter().find(|figure| figure.metric == *metric) else {
                return Some(format!("{metric} has a limit and no figure"));
            };
            let Figure { value, unit, .. } = figure;
            if within.contains(value) {
                return None;
            }
            let (side, limit) = if value < within.start() {
                ("below", within.start())
            } else {
                ("above", within.end())
            };
            Some(format!("{metric} is {value}, {side} {limit} {unit}"))
        };
        most.chain(least).filter_map(beyond).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_for_what_was_measured_and_not_for_what_is_shown() {
        let mut report = Report::new("test", String::new());
        for (metric, value) in [("within", 0.045), ("above", 0.0454), ("unknown", f64::NAN)] {
            report.figure(metric, value, "points");
            report.limit(metric, 0.045);
        }
        report.limit("misspelt", 1.0);
        report.at_least("within", 0.0451);
        let above = report.beyond();
        for (told, metric) in above.iter().zip(["above", "unknown", "misspelt", "within"]) {
            assert!(told.starts_with(metric), "{told}");
        }
        assert_eq!(above.len(), 4);
        assert_eq!(serde_json::to_value(&report.figures).unwrap()[1]["value"], 0.045);
    }
}
