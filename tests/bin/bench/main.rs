//! Speed and size, each as a ratio measured in the same run, since machines are noisy and differ.
//!
//! Every row: one thing of Ponte's against the same thing done barely, alternating, medians after
//! a warm-up. `cargo xtask bench` builds both programs with the release profile and runs this; a word
//! after it (size, start, command, attempts, click, idle, import, roster-window, roster-start), or a part of it, chooses rows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod roster;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::accounts::AccountForm;
use desk::attempt::{Method, POLL, QR_CODE_PAUSE};
use desk::customers::CustomerForm;
use desk::vault::{Keep, Vault};
use desk::{Config, Desk, Language};
use ponte_tests::{App, Home, capabilities, ended, processes, program, web_driver, word};
use practice::{Practice, Scenario};
use thirtyfour::{By, WebDriver};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const WARM_UP: usize = 3;
const SAMPLES: usize = 20;
const ONE_WAY: Duration = Duration::from_millis(50);
const IDLE: Duration = Duration::from_secs(20);
const ATTEMPTS: usize = 50;

#[tokio::main]
async fn main() {
    println!("| what | Ponte | barely | ratio | aim |");
    println!("|---|---|---|---|---|");
    let only = std::env::args().nth(1).unwrap_or_default();
    let wanted = |name: &str| name.contains(&only);
    if wanted("size") {
        size();
    }
    if wanted("start") {
        start_and_memory().await;
    }
    if wanted("command") {
        command_alone().await;
    }
    if wanted("attempts") {
        many_attempts().await;
    }
    if wanted("click") {
        click().await;
        click_over_a_slow_link().await;
    }
    if wanted("idle") {
        idle().await;
    }
    if wanted("import") {
        roster::import_and_refresh().await;
    }
    if wanted("roster-window") {
        roster::window().await;
    }
    if wanted("roster-start") {
        roster::start().await;
    }
}

fn row(what: &str, ponte: f64, barely: f64, unit: &str, aim: &str) {
    println!(
        "| {what} | {ponte:.1} {unit} | {barely:.1} {unit} | {:.2} | {aim} |",
        ponte / barely
    );
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn size() {
    let mib =
        |variable| std::fs::metadata(program(variable)).unwrap().len() as f64 / (1024.0 * 1024.0);
    let (ponte, bare) = (mib("PONTE_BIN"), mib("BARE_BIN"));
    row(
        "size of the program",
        ponte,
        bare,
        "MiB",
        &format!("bare + 6 MB = {:.1}", bare + 5.7),
    );
}

/// From asking for the program to its first button, and the memory of all its processes then.
async fn start_once(binary: &Path, home: &Home) -> (f64, f64) {
    let (mut process, address) = web_driver(&[("PONTE_HOME", home.path().to_str().unwrap())]).await;
    let started = Instant::now();
    let driver = WebDriver::new(&address, capabilities(binary))
        .await
        .unwrap();
    let button = "const done = arguments[0];
        const look = () => document.querySelector('[data-testid=practice]') ? done() : requestAnimationFrame(look);
        look()";
    driver.execute_async(button, vec![]).await.unwrap();
    let took = ms(started.elapsed());
    let kib: u64 = processes::of_home(home.path())
        .into_iter()
        .map(processes::pss_kib)
        .sum();
    driver.quit().await.unwrap();
    // The next one would hand over to this one.
    for pid in processes::of_home(home.path()) {
        ended(pid).await;
    }
    process.kill().await.unwrap();
    (took, kib as f64 / 1024.0)
}

async fn start_and_memory() {
    let (ponte, bare) = (Home::new("start-ponte"), Home::new("start-bare"));
    let mut samples = [const { Vec::new() }; 4];
    for sample in 0..WARM_UP + SAMPLES {
        let (ponte_ms, ponte_mib) = start_once(&program("PONTE_BIN"), &ponte).await;
        let (bare_ms, bare_mib) = start_once(&program("BARE_BIN"), &bare).await;
        if sample >= WARM_UP {
            for (samples, value) in samples
                .iter_mut()
                .zip([ponte_ms, bare_ms, ponte_mib, bare_mib])
            {
                samples.push(value);
            }
        }
    }
    let [ponte_ms, bare_ms, ponte_mib, bare_mib] = samples.map(median);
    row("start to interactive", ponte_ms, bare_ms, "ms", "≤ 1.15");
    row(
        "memory (PSS of all processes)",
        ponte_mib,
        bare_mib,
        "MiB",
        "≤ 1.15",
    );
}

async fn practice() -> Practice {
    let config = practice::Config {
        customers: vec![Scenario::Connects],
        ..practice::Config::default()
    };
    Practice::start(config).await.unwrap()
}

/// A desk with one customer for each address, and their ids.
async fn desk_with(url: &str, addresses: Vec<String>) -> (Arc<Desk>, Vec<String>) {
    let mut config = Config::in_folder("unused".into());
    config.folder = None;
    config.vault = Vault::memory();
    config.fixed_address = Some(url.into());
    let desk = Desk::open(config).await.unwrap();
    let account = desk
        .add_account(AccountForm {
            name: "Bench".into(),
            client_token: None,
            partner_token: None,
            keep: Keep::Session,
        })
        .await
        .unwrap();
    let mut ids = Vec::new();
    for address in addresses {
        let form = CustomerForm {
            account_id: account.id.clone(),
            name: format!("Customer {}", ids.len() + 1),
            address: address.into(),
            token: None,
            phone: String::new(),
            language: Language::Portuguese,
            note: String::new(),
            labels: String::new(),
            keep: Keep::Session,
        };
        ids.push(desk.add_customer(form).await.unwrap().id);
    }
    (desk, ids)
}

/// The desk's own share of a code, against the bare GET.
async fn command_alone() {
    let server = practice().await;
    let customer = server.customers().remove(0);
    let url = server.url();
    let (desk, ids) = desk_with(&url, vec![customer.address(&url)]).await;
    let id = &ids[0];
    let mut changes = desk.changes(id);
    desk.start_attempt(id, Method::Extension).await.unwrap();
    while desk.get_code(id, None).await.is_err() {
        changes.next().await;
    }
    let http = reqwest::Client::new();
    let address = customer
        .address(&server.url())
        .replace("send-text", "extension-token");
    let (mut by_desk, mut by_hand) = (Vec::new(), Vec::new());
    for sample in 0..200 + WARM_UP {
        let started = Instant::now();
        desk.get_code(id, None).await.unwrap();
        let desk_took = ms(started.elapsed());
        let started = Instant::now();
        http.get(&address)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let hand_took = ms(started.elapsed());
        if sample >= WARM_UP {
            by_desk.push(desk_took);
            by_hand.push(hand_took);
        }
    }
    row(
        "the command alone ÷ a warm GET",
        median(by_desk),
        median(by_hand),
        "ms",
        "≤ 1.3",
    );
}

/// Many attempts side by side, each with its QR codes and its watch, against the same calls made
/// barely. The server is another process, so that its work does not count.
async fn many_attempts() {
    let mut server = tokio::process::Command::new(program("PRACTICE_BIN"))
        .args(["--until-stdin-closes", "--customers"])
        .arg(vec!["connects"; ATTEMPTS].join(","))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().unwrap();
    let mut addresses = Vec::new();
    while addresses.len() < ATTEMPTS {
        let line = lines.next_line().await.unwrap().unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with(&url));
        addresses.extend(address.map(str::to_owned));
    }

    let (desk, ids) = desk_with(&url, addresses.clone()).await;
    for id in &ids {
        desk.start_attempt(id, Method::QrCode).await.unwrap();
    }
    let by_desk = own_percent().await;
    drop(ids);
    desk.close().await;

    let http = reqwest::Client::new();
    let mut calls = tokio::task::JoinSet::new();
    for address in addresses {
        for (route, pause) in [
            ("status", POLL.mul_f64(1.1)),
            ("qr-code/image", QR_CODE_PAUSE),
        ] {
            let (http, address) = (http.clone(), address.replace("send-text", route));
            calls.spawn(async move {
                loop {
                    let answer = http.get(&address).send().await.unwrap();
                    answer.bytes().await.unwrap();
                    tokio::time::sleep(pause).await;
                }
            });
        }
    }
    let by_hand = own_percent().await;
    calls.shutdown().await;
    row(
        &format!("CPU of one core, {ATTEMPTS} attempts by QR code at once"),
        by_desk,
        by_hand,
        "%",
        "5 % at most",
    );
}

/// Of this process, once what was just started has settled.
async fn own_percent() -> f64 {
    let ticks = || processes::cpu_ticks(std::process::id());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = ticks();
    tokio::time::sleep(IDLE).await;
    (ticks() - before) as f64 / IDLE.as_secs_f64()
}

/// The app in its own practice, or over a server, with a customer's code on screen.
async fn with_code(app: &App, server: &Practice) {
    let customer = server.customers().remove(0);
    let address = customer.address(&server.url());
    app.click("add-account").await;
    app.fill(&word("accountForm.name"), "Bench").await;
    app.press(&word("accountForm.save")).await;
    app.press(&word("customers.add")).await;
    app.fill(&word("customerForm.address"), &address).await;
    app.fill(&word("customerForm.name"), &customer.name).await;
    app.find(By::XPath("//dialog[@open]//button[@type='submit']"))
        .await
        .click()
        .await
        .unwrap();
    app.choose(&customer.name).await;
    app.click("method-extension").await;
    app.attempt_is("preparing").await;
}

/// One click on "Get code" or "New code": milliseconds until another code is in the DOM.
async fn one_click(app: &App) -> f64 {
    let script = "
        const done = arguments[0];
        const shown = () => document.querySelector('[data-testid=connection-code]')?.textContent;
        const before = shown();
        const started = performance.now();
        const look = () => {
            if (shown() && shown() !== before) {
                observer.disconnect();
                done(performance.now() - started);
            }
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        document.querySelector('[data-testid=new-code]').click();";
    app.driver
        .execute_async(script, vec![])
        .await
        .unwrap()
        .convert()
        .unwrap()
}

fn server_ms(server: &Practice) -> f64 {
    let ledger = server.ledger();
    let call = ledger
        .iter()
        .rev()
        .find(|call| call.route.ends_with("extension-token"));
    call.unwrap().server_ms
}

async fn click() {
    let server = practice().await;
    let home = Home::new("click");
    let app = open_in_memory(&home, &server.url(), None).await;
    with_code(&app, &server).await;
    let mut samples = Vec::new();
    for sample in 0..WARM_UP + SAMPLES * 2 {
        let took = one_click(&app).await - server_ms(&server);
        if sample >= WARM_UP {
            samples.push(took);
        }
    }
    app.quit().await;
    row(
        "click on Get code → code in the DOM, less the server's time ÷ 15 ms",
        median(samples),
        15.0,
        "ms",
        "≤ 1",
    );
}

/// Opens the app without a keychain, so that only Ponte is measured.
async fn open_in_memory(home: &Home, zapi: &str, ca: Option<&Path>) -> App {
    let mut environment = vec![("PONTE_VAULT", "memory")];
    environment.extend(ca.map(|ca| ("SSL_CERT_FILE", ca.to_str().unwrap())));
    App::open_with(home.path(), Some(zapi), &environment).await
}

async fn click_over_a_slow_link() {
    let server = practice().await;
    let home = Home::new("link");
    let ca = home.path().join("ca.pem");
    let link = slow_tls_link(server.url().trim_start_matches("http://").to_owned(), &ca).await;
    let app = open_in_memory(&home, &link, Some(&ca)).await;
    with_code(&app, &server).await;
    let customer = server.customers().remove(0);
    let address = customer
        .address(&link)
        .replace("send-text", "extension-token");
    let (mut ponte, mut curl) = (Vec::new(), Vec::new());
    for sample in 0..WARM_UP + SAMPLES {
        let clicked = one_click(&app).await;
        let output = tokio::process::Command::new("curl")
            .args([
                "--silent",
                "--output",
                "/dev/null",
                "--write-out",
                "%{time_total}",
                "--cacert",
            ])
            .args([ca.as_os_str(), address.as_ref()])
            .output()
            .await
            .unwrap();
        let cold: f64 = String::from_utf8(output.stdout).unwrap().parse().unwrap();
        if sample >= WARM_UP {
            ponte.push(clicked);
            curl.push(cold * 1_000.0);
        }
    }
    app.quit().await;
    row(
        "the same click over TLS, 50 ms each way ÷ a cold curl",
        median(ponte),
        median(curl),
        "ms",
        "≤ 0.4",
    );
}

/// A TLS server in front of `target` with 50 ms each way. The kernel shakes hands by itself and at
/// once, so the round trip that a real handshake takes is added to a connection's first bytes.
async fn slow_tls_link(target: String, ca_file: &Path) -> String {
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    let signed = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(ca_file, signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));

    // Outer: the delay. Inner: TLS.
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inner_address = inner.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((plain, _)) = inner.accept().await {
            let (tls, target) = (tls.clone(), target.clone());
            tokio::spawn(async move {
                plain.set_nodelay(true).ok();
                let Ok(mut client) = tls.accept(plain).await else {
                    return;
                };
                let mut server = TcpStream::connect(target).await.unwrap();
                server.set_nodelay(true).ok();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    let outer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = outer.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = outer.accept().await {
            let server = TcpStream::connect(inner_address).await.unwrap();
            client.set_nodelay(true).ok();
            server.set_nodelay(true).ok();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(delayed(from_client, to_server, ONE_WAY * 2));
            tokio::spawn(delayed(from_server, to_client, Duration::ZERO));
        }
    });
    format!("https://localhost:{port}")
}

/// Copies with [`ONE_WAY`] of delay, and `first` more before the first bytes.
async fn delayed(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    first: Duration,
) {
    let (queue, mut queued) = tokio::sync::mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = queued.recv().await {
            tokio::time::sleep_until(due.into()).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut extra = first;
    let mut buffer = vec![0; 16 * 1024];
    let mut latest = Instant::now();
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        latest = latest.max(Instant::now() + ONE_WAY + std::mem::take(&mut extra));
        if queue.send((latest, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

/// Processor time with a code on screen, and with the window hidden, against the bare window.
async fn idle() {
    let server = practice().await;
    let home = Home::new("idle");
    let app = open_in_memory(&home, &server.url(), None).await;
    with_code(&app, &server).await;
    one_click(&app).await;
    let visible = idle_percent(home.path()).await;
    let window = ["search", "--onlyvisible", "--name", "Ponte", "windowunmap"];
    tokio::process::Command::new("xdotool")
        .args(window)
        .status()
        .await
        .unwrap();
    let hidden_now = "const done = arguments[0];
        const look = () => document.hidden ? done(true) : setTimeout(look, 50);
        setTimeout(() => done(false), 5000);
        look()";
    let is_hidden: bool = app
        .driver
        .execute_async(hidden_now, vec![])
        .await
        .unwrap()
        .convert()
        .unwrap();
    let hidden = idle_percent(home.path()).await;
    app.quit().await;

    let bare_home = Home::new("idle-bare");
    let (_process, address) =
        web_driver(&[("PONTE_HOME", bare_home.path().to_str().unwrap())]).await;
    let driver = WebDriver::new(&address, capabilities(&program("BARE_BIN")))
        .await
        .unwrap();
    driver.execute("return 1", vec![]).await.unwrap();
    let bare = idle_percent(bare_home.path()).await;
    driver.quit().await.unwrap();
    println!(
        "| idle CPU of one core, an attempt running, visible | {visible:.2} % | {bare:.2} % | – | – |"
    );
    let note = if is_hidden {
        ""
    } else {
        " (the page did not notice)"
    };
    println!("| the same, hidden{note} | {hidden:.2} % | {bare:.2} % | – | – |");
}

async fn idle_percent(home: &Path) -> f64 {
    let ticks = || {
        processes::of_home(home)
            .into_iter()
            .map(processes::cpu_ticks)
            .sum::<u64>()
    };
    // What the click before set off may finish first.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = ticks();
    tokio::time::sleep(IDLE).await;
    (ticks() - before) as f64 / IDLE.as_secs_f64()
}
