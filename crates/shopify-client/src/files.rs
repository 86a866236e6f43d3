//! Files of bulk operations over HTTP: whole lines, a piece at a time.
//!
//! The address comes out of an answer of Shopify's. It is opened only where Shopify keeps files,
//! without any token, and shown nowhere: whoever has it may read the file.

use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use lockstep_contracts::shopify::admin::SignedUrl;
use lockstep_ports::{FileError, FileErrorKind, Piece, PieceWanted, ShopifyFiles};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, HeaderMap, RANGE};

use crate::client::BuildError;
use crate::url::UrlTemplate;

/// Longest time for one piece, from connecting to its last line: leases outlive it.
const PIECE_TIME_MAX: Duration = Duration::from_secs(10);
/// A host that does not even take a connection in this time is away.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest line. A variant has some hundred bytes.
const LINE_BYTES_MAX: usize = 1 << 18;
/// A piece ends early when it is this large, so that memory stays small.
const PIECE_BYTES_MAX: u64 = 4 << 20;
/// Largest file. Two million variants have about one gigabyte.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// A host that gives no parts sends the whole file for each piece: one that is larger than this is
/// not read so.
const SKIP_BYTES_MAX: u64 = 8 << 20;

/// Fetches files over HTTP.
pub struct FileClient {
    http: reqwest::Client,
    url: UrlTemplate,
}

impl FileClient {
    /// Sets the client up; nothing is sent. The process must have installed a TLS provider.
    ///
    /// # Errors
    /// [`BuildError`] when the machine's TLS set-up is unusable.
    pub fn try_new(url: UrlTemplate) -> Result<Self, BuildError> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(PIECE_TIME_MAX)
            // A redirect would lead past the check of the host.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if url.is_loopback() {
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, url })
    }
}

#[async_trait]
impl ShopifyFiles for FileClient {
    async fn piece(&self, url: &SignedUrl, wanted: PieceWanted) -> Result<Piece, FileError> {
        let known = self.url.file(url.expose());
        let url = known.ok_or_else(|| refused("the file is at a host that is not Shopify's"))?;
        let mut request = self.http.get(url).header(ACCEPT_ENCODING, "identity");
        if wanted.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", wanted.from));
        }
        let response = request.send().await.map_err(|error| away(&error))?;
        let skip = match response.status().as_u16() {
            200 if wanted.from > 0 && wanted.size.unwrap_or(wanted.from) > SKIP_BYTES_MAX => {
                return Err(refused("the host sends a large file anew for each piece of it"));
            }
            200 => wanted.from,
            206 if begins_at(response.headers()) == Some(wanted.from) => 0,
            206 => return Err(refused("another part of the file came than the one asked for")),
            416 => return Ok(Piece { lines: Vec::new(), at: wanted.from, end: true }),
            status @ (408 | 429 | 500..=599) => {
                let message = format!("{status} instead of the file");
                return Err(FileError { kind: FileErrorKind::Away, message });
            }
            status => {
                let message = format!("{status} instead of the file: its address opens nothing");
                return Err(FileError { kind: FileErrorKind::Gone, message });
            }
        };
        read(response, Lines::behind(skip, wanted)).await
    }
}

/// Reads until the lines are there, the file ends or the connection does.
async fn read(mut response: reqwest::Response, mut lines: Lines) -> Result<Piece, FileError> {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if lines.take(&chunk)? {
                    return Ok(lines.piece);
                }
            }
            Ok(None) => return lines.end(),
            Err(error) if lines.piece.lines.is_empty() => return Err(away(&error)),
            Err(_) => return Ok(lines.piece),
        }
    }
}

/// Bytes become lines.
struct Lines {
    /// Bytes of what comes that were read before.
    skip: u64,
    wanted: PieceWanted,
    piece: Piece,
    /// The beginning of a line.
    rest: BytesMut,
}

impl Lines {
    fn behind(skip: u64, wanted: PieceWanted) -> Self {
        let piece = Piece { lines: Vec::new(), at: wanted.from, end: false };
        Self { skip, wanted, piece, rest: BytesMut::new() }
    }

    /// True when no more lines are wanted.
    fn take(&mut self, chunk: &[u8]) -> Result<bool, FileError> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
        self.skip -= skipped as u64;
        let chunk = chunk.get(skipped..).unwrap_or_default();
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.len() > LINE_BYTES_MAX {
                return Err(refused(&format!("a line is longer than {LINE_BYTES_MAX} bytes")));
            }
            if self.rest.ends_with(b"\n") {
                self.line()?;
                let bytes = self.piece.at.saturating_sub(self.wanted.from);
                if self.piece.lines.len() >= self.wanted.lines || bytes >= PIECE_BYTES_MAX {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn line(&mut self) -> Result<(), FileError> {
        let line = self.rest.split();
        self.piece.at = self.piece.at.saturating_add(line.len() as u64);
        if self.piece.at > FILE_BYTES_MAX {
            return Err(refused(&format!("the file is larger than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::str::from_utf8(&line).map_err(|_| refused("the file is not text"))?;
        let text = text.trim();
        if !text.is_empty() {
            self.piece.lines.push(text.to_owned());
        }
        Ok(())
    }

    /// Nothing follows. What has no line end is half a line, unless the file ends exactly there.
    fn end(mut self) -> Result<Piece, FileError> {
        if self.skip > 0 {
            let message = "the file is shorter than before".to_owned();
            return Err(FileError { kind: FileErrorKind::Away, message });
        }
        let all = self.piece.at.saturating_add(self.rest.len() as u64);
        if !self.rest.is_empty() && self.wanted.size == Some(all) {
            self.line()?;
        }
        self.piece.end = true;
        Ok(self.piece)
    }
}

/// Where the part begins, by `Content-Range: bytes 10-99/100`.
fn begins_at(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.trim().parse().ok()
}

fn refused(message: &str) -> FileError {
    FileError { kind: FileErrorKind::Refused, message: message.to_owned() }
}

/// The address is not told.
fn away(failed: &reqwest::Error) -> FileError {
    let message = if failed.is_timeout() {
        "the file did not come in time"
    } else if failed.is_connect() {
        "the host of the file cannot be reached"
    } else {
        "the connection broke off before a whole line"
    };
    FileError { kind: FileErrorKind::Away, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(from: u64, lines: usize, size: Option<u64>) -> PieceWanted {
        PieceWanted { from, lines, size }
    }

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        for size in 1..9 {
            let mut lines = Lines::behind(3, wanted(3, 9, None));
            for chunk in "aé\nbb\n\r\nccc\ndd".as_bytes().chunks(size) {
                assert!(!lines.take(chunk).unwrap());
            }
            let piece = lines.end().unwrap();
            // The first line has four bytes with its end; what was skipped of it is not asked for.
            assert_eq!(piece.lines, ["bb", "ccc"]);
            assert_eq!((piece.at, piece.end), (13, true));
        }
    }

    #[test]
    fn a_piece_ends_behind_its_last_line() {
        let mut lines = Lines::behind(0, wanted(0, 2, None));
        assert!(lines.take(b"a\nbb\nccc\n").unwrap());
        assert_eq!((lines.piece.at, lines.piece.end), (5, false));
    }

    #[test]
    fn the_last_line_may_lack_its_end_where_the_file_ends() {
        let read = |size| {
            let mut lines = Lines::behind(0, wanted(0, 9, size));
            lines.take(b"a\nbb").unwrap();
            lines.end().unwrap()
        };
        assert_eq!((read(Some(4)).lines.len(), read(Some(4)).at), (2, 4));
        assert_eq!((read(Some(9)).lines.len(), read(Some(9)).at), (1, 2));
        assert_eq!((read(None).lines.len(), read(None).at), (1, 2));
    }

    #[test]
    fn a_line_without_end_and_a_shorter_file_are_refused() {
        let mut lines = Lines::behind(0, wanted(0, 9, None));
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        assert_eq!(lines.take(&long).unwrap_err().kind, FileErrorKind::Refused);
        let mut lines = Lines::behind(9, wanted(9, 9, None));
        lines.take(b"a\n").unwrap();
        assert_eq!(lines.end().unwrap_err().kind, FileErrorKind::Away);
        let mut lines = Lines::behind(0, wanted(0, 9, None));
        assert_eq!(lines.take(b"\xff\xfe\n").unwrap_err().kind, FileErrorKind::Refused);
    }
}
