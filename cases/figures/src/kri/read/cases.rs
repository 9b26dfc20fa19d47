//! Cases.

use crate::FigureError;
use crate::kri::compute::CaseFact;
use event::Timestamp;
use ledger::Month;
use sqlx::AnyConnection;

pub(super) async fn cases(
    _connection: &mut AnyConnection,
    _month: Month,
    _as_of: Timestamp,
) -> Result<Vec<CaseFact>, FigureError> {
    Ok(Vec::new())
}
