//! Nobody finds what is not theirs.

use crate::sample::{Bench, Sample};
use event::{ClientId, EventId, ProviderId, Scope};
use index::{IndexSettings, SearchRequest};

fn bench() -> Bench {
    let mut bench = Bench::new();
    let mut samples: Vec<Sample> =
        (0..6).map(|id| Sample::new(id, "secret").of_client(id as u32 % 3)).collect();
    samples[1].provider = Some(7);
    samples[2].provider = Some(8);
    // A sender that claims to be of another client and provider.
    samples[4] = samples[4].clone().with("sperwer.provider", "7").with("sperwer.client", "2");
    bench.add_all(&samples);
    bench
}

#[test]
fn a_scope_sees_its_own_and_nothing_else() {
    let bench = bench();
    let all = [0u64, 1, 2, 3, 4, 5];
    let scopes: [(&str, Scope, &[u64]); 8] = [
        ("every client", Scope::every_client(), &[1, 2, 4, 5]),
        ("operator", Scope::operator(), &all),
        ("client 1", Scope::clients([ClientId(1)]), &[1, 4]),
        ("nobody", Scope::clients([]), &[]),
        ("provider 7", Scope::provider(ProviderId(7)), &[1]),
        ("provider 7 at client 2", Scope::provider(ProviderId(7)).narrowed_to(ClientId(2)), &[]),
        ("quarantine", Scope::operator().narrowed_to(ClientId::QUARANTINE), &[0, 3]),
        ("provider 9", Scope::provider(ProviderId(9)), &[]),
    ];
    for (who, scope, ids) in scopes {
        for query in
            ["", "secret", "NOT nothing", "sperwer.client:* OR secret", "secret OR sperwer.provider:7"]
        {
            let page = bench.index.search(&scope, &SearchRequest::new(query)).expect("a page");
            let mut found: Vec<u64> = page.hits.iter().map(|hit| hit.id.0).collect();
            found.sort_unstable();
            assert_eq!(found, ids, "{who}: {query}");
            assert_eq!(page.total, ids.len() as u64, "{who}: {query}");
            let histogram = bench.index.histogram(&scope, &SearchRequest::new(query), 1_000).expect("bars");
            assert_eq!(histogram.total, ids.len() as u64, "{who}: {query}");
        }
        let counts =
            bench.index.count_by(&scope, &SearchRequest::new(""), "sperwer.source", 10).expect("counts");
        assert_eq!(counts.total, ids.len() as u64, "{who}");
        let got = bench.index.get_many(&scope, &all.map(EventId)).expect("events");
        assert_eq!(got.hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), ids, "{who}");
        let usage = bench.index.usage(&scope).expect("usage");
        assert!(usage.keys().all(|client| scope.allows(*client)), "{who}");
        // What a provider has of a client is not told apart, so it is told nothing.
        let is_provider = scope.provider_filter().is_some();
        assert_eq!(usage.is_empty(), is_provider || ids.is_empty(), "{who}");
        assert_eq!(
            bench.index.span(&scope).expect("a span").is_none(),
            is_provider || ids.is_empty(),
            "{who}"
        );
    }
}

#[test]
fn a_sender_cannot_choose_its_provider() {
    let bench = bench();
    assert_eq!(bench.ids("sperwer.provider:7"), [1]);
}

#[test]
fn what_a_sender_says_in_our_name_is_not_repeated_as_ours() {
    let mut bench = Bench::new();
    bench.add_all(&[Sample::new(0, "x")
        .with("Sperwer.CI", "9")
        .with("sperwer.provider", "7")
        .with("own", "1")]);
    let hit = &bench.page("").hits[0];
    let json = serde_json::to_value(hit).expect("JSON");
    let object = json.as_object().expect("an object");
    assert_eq!(object["own"], "1");
    assert_eq!(object["sperwer.client"], 1);
    assert!(!object.contains_key("Sperwer.CI") && !object.contains_key("sperwer.provider"), "{json}");
}

#[test]
fn what_is_damaged_is_told_to_those_whose_it_is_also_after_a_restart() {
    let mut bench = Bench::new();
    bench.add_all(&[Sample::new(0, "x"), Sample::new(1, "x").of_client(2)]);
    bench.writer.checkpoint().expect("a checkpoint");
    std::fs::write(bench.dir.path().join("1/2026-11-22/durable.json"), b"{").expect("a file");
    for _ in 0..2 {
        bench = bench.crash(IndexSettings::default());
        let told = |scope: &Scope| {
            let all = SearchRequest::new("");
            let page = bench.index.search(scope, &all).expect("a page").not_searched;
            let counts = bench.index.count_by(scope, &all, "sperwer.source", 5).expect("counts").not_searched;
            let bars = bench.index.histogram(scope, &all, 1_000).expect("bars").not_searched;
            let many = bench.index.get_many(scope, &[EventId(0)]).expect("events").not_searched;
            assert!(page == counts && page == bars && page == many);
            assert_eq!(bench.index.get(scope, EventId(0)).is_err(), !page.is_empty());
            page
        };
        for scope in [Scope::every_client(), Scope::operator(), Scope::clients([ClientId(1)])] {
            let lines = told(&scope);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains("client 1") && lines[0].contains("1-2026-11-22-0"), "{lines:?}");
        }
        let others = Scope::operator().narrowed_to(ClientId::QUARANTINE);
        for scope in [Scope::clients([ClientId(2)]), Scope::provider(ProviderId(7)), others] {
            assert_eq!(told(&scope), [] as [&str; 0]);
        }
    }
}
