//! Random walks through registrations: clicks that make sense and clicks that make none, restarts,
//! clocks that are set, requests cut off in the middle. The pretend Z-API marks
//! every call for which the real one is known to block numbers; there must be none.
//!
//! `PONTE_WALKS=100000 cargo test -p desk --release --test registration_walks` takes more of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use desk::accounts::AccountForm;
use desk::clock::{Clock, SystemClock};
use desk::customers::CustomerForm;
use desk::registration::view::Step;
use desk::registration::waits::Way;
use desk::vault::{Keep, Memory, Vault};
use desk::{Config, Desk, Language};
use practice::{Action, CAPTCHA_ANSWER, Middleware, Practice, Scenario};

/// Walks that a usual test run takes.
const WALKS: u64 = 100;
const STEPS: usize = 24;

#[derive(Clone, Default)]
struct TestClock {
    ticks_ms: Arc<AtomicU64>,
    wall_ms: Arc<AtomicI64>,
}

impl Clock for TestClock {
    fn ticks(&self) -> Duration {
        SystemClock.ticks() + Duration::from_millis(self.ticks_ms.load(Ordering::SeqCst))
    }
    fn wall_ms(&self) -> i64 {
        SystemClock.wall_ms() + self.wall_ms.load(Ordering::SeqCst)
    }
}

/// One computer with the desk in a folder, over a server.
struct Walk {
    server: Practice,
    folder: PathBuf,
    keychain: Arc<Memory>,
    clock: TestClock,
    desk: Arc<Desk>,
    ids: Vec<String>,
    random: fastrand::Rng,
    log: Vec<String>,
}

impl Walk {
    async fn begin(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mobile: Vec<Scenario> = Scenario::ALL
            .into_iter()
            .filter(|scenario| scenario.middleware() == Middleware::Mobile)
            .collect();
        let scenario = mobile[random.usize(..mobile.len())];
        let config = practice::Config {
            customers: vec![scenario],
            ..practice::Config::default()
        };
        let server = Practice::start(config).await.unwrap();
        let folder = std::env::temp_dir().join(format!("ponte-walk-{}-{seed}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let keychain = Arc::<Memory>::default();
        let clock = TestClock::default();
        let desk = open(&folder, &keychain, &clock, &server).await;
        let account = AccountForm {
            name: "Walk".into(),
            client_token: None,
            partner_token: None,
            keep: Keep::Keychain,
        };
        let account_id = desk.add_account(account).await.unwrap().id;
        let customer = server.customers().remove(0);
        let form = CustomerForm {
            account_id,
            name: customer.name.clone(),
            address: customer.address(&server.url()).into(),
            token: None,
            phone: customer.phone.clone(),
            language: Language::Portuguese,
            note: String::new(),
            labels: String::new(),
            keep: Keep::Keychain,
        };
        let ids = vec![desk.add_customer(form).await.unwrap().id];
        Self {
            server,
            folder,
            keychain,
            clock,
            desk,
            ids,
            random,
            log: vec![format!("{scenario}")],
        }
    }

    async fn step(&mut self) {
        let id = self.ids[0].clone();
        let instance = self.server.customers()[0].instance_id.clone();
        let desk = Arc::clone(&self.desk);
        let way = Way::ALL[self.random.usize(..3)];
        let received = self.server.received(&instance);
        let numbers = ["(44) 99999-0101", "+351 912 345 678"];
        let number = numbers[usize::from(self.random.u8(..8) == 0)];
        let choice = match self.random.u8(..4) {
            0 => self.random.u8(..24),
            _ => self.likely(&id).await,
        };
        self.log.push(format!("{choice} {way:?}"));
        // What a click comes to is in the view; here only the server's record counts.
        match choice {
            0..=2 => drop(desk.check_registration(&id, number, true).await),
            3 => drop(desk.check_registration_again(&id).await),
            4..=8 => drop(desk.request_registration_code(&id, way).await),
            // Two windows at once, perhaps for different ways.
            9 => {
                let other = Way::ALL[self.random.usize(..3)];
                let _ = tokio::join!(
                    desk.request_registration_code(&id, way),
                    desk.request_registration_code(&id, other)
                );
            }
            10 => drop(desk.answer_captcha(&id, CAPTCHA_ANSWER).await),
            11 => drop(desk.answer_captcha(&id, "wrong").await),
            12 | 13 => {
                let code = received.unwrap_or_else(|| "000000".into());
                let _ = desk.confirm_registration_code(&id, &code).await;
            }
            14 => drop(desk.confirm_registration_code(&id, "111111").await),
            15 => drop(desk.another_way(&id).await),
            16 => drop(desk.start_registration_again(&id).await),
            17 => {
                let pin = received.unwrap_or_else(|| "000000".into());
                let _ = desk.confirm_pin(&id, pin.into()).await;
                let _ = desk.recover_pin(&id).await;
            }
            18 => {
                let _ = desk.check_transfer(&id).await;
                let _ = desk.appeal(&id, "Por favor.").await;
            }
            19 => {
                for action in [
                    Action::ResetsPin,
                    Action::ConfirmsTransfer,
                    Action::AppealAccepted,
                ] {
                    let _ = self.server.play(&instance, action);
                }
            }
            20 | 21 => {
                let seconds = [1, 30, 124, 125, 166, 400][self.random.usize(..6)];
                let time = Duration::from_secs(seconds);
                self.server.time_passes(time);
                let ms = time.as_millis().try_into().unwrap();
                self.clock.ticks_ms.fetch_add(ms, Ordering::SeqCst);
            }
            22 => {
                let day = 86_400_000;
                self.clock
                    .wall_ms
                    .fetch_add(self.random.i64(-day..day), Ordering::SeqCst);
            }
            _ => {
                // Killed, perhaps in the middle of a request.
                if self.random.bool() {
                    let desk = Arc::clone(&desk);
                    let id = id.clone();
                    let call = async move { desk.request_registration_code(&id, way).await };
                    let patience = Duration::from_micros(self.random.u64(..3_000));
                    let _ = tokio::time::timeout(patience, call).await;
                }
                self.restart().await;
            }
        }
    }

    /// Something that an agent would do where the registration stands, so that walks get far.
    async fn likely(&mut self, id: &str) -> u8 {
        let shown = self.desk.registration(id).await.unwrap();
        let likely: &[u8] = match shown.step {
            Step::Number => &[0],
            Step::Ways { .. } => &[4, 5, 9, 20, 23],
            Step::Captcha { .. } => &[10, 11, 16, 20],
            Step::Code { .. } => &[12, 14, 15, 15, 20],
            Step::Pin { .. } => &[17, 19],
            Step::PhoneConfirm { .. } => &[18, 19],
            Step::NotAvailable { .. } => &[3],
            Step::Blocked { .. } => &[3, 18, 19],
            // Another time, with the same number.
            Step::Registered => &[16],
        };
        likely[self.random.usize(..likely.len())]
    }

    /// Another run of Ponte, on a computer that was perhaps off meanwhile.
    async fn restart(&mut self) {
        // Cuts off what is under way, as the end of the process does.
        self.desk.close().await;
        if self.random.bool() {
            self.server
                .time_passes(Duration::from_secs(self.random.u64(..200)));
        }
        self.clock
            .ticks_ms
            .store(self.random.u64(..1_000_000), Ordering::SeqCst);
        self.desk = open(&self.folder, &self.keychain, &self.clock, &self.server).await;
        if self.random.bool() {
            let _ = self.desk.customer_status(&self.ids[0]).await;
        }
    }

    fn check(&self, seed: u64) {
        let punished = self.server.ledger().into_iter().find(|call| call.punished);
        assert!(
            punished.is_none(),
            "walk {seed} made a call that is punished: {punished:?}\n{}",
            self.log.join("\n")
        );
    }
}

async fn open(
    folder: &Path,
    keychain: &Arc<Memory>,
    clock: &TestClock,
    server: &Practice,
) -> Arc<Desk> {
    let config = Config {
        folder: Some(folder.to_owned()),
        vault: Vault::new(Arc::clone(keychain) as _, Duration::from_secs(5)),
        fixed_address: Some(server.url()),
        clock: Arc::new(clock.clone()),
    };
    Desk::open(config).await.unwrap()
}

async fn walk(seed: u64) -> (bool, bool) {
    let mut walk = Walk::begin(seed).await;
    for _ in 0..STEPS {
        walk.step().await;
        walk.check(seed);
    }
    let ledger = walk.server.ledger();
    let requested = ledger
        .iter()
        .any(|call| call.route.ends_with("request-registration-code"));
    let connected = walk.desk.customer_status(&walk.ids[0]).await;
    walk.desk.close().await;
    std::fs::remove_dir_all(&walk.folder).unwrap();
    let connected =
        connected.is_ok_and(|it| it.status == desk::customers::ConnectionStatus::Connected);
    (requested, connected)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_walk_does_what_gets_a_number_blocked() {
    let walks = std::env::var("PONTE_WALKS")
        .ok()
        .and_then(|walks| walks.parse().ok());
    let walks: u64 = walks.unwrap_or(WALKS);
    let first = fastrand::u64(..1 << 40);
    println!("walks from seed {first}");
    let (mut requested, mut connected) = (0, 0);
    for seed in first..first + walks {
        let (asked, done) = walk(seed).await;
        requested += u64::from(asked);
        connected += u64::from(done);
    }
    println!("{walks} walks, {requested} asked for a code, {connected} connected");
    assert!(
        requested > walks / 2 && connected > 0,
        "the walks get somewhere"
    );
}
