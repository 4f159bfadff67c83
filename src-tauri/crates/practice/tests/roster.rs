//! The partner's listing over real HTTP: how many instances, in what pages, with what in the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use practice::{Action, Config, Customer, Listing, Middleware, Moves, NotNow, Practice, Scenario};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

const LISTING: &str = "/instances";
const ON_DEMAND: &str = "/instances/integrator/on-demand";

async fn start(instances: usize, listing: Listing) -> (Practice, Partner) {
    let config = Config {
        customers: vec![Scenario::Connects],
        instances,
        listing,
        ..Config::default()
    };
    let practice = Practice::start(config).await.unwrap();
    let partner = Partner::at(practice.url());
    (practice, partner)
}

async fn json_of(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

/// Who asks, with the Partner token.
struct Partner {
    url: String,
    http: Client,
}

impl Partner {
    fn at(url: String) -> Self {
        let http = Client::new();
        Self { url, http }
    }

    async fn call(&self, method: Method, what: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}{what}", self.url));
        let request = request.bearer_auth(Config::default().partner_token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn get(&self, what: &str) -> (StatusCode, Value) {
        json_of(self.call(Method::GET, what, None).await).await
    }

    async fn page(&self, page: usize, size: usize) -> (StatusCode, Value) {
        self.get(&format!("{LISTING}?page={page}&pageSize={size}"))
            .await
    }

    async fn search(&self, query: &str) -> Vec<Value> {
        let (status, found) = self.get(&format!("{LISTING}?query={query}")).await;
        assert_eq!(status, 200);
        found["content"].as_array().unwrap().clone()
    }

    async fn instance(&self, customer: &Customer, what: &str) -> Value {
        let Customer {
            instance_id, token, ..
        } = customer;
        let what = format!("{LISTING}/{instance_id}/token/{token}/{what}");
        self.get(&what).await.1
    }

    /// The rows of every page, as they are listed.
    async fn rows(&self, size: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        for number in 1.. {
            let (status, answer) = self.page(number, size).await;
            assert_eq!(status, 200, "page {number}");
            rows.extend(answer["content"].as_array().unwrap().iter().cloned());
            if number >= answer["totalPage"].as_u64().unwrap().try_into().unwrap() {
                break;
            }
        }
        rows
    }
}

fn ids<'a>(rows: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    rows.into_iter().map(id).collect()
}

fn customer_ids(practice: &Practice) -> Vec<String> {
    let customers = practice.customers().into_iter();
    customers.map(|customer| customer.instance_id).collect()
}

fn set(ids: Vec<String>) -> BTreeSet<String> {
    ids.into_iter().collect()
}

#[tokio::test]
async fn the_pages_add_up_to_every_instance_in_whatever_size() {
    let (practice, partner) = start(123, Listing::default()).await;
    let expected = customer_ids(&practice);
    assert_eq!(expected.len(), 123);
    let mut before = None;
    for size in [50, 7, 123, 1_000] {
        let rows = partner.rows(size).await;
        assert_eq!(ids(&rows), expected, "pages of {size}");
        if let Some(before) = before.replace(rows.clone()) {
            assert_eq!(rows, before, "with nothing changed, a row is as it was");
        }
    }
    assert_eq!(practice.calls(LISTING), 3 + 18 + 3 + 3);
    assert_eq!(practice.most_at_once(LISTING), 1);
}

#[tokio::test]
async fn a_page_is_cut_to_the_largest() {
    let listing = Listing {
        largest_page: 20,
        ..Listing::default()
    };
    let (_practice, partner) = start(45, listing).await;
    let (_, answer) = partner.page(3, 100).await;
    let numbers = ["total", "totalPage", "pageSize", "page"].map(|field| &answer[field]);
    assert_eq!(numbers, [45, 3, 20, 3]);
    assert_eq!(answer["content"].as_array().unwrap().len(), 5);
    assert_eq!(partner.page(4, 100).await.1["content"], json!([]));
}

#[tokio::test]
async fn a_page_of_a_hundred_thousand_costs_what_one_of_a_thousand_does() {
    let (few, of_few) = start(1_000, Listing::default()).await;
    let (many, of_many) = start(100_000, Listing::default()).await;
    for number in 1..=50 {
        of_few.page(number % 20 + 1, 50).await;
        let (_, answer) = of_many.page(number * 40, 50).await;
        assert_eq!(answer["total"], 100_000);
        assert_eq!(answer["content"].as_array().unwrap().len(), 50);
    }
    let median = |practice: &Practice| {
        let ledger = practice.ledger();
        let mut taken: Vec<f64> = ledger.iter().map(|call| call.server_ms).collect();
        taken.sort_by(f64::total_cmp);
        taken[taken.len() / 2]
    };
    let (few, many_took) = (median(&few), median(&many));
    // A look at every instance for each page takes about ten times as long.
    assert!(many_took < 3.0 * few, "{many_took} ms, with few {few} ms");

    let plain = many.customers().pop().unwrap();
    let query = plain.name.replace(' ', "%20").to_uppercase();
    assert_eq!(ids(&of_many.search(&query).await), [plain.instance_id]);
}

#[tokio::test]
async fn plain_instances_play_what_their_scenario_says() {
    let (practice, partner) = start(300, Listing::default()).await;
    let rows = partner.rows(50).await;
    let now: i64 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .try_into()
        .unwrap();
    let mut seen = BTreeSet::new();
    for (customer, row) in practice.customers().iter().zip(&rows) {
        let mobile = customer.middleware == Middleware::Mobile;
        assert_eq!(row["middleware"], if mobile { "mobile" } else { "web" });
        assert_eq!(row["token"], customer.token);
        let connected = row["whatsappConnected"] == true;
        let over = row["due"].as_i64().unwrap() < now;
        let expected = match (mobile, connected, over) {
            (_, true, true) => panic!("nothing is connected without subscription: {row}"),
            (true, ..) => Scenario::RegistersBySms,
            (_, true, _) => Scenario::AlreadyConnected,
            (_, _, true) => Scenario::SubscriptionOver,
            (_, _, false) => Scenario::Connects,
        };
        assert_eq!(customer.scenario, expected, "{row}");
        seen.insert((mobile, connected, over));
        let status = partner.instance(customer, "status").await;
        assert_eq!(status["connected"], connected, "{row}");
    }
    assert!(seen.len() >= 5, "{seen:?}");

    // What a plain one can do is what any other can.
    let mut plain = practice.customers().into_iter().skip(1);
    let offline = plain.find(|customer| customer.scenario == Scenario::Connects);
    let offline = offline.unwrap();
    partner.instance(&offline, "qr-code").await;
    practice
        .play(&offline.instance_id, Action::ReadsQr)
        .unwrap();
    let found = partner.search(&offline.instance_id).await;
    assert_eq!(found[0]["whatsappConnected"], true);
}

#[tokio::test]
async fn a_page_fails_as_often_as_it_was_told_to() {
    let listing = Listing {
        failing_pages: BTreeMap::from([(2, 2), (3, usize::MAX)]),
        ..Listing::default()
    };
    let (_practice, partner) = start(200, listing).await;
    let mut statuses = Vec::new();
    for number in [1, 2, 2, 2, 3, 3, 3, 4] {
        let (status, answer) = partner.page(number, 50).await;
        assert_eq!(answer["content"].is_array(), status == 200);
        statuses.push(status.as_u16());
    }
    assert_eq!(statuses, [200, 500, 500, 200, 500, 500, 500, 200]);
}

#[tokio::test]
async fn one_call_comes_too_often() {
    let listing = Listing {
        too_often_after: Some(1),
        ..Listing::default()
    };
    let (_practice, partner) = start(10, listing).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let response = partner.call(Method::GET, LISTING, None).await;
        let retry_after = response.headers().get("retry-after");
        assert_eq!(
            retry_after.map(|value| value.to_str().unwrap()),
            (response.status() == 429).then_some("1")
        );
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 429, 200, 200]);
}

#[tokio::test]
async fn slow_pages_take_their_time_side_by_side() {
    let listing = Listing {
        pause: Duration::from_secs(1),
        ..Listing::default()
    };
    let (practice, partner) = start(100, listing).await;
    let (one, two, three) = tokio::join!(
        partner.page(1, 50),
        partner.page(2, 50),
        partner.page(1, 10)
    );
    assert_eq!([one.0, two.0, three.0], [StatusCode::OK; 3]);
    assert_eq!(practice.most_at_once(LISTING), 3);
    assert!(
        practice
            .ledger()
            .iter()
            .all(|call| call.server_ms >= 1_000.0)
    );
}

/// What the first reading of a listing that moves so many times finds, and the order in the end.
async fn moved(seed: u64, times: usize) -> (Vec<String>, Vec<String>, Practice) {
    let listing = Listing {
        largest_page: 10,
        moves: Some(Moves {
            seed,
            every: 2,
            times,
        }),
        ..Listing::default()
    };
    let (practice, partner) = start(100, listing).await;
    let first = ids(&partner.rows(10).await);
    // Until no change is left.
    for _ in 0..times {
        partner.page(1, 10).await;
        partner.page(2, 10).await;
    }
    let last = ids(&partner.rows(10).await);
    (first, last, practice)
}

#[tokio::test]
async fn the_roster_moves_while_it_is_read() {
    let untouched = customer_ids(&start(100, Listing::default()).await.0);
    let (first, last, practice) = moved(1, 12).await;
    let truth = customer_ids(&practice);
    assert_eq!(set(last.clone()), set(truth.clone()));
    assert_eq!(last.len(), truth.len(), "at rest, no row comes twice");
    assert_ne!(last, truth, "the order is another");
    assert_ne!(set(first), set(truth.clone()), "one reading is not enough");
    // Of twelve changes, four are a loss and four a gain.
    let (before, after) = (set(untouched), set(truth));
    let gone = before.difference(&after).count();
    let come = after.difference(&before).count();
    assert_eq!(after.len(), 100);
    assert!((1..=4).contains(&gone) && gone == come, "{gone} {come}");
    assert!(after.contains(&practice.customers()[0].instance_id));

    assert_eq!(moved(1, 12).await.1, last, "the same seed does the same");
    assert_ne!(moved(2, 12).await.1, last);
}

#[tokio::test]
async fn the_partner_makes_instances() {
    let (practice, partner) = start(3, Listing::default()).await;
    let anonymous = partner.http.post(practice.url() + ON_DEMAND);
    let refused = anonymous.json(&json!({"name": "Loja"})).send().await;
    assert_eq!(
        json_of(refused.unwrap()).await,
        (
            StatusCode::UNAUTHORIZED,
            json!({"message": "Authorization token is empty"})
        )
    );
    for body in [json!({}), json!({"name": null}), json!({"name": "  "})] {
        let refused = partner
            .call(Method::POST, ON_DEMAND, Some(body.clone()))
            .await;
        let (status, answer) = json_of(refused).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["message"].is_string(), "{answer}");
    }
    assert_eq!(practice.customers().len(), 3);

    for (name, body, middleware, scenario) in [
        (
            "Loja Nova",
            json!({"name": "Loja Nova"}),
            "web",
            Scenario::Connects,
        ),
        (
            "Loja Móvel",
            json!({"name": "Loja Móvel", "isDevice": true}),
            "mobile",
            Scenario::RegistersBySms,
        ),
    ] {
        let made = partner.call(Method::POST, ON_DEMAND, Some(body)).await;
        let (status, made) = json_of(made).await;
        assert_eq!(
            (status, made.as_object().unwrap().len()),
            (StatusCode::OK, 3)
        );
        let last = partner.rows(50).await.pop().unwrap();
        for field in ["id", "token", "due"] {
            assert_eq!(last[field], made[field]);
        }
        assert!(made["due"].as_i64().unwrap() > 1_700_000_000_000);
        assert_eq!(last["name"], name);
        assert_eq!(last["middleware"], middleware);
        assert_eq!(last["whatsappConnected"], false);
        let customer = practice.customers().pop().unwrap();
        assert_eq!(made["id"], customer.instance_id);
        assert_eq!(customer.scenario, scenario);

        let me = partner.instance(&customer, "me").await;
        assert_eq!(me["name"], name);
    }
    assert_eq!(practice.calls(ON_DEMAND), 6);
    assert_eq!(set(customer_ids(&practice)).len(), 5);
}

#[tokio::test]
async fn the_roster_can_be_changed_while_it_runs() {
    let (practice, partner) = start(20, Listing::default()).await;
    let all = customer_ids(&practice);
    practice.remove_instance(&all[5]).unwrap();
    practice.rename_instance(&all[6], "Ótica Nova").unwrap();
    let connected = |row: &Value| row["whatsappConnected"] == true;
    for connect in [true, false] {
        for id in all.iter().filter(|id| **id != all[5]) {
            practice.set_connected(id, connect).unwrap();
        }
        let rows = partner.rows(50).await;
        assert_eq!(rows.len(), 19);
        assert!(rows.iter().all(|row| connected(row) == connect));
        assert!(!ids(&rows).contains(&all[5]));
    }
    let found = partner.search("%C3%B3tica%20nova").await;
    assert_eq!(ids(&found), [all[6].as_str()]);
    let made = practice.create_instance("Loja", Middleware::Mobile);
    assert_eq!(customer_ids(&practice).last(), Some(&made.instance_id));

    assert_eq!(practice.remove_instance(&all[5]), Err(NotNow));
    assert_eq!(practice.rename_instance(&all[5], "Loja"), Err(NotNow));
    assert_eq!(practice.set_connected(&all[5], true), Err(NotNow));
}

#[tokio::test]
async fn another_program_changes_the_roster() {
    let (practice, partner) = start(3, Listing::default()).await;
    let ids = customer_ids(&practice);
    let control = |id: &str| format!("/practice/customers/{id}");
    let change = json!({"name": "Loja Nova", "connected": true});
    let (status, answer) = json_of(
        partner
            .call(Method::PATCH, &control(&ids[0]), Some(change))
            .await,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(answer["actions"], json!(["disconnects"]));
    let row = partner.rows(50).await.remove(0);
    assert_eq!(row["name"], "Loja Nova");
    assert_eq!(row["whatsappConnected"], true);

    for (expected, left) in [(204, 2), (404, 2)] {
        let removed = partner.call(Method::DELETE, &control(&ids[1]), None).await;
        assert_eq!(removed.status(), expected);
        assert_eq!(partner.rows(50).await.len(), left);
    }
    let nobody = partner
        .call(Method::PATCH, &control(&ids[1]), Some(json!({})))
        .await;
    assert_eq!(nobody.status(), 404);
    let (_, calls) = partner.get("/practice/calls").await;
    assert_eq!(calls, json!({LISTING: 3}));
}

/// The program, what it printed first, and the lines about customers.
struct Program {
    child: std::process::Child,
    partner: Partner,
    lines: Vec<String>,
}

impl Program {
    /// `lines` is how many it prints about customers.
    fn start(flags: &[&str], lines: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_practice"))
            .args(flags)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = printed.next().unwrap().unwrap();
        printed.next().unwrap().unwrap();
        let lines = printed.by_ref().take(lines).map(Result::unwrap).collect();
        Self {
            child,
            partner: Partner::at(url),
            lines,
        }
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn the_program_takes_flags_for_the_roster() {
    let flags = [
        "--instances=1000",
        "--largest-page=30",
        "--page-pause-ms=50",
        "--failing-page=2",
        "--failing-page=3:1",
        "--too-often-after=4",
        "--listing-moves",
    ];
    let program = Program::start(&flags, 25);
    assert!(program.lines[0].starts_with("connects"));
    assert_eq!(program.lines[24], "… and 976 more");
    let mut statuses = Vec::new();
    for number in [1, 2, 3, 3, 1, 2, 4] {
        let asked = Instant::now();
        let (status, answer) = program.partner.page(number, 100).await;
        assert!(asked.elapsed() >= Duration::from_millis(50));
        statuses.push(status.as_u16());
        if status == 200 {
            assert_eq!(answer["total"], 1000);
            assert_eq!(answer["content"].as_array().unwrap().len(), 30);
        }
    }
    assert_eq!(statuses, [200, 500, 500, 200, 429, 500, 200]);
    // Three pages were given, after which the first change puts rows into another order.
    let mut listed = Vec::new();
    for number in (1..=34).filter(|number| *number != 2) {
        let (_, answer) = program.partner.page(number, 30).await;
        listed.extend(ids(answer["content"].as_array().unwrap()));
    }
    assert!(!listed.is_sorted(), "ids count up until rows move");
    program.end();
}

#[tokio::test]
async fn few_instances_are_the_first_customers() {
    let program = Program::start(&["--instances", "10"], 10);
    assert!(program.lines[9].starts_with(&Scenario::ALL[9].to_string()));
    let (_, answer) = program.partner.get(LISTING).await;
    assert_eq!(answer["total"], 10);
    program.end();

    for wrong in ["--instances=0", "--instances=100001", "--failing-page=x:1"] {
        let run = Command::new(env!("CARGO_BIN_EXE_practice"))
            .args([wrong, "--until-stdin-closes"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(!run.unwrap().success(), "{wrong}");
    }
}
