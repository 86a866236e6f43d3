//! Files that Shopify writes results into, read in pieces of whole lines.

use async_trait::async_trait;
use lockstep_contracts::shopify::admin::SignedUrl;

/// A piece of a file that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceWanted {
    /// Bytes of the file that were read before; a line begins behind them.
    pub from: u64,
    /// Lines, at most.
    pub lines: usize,
    /// Bytes of the whole file, where they are known: then a last line may lack its end.
    pub size: Option<u64>,
}

/// What could be read of it. Fewer lines than wanted, and not the end: the connection broke off or
/// took too long, and what follows may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Whole lines, without their ends. Empty ones are left out.
    pub lines: Vec<String>,
    /// Bytes of the file up to the end of the last whole line.
    pub at: u64,
    /// The other side says that nothing follows.
    pub end: bool,
}

/// Why nothing could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileErrorKind {
    /// The other side is away or busy, or broke off before the first whole line.
    Away,
    /// The address opens nothing, or nothing more.
    Gone,
    /// It is not read: another host, too large, no lines of text. The same again does no better.
    Refused,
}

/// A piece that was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    /// Why.
    pub kind: FileErrorKind,
    /// In words, without the address.
    pub message: String,
}

/// Fetches files. No retries inside, and no token is sent.
#[async_trait]
pub trait ShopifyFiles: Send + Sync + 'static {
    /// Reads a piece, once, within ten seconds.
    async fn piece(&self, url: &SignedUrl, wanted: PieceWanted) -> Result<Piece, FileError>;
}
