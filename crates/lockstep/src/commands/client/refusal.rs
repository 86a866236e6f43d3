//! What the admin API refuses, and answers that are not its own.

use std::fmt;

use axum::body::Bytes;
use reqwest::StatusCode;
use serde::Deserialize;

use super::hint;
use super::output::clean;

/// An answer of the API other than success.
#[derive(Debug)]
pub struct Refusal {
    problem: Problem,
    /// The answer as it came, for `--json`.
    pub body: Bytes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    field: String,
    detail: String,
    fix: String,
}

impl Refusal {
    /// Reads an answer; one that is no problem document comes from something in between.
    pub fn new(status: StatusCode, body: Bytes) -> Self {
        let problem = serde_json::from_slice(&body).unwrap_or_default();
        let mut problem: Problem = problem;
        if problem.detail.is_empty() {
            problem.detail = match problem.title.as_str() {
                "" => format!("the answer is {status}, and not in the words of the admin API"),
                title => title.to_owned(),
            };
        }
        if problem.title.is_empty() && problem.fix.is_empty() {
            problem.fix = "check --console-url (LOCKSTEP_CONSOLE_URL)".to_owned();
        }
        Self { problem, body }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { field, detail, fix, .. } = &self.problem;
        f.write_str(&clean(detail))?;
        if !field.is_empty() && !detail.starts_with(field.as_str()) {
            write!(f, " ({})", clean(field))?;
        }
        if !fix.is_empty() {
            write!(f, "\n  fix: {}", hint::in_commands(&clean(fix)))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &'static str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::new(status, Bytes::from_static(body.as_bytes())).to_string()
    }

    #[test]
    fn a_problem_is_told_in_two_lines() {
        let body = r#"{"title": "Validation", "field": "stock.buffer", "detail": "is -1",
                       "fix": "give 0 or more"}"#;
        assert_eq!(said(422, body), "is -1 (stock.buffer)\n  fix: give 0 or more");
        let body = r#"{"title": "T", "field": "id", "detail": "id is missing", "fix": ""}"#;
        assert_eq!(said(422, body), "id is missing");
    }

    #[test]
    fn an_answer_of_something_else_is_called_so() {
        let text = said(502, "<html>Bad gateway</html>");
        assert!(text.starts_with("the answer is 502 Bad Gateway, and not in the words"), "{text}");
        assert!(text.ends_with("check --console-url (LOCKSTEP_CONSOLE_URL)"), "{text}");
    }
}
