//! `lockstep link import`: a file in parts, so that progress shows and every row is answered.

use std::fs::File;
use std::io::{Read, stdin};
use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;

use super::hint;
use super::output::{Shown, clean, count, remark};
use super::session::{Path, Session};

/// Rows of one call: the API tells what became of as many.
const PART_ROWS: usize = 1_000;
/// A file larger than this holds something other than links.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Deserialize)]
struct Imported {
    linked: usize,
    unchanged: usize,
    cut: usize,
    refused: usize,
    #[serde(default)]
    rows: Vec<Row>,
    #[serde(default)]
    rows_left_out: usize,
}

#[derive(Deserialize)]
struct Row {
    row: u64,
    #[serde(default)]
    variant_id: String,
    #[serde(default)]
    backoffice: String,
    #[serde(default)]
    sku: String,
    outcome: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    fix: String,
}

/// With `--json` the file goes in one call, so that its answer can be printed unchanged.
pub async fn execute(
    session: &Session,
    store: &str,
    file: &std::path::Path,
    dry_run: bool,
) -> anyhow::Result<ExitCode> {
    let bytes = read(file)?;
    let path = Path::try_new(&["stores", store, "links"])?;
    let path = path.query_some("dry_run", dry_run.then_some(true));
    let refused = if session.is_json() {
        let answer = session.call(Method::POST, &path).csv(bytes).patient().send().await?;
        answer.print()?;
        answer.read::<Imported>()?.refused
    } else {
        by_parts(session, &path, &bytes, dry_run).await?
    };
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut source: Box<dyn Read> = if file == std::path::Path::new("-") {
        Box::new(stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("read {}", file.display()))?)
    };
    let read = source.by_ref().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("read {}", file.display()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{} is larger than {} MiB; split it", file.display(), FILE_BYTES_MAX >> 20);
    }
    // Nothing may be half done, so what would fail in the middle fails here.
    if std::str::from_utf8(&bytes).is_err() {
        bail!("{} is not UTF-8 text; save it as CSV in UTF-8", file.display());
    }
    Ok(bytes)
}

async fn by_parts(
    session: &Session,
    path: &Path,
    bytes: &[u8],
    dry_run: bool,
) -> anyhow::Result<usize> {
    let parts = split(bytes)?;
    let progress = ProgressBar::new(parts.iter().map(|part| part.rows).sum());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} rows, {eta} left") {
        progress.set_style(style);
    }
    let mut total = Totals::default();
    for part in parts {
        let call = session.call(Method::POST, path).csv(part.csv).patient();
        let answered = match call.send().await {
            Ok(answer) => answer.read::<Imported>(),
            Err(error) => Err(error),
        };
        let mut imported = answered.inspect_err(|_| {
            progress.finish_and_clear();
            if total.rows > 0 && !dry_run {
                let done = count(total.rows, "row is", "rows are");
                remark(&format!("{done} done; the file can be imported again without harm"));
            }
        })?;
        for row in &mut imported.rows {
            row.row = (row.row + part.first_line).saturating_sub(part.first_line_sent);
        }
        progress.inc(part.rows);
        total.add(imported);
    }
    progress.finish_and_clear();
    total.show(dry_run).print()?;
    Ok(total.refused)
}

#[derive(Default)]
struct Totals {
    rows: usize,
    linked: usize,
    unchanged: usize,
    cut: usize,
    refused: usize,
    told: Vec<Row>,
    left_out: usize,
}

impl Totals {
    fn add(&mut self, part: Imported) {
        self.rows += part.linked + part.unchanged + part.cut + part.refused;
        self.linked += part.linked;
        self.unchanged += part.unchanged;
        self.cut += part.cut;
        self.refused += part.refused;
        self.left_out += part.rows_left_out;
        self.told.extend(part.rows);
    }

    /// Refused rows with what to do; a dry run shows every change, since that is what it is for.
    fn show(&self, dry_run: bool) -> Shown {
        let mut shown = Shown::default();
        let told = self.told.iter().filter(|row| dry_run || row.outcome == "refused");
        let rows: Vec<_> = told
            .map(|row| {
                let why = match (row.detail.as_str(), row.fix.as_str()) {
                    (detail, "") => detail.to_owned(),
                    (detail, fix) => format!("{detail}; {}", hint::in_commands(&clean(fix))),
                };
                let id = row.variant_id.clone();
                let (line, outcome) = (row.row.to_string(), row.outcome.clone());
                [line, id, row.backoffice.clone(), row.sku.clone(), outcome, why]
            })
            .collect();
        if !rows.is_empty() {
            shown.table(["LINE", "VARIANT", "BACK OFFICE", "SKU", "OUTCOME", "WHY"], rows);
        }
        if self.left_out > 0 {
            shown.line(format!("and {} more", count(self.left_out, "row", "rows")));
        }
        let Self { linked, unchanged, cut, refused, .. } = self;
        shown.line(format!("{linked} linked, {unchanged} unchanged, {cut} cut, {refused} refused"));
        if dry_run {
            shown.remark("dry run: nothing was changed");
        }
        shown
    }
}

/// Some rows of the file, as a file of their own.
struct Part {
    csv: Vec<u8>,
    rows: u64,
    /// Line of the first row in the whole file.
    first_line: u64,
    /// Line of the first row in this part.
    first_line_sent: u64,
}

/// Cuts a file between rows; each part begins with the header. A file without rows is one part:
/// the API says what it thinks of it.
fn split(bytes: &[u8]) -> anyhow::Result<Vec<Part>> {
    // Spreadsheets put a mark before UTF-8 text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut starts: Vec<(usize, u64)> = Vec::new();
    let mut rows = 0_u64;
    while reader.read_byte_record(&mut record).context("read the CSV file")? {
        if rows.is_multiple_of(PART_ROWS as u64) {
            let position = record.position().context("a row has a position")?;
            starts.push((usize::try_from(position.byte())?, position.line()));
        }
        rows += 1;
    }
    let Some(&(header_end, first_line_sent)) = starts.first() else {
        return Ok(vec![Part { csv: bytes.to_vec(), rows, first_line: 1, first_line_sent: 1 }]);
    };
    let header = bytes.get(..header_end).unwrap_or_default();
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([bytes.len()]);
    let mut parts = Vec::new();
    for (&(start, first_line), end) in starts.iter().zip(ends) {
        let csv = [header, bytes.get(start..end).unwrap_or_default()].concat();
        let of_part = rows.min(PART_ROWS as u64);
        rows -= of_part;
        parts.push(Part { csv, rows: of_part, first_line, first_line_sent });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(csv: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let records = reader.records().map(Result::unwrap);
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        records.map(|record| (record.position().unwrap().line(), cells(&record))).collect()
    }

    #[test]
    fn parts_hold_every_row_once_and_know_its_line_in_the_file() {
        for end in ["\n", "\r\n"] {
            let mut file = format!("\u{feff}variant_id,backoffice,sku{end}{end}");
            for row in 0..2_500 {
                // A title of two lines, a SKU with a comma, and empty lines between.
                let gap = if row % 7 == 0 { end } else { "" };
                file.push_str(&format!("{row},wms,\"A,{row}{end}B\"{end}{gap}"));
            }
            let whole = read_back(file.as_bytes().strip_prefix("\u{feff}".as_bytes()).unwrap());
            let parts = split(file.as_bytes()).unwrap();
            assert_eq!(parts.iter().map(|part| part.rows).collect::<Vec<_>>(), [1_000, 1_000, 500]);
            let mut back = Vec::new();
            for part in &parts {
                assert!(part.csv.starts_with(b"variant_id,backoffice,sku"));
                back.extend(
                    read_back(&part.csv).into_iter().map(|(line, cells)| {
                        (line + part.first_line - part.first_line_sent, cells)
                    }),
                );
            }
            assert_eq!(back, whole);
        }
    }

    #[test]
    fn a_file_without_rows_is_one_part() {
        for file in ["", "variant_id,backoffice,sku\n"] {
            let parts = split(file.as_bytes()).unwrap();
            assert_eq!(parts.len(), 1);
            assert_eq!(parts[0].csv, file.as_bytes());
        }
    }
}
