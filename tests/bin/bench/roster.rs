//! The roster with 1,000, 10,000 and 100,000 customers. The server is another process, so that its
//! work does not count as ours.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::accounts::AccountForm;
use desk::roster::ImportState;
use desk::vault::{Keep, Vault};
use desk::{Config, Desk};
use ponte_tests::{App, Home, capabilities, ended, processes, program, web_driver};
use thirtyfour::WebDriver;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::{median, ms, row};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// Customers that cost as good as nothing.
const FEW: usize = 24;
/// As many as an import has under way.
const AT_ONCE: usize = 4;
/// Rows that practice gives at most.
const PAGE: usize = 50;
/// A page over the internet.
const PAUSE_MS: u64 = 25;

struct Server {
    _process: Child,
    url: String,
    token: String,
}

async fn server(instances: usize, pause_ms: u64) -> Server {
    let mut process = tokio::process::Command::new(program("PRACTICE_BIN"))
        .args(["--until-stdin-closes", "--instances"])
        .arg(instances.to_string())
        .args(["--page-pause-ms", &pause_ms.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().unwrap();
    let token = lines.next_line().await.unwrap().unwrap();
    let token = token.split_whitespace().last().unwrap().to_owned();
    // What else it prints is not read: it is short.
    std::mem::forget(lines);
    Server {
        _process: process,
        url,
        token,
    }
}

async fn desk(home: &Home, server: &Server) -> (Arc<Desk>, String) {
    let mut config = Config::in_folder(home.path().to_owned());
    config.vault = Vault::memory();
    config.fixed_address = Some(server.url.clone());
    let desk = Desk::open(config).await.unwrap();
    let account = AccountForm {
        name: "Bench".into(),
        client_token: None,
        partner_token: Some(server.token.clone().into()),
        keep: Keep::Session,
    };
    let account = desk.add_account(account).await.unwrap();
    (desk, account.id)
}

async fn import(desk: &Arc<Desk>, account: &str, customers: usize) -> f64 {
    let started = Instant::now();
    desk.import_customers(account).await.unwrap();
    let import = desk.import_over(account).await.unwrap();
    let took = ms(started.elapsed());
    assert_eq!(
        (import.state, import.read),
        (ImportState::Done, customers as u32)
    );
    took
}

/// The same pages, fetched and thrown away.
async fn fetch(server: &Server, customers: usize) -> f64 {
    let http = reqwest::Client::new();
    let started = Instant::now();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(1));
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (http, next) = (http.clone(), Arc::clone(&next));
        let (url, token) = (server.url.clone(), server.token.clone());
        loops.spawn(async move {
            loop {
                let page = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if page > customers.div_ceil(PAGE) {
                    return;
                }
                let url = format!("{url}/instances?page={page}&pageSize=100");
                let answer = http.get(url).bearer_auth(&token).send().await.unwrap();
                answer.error_for_status().unwrap().bytes().await.unwrap();
            }
        });
    }
    loops.join_all().await;
    ms(started.elapsed())
}

pub async fn import_and_refresh() {
    for pause_ms in [PAUSE_MS, 0] {
        let pages = match pause_ms {
            0 => "pages at once".to_owned(),
            pause => format!("{pause} ms a page"),
        };
        for customers in SIZES {
            let samples = if customers > 10_000 { 1 } else { 3 };
            let server = server(customers, pause_ms).await;
            fetch(&server, customers.min(1_000)).await;
            let [mut imports, mut refreshes, mut fetches] = [const { Vec::new() }; 3];
            for _ in 0..samples {
                let home = Home::new("import");
                let (desk, account) = desk(&home, &server).await;
                imports.push(import(&desk, &account, customers).await);
                fetches.push(fetch(&server, customers).await);
                refreshes.push(import(&desk, &account, customers).await);
                desk.close().await;
            }
            let fetched = median(fetches);
            row(
                &format!("import of {customers}, {pages} ÷ a bare fetch"),
                median(imports),
                fetched,
                "ms",
                "≤ 1.25",
            );
            row(
                &format!("refresh of {customers}, nothing changed, {pages} ÷ the same fetch"),
                median(refreshes),
                fetched,
                "ms",
                "≤ 1.05",
            );
        }
    }
}

/// A data folder with so many customers.
async fn filled(customers: usize) -> Home {
    let home = Home::new(&format!("roster-{customers}"));
    let server = server(customers, 0).await;
    let (desk, account) = desk(&home, &server).await;
    import(&desk, &account, customers).await;
    desk.close().await;
    home
}

async fn open(home: &Home) -> App {
    // Nothing listens there: only what is on this computer counts.
    App::open_with(
        home.path(),
        Some("http://127.0.0.1:9"),
        &[("PONTE_VAULT", "memory")],
    )
    .await
}

/// Milliseconds from each of some keystrokes to its results in the DOM.
async fn keystrokes(app: &App) -> Vec<f64> {
    app.hook("customer-row").await;
    let script = "
        const done = arguments[0];
        const field = document.querySelector('[data-testid=customer-search]');
        const shown = () => {
            const row = document.querySelector('[data-testid=customer-row]');
            return row ? row.getAttribute('aria-setsize') + row.textContent : 'nothing';
        };
        const type = (text) => new Promise((typed) => {
            const before = shown();
            const look = () => {
                if (shown() === before) return;
                observer.disconnect();
                clearTimeout(late);
                typed(performance.now() - started);
            };
            const observer = new MutationObserver(look);
            // The same customers match: nothing is to change.
            const late = setTimeout(() => { observer.disconnect(); typed(null); }, 150);
            observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
            const started = performance.now();
            field.value = text;
            field.dispatchEvent(new Event('input', { bubbles: true }));
        });
        (async () => {
            const took = [];
            const words = ['padaria', 'oficina 1', 'mercado', 'sao', '99', 'loja', 'aurora', 'vida'];
            for (const word of [...words, ...words, ...words])
                for (let length = 1; length <= word.length; length++) {
                    const ms = await type(word.slice(0, length));
                    if (ms !== null) took.push(ms);
                    await new Promise((rest) => setTimeout(rest, 16));
                }
            done(took);
        })();";
    let took = app.driver.execute_async(script, vec![]).await.unwrap();
    took.convert().unwrap()
}

/// Frames of a scroll through the list that took longer than two of the screen's, in per cent.
async fn dropped(app: &App) -> f64 {
    app.hook("customer-row").await;
    let script = "
        const done = arguments[0];
        let list = document.querySelector('[data-testid=customer-row]');
        while (list.scrollHeight <= list.clientHeight) list = list.parentElement;
        const times = [];
        let last;
        const step = (now) => {
            if (last) times.push(now - last);
            last = now;
            list.scrollTop += 180;
            if (times.length < 240) requestAnimationFrame(step);
            else done(times.slice(10).filter((time) => time > 34).length / 2.3);
        };
        requestAnimationFrame(step);";
    let dropped = app.driver.execute_async(script, vec![]).await.unwrap();
    dropped.convert().unwrap()
}

fn p95(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() * 95 / 100]
}

fn memory(home: &Home) -> f64 {
    let processes = processes::of_home(home.path()).into_iter();
    processes.map(processes::pss_kib).sum::<u64>() as f64 / 1024.0
}

/// Scrolling, search and memory in the real window. Memory: after all that scrolling and searching.
pub async fn window() {
    let bare_home = Home::new("roster-bare");
    let (_process, address) =
        web_driver(&[("PONTE_HOME", bare_home.path().to_str().unwrap())]).await;
    let bare = WebDriver::new(&address, capabilities(&program("BARE_BIN")))
        .await
        .unwrap();
    bare.execute("return 1", vec![]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let bare_mib = memory(&bare_home);
    bare.quit().await.unwrap();

    let (few_dropped, few_typed, few_mib) = used(FEW).await;
    let few_typed = p95(few_typed);
    println!("| p95 of a keystroke with {FEW} customers | {few_typed:.1} ms | – | – | – |");
    println!("| frames dropped scrolling {FEW} customers | {few_dropped:.1} % | – | – | – |");
    memory_row(FEW, few_mib - bare_mib);
    for customers in SIZES {
        let (dropped, typed, mib) = used(customers).await;
        let count = typed.len();
        row(
            &format!(
                "p95 of {count} keystrokes with {customers} customers over {FEW} customers ÷ 16 ms"
            ),
            (p95(typed) - few_typed).max(0.0),
            16.0,
            "ms",
            "≤ 1",
        );
        println!(
            "| frames dropped scrolling {customers} customers | {dropped:.1} % | {few_dropped:.1} % | – | as with {FEW} |",
        );
        memory_row(customers, mib - bare_mib);
    }
}

/// Frames dropped (%), keystrokes (ms) and memory (MiB) of a window with so many customers.
async fn used(customers: usize) -> (f64, Vec<f64>, f64) {
    let home = filled(customers).await;
    let app = open(&home).await;
    let used = (dropped(&app).await, keystrokes(&app).await, memory(&home));
    app.quit().await;
    used
}

fn memory_row(customers: usize, mib: f64) {
    row(
        &format!("memory with {customers} customers over the bare window ÷ 80 MB"),
        mib,
        80e6 / 1024.0 / 1024.0,
        "MiB",
        "≤ 1",
    );
}

/// Until the list (or, with none, the first screen) is there.
pub async fn start() {
    let none = Home::new("roster-none");
    let few = filled(FEW).await;
    let many = filled(100_000).await;
    let [mut with_none, mut with_few, mut with_many] = [const { Vec::new() }; 3];
    for sample in 0..crate::WARM_UP + crate::SAMPLES / 2 {
        for (home, wanted, samples) in [
            (&none, "practice", &mut with_none),
            (&few, "customer-row", &mut with_few),
            (&many, "customer-row", &mut with_many),
        ] {
            let took = start_once(home, wanted).await;
            if sample >= crate::WARM_UP {
                samples.push(took);
            }
        }
    }
    let with_none = median(with_none);
    for (customers, samples) in [(FEW, with_few), (100_000, with_many)] {
        row(
            &format!("start to interactive with {customers} customers ÷ with none"),
            median(samples),
            with_none,
            "ms",
            "≤ 1.1",
        );
    }
}

async fn start_once(home: &Home, wanted: &str) -> f64 {
    let environment = [
        ("PONTE_HOME", home.path().to_str().unwrap()),
        ("PONTE_ZAPI_URL", "http://127.0.0.1:9"),
        ("PONTE_VAULT", "memory"),
    ];
    let (mut process, address) = web_driver(&environment).await;
    let started = Instant::now();
    let driver = WebDriver::new(&address, capabilities(&program("PONTE_BIN")))
        .await
        .unwrap();
    let there = format!(
        "const done = arguments[0];
        const look = () => document.querySelector('[data-testid={wanted}]') ? done() : requestAnimationFrame(look);
        look()"
    );
    driver.execute_async(there, vec![]).await.unwrap();
    let took = ms(started.elapsed());
    driver.quit().await.unwrap();
    for pid in processes::of_home(home.path()) {
        ended(pid).await;
    }
    process.kill().await.unwrap();
    took
}
