//! What a person reads: lines and tables on standard output, remarks on standard error.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use comfy_table::{Table, presets};
use serde_json::Value;

/// Whoever read standard output has gone, as `head` does when it has seen enough.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
pub struct Closed;

/// Writes to standard output, with a line end at the end.
pub fn print(bytes: &[u8]) -> anyhow::Result<()> {
    write(bytes)?;
    if bytes.is_empty() || bytes.ends_with(b"\n") { Ok(()) } else { write(b"\n") }
}

/// Writes to standard output as it is.
pub fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        other => other.context("write to standard output"),
    }
}

/// A remark beside the result, on standard error so that a pipe carries the result alone.
pub fn remark(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What a command shows: the result, and remarks that follow it.
#[derive(Default)]
pub struct Shown {
    text: String,
    remarks: Vec<String>,
}

impl Shown {
    /// A line of the result.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// A table of the result. Plain columns, two spaces apart: easy to read, easy to cut.
    pub fn table<const N: usize>(&mut self, header: [&str; N], rows: Vec<[String; N]>) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(header);
        let cells = rows.into_iter().map(|row| row.map(|cell| or_dash(&cell)));
        table.add_rows(cells);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        self.line(lines.join("\n"));
    }

    /// Names and values, one a line.
    pub fn facts(&mut self, facts: Vec<(String, String)>) {
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in facts {
            self.line(format!("{name:width$}  {}", or_dash(&value)));
        }
    }

    /// A remark.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    /// Says which services have not adopted a change yet.
    pub fn pending(&mut self, services: &[String]) {
        if !services.is_empty() {
            self.remark(format!("not adopted yet by {}; they will", services.join(", ")));
        }
    }

    /// Writes all of it.
    pub fn print(self) -> anyhow::Result<()> {
        let printed = print(self.text.as_bytes());
        self.remarks.iter().for_each(|text| remark(text));
        printed
    }
}

fn or_dash(text: &str) -> String {
    let clean = clean(text);
    if clean.is_empty() { "-".to_owned() } else { clean }
}

/// Text of others without control characters: they could move the cursor or forge lines.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A JSON value as a person writes it: text bare, lists with commas, null as nothing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A moment to the second: what stands behind it is for `--json`.
pub fn moment(value: &Value) -> String {
    let text = plain(value);
    match text.split_once('.') {
        Some((seconds, rest)) if rest.ends_with('Z') => format!("{seconds}Z"),
        _ => text,
    }
}

/// A member of an object, as a person writes it; nothing when it is not there.
pub fn member(object: &Value, name: &str) -> String {
    object.get(name).map(plain).unwrap_or_default()
}

/// `1 link`, `2 links`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_plain_columns_without_the_control_characters_of_others() {
        let mut shown = Shown::default();
        let rows = vec![["north".to_owned(), String::new()], ["x\u{1b}[2J\n".into(), "ö".into()]];
        shown.table(["ID", "NAME"], rows);
        assert_eq!(shown.text, "ID      NAME\nnorth   -\nx [2J   ö\n");
    }

    #[test]
    fn values_read_as_they_are_written() {
        assert_eq!(plain(&serde_json::json!(["pick", 2, true])), "pick,2,true");
        assert_eq!(count(1, "link", "links"), "1 link");
    }

    #[test]
    fn moments_are_shown_to_the_second() {
        let at = |text: &str| moment(&Value::from(text));
        assert_eq!(at("2026-11-24T10:00:01.250871463Z"), "2026-11-24T10:00:01Z");
        assert_eq!(at("2026-11-24T10:00:01Z"), "2026-11-24T10:00:01Z");
        assert_eq!(moment(&Value::Null), "");
    }
}
