//! Imports: what they change, what they refuse, and that they change nothing twice.

use crate::world::{ANB, CLOUD, ITEMS, NETWERKEN, file, open, put, settings};
use cmdb::{CiFilter, CmdbError, Conflict, PrecedenceRule};
use event::Scope;
use store::{Actor, Organisation, Store};

async fn names(store: &Store) -> Vec<String> {
    let page = cmdb::list(store, &Scope::every_client(), &CiFilter::default()).await.unwrap();
    page.cis.into_iter().map(|ci| ci.name).collect()
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let store = open().await;
    let report = put(&store, "central", 2_000, ITEMS).await;
    assert_eq!((report.unchanged, report.version), (8, 0), "{report:#?}");
    assert_eq!(cmdb::version(&store).await.unwrap(), 1);
}

#[tokio::test]
async fn a_dry_run_tells_and_touches_nothing() {
    let store = open().await;
    let mut dry = settings("central", 2_000);
    dry.dry_run = true;
    let files = [file("x.csv", "id;criticality;name\nweb;1;web01\nnew;4;x\n")];
    let report = cmdb::import(&store, &files, &dry).await.unwrap();
    assert_eq!(report.errors[0].text, "needs a client");
    let files =
        [file("x.csv", "id;client;class;criticality;name\nweb;anb;server;1;web01\nnew;anb;server;4;x\n")];
    let report = cmdb::import(&store, &files, &dry).await.unwrap();
    assert!(!report.applied);
    assert_eq!(report.added[0].name, "x");
    let change = &report.changed[0].values[0];
    assert_eq!((change.attribute.as_str(), change.from.as_deref()), ("criticality", Some("2")));
    assert_eq!(names(&store).await.len(), 8);
}

#[tokio::test]
async fn absent_columns_stay_and_empty_cells_clear() {
    let store = open().await;
    put(&store, "central", 2_000, "id,environment\nweb,\n").await;
    let filter = CiFilter { text: Some("web01.anb".into()), ..CiFilter::default() };
    let page = cmdb::list(&store, &Scope::every_client(), &filter).await.unwrap();
    let web = &page.cis[0];
    assert_eq!((web.environment.as_deref(), web.criticality, web.always_on), (None, Some(2), true));
    let detail = cmdb::detail(&store, &Scope::every_client(), web.id).await.unwrap().unwrap();
    assert_eq!(detail.history, [(2_000, None, 2), (1_000, Some(2_000), 1)]);
}

#[tokio::test]
async fn every_wrong_line_is_named_and_nothing_is_applied() {
    let store = open().await;
    let report = put(
        &store,
        "central",
        2_000,
        "id,client,class,name,ips,criticality,depends_on,colour\n\
         ok,anb,server,ok,10.9.9.9,2,,\n\
         a,nobody,server,a,,2,,\n\
         b,anb,server,b,300.1.1.1,9,,\n\
         ok,anb,server,again,,,,\n\
         ,anb,server,nameless,,,,\n\
         c,anb,server,c,,,nowhere,\n\
         short,row\n",
    )
    .await;
    assert!(!report.applied);
    let mut lines: Vec<(usize, &str)> =
        report.errors.iter().map(|error| (error.line, error.text.as_str())).collect();
    lines.sort();
    assert_eq!(
        lines.iter().filter(|(_, text)| !text.contains("colour")).collect::<Vec<_>>(),
        [
            &(3, "names an unknown client: \"nobody\""),
            &(4, "criticality must be a number from 1 to 4, got \"9\""),
            &(4, "ips is not an IP address: \"300.1.1.1\""),
            &(5, "repeats the id \"ok\" of items.csv line 2"),
            &(6, "needs an id"),
            &(7, "depends_on names an id that is not there: \"nowhere\""),
            &(8, "has more or fewer cells than the header"),
        ]
    );
    assert_eq!(names(&store).await.len(), 8);
}

#[tokio::test]
async fn a_full_import_retires_what_it_leaves_out_but_not_half_a_cmdb() {
    let store = open().await;
    let without = |keys: &[&str]| {
        let rows = ITEMS.lines().filter(|line| !keys.iter().any(|key| line.starts_with(&format!("{key},"))));
        rows.collect::<Vec<_>>().join("\n")
    };
    let mut full = settings("central", 2_000);
    full.full = true;
    let most = [file("items.csv", &without(&["gweb", "net", "fw"]))];
    let error = cmdb::import(&store, &most, &full).await.unwrap_err();
    assert!(matches!(error, CmdbError::MassRetirement { retired: 3, total: 8, .. }), "{error}");
    full.retire_percent_max = 13;
    let one = [file("items.csv", &without(&["gweb"]))];
    let report = cmdb::import(&store, &one, &full).await.unwrap();
    assert_eq!(report.retired[0].name, "web01");
    assert_eq!(names(&store).await.len(), 7);
    let back = put(&store, "central", 3_000, ITEMS).await;
    assert_eq!(back.changed.len(), 1);
    assert_eq!(names(&store).await.len(), 8);
}

#[tokio::test]
async fn a_second_origin_joins_by_identity_and_yields_to_the_master() {
    let store = open().await;
    let mut tx = store.write().await.unwrap();
    let rule = |origin: &str, attribute: &str, rank| PrecedenceRule {
        origin: origin.into(),
        class: "server".into(),
        attribute: attribute.into(),
        rank,
    };
    let rules = [rule("central", "*", 10), rule("cmdb2", "support_group", 20)];
    cmdb::set_precedence(&mut tx, &rules, &Actor::program("test"), 1_500).await.unwrap();
    tx.commit().await.unwrap();
    let report = put(
        &store,
        "cmdb2",
        2_000,
        "id,client,class,name,fqdn,environment,support_group\n\
         4711,anb,server,WEB-1,web01.anb.example,test,linux\n",
    )
    .await;
    assert_eq!((report.added.len(), report.changed.len()), (0, 1), "{report:#?}");
    let filter = CiFilter { text: Some("web01.anb".into()), ..CiFilter::default() };
    let web = cmdb::list(&store, &Scope::every_client(), &filter).await.unwrap().cis.remove(0);
    assert_eq!((web.name.as_str(), web.environment.as_deref()), ("web01", Some("production")));
    assert_eq!(web.support_group.as_deref(), Some("linux"));
    let detail = cmdb::detail(&store, &Scope::every_client(), web.id).await.unwrap().unwrap();
    let name = |origin: &str| {
        let mut values = detail.values.iter().filter(|value| value.attribute == cmdb::Attribute::Name);
        values
            .find(|value| value.origin == origin)
            .map(|value| (value.values[0].clone(), value.counts))
            .unwrap()
    };
    assert_eq!(name("central"), ("web01".to_owned(), true));
    assert_eq!(name("cmdb2"), ("WEB-1".to_owned(), false));
}

#[tokio::test]
async fn what_no_rule_decides_is_a_conflict() {
    let store = open().await;
    let report = put(
        &store,
        "cmdb2",
        2_000,
        "id,client,class,name,fqdn,ip\n\
         1,anb,server,both,web01.anb.example web02.anb.example,\n\
         2,anb,printer,printer,,10.1.0.21\n",
    )
    .await;
    assert!(report.applied);
    assert!(matches!(&report.conflicts[0], Conflict::SeveralMatch { line: 2, cis, .. } if cis.len() == 2));
    let Conflict::SameIdentifier { identifier, value, cis, .. } = &report.conflicts[1] else { panic!() };
    assert_eq!((identifier.as_str(), value.as_str(), cis.len()), ("ip", "10.1.0.21", 2));
}

#[tokio::test]
async fn json_in_its_three_shapes() {
    let store = store::testing::open().await;
    let document = r#"{
        "clients": [{"slug": "anb", "name": "ANB", "service_start": "2026-08-01"}],
        "providers": [{"slug": "cloud", "name": "Cloud"}],
        "cis": [
            {"id": "a", "client": "anb", "class": "server", "name": "a", "ips": ["10.0.0.1", "10.0.0.2"], "logging": true},
            {"id": "b", "client": "anb", "class": "application", "name": "b", "runs_on": ["a"], "criticality": 1}
        ]
    }"#;
    let import = async |name: &str, text: &str, at| {
        cmdb::import(&store, &[file(name, text)], &settings("central", at)).await.unwrap()
    };
    let report = import("all.json", document, 1).await;
    assert_eq!((report.added.len(), report.errors.len()), (2, 0), "{report:#?}");
    let report = import("list.json", r#"[{"id": "a", "criticality": 2}]"#, 2).await;
    assert_eq!(report.changed.len(), 1);
    let report =
        import("lines.jsonl", "{\"id\": \"a\", \"ips\": null}\n\n{\"id\": \"b\", \"criticality\": 7}\n", 3)
            .await;
    assert_eq!((report.errors[0].line, report.errors.len()), (3, 1), "{report:#?}");
    let report = import("broken.json", "{\"id\": \"a\",", 4).await;
    assert_eq!(report.errors.len(), 1);
}

#[tokio::test]
async fn a_withdrawn_id_leads_nowhere() {
    let store = open().await;
    let rows = ITEMS.lines().filter(|line| !line.starts_with("web2,"));
    let mut full = settings("central", 2_000);
    (full.full, full.retire_percent_max) = (true, 50);
    // The application still names the server that the same files leave out.
    let files = [file("items.csv", &rows.collect::<Vec<_>>().join("\n"))];
    let report = cmdb::import(&store, &files, &full).await.unwrap();
    let errors: Vec<&str> = report.errors.iter().map(|error| error.text.as_str()).collect();
    assert_eq!(errors, ["runs_on names an id that is not there: \"web2\""]);
}

#[tokio::test]
async fn every_import_and_every_rank_is_written_down() {
    let store = open().await;
    let mut tx = store.write().await.unwrap();
    let rule =
        PrecedenceRule { origin: "central".into(), class: "*".into(), attribute: "*".into(), rank: 10 };
    cmdb::set_precedence(&mut tx, &[rule], &Actor::person("els", Organisation::Integrator), 1_500)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    // Another origin agrees: no record changes, but its word is kept.
    let row = "id,client,class,name,fqdn\n1,anb,server,web01,web01.anb.example\n";
    let report = put(&store, "cmdb2", 2_000, row).await;
    assert_eq!((report.version, report.changed.len()), (0, 0), "{report:#?}");
    let rows = store.audit_page(&Scope::operator(), None, 10).await.unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.subject.as_str())).collect();
    assert_eq!(shown, [("cmdb.import", "cmdb2"), ("cmdb.precedence", "central"), ("cmdb.import", "central")]);
    assert_eq!(rows[1].actor, "els");
}

#[tokio::test]
async fn a_ci_is_known_as_it_was() {
    let store = open().await;
    put(&store, "central", 2_000, "id,provider,logging\nweb,netwerken,nee\n").await;
    put(&store, "central", 3_000, "id,lifecycle\nweb,retired\n").await;
    put(&store, "central", 4_000, "id,criticality\nweb,4\n").await;
    let mut connection = store.read().acquire().await.unwrap();
    let mut web = async |at_ms| {
        let cis = cmdb::as_of(&mut connection, at_ms).await.unwrap();
        let web = cis.into_iter().find(|ci| ci.name == "web01" && ci.client == ANB);
        web.map(|ci| (ci.provider, ci.logging, ci.retired))
    };
    assert_eq!(web(999).await, None);
    assert_eq!(web(1_000).await, Some((Some(CLOUD), true, false)));
    assert_eq!(web(2_500).await, Some((Some(NETWERKEN), false, false)));
    assert_eq!(web(3_000).await, Some((Some(NETWERKEN), false, true)));
    // A later change of what is retired does not move the day on which it was.
    let sql = "SELECT retired_ms FROM ci WHERE name = 'web01' AND client_id = 1";
    let retired: Option<i64> = sqlx::query_scalar(sql).fetch_one(store.read()).await.unwrap();
    assert_eq!(retired, Some(3_000));
}
