//! From a partial result to the whole: exactly what is missing runs.

use crate::support::{Log, on_few_and_many_workers, run};
use qi_graph::{Graph, Node, NodeStatus, OnFailure, Options, Partial, skip};

/// a → b → d, a → c → d, d → e; c fails if told so. Every node notes that it runs.
fn build(log: &Log, c_fails: bool) -> (Graph, Node<u32>) {
    let mut graph = Graph::new();
    let noting = |name: &'static str| {
        let log = log.clone();
        move || log.note(name)
    };
    let note = noting("a");
    let a = graph.node("a").run(async move |()| {
        note();
        Ok(1_u32)
    });
    let note = noting("b");
    let b = graph.node("b").after(&a).run(async move |a| {
        note();
        Ok(*a + 1)
    });
    let note = noting("c");
    let c = graph.node("c").after(&a).run(async move |a| {
        note();
        if c_fails { Err("c is broken".into()) } else { Ok(*a + 2) }
    });
    let note = noting("d");
    let d = graph.node("d").after((&b, &c)).run(async move |(b, c)| {
        note();
        Ok(*b * 10 + *c)
    });
    let note = noting("e");
    let e = graph.node("e").after(d.take()).run(async move |d| {
        note();
        Ok(d)
    });
    (graph, e)
}

#[test]
fn exactly_the_missing_nodes_run() {
    on_few_and_many_workers(|runtime| {
        let (graph, _) = build(&Log::default(), true);
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        let partial = report.into_partial();
        let mut names: Vec<&str> = partial.names().collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(partial.get::<u32>("b").as_deref(), Some(&2));

        let log = Log::default();
        let (graph, e) = build(&log, false);
        let report = run(runtime, graph, Options::new().resume(partial));
        assert_eq!(*report.get(&e).expect("a result"), 23);
        assert_eq!(log.all(), ["c", "d", "e"]);
        assert_eq!(report.status_of("a"), Some(NodeStatus::Restored));
        assert_eq!(report.counts().restored, 2);
    });
}

#[test]
fn a_moved_result_is_made_again_only_if_its_reader_runs() {
    on_few_and_many_workers(|runtime| {
        let (graph, _) = build(&Log::default(), false);
        let complete = run(runtime, graph, Options::new()).into_partial();
        assert_eq!(complete.len(), 5, "d ended well, though its result was moved");
        assert!(complete.get::<u32>("d").is_none());

        let log = Log::default();
        let (graph, e) = build(&log, false);
        let report = run(runtime, graph, Options::new().resume(complete));
        assert!(log.all().is_empty(), "nothing is missing");
        assert_eq!(*report.get(&e).expect("restored"), 23);

        let mut partial = report.into_partial();
        assert!(partial.forget("e") && !partial.forget("e"));
        let (graph, e) = build(&log, false);
        let report = run(runtime, graph, Options::new().resume(partial));
        assert_eq!(log.all(), ["d", "e"]);
        assert_eq!(*report.get(&e).expect("a result"), 23);
    });
}

#[test]
fn results_from_elsewhere_are_taken_over() {
    on_few_and_many_workers(|runtime| {
        let log = Log::default();
        let (graph, e) = build(&log, true);
        let partial = Partial::new().with("b", 7_u32).with("c", 8_u32);
        let report = run(runtime, graph, Options::new().resume(partial));
        assert_eq!(*report.get(&e).expect("a result"), 78);
        let mut ran = log.all();
        ran.sort_unstable();
        assert_eq!(ran, ["a", "d", "e"], "a was not given, and nobody said it is not needed");
    });
}

/// What the optional input of a graph does.
#[derive(Clone, Copy)]
enum Lib {
    Fails,
    Skips,
    Ends,
}

/// lib → summary (which does without) → page; lib → linked; base → summary; summary before audit, by
/// order. Every node notes that it runs.
fn build_around(lib: Lib, log: &Log) -> (Graph, Node<String>) {
    let mut graph = Graph::new();
    let noting = |name: &'static str| {
        let log = log.clone();
        move || log.note(name)
    };
    let note = noting("base");
    let base = graph.node("base").compute(move |()| {
        note();
        Ok(1_u32)
    });
    let note = noting("lib");
    let lib = graph.node("lib").run(async move |()| {
        note();
        match lib {
            Lib::Fails => Err("syntax".into()),
            Lib::Skips => Err(skip("nothing to do")),
            Lib::Ends => Ok(5_u32),
        }
    });
    let note = noting("linked");
    graph.node("linked").after(&lib).compute(move |_| {
        note();
        Ok(())
    });
    let note = noting("summary");
    let summary = graph.node("summary").after((&base, lib.maybe())).compute(move |(_, lib)| {
        note();
        Ok(lib.map_or_else(|| "no lib".to_owned(), |symbols| format!("{symbols} symbols")))
    });
    let note = noting("page");
    let page = graph.node("page").after(summary.take()).compute(move |summary| {
        note();
        Ok(format!("<{summary}>"))
    });
    let note = noting("audit");
    graph.node("audit").order(summary).compute(move |()| {
        note();
        Ok(())
    });
    (graph, page)
}

#[test]
fn what_was_made_without_an_input_is_made_anew() {
    on_few_and_many_workers(|runtime| {
        for missing in [Lib::Fails, Lib::Skips] {
            let (graph, page) = build_around(missing, &Log::default());
            let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
            assert_eq!(*report.get(&page).expect("it does without"), "<no lib>");
            let partial = report.into_partial();
            let mut names: Vec<&str> = partial.names().collect();
            names.sort_unstable();
            assert_eq!(names, ["audit", "base"], "summary and page were made without the lib");

            let log = Log::default();
            let (graph, page) = build_around(Lib::Ends, &log);
            let report = run(runtime, graph, Options::new().resume(partial));
            report.check().expect("it is mended");
            assert_eq!(*report.get(&page).expect("a result"), "<5 symbols>");
            let mut ran = log.all();
            ran.sort_unstable();
            assert_eq!(ran, ["lib", "linked", "page", "summary"]);

            let complete = report.into_partial();
            assert_eq!(complete.len(), 6, "nothing is missing any more: {complete:?}");
        }
    });
}

#[test]
fn a_restored_result_stays_although_its_input_fails_this_time() {
    on_few_and_many_workers(|runtime| {
        let given = Partial::new().with("summary", "by hand".to_owned());
        let (graph, page) = build_around(Lib::Fails, &Log::default());
        let options = Options::new().on_failure(OnFailure::Continue).resume(given);
        let report = run(runtime, graph, options);
        assert_eq!(*report.get(&page).expect("a result"), "<by hand>");
        let partial = report.into_partial();
        assert!(partial.contains("summary") && partial.contains("page"), "{partial:?}");
    });
}

#[test]
fn forgetting_a_result_keeps_what_was_made_from_it() {
    on_few_and_many_workers(|runtime| {
        let (graph, _) = build(&Log::default(), false);
        let mut partial = run(runtime, graph, Options::new()).into_partial();
        assert!(partial.forget("b"));
        let log = Log::default();
        let (graph, _) = build(&log, false);
        run(runtime, graph, Options::new().resume(partial)).check().expect("it ends well");
        assert_eq!(log.all(), ["b"]);
    });
}
