//! Subject patterns: literal tokens and `{name}` tokens, separated by dots.

/// One token of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Stands as it is.
    Literal(String),
    /// Given by the publisher.
    Named(String),
}

/// A checked subject pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written in the proto file.
    pub text: String,
    /// Its tokens, in order.
    pub tokens: Vec<Token>,
}

impl Pattern {
    /// Checks a pattern and splits it.
    pub fn try_new(text: &str) -> Result<Self, String> {
        let tokens = text
            .split('.')
            .map(|token| Self::token(token).ok_or_else(|| wrong(text, token)))
            .collect::<Result<Vec<_>, _>>()?;
        let pattern = Self { text: text.to_owned(), tokens };
        let mut names = pattern.names();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(format!("subject `{text}` names a token twice"));
        }
        Ok(pattern)
    }

    fn token(text: &str) -> Option<Token> {
        let named = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let word = named.unwrap_or(text);
        let valid = word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !valid {
            return None;
        }
        Some(match named {
            Some(name) => Token::Named(name.to_owned()),
            None => Token::Literal(word.to_owned()),
        })
    }

    /// Names of the tokens that the publisher gives, in order.
    pub fn names(&self) -> Vec<&str> {
        self.tokens
            .iter()
            .filter_map(|token| match token {
                Token::Named(name) => Some(name.as_str()),
                Token::Literal(_) => None,
            })
            .collect()
    }

    /// The literal tokens before the first named one, joined by dots.
    pub fn prefix(&self) -> String {
        self.tokens
            .iter()
            .map_while(|token| match token {
                Token::Literal(word) => Some(word.as_str()),
                Token::Named(_) => None,
            })
            .collect::<Vec<_>>()
            .join(".")
    }

    /// The pattern as a format string: `{}` for every named token.
    pub fn format_string(&self) -> String {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Literal(word) => word.as_str(),
                Token::Named(_) => "{}",
            })
            .collect::<Vec<_>>()
            .join(".")
    }
}

fn wrong(text: &str, token: &str) -> String {
    format!(
        "subject `{text}`: token `{token}` must be `word` or `{{word}}`, where a word starts with \
         a lower-case letter and holds only lower-case letters, digits and `_`"
    )
}
