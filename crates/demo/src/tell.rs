//! What the person at the terminal sees. Colours only where there is a terminal.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Column at which the story begins; the time stands before it.
const INDENT: usize = 10;

/// Writes lines, each with the time since the start.
#[derive(Debug)]
pub struct Teller {
    started: Instant,
    colour: bool,
}

impl Teller {
    /// The clock starts now.
    #[must_use]
    pub fn start() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { started: Instant::now(), colour: std::io::stdout().is_terminal() && !plain }
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A new part.
    pub fn part(&self, title: &str) {
        self.line("");
        self.line(self.styled("1", title));
    }

    /// One sentence, with the time.
    pub fn say(&self, sentence: impl Display) {
        let time = format!("{:>6.1} s", self.elapsed().as_secs_f64());
        self.line(format!("{}  {sentence}", self.styled("2", &time)));
    }

    /// A line that belongs to the sentence before.
    pub fn detail(&self, text: impl Display) {
        self.line(format!("{:INDENT$}{text}", ""));
    }

    /// Good news or bad.
    pub fn verdict(&self, good: bool, text: &str) {
        self.line(self.styled(if good { "1;32" } else { "1;31" }, text));
    }

    /// A line as it is.
    pub fn line(&self, text: impl Display) {
        // Nobody reads any more: then nobody misses the line.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A duration as people say it.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// A number with its noun.
#[must_use]
pub fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
