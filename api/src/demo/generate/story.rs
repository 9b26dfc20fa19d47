//! The attacks inside the ordinary day: a phished agency, an attacked web site and a guessed root password.

mod phishing;
mod ssh;
mod web;

use super::Lines;
use super::dice::Dice;
use super::moment::Day;

/// Writes the traces of the three attacks; their times are relative to the end of the day.
pub fn tell(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    phishing::tell(lines, day, dice);
    web::tell(lines, day, dice);
    ssh::tell(lines, day, dice);
}
