//! Tables for people at a terminal, and numbers as they read them.

use rust_decimal::Decimal;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table: columns as wide as their widest cell, two spaces apart.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    #[must_use]
    pub fn new(columns: &[(&str, Align)]) -> Table {
        let columns = columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect();
        Table { columns, rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty, cells beyond the columns are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().take(self.columns.len()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// The text, a line feed after each line.
    #[must_use]
    pub fn render(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| &row[column]).chain([&names[column]]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..names.len()).map(width).collect();
        let mut text = String::new();
        for row in [&names].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (cell, ((_, align), width)) in row.iter().zip(self.columns.iter().zip(&widths)) {
                let padding = " ".repeat(width - cell.chars().count());
                let (before, after) =
                    if *align == Align::Right { (padding, String::new()) } else { (String::new(), padding) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A whole number with a space between thousands.
#[must_use]
pub fn whole(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Bytes as GB with three decimals, cut.
#[must_use]
pub fn gb(bytes: i64) -> String {
    ledger::money::shown_gb(ledger::money::gigabytes(bytes)).to_string()
}

/// An amount with two decimals, or a question mark where a person must price.
#[must_use]
pub fn amount(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "?".to_owned(), |amount| ledger::money::cents(amount).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let mut table = Table::new(&[("wie", Align::Left), ("bytes", Align::Right), ("noot", Align::Left)]);
        table.row(["één".to_owned(), whole(1_234_567), "x".to_owned()]);
        table.row(["twee".to_owned(), whole(-999)]);
        insta::assert_snapshot!(table.render(), @r"
        wie       bytes  noot
        één   1 234 567  x
        twee       -999
        ");
        assert_eq!([whole(0), whole(1000), whole(-1_000_000)], ["0", "1 000", "-1 000 000"]);
        assert_eq!(gb(37_400_999_999), "37.400");
    }
}
