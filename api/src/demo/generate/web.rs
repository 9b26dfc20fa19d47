//! Web servers: nginx at Watervast, Apache at Oostermeer, each with its error log.

use super::Lines;
use super::cast::{VISITORS, oostermeer, watervast};
use super::dice::Dice;
use super::linux::syslog;
use super::moment::{Day, Moment};

pub const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
];

const WATER_PAGES: &[&str] = &[
    "/",
    "/vergunningen",
    "/vergunningen/aanvraag?stap=2",
    "/peilen/demer",
    "/peilen/dijle.json",
    "/assets/app.css",
    "/assets/kaart.js",
    "/contact",
];
const CITY_PAGES: &[&str] = &[
    "/",
    "/eloket",
    "/eloket/verhuizing",
    "/eloket/attest?type=woonst",
    "/nieuws",
    "/media/logo.svg",
    "/kalender/november",
    "/afval/ophaling",
];

/// What a visitor asked and got.
pub struct Request<'a> {
    pub from: &'a str,
    pub user: &'a str,
    pub line: &'a str,
    pub status: u16,
    pub bytes: u64,
    pub agent: &'a str,
}

impl Request<'_> {
    /// The combined log format that nginx and Apache share.
    pub fn combined(&self, at: Moment) -> String {
        let Request { from, user, line, status, bytes, agent } = self;
        format!("{from} - {user} [{}] \"{line}\" {status} {bytes} \"-\" \"{agent}\"", at.clf())
    }
}

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    for at in day.moments(dice, 2500) {
        water_visit(lines, at, dice);
    }
    for at in day.moments(dice, 90) {
        water_error(lines, at, dice);
    }
    for at in day.moments(dice, 2000) {
        city_visit(lines, at, dice);
    }
    for at in day.moments(dice, 70) {
        city_error(lines, at, dice);
    }
}

fn water_visit(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let server = dice.pick(watervast::WEB).name;
    let entry = visit(WATER_PAGES, dice, at);
    lines.push("watervast-web", at, syslog(190, at, server, "nginx", &entry));
}

fn city_visit(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let server = dice.pick(oostermeer::WEB).name;
    let entry = visit(CITY_PAGES, dice, at);
    lines.push("oostermeer-web", at, apache(at, server, &entry));
}

fn visit(pages: &[&str], dice: &mut Dice, at: Moment) -> String {
    let page = *dice.pick(pages);
    let line = format!("GET {page} HTTP/1.1");
    let status = *dice.pick(&[200, 200, 200, 200, 200, 200, 304, 304, 302, 404]);
    let bytes = if status == 304 { 0 } else { dice.between(180, 48_000) };
    let request = Request {
        from: dice.pick::<&str>(VISITORS),
        user: "-",
        line: &line,
        status,
        bytes,
        agent: dice.pick::<&str>(BROWSERS),
    };
    request.combined(at)
}

/// Apache's log as its hosts forward it: in the RFC 5424 envelope.
pub fn apache(at: Moment, server: &str, entry: &str) -> String {
    format!("<150>1 {} {server} apache2 - access - {entry}", at.rfc3339())
}

fn water_error(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let server = dice.pick(watervast::WEB).name;
    let client = dice.pick(VISITORS);
    let entry = format!(
        "{} [error] {}#{}: *{} open() \"/srv/www/favicon.ico\" failed (2: No such file or directory), client: {client}, \
         server: www.watervast.example, request: \"GET /favicon.ico HTTP/1.1\", host: \"www.watervast.example\"",
        at.slashes(),
        dice.between(700, 900),
        dice.between(700, 900),
        dice.between(1000, 90_000),
    );
    lines.push("watervast-web", at, syslog(187, at, server, "nginx", &entry));
}

fn city_error(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let server = dice.pick(oostermeer::WEB).name;
    let client = dice.pick(VISITORS);
    let entry = format!(
        "[{}] [core:error] [pid {}:tid {}] [client {client}:{}] AH00037: Symbolic link not allowed or link target not \
         accessible: /srv/www/oud",
        at.local_as("%a %b %d %H:%M:%S%.6f %Y"),
        dice.between(700, 900),
        dice.between(139_000, 140_000),
        dice.port(),
    );
    lines.push("oostermeer-web", at, format!("<147>1 {} {server} apache2 - error - {entry}", at.rfc3339()));
}
