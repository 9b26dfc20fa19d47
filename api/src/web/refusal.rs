//! What the other crates refuse, as a [`Fault`]: whose mistake it is, and the text in which the caller hears of it.

use super::fault::Fault;
use super::telling::Telling;
use crate::identity::IdentityError;
use crate::wire::search::AnswerError;
use cmdb::CmdbError;
use desk::{DeskError, Unfit};
use figures::FigureError;
use index::SearchError;
use index::query::Problem as QueryProblem;
use ledger::{BillingError, LedgerError, PriceError, Refusal};

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Fault {
        match error {
            IdentityError::LoginTaken(login) => {
                Fault::conflict(Telling::new("wrong-login-taken").with("login", login))
            }
            IdentityError::TooManyTokens { max } => {
                Fault::conflict(Telling::new("wrong-tokens").with_number("max", max as i64))
            }
            IdentityError::LoginShape(_) => Fault::invalid("login", "wrong-login-shape"),
            IdentityError::PasswordLength { min, max, .. } => Fault::invalid("password", length(min, max)),
            IdentityError::RoleNotForOrganisation { role, organisation } => {
                let telling = Telling::new("wrong-role").with_key("role", format!("role-{role}"));
                Fault::invalid(
                    "roles",
                    telling.with_key("organisation", format!("organisation-{organisation}")),
                )
            }
            IdentityError::NoRole => Fault::invalid("roles", "wrong-no-role"),
            other => Fault::internal(other),
        }
    }
}

/// A text whose length in bytes lies outside its limits.
#[must_use]
pub fn length(min: usize, max: usize) -> Telling {
    Telling::new("wrong-length").with_number("min", min as i64).with_number("max", max as i64)
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Fault {
        match error {
            DeskError::NotFound { .. } => Fault::NotFound,
            DeskError::Conflict { number, .. } => {
                Fault::conflict(Telling::new("wrong-case-changed").with("number", number))
            }
            DeskError::Step { from, to } => Fault::conflict(
                Telling::new("wrong-case-step")
                    .with_key("from", format!("case-state-{}", from.name()))
                    .with_key("to", format!("case-state-{}", to.name())),
            ),
            DeskError::Missing(what) => {
                Fault::invalid(what, Telling::new("wrong-missing").with_key("what", named(what)))
            }
            DeskError::Invalid { what, why } => Fault::invalid(what, unfit(why)),
            DeskError::TooLong { what, bytes_max, .. } => {
                let telling = Telling::new("wrong-too-long").with_key("what", named(what));
                Fault::invalid(what, telling.with_number("max", bytes_max as i64))
            }
            other => Fault::internal(other),
        }
    }
}

/// The locale key of something that a step needs: `case to merge into` is `what-case-to-merge-into`.
fn named(what: &str) -> String {
    format!("what-{}", what.replace(' ', "-"))
}

fn unfit(why: Unfit) -> Telling {
    match why {
        Unfit::Priority(_) => "wrong-priority".into(),
        Unfit::NotForNewCase(_) => "wrong-group-for-new-case".into(),
        Unfit::NotForCase => "wrong-group-for-case".into(),
        Unfit::NotInCase => "wrong-group-not-in-case".into(),
        Unfit::NotOpen(state) => {
            Telling::new("wrong-group-not-open").with_key("state", format!("group-state-{}", state.name()))
        }
        Unfit::NotAnother => "wrong-merge-same".into(),
        Unfit::Gone(state) => {
            Telling::new("wrong-merge-gone").with_key("state", format!("case-state-{}", state.name()))
        }
        other => Telling::new("wrong-other").with("reason", other),
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Fault {
        match error {
            LedgerError::NotFound { .. } => Fault::NotFound,
            LedgerError::State { what: "order", id, state, .. } => Fault::conflict(
                Telling::new("wrong-order-state")
                    .with("id", id)
                    .with_key("state", format!("order-state-{state}")),
            ),
            LedgerError::State { .. } => Fault::conflict("wrong-state"),
            LedgerError::CredentialTaken { value, .. } => {
                Fault::conflict(Telling::new("wrong-credential-taken").with("value", value))
            }
            LedgerError::Refused { field, reason } => Fault::invalid(field, refusal(reason)),
            other => Fault::internal(other),
        }
    }
}

fn refusal(reason: Refusal) -> Telling {
    match reason {
        Refusal::Missing => "wrong-empty".into(),
        Refusal::Length { min, max } => length(min, max),
        Refusal::Negative => "wrong-negative".into(),
        Refusal::NotInCatalogue => "wrong-source-type".into(),
        Refusal::NotOperated => "wrong-provider".into(),
        Refusal::NameTaken(name) => Telling::new("wrong-name-taken").with("name", name),
        Refusal::NameAsked(name) => Telling::new("wrong-name-asked").with("name", name),
        Refusal::DayOver(day) => Telling::new("wrong-day-over").with("day", day),
        other => Telling::new("wrong-other").with("reason", other),
    }
}

impl From<BillingError> for Fault {
    fn from(error: BillingError) -> Fault {
        match error {
            BillingError::Ledger(error) => error.into(),
            BillingError::Closed { month } => {
                Fault::conflict(Telling::new("wrong-month-closed").with("month", month))
            }
            BillingError::Price(error) => error.into(),
            other => Fault::conflict(Telling::new("wrong-other").with("reason", other)),
        }
    }
}

impl From<PriceError> for Fault {
    fn from(error: PriceError) -> Fault {
        match error {
            PriceError::NoList(month) => {
                Fault::invalid("month", Telling::new("wrong-month-no-prices").with("month", month))
            }
            other => Fault::internal(other),
        }
    }
}

impl From<FigureError> for Fault {
    fn from(error: FigureError) -> Fault {
        match error {
            FigureError::Ledger(error) => error.into(),
            FigureError::NoKri(_) => Fault::NotFound,
            FigureError::NotOver(_) | FigureError::Frozen(_) => {
                Fault::conflict(Telling::new("wrong-other").with("reason", error))
            }
            other => Fault::internal(other),
        }
    }
}

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Fault {
        match error {
            SearchError::Cursor(_) => Fault::invalid("after", "wrong-after"),
            SearchError::Query(error) => {
                let telling = Telling::new("wrong-query").with_number("position", error.position as i64 + 1);
                Fault::invalid("query", telling.with_telling("problem", problem(&error.problem)))
            }
            SearchError::TooMuch { max, .. } => {
                Fault::invalid("limit", Telling::new("wrong-too-much").with_number("max", max as i64))
            }
            SearchError::NotCounted { field } => {
                Fault::invalid("count_by", Telling::new("wrong-not-counted").with("field", field))
            }
            other => Fault::internal(other),
        }
    }
}

impl From<AnswerError> for Fault {
    fn from(error: AnswerError) -> Fault {
        match error {
            AnswerError::Search(error) => Fault::from(error),
            AnswerError::Parameter { parameter, .. } => {
                Fault::invalid(parameter, Telling::new("wrong-other").with("reason", error))
            }
        }
    }
}

/// What is wrong with a query, and what to do about it.
#[must_use]
pub fn problem(problem: &QueryProblem) -> Telling {
    match problem {
        QueryProblem::TooLong => "query-too-long".into(),
        QueryProblem::TooDeep => "query-too-deep".into(),
        QueryProblem::TooManyTerms => "query-too-many-terms".into(),
        QueryProblem::OpenQuote => "query-open-quote".into(),
        QueryProblem::OpenBracket => "query-open-bracket".into(),
        QueryProblem::StrayBracket => "query-stray-bracket".into(),
        QueryProblem::MissingTerm => "query-missing-term".into(),
        QueryProblem::MissingValue(field) => Telling::new("query-missing-value").with("field", field),
        QueryProblem::BadRange => "query-bad-range".into(),
        QueryProblem::FieldInField(field) => Telling::new("query-field-in-field").with("field", field),
        QueryProblem::NoWord => "query-no-word".into(),
        QueryProblem::BadValue { field, value, .. } => {
            let wanted = if is_time(field) { "query-wants-time" } else { "query-wants-number" };
            Telling::new("query-bad-value")
                .with("field", field)
                .with("value", value)
                .with_key("wanted", wanted)
        }
        other => Telling::new("wrong-other").with("reason", other),
    }
}

/// The fields of our own that hold an instant; those that hold a number are the others.
fn is_time(field: &str) -> bool {
    matches!(field.to_lowercase().as_str(), "@timestamp" | "sperwer.received")
}

impl From<store::StoreError> for Fault {
    fn from(error: store::StoreError) -> Fault {
        Fault::internal(error)
    }
}

impl From<CmdbError> for Fault {
    fn from(error: CmdbError) -> Fault {
        Fault::internal(error)
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Fault {
        Fault::internal(error)
    }
}
