//! The list of what is owed, as `docs/behaviours.toml` holds it.

use anyhow::{Context as _, Result, bail, ensure};
use toml_edit::{DocumentMut, Table, Value};

/// One behaviour that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) says: String,
    pub(crate) kind: Kind,
    /// The list says that a test shows it: then it must.
    pub(crate) shown: bool,
}

/// What can be shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All of it.
    Whole,
    /// Its vendor's half waits for a connector. The other half is the back-office contract's,
    /// unless there is nothing to see of it there.
    Halved { connector: String, contract: bool },
    /// Nothing: it does not apply.
    None { why: String },
}

const KEYS: [&str; 6] = ["number", "says", "shown", "connector", "contract", "does_not_apply"];

/// Reads the list. Its rows are numbered from 1 on, without a gap.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>> {
    let document: DocumentMut = text.parse()?;
    let tables = document.get("row").and_then(|item| item.as_array_of_tables());
    let tables = tables.context("there is no [[row]]")?;
    let rows: Vec<Row> = tables
        .iter()
        .zip(1..)
        .map(|(table, number)| row(table, number).with_context(|| format!("row {number}")))
        .collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "there is no [[row]]");
    Ok(rows)
}

fn row(table: &Table, number: u32) -> Result<Row> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        bail!("there is no key `{key}`, only {KEYS:?}");
    }
    let found = value(table, "number").and_then(Value::as_integer);
    ensure!(found == Some(i64::from(number)), "`number` must be {number}: rows stand in order");
    let says = text(table, "says")?.context("`says` is needed: the row in one sentence")?;
    let (connector, why) = (text(table, "connector")?, text(table, "does_not_apply")?);
    let contract = flag(table, "contract")?;
    let shown = flag(table, "shown")?.unwrap_or(false);
    let kind = match (connector, why) {
        (Some(_), Some(_)) => bail!("`connector` and `does_not_apply` exclude each other"),
        (Some(connector), None) => Kind::Halved { connector, contract: contract.unwrap_or(true) },
        (None, _) if contract.is_some() => bail!("`contract` needs a `connector`"),
        (None, Some(why)) => Kind::None { why },
        (None, None) => Kind::Whole,
    };
    let can = !matches!(kind, Kind::None { .. } | Kind::Halved { contract: false, .. });
    ensure!(can || !shown, "`shown` is said of a row of which nothing can be shown");
    Ok(Row { number, says, kind, shown })
}

fn value<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    table.get(key).and_then(|item| item.as_value())
}

fn text(table: &Table, key: &str) -> Result<Option<String>> {
    let Some(value) = value(table, key) else { return Ok(None) };
    let text = value.as_str().filter(|text| !text.trim().is_empty());
    text.map(|text| Some(text.to_owned())).with_context(|| format!("`{key}` must be a text"))
}

fn flag(table: &Table, key: &str) -> Result<Option<bool>> {
    let Some(value) = value(table, key) else { return Ok(None) };
    value.as_bool().map(Some).with_context(|| format!("`{key}` must be true or false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_repository_can_be_read() {
        let rows = parse(include_str!("../../../../docs/behaviours.toml")).expect("a good list");
        assert_eq!(rows.len(), 158);
        assert!(rows.iter().all(|row| row.says.ends_with('.') && !row.says.contains('\n')));
    }

    #[test]
    fn a_row_says_what_can_be_shown_of_it() {
        let text = "[[row]]\nnumber = 1\nsays = \"A.\"\nshown = true\n\
            [[row]]\nnumber = 2\nsays = \"B.\"\nconnector = \"X\"\n\
            [[row]]\nnumber = 3\nsays = \"C.\"\nconnector = \"X\"\ncontract = false\n\
            [[row]]\nnumber = 4\nsays = \"D.\"\ndoes_not_apply = \"no plans\"\n";
        let rows = parse(text).expect("a good list");
        let halved = |contract| Kind::Halved { connector: "X".to_owned(), contract };
        let kinds: Vec<Kind> = rows.iter().map(|row| row.kind.clone()).collect();
        let none = Kind::None { why: "no plans".to_owned() };
        assert_eq!(kinds, [Kind::Whole, halved(true), halved(false), none]);
        assert_eq!(rows.iter().filter(|row| row.shown).count(), 1);
    }

    #[test]
    fn a_bad_list_is_refused_with_its_row() {
        let bad = |text: &str, reason: &str| {
            let error = parse(text).expect_err("a bad list");
            assert!(format!("{error:#}").contains(reason), "{error:#}");
        };
        bad("", "there is no [[row]]");
        bad("[[row]]\nnumber = 2\nsays = \"A.\"", "row 1: `number` must be 1");
        bad("[[row]]\nnumber = 1", "`says` is needed");
        bad("[[row]]\nnumber = 1\nsays = 7", "`says` must be a text");
        bad("[[row]]\nnumber = 1\nsays = \"A.\"\nshows = true", "no key `shows`");
        bad("[[row]]\nnumber = 1\nsays = \"A.\"\ncontract = false", "needs a `connector`");
        bad("[[row]]\nnumber = 1\nsays = \"A.\"\nshown = 1", "must be true or false");
        let none = "[[row]]\nnumber = 1\nsays = \"A.\"\ndoes_not_apply = \"b\"";
        bad(&format!("{none}\nconnector = \"X\""), "exclude each other");
        bad(&format!("{none}\nshown = true"), "nothing can be shown");
    }
}
