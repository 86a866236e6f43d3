//! CSV files as spreadsheets open them: none of their text may run there.
//!
//! A cell that begins like a formula is written with an apostrophe before it, which spreadsheets
//! take as "this is text"; reading takes it away again. So that every text comes back as it was,
//! one that already has apostrophes before such a beginning gets one more.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use lockstep_ports::{ErrorKind, PortError};

use crate::problem::Problem;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// The text as it may stand in a file.
pub fn guarded(text: String) -> String {
    if is_formula(&text) { format!("'{text}") } else { text }
}

/// The text that a cell of a file means.
pub fn meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => cell,
    }
}

/// Whether the answer is wanted as a file: `Accept: text/csv`.
pub fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accept| accept.contains("text/csv"))
}

/// A file that is being written.
pub struct CsvFile(csv::Writer<Vec<u8>>);

impl CsvFile {
    /// A file with its header line.
    ///
    /// # Errors
    /// None that a file in memory has.
    pub fn begin(columns: &[&str]) -> Result<Self, Problem> {
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(columns).map_err(broken)?;
        Ok(Self(file))
    }

    /// Adds a row, each cell guarded.
    ///
    /// # Errors
    /// Another number of cells than columns.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) -> Result<(), Problem> {
        self.0.write_record(cells.map(guarded)).map_err(broken)?;
        Ok(())
    }

    /// The answer that carries the file.
    ///
    /// # Errors
    /// None that a file in memory has.
    pub fn end(self) -> Result<Response, Problem> {
        let bytes = self.0.into_inner().map_err(|failed| {
            PortError::plain(ErrorKind::Permanent, format!("write CSV: {}", failed.error()))
        })?;
        let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
        Ok((kind, bytes).into_response())
    }
}

fn broken(failed: csv::Error) -> PortError {
    PortError::new(ErrorKind::Permanent, "write CSV", failed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_become_text_and_nothing_else_changes() {
        let table = [
            ("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")"),
            ("-5", "'-5"),
            ("@a", "'@a"),
            ("'=a", "''=a"),
            ("'quoted", "'quoted"),
            ("LAMP-1", "LAMP-1"),
            ("", ""),
        ];
        for (text, cell) in table {
            assert_eq!(guarded(text.to_owned()), cell);
            assert_eq!(meant(cell), text);
        }
        assert_eq!(meant("=typed by hand"), "=typed by hand");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_none_begins_like_a_formula(
            text in "['=+@\\-\t\r\n]{0,4}\\PC{0,20}",
        ) {
            let cell = guarded(text.clone());
            prop_assert!(!cell.starts_with(FORMULA));
            prop_assert_eq!(meant(&cell), text);
        }
    }
}
