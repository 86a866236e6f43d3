//! The one file: a line per record, appended and on disk before anything is said about it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::feed::Item;
use super::report::Report;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// Lockstep has it.
    Accepted,
    /// Lockstep will never take it: a person must look.
    Refused { code: String, field: String, message: String },
}

/// The answer to one report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub event_id: String,
    #[serde(flatten)]
    pub fate: Fate,
}

/// A rush: movements of some things of one warehouse, spread over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    pub id: String,
    pub skus: Vec<String>,
    pub warehouse: String,
    pub movements: u32,
    pub over_ms: u64,
    pub started_at: Timestamp,
}

/// One line of the file. A line is there whole or not at all, and so is what it books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A command was carried out: its reports change the numbers and wait to be sent.
    Booked {
        request_id: Option<String>,
        /// The burst that this is the next movement of.
        burst: Option<String>,
        reports: Vec<Report>,
    },
    /// A burst began.
    BurstStarted(Burst),
    /// An entry of the feed was read; what the warehouse answers to it waits to be sent.
    Read { item: Box<Item>, reports: Vec<Report> },
    /// Lockstep answered.
    Settled { outcomes: Vec<Outcome> },
}

/// The open file, positioned at its end.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens or makes the file and returns its records. A last line that a kill tore off was
    /// never answered for: it is cut.
    ///
    /// # Errors
    /// When the file cannot be read, or a line within it is not a record.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Record>)> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).read(true).write(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            bytes.truncate(whole);
            file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        }
        file.seek(SeekFrom::End(0))?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let records = (1..).zip(lines).map(|(number, line)| {
            serde_json::from_slice(line)
                .map_err(|error| io::Error::other(format!("line {number}: {error}")))
        });
        let records: Vec<Record> = records.collect::<io::Result<_>>()?;
        Ok((Self { file }, records))
    }

    /// Writes one record and waits for the disk.
    ///
    /// # Errors
    /// When the system refuses; the record is then not booked.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        let before = self.file.stream_position()?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Half a line must not be followed by a whole one.
            self.file.set_len(before)?;
            self.file.seek(SeekFrom::Start(before))?;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn settled(event_id: &str) -> Record {
        let outcome = Outcome { event_id: event_id.to_owned(), fate: Fate::Accepted };
        Record::Settled { outcomes: vec![outcome] }
    }

    #[test]
    fn a_torn_last_line_is_cut_and_the_file_goes_on() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ledger");
        let (mut journal, records) = Journal::open(&path)?;
        assert_eq!(records, []);
        journal.append(&settled("1"))?;
        drop(journal);
        let mut bytes = fs::read(&path)?;
        bytes.extend_from_slice(b"{\"record\":\"settled\",\"outc");
        fs::write(&path, bytes)?;

        let (mut journal, records) = Journal::open(&path)?;
        assert_eq!(records, [settled("1")]);
        journal.append(&settled("2"))?;
        let (_, records) = Journal::open(&path)?;
        assert_eq!(records, [settled("1"), settled("2")]);
        Ok(())
    }

    #[test]
    fn a_spoilt_line_within_is_named_and_nothing_is_guessed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ledger");
        fs::write(&path, "{\"record\":\"settled\",\"outcomes\":[]}\nnonsense\n")?;
        let error = Journal::open(&path).expect_err("the second line is no record");
        assert!(error.to_string().starts_with("line 2"), "{error}");
        Ok(())
    }
}
