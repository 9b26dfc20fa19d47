//! Building SQL that both databases take, and turning a [`Scope`] into a condition.

use event::{ClientId, Clients, Scope};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};
use std::fmt::Write as _;

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// A number, id or time.
    Int(i64),
    /// Text.
    Text(String),
    /// NULL of a number.
    NoInt,
    /// NULL of a text.
    NoText,
}

impl From<i64> for Bind {
    fn from(value: i64) -> Bind {
        Bind::Int(value)
    }
}

impl From<u32> for Bind {
    fn from(value: u32) -> Bind {
        Bind::Int(i64::from(value))
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Bind {
        Bind::Text(value.to_owned())
    }
}

impl From<String> for Bind {
    fn from(value: String) -> Bind {
        Bind::Text(value)
    }
}

impl From<Option<i64>> for Bind {
    fn from(value: Option<i64>) -> Bind {
        value.map_or(Bind::NoInt, Bind::Int)
    }
}

impl From<Option<String>> for Bind {
    fn from(value: Option<String>) -> Bind {
        value.map_or(Bind::NoText, Bind::Text)
    }
}

/// SQL that grows with its values: placeholders are numbered (`$1`, `$2`, …) as both databases understand.
#[derive(Clone, Debug, Default)]
pub struct SqlBuilder {
    text: String,
    binds: Vec<Bind>,
}

impl SqlBuilder {
    /// Starts with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> SqlBuilder {
        SqlBuilder { text: text.into(), binds: Vec::new() }
    }

    /// Appends text of the program (never of a caller: that goes through [`SqlBuilder::bind`]).
    pub fn push(&mut self, text: &str) -> &mut SqlBuilder {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder with its value.
    pub fn bind(&mut self, value: impl Into<Bind>) -> &mut SqlBuilder {
        self.binds.push(value.into());
        write!(self.text, "${}", self.binds.len()).expect("writing to a string cannot fail");
        self
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The query, ready to run on a connection or pool.
    pub fn query(&self) -> Query<'_, Any, AnyArguments<'_>> {
        let mut query = sqlx::query(&self.text);
        for bind in &self.binds {
            query = match bind {
                Bind::Int(value) => query.bind(*value),
                Bind::Text(value) => query.bind(value.as_str()),
                Bind::NoInt => query.bind(None::<i64>),
                Bind::NoText => query.bind(None::<String>),
            };
        }
        query
    }

    /// Runs it and gives its rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fetch_all(&self, connection: &mut AnyConnection) -> Result<Vec<AnyRow>, sqlx::Error> {
        self.query().fetch_all(connection).await
    }
}

/// A pattern for `LOWER(column) LIKE … ESCAPE '!'` that finds what contains the text, with what the text has of the
/// pattern's signs taken literally. Case is folded as the database does it, which is for ASCII alone.
#[must_use]
pub fn like_containing(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{text}%")
}

/// `$first, …`, for `count` values.
#[must_use]
pub fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::new();
    for number in first..first + count {
        if number > first {
            text.push_str(", ");
        }
        write!(text, "${number}").expect("writing to a string cannot fail");
    }
    text
}

/// The condition that limits rows to a scope: `client` names the column with the row's client, `providers` those of
/// which at least one must be the scope's provider. A provider's scope over rows without such a column sees nothing.
///
/// The ids are written as numbers, so the text holds nothing of a caller's.
#[must_use]
pub fn scope_sql(scope: &Scope, client: &str, providers: &[&str]) -> String {
    let mut condition = match scope.client_filter() {
        Clients::Every if scope.sees_quarantine() => format!("{client} >= {}", ClientId::QUARANTINE),
        Clients::Every => format!("{client} <> {}", ClientId::QUARANTINE),
        Clients::Only(ids) => {
            let ids: Vec<String> =
                ids.iter().filter(|id| scope.allows(**id)).map(ToString::to_string).collect();
            if ids.is_empty() { "1 = 0".to_owned() } else { format!("{client} IN ({})", ids.join(", ")) }
        }
    };
    if let Some(provider) = scope.provider_filter() {
        let any: Vec<String> = providers.iter().map(|column| format!("{column} = {provider}")).collect();
        let any = if any.is_empty() { "1 = 0".to_owned() } else { any.join(" OR ") };
        write!(condition, " AND ({any})").expect("writing to a string cannot fail");
    }
    format!("({condition})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::ProviderId;

    #[test]
    fn a_scope_becomes_a_condition() {
        let two = Scope::clients([ClientId(1), ClientId(2)]);
        assert_eq!(scope_sql(&two, "c", &[]), "(c IN (1, 2))");
        assert_eq!(scope_sql(&two.narrowed_to(ClientId(9)), "c", &[]), "(1 = 0)");
        assert_eq!(scope_sql(&Scope::every_client(), "c", &["p"]), "(c <> 0)");
        assert_eq!(scope_sql(&Scope::operator(), "c", &["p"]), "(c >= 0)");
        let provider = Scope::provider(ProviderId(7));
        assert_eq!(scope_sql(&provider, "c", &["p", "q"]), "(c <> 0 AND (p = 7 OR q = 7))");
        assert_eq!(scope_sql(&provider, "c", &[]), "(c <> 0 AND (1 = 0))");
        assert_eq!(scope_sql(&Scope::clients([ClientId::QUARANTINE]), "c", &[]), "(1 = 0)");
    }

    #[test]
    fn patterns_take_signs_literally_and_fold_as_the_database_does() {
        assert_eq!(like_containing("50%_A!"), "%50!%!_a!!%");
        assert_eq!(like_containing("États-Unis"), "%États-unis%");
    }

    #[test]
    fn placeholders_are_numbered() {
        let mut sql = SqlBuilder::new("SELECT * FROM t WHERE a = ");
        sql.bind(1_i64).push(" AND b = ").bind("x");
        assert_eq!(sql.text(), "SELECT * FROM t WHERE a = $1 AND b = $2");
        assert_eq!(placeholders(3, 2), "$3, $4");
    }
}
