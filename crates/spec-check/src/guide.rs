//! Makes the programs of the READMEs and of the guide, in both languages, documentation tests: what
//! they show compiles and runs.

/// Takes the text of each page as the documentation of an item.
macro_rules! pages {
    ($($name:ident = $path:literal;)*) => {
        $(
            #[doc = include_str!(concat!("../../../", $path))]
            struct $name;
        )*
    };
}

pages! {
    Readme = "README.md";
    ReadmeZh = "README.zh.md";
    RuntimeReadme = "crates/qi-runtime/README.md";
    GraphReadme = "crates/qi-graph/README.md";
    Index = "docs/guide/README.md";
    IndexZh = "docs/guide.zh/README.md";
    GettingStarted = "docs/guide/getting-started.md";
    GettingStartedZh = "docs/guide.zh/getting-started.md";
    Configuration = "docs/guide/configuration.md";
    ConfigurationZh = "docs/guide.zh/configuration.md";
    Tasks = "docs/guide/tasks.md";
    TasksZh = "docs/guide.zh/tasks.md";
    Priorities = "docs/guide/priorities.md";
    PrioritiesZh = "docs/guide.zh/priorities.md";
    Cancellation = "docs/guide/cancellation.md";
    CancellationZh = "docs/guide.zh/cancellation.md";
    Structure = "docs/guide/structure.md";
    StructureZh = "docs/guide.zh/structure.md";
    Sync = "docs/guide/sync.md";
    SyncZh = "docs/guide.zh/sync.md";
    Time = "docs/guide/time.md";
    TimeZh = "docs/guide.zh/time.md";
    Graphs = "docs/guide/graph.md";
    GraphsZh = "docs/guide.zh/graph.md";
    Network = "docs/guide/net.md";
    NetworkZh = "docs/guide.zh/net.md";
    Ecosystem = "docs/guide/ecosystem.md";
    EcosystemZh = "docs/guide.zh/ecosystem.md";
    Files = "docs/guide/fs.md";
    FilesZh = "docs/guide.zh/fs.md";
    Processes = "docs/guide/process.md";
    ProcessesZh = "docs/guide.zh/process.md";
    Coroutine = "docs/guide/coroutine.md";
    CoroutineZh = "docs/guide.zh/coroutine.md";
    Simulation = "docs/guide/simulation.md";
    SimulationZh = "docs/guide.zh/simulation.md";
    Blocking = "docs/guide/blocking.md";
    BlockingZh = "docs/guide.zh/blocking.md";
    Statistics = "docs/guide/statistics.md";
    StatisticsZh = "docs/guide.zh/statistics.md";
    Shutdown = "docs/guide/shutdown.md";
    ShutdownZh = "docs/guide.zh/shutdown.md";
    Runtime = "docs/guide/runtime.md";
    RuntimeZh = "docs/guide.zh/runtime.md";
    Memory = "docs/guide/memory.md";
    MemoryZh = "docs/guide.zh/memory.md";
    Errors = "docs/guide/errors.md";
    ErrorsZh = "docs/guide.zh/errors.md";
    Troubleshooting = "docs/guide/troubleshooting.md";
    TroubleshootingZh = "docs/guide.zh/troubleshooting.md";
}
