//! Source types that come, go wrong and change while lines arrive: every line is kept once, and read by the types in
//! force.

use crate::crash::{post, settle};
use crate::server::Site;
use event::{FieldTable, Scope};
use index::{Index, IndexSettings, SearchRequest};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const LINES_PER_REQUEST: u64 = 10;

/// An entry for the lines of the test that puts the gate's number into `field`.
fn entry(field: &str) -> String {
    format!(
        "name = \"acme-gate\"\nprefix = \"acme.\"\n[recognise]\nstart = [\"GATE \"]\n[[pattern]]\n\
         text = \"GATE {{acme.{field}:number}} opened\"\n"
    )
}

/// Posts so many requests, beginning with the line of this number; every line is acknowledged. Gives the next number.
fn send(site: &Site, web: SocketAddr, from: u64, requests: u64) -> u64 {
    for request in 0..requests {
        let first = from + request * LINES_PER_REQUEST;
        let lines = (first..first + LINES_PER_REQUEST).map(|number| format!("GATE {number} opened\n"));
        let body: String = lines.collect();
        assert!(post(web, &site.token, &body).expect("the server answers"), "the server refused lines");
    }
    from + requests * LINES_PER_REQUEST
}

/// Of each line by its number: how often it is in the index, its source type, and the field that has the number.
fn indexed(site: &Site) -> BTreeMap<u64, (u64, String, &'static str)> {
    let index =
        Index::open(&site.data().join("index"), IndexSettings::default(), Arc::new(FieldTable::new()))
            .expect("the index opens");
    let mut found = BTreeMap::new();
    let mut request = SearchRequest::new("");
    request.limit = index::LIMIT_MAX;
    loop {
        let page = index.search(&Scope::every_client(), &request).expect("the search runs");
        for hit in &page.hits {
            let text = hit.raw_text().into_owned();
            let number = text.split(' ').nth(1).and_then(|number| number.parse().ok());
            let field = ["acme.gate", "acme.door"].into_iter().find(|field| hit.get(field).is_some());
            let one = found.entry(number.unwrap_or_else(|| panic!("no number in {text}"))).or_insert((
                0,
                hit.source_type.clone(),
                field.unwrap_or(""),
            ));
            one.0 += 1;
        }
        match page.next {
            Some(after) => request.after = Some(after),
            None => return found,
        }
    }
}

#[test]
fn source_types_change_under_load_and_no_line_is_missed() {
    let site = Site::new();
    let folder = site.folder.path().join("source-types");
    std::fs::create_dir(&folder).expect("a folder for source types");
    site.configure(&format!("[parse]\ncatalogue = {folder:?}\n"));
    let server = site.start();
    let (good, faulty) = ("source types are in force now", "gate.toml: line 2: unknown field `nonsense`");
    let mut next = send(&site, server.web, 0, 1);
    settle(&server);
    // By the first line that was sent when all before were handled: the field that has its number.
    let mut marks = vec![(0, "")];
    for (text, said, field) in [
        (entry("gate"), good, "acme.gate"),
        ("name = \"acme-gate\"\nnonsense = 7\n".to_owned(), faulty, "acme.gate"),
        (entry("door"), good, "acme.door"),
        (entry("door"), "the source types are as they were", "acme.door"),
    ] {
        std::fs::write(folder.join("gate.toml"), text).expect("an entry is written");
        next = std::thread::scope(|scope| {
            let sending = scope.spawn(|| send(&site, server.web, next, 20));
            server.reload(said);
            sending.join().expect("every line is acknowledged")
        });
        marks.push((next, field));
        next = send(&site, server.web, next, 1);
        settle(&server);
    }
    server.stop();
    let found = indexed(&site);
    assert_eq!(found.len() as u64, next, "every line is in the index");
    assert!(found.values().all(|(times, ..)| *times == 1), "once");
    for (number, field) in marks {
        let (_, source_type, got) = &found[&number];
        assert_eq!(*got, field, "line {number}");
        assert_eq!(source_type == "acme-gate", !field.is_empty(), "line {number} is {source_type}");
    }
    let fields: Vec<&str> = found.values().map(|(_, _, field)| *field).collect();
    let order = |field: &&str| ["", "acme.gate", "acme.door"].iter().position(|one| one == field);
    assert!(fields.is_sorted_by_key(order), "no line was read by a type that was replaced before");
}
