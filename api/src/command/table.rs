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

/// Longest name in a column that others follow, in characters: a longer one would push them off the terminal.
const NAME_CHARS_MAX: usize = 40;

/// A table: columns as wide as their widest cell, two spaces apart. Names longer than `NAME_CHARS_MAX` are cut, but
/// for those in the last column; JSON has them whole.
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
        let before_last = self.columns.len().saturating_sub(1);
        for (cell, (_, align)) in row.iter_mut().zip(&self.columns[..before_last]) {
            if *align == Align::Left {
                *cell = shortened(cell);
            }
        }
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

/// The start of a long name; no line feeds and tabs, which would break the columns too.
fn shortened(name: &str) -> String {
    let shown = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    if name.chars().count() <= NAME_CHARS_MAX {
        return shown.collect();
    }
    shown.take(NAME_CHARS_MAX - 1).chain(['…']).collect()
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
        let mut table =
            Table::new(&[("source", Align::Left), ("events", Align::Right), ("note", Align::Left)]);
        let long = "Windows-servers, laptops\ten vergaderzaalschermen van het hoofdkantoor";
        table.row([long.to_owned(), whole(1648), long.to_owned()]);
        table.row(["Firewall".to_owned(), whole(3_602)]);
        insta::assert_snapshot!(table.render().replace('\t', "<tab>"), @r"
        source                                    events  note
        Windows-servers, laptops en vergaderzaa…   1 648  Windows-servers, laptops<tab>en vergaderzaalschermen van het hoofdkantoor
        Firewall                                   3 602
        ");
        assert_eq!([whole(0), whole(1000), whole(-1_000_000)], ["0", "1 000", "-1 000 000"]);
        assert_eq!(gb(37_400_999_999), "37.400");
    }
}
