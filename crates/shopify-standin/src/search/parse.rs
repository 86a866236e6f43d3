//! Reading a search.

use super::{Compare, Search, SearchError, Term};

/// Reads a whole search.
pub(super) fn search(text: &str) -> Result<Search, SearchError> {
    let mut parser = Parser { text: text.chars().collect(), at: 0 };
    parser.spaces();
    if parser.peek().is_none() {
        return Ok(Search::All);
    }
    let search = parser.any(0)?;
    parser.spaces();
    match parser.peek() {
        None => Ok(search),
        Some(_) => Err(parser.error("a closing parenthesis without an opening one")),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
}

/// Deeper nesting than this is refused.
const DEEPEST: usize = 32;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn error(&self, reason: &'static str) -> SearchError {
        SearchError { at: self.at, reason }
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let same =
            self.text.get(self.at..end).is_some_and(|there| there.iter().copied().eq(word.chars()));
        let ends = self.text.get(end).is_none_or(|ch| ch.is_whitespace() || *ch == '(');
        if same && ends {
            self.at = end;
        }
        same && ends
    }

    fn any(&mut self, depth: usize) -> Result<Search, SearchError> {
        let mut parts = vec![self.all(depth)?];
        loop {
            self.spaces();
            if !self.word("OR") {
                break;
            }
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Search::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Search, SearchError> {
        let mut parts = vec![self.single(depth)?];
        loop {
            self.spaces();
            let here = self.at;
            if self.peek().is_none_or(|ch| ch == ')') || self.word("OR") {
                self.at = here;
                break;
            }
            self.word("AND");
            parts.push(self.single(depth)?);
        }
        Ok(one_or(parts, Search::And))
    }

    fn single(&mut self, depth: usize) -> Result<Search, SearchError> {
        self.spaces();
        if depth > DEEPEST {
            return Err(self.error("nested too deeply"));
        }
        if self.word("NOT") {
            return Ok(Search::Not(Box::new(self.single(depth + 1)?)));
        }
        match self.peek() {
            None => Err(self.error("a term is missing")),
            Some('-') => {
                self.at += 1;
                Ok(Search::Not(Box::new(self.single(depth + 1)?)))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.any(depth + 1)?;
                self.spaces();
                if self.peek() != Some(')') {
                    return Err(self.error("a parenthesis is open"));
                }
                self.at += 1;
                Ok(inner)
            }
            Some(_) => self.term().map(Search::Term),
        }
    }

    fn term(&mut self) -> Result<Term, SearchError> {
        let first = self.text_part(true)?;
        if self.peek() != Some(':') {
            return Ok(Term { field: None, compare: Compare::Equal, value: first });
        }
        self.at += 1;
        let compare = match (self.peek(), self.text.get(self.at + 1)) {
            (Some('>'), Some('=')) => Compare::GreaterOrEqual,
            (Some('<'), Some('=')) => Compare::LessOrEqual,
            (Some('>'), _) => Compare::Greater,
            (Some('<'), _) => Compare::Less,
            _ => Compare::Equal,
        };
        self.at += match compare {
            Compare::Equal => 0,
            Compare::Less | Compare::Greater => 1,
            Compare::LessOrEqual | Compare::GreaterOrEqual => 2,
        };
        let value = self.text_part(false)?;
        Ok(Term { field: Some(first), compare, value })
    }

    /// A quoted or bare text. A bare field name ends at the colon; a bare value may hold colons
    /// (moments do).
    fn text_part(&mut self, field: bool) -> Result<String, SearchError> {
        let quote = self.peek().filter(|ch| matches!(ch, '\'' | '"'));
        if quote.is_some() {
            self.at += 1;
        }
        let mut out = String::new();
        while let Some(ch) = self.peek() {
            let ends = match quote {
                Some(quote) => ch == quote,
                None => ch.is_whitespace() || matches!(ch, '(' | ')') || (field && ch == ':'),
            };
            if ends {
                break;
            }
            self.at += 1;
            match (ch, self.peek()) {
                ('\\', Some(escaped)) => {
                    out.push(escaped);
                    self.at += 1;
                }
                _ => out.push(ch),
            }
        }
        match quote {
            Some(_) if self.peek().is_none() => Err(self.error("a quote is open")),
            Some(_) => {
                self.at += 1;
                Ok(out)
            }
            None if out.is_empty() => Err(self.error("a value is missing")),
            None => Ok(out),
        }
    }
}

fn one_or(mut parts: Vec<Search>, many: impl Fn(Vec<Search>) -> Search) -> Search {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => Search::All,
    }
}
