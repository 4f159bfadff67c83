//! The Partner listing, read into the list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use desk::accounts::{Account, AccountForm, AccountSecret, Saved};
use desk::attempt::Method;
use desk::customers::{
    ConnectionStatus, CustomerForm, CustomerPage, CustomerQuery, CustomerRow, CustomerSort,
    InstanceForm, StatusFilter,
};
use desk::desk::Event;
use desk::instance::InstanceType;
use desk::roster::{Import, ImportState};
use desk::vault::Keep;
use desk::{Desk, ErrorCode, Language};
use practice::{Config, Listing, Moves, Practice};
use tokio::time::timeout;

use crate::setup::{PATIENCE, desk};

const LISTING: &str = "/instances";

pub async fn partner(config: Config) -> Practice {
    Practice::start(config).await.unwrap()
}

pub fn instances(count: usize) -> Config {
    Config {
        instances: count,
        ..Config::default()
    }
}

/// Each page takes so long.
fn dawdling(count: usize, pause_ms: u64) -> Config {
    Config {
        listing: Listing {
            pause: Duration::from_millis(pause_ms),
            ..Listing::default()
        },
        ..instances(count)
    }
}

pub async fn partner_account(desk: &Desk, server: &Practice) -> Account {
    account_with(desk, &server.partner_token()).await
}

async fn account_with(desk: &Desk, partner_token: &str) -> Account {
    let form = AccountForm {
        name: "Agência Litoral".into(),
        client_token: None,
        partner_token: Some(partner_token.into()),
        keep: Keep::Session,
    };
    desk.add_account(form).await.unwrap()
}

/// Imports and waits for the end.
pub async fn import(desk: &Arc<Desk>, account: &Account) -> Import {
    desk.import_customers(&account.id).await.unwrap();
    over(desk, account).await
}

async fn over(desk: &Arc<Desk>, account: &Account) -> Import {
    let over = desk.import_over(&account.id);
    timeout(PATIENCE, over).await.unwrap().unwrap()
}

pub async fn list(desk: &Desk, query: CustomerQuery) -> CustomerPage {
    desk.customers(&query).await.unwrap()
}

pub async fn all(desk: &Desk) -> Vec<CustomerRow> {
    let mut rows = Vec::new();
    loop {
        let query = CustomerQuery {
            offset: rows.len() as u32,
            ..CustomerQuery::default()
        };
        let page = list(desk, query).await;
        if page.rows.is_empty() {
            return rows;
        }
        rows.extend(page.rows);
    }
}

fn ids(rows: &[CustomerRow]) -> BTreeSet<String> {
    rows.iter().map(|row| row.instance_id.clone()).collect()
}

fn listed(server: &Practice) -> BTreeSet<String> {
    let customers = server.customers().into_iter();
    customers.map(|customer| customer.instance_id).collect()
}

fn edited(row: &CustomerRow) -> CustomerForm {
    CustomerForm {
        account_id: row.account_id.clone(),
        name: row.name.clone(),
        address: row.instance_id.clone().into(),
        token: None,
        phone: row.phone.clone().unwrap_or_default(),
        language: row.language,
        note: row.note.clone(),
        labels: row.labels.join(", "),
        keep: Keep::Keychain,
    }
}

#[tokio::test]
async fn all_of_the_listing_becomes_customers_and_no_call_is_made_twice() {
    let server = partner(dawdling(1_234, 5)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let done = import(&desk, &account).await;
    assert_eq!(done.state, ImportState::Done);
    assert_eq!(
        (done.read, done.total, done.added),
        (1_234, Some(1_234), 1_234)
    );
    assert_eq!((done.changed, done.vanished), (0, 0));
    let rows = all(&desk).await;
    assert_eq!(ids(&rows), listed(&server));
    assert_eq!(rows.len(), 1_234, "each once");
    assert_eq!(
        server.calls(LISTING),
        1_234_usize.div_ceil(50),
        "one listing"
    );
    let at_once = server.most_at_once(LISTING);
    assert!(
        (2..=4).contains(&at_once),
        "several at a time, within the bound: {at_once}"
    );
    for customer in server.customers() {
        let row = rows
            .iter()
            .find(|row| row.instance_id == customer.instance_id)
            .unwrap();
        assert_eq!(row.name, customer.name);
        assert_eq!(row.token.saved, Saved::Listed);
        let mobile = customer.middleware == practice::Middleware::Mobile;
        assert_eq!(row.instance_type == Some(InstanceType::Mobile), mobile);
    }
    let counts = list(&desk, CustomerQuery::default()).await.counts;
    let sum = counts.connected + counts.offline + counts.subscription_over;
    assert_eq!((counts.all, sum), (1_234, 1_234));
    assert!(counts.offline > 0 && counts.subscription_over > 0 && counts.never_connected > 0);
}

#[tokio::test]
async fn a_refresh_costs_one_listing_and_writes_only_what_changed() {
    let server = partner(instances(300)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    let calls = server.calls(LISTING);
    let again = import(&desk, &account).await;
    assert_eq!((again.added, again.changed, again.vanished), (0, 0, 0));
    assert_eq!(server.calls(LISTING), 2 * calls);

    let rows = all(&desk).await;
    let connected = rows
        .iter()
        .find(|row| row.status == ConnectionStatus::Connected)
        .unwrap();
    let mut events = desk.events();
    server.set_connected(&connected.instance_id, false).unwrap();
    let changed = import(&desk, &account).await;
    assert_eq!((changed.added, changed.changed), (0, 1));
    let told = loop {
        if let Event::Status {
            customer_id,
            status,
            ..
        } = events.recv().await.unwrap()
        {
            break (customer_id, status);
        }
    };
    assert_eq!(told, (connected.id.clone(), ConnectionStatus::Offline));
}

#[tokio::test]
async fn what_the_desk_typed_is_never_overwritten() {
    let server = partner(instances(60)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    let rows = all(&desk).await;
    let (typed, untouched) = (&rows[3], &rows[4]);
    let form = CustomerForm {
        name: "Escrito à mão".into(),
        phone: "(11) 98888-7777".into(),
        note: "liga só de tarde".into(),
        labels: "vip, lojas".into(),
        language: Language::Spanish,
        ..edited(typed)
    };
    desk.edit_customer(&typed.id, form).await.unwrap();
    for row in [typed, untouched] {
        server
            .rename_instance(&row.instance_id, "Outro nome")
            .unwrap();
        let connected = row.status == ConnectionStatus::Connected;
        server.set_connected(&row.instance_id, !connected).unwrap();
    }
    let refreshed = import(&desk, &account).await;
    assert_eq!(refreshed.changed, 2);
    let rows = all(&desk).await;
    let now = rows.iter().find(|row| row.id == typed.id).unwrap();
    assert_eq!(now.name, "Escrito à mão");
    assert_eq!(now.phone.as_deref(), Some("5511988887777"));
    assert_eq!(
        (now.note.as_str(), now.labels.len()),
        ("liga só de tarde", 2)
    );
    assert_eq!(now.language, Language::Spanish);
    assert_ne!(now.status, typed.status, "the status follows all the same");
    let now = rows.iter().find(|row| row.id == untouched.id).unwrap();
    assert_eq!(now.name, "Outro nome", "a name from the listing follows it");
}

#[tokio::test]
async fn what_vanished_is_marked_and_what_comes_back_is_unmarked() {
    let server = partner(instances(200)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    // Some that are looked for one by one, then many.
    for lost in [5, 40] {
        let known = list(&desk, CustomerQuery::default()).await.counts.vanished;
        for customer in server.customers().into_iter().rev().take(lost) {
            server.remove_instance(&customer.instance_id).unwrap();
        }
        let done = import(&desk, &account).await;
        assert_eq!(done.vanished, lost as u32);
        let page = list(
            &desk,
            CustomerQuery {
                status: Some(StatusFilter::Vanished),
                ..CustomerQuery::default()
            },
        )
        .await;
        assert_eq!(page.total, known + lost as u32);
        assert!(page.rows.iter().all(|row| row.vanished));
    }
    assert_eq!(all(&desk).await.len(), 200, "nobody is deleted");
}

#[tokio::test]
async fn a_page_that_fails_is_tried_again_then_named_and_the_rest_is_kept() {
    let config = Config {
        listing: Listing {
            failing_pages: BTreeMap::from([(2, 1), (4, usize::MAX)]),
            ..Listing::default()
        },
        ..instances(300)
    };
    let server = partner(config).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let done = import(&desk, &account).await;
    assert_eq!(done.state, ImportState::Incomplete);
    assert_eq!(done.failed_pages, [4]);
    assert_eq!(done.failure.unwrap().code, ErrorCode::GatewayTrouble);
    assert_eq!((done.read, done.total), (250, Some(300)));
    assert_eq!(all(&desk).await.len(), 250);
    // The next import asks for that page alone.
    let calls = server.calls(LISTING);
    desk.import_customers(&account.id).await.unwrap();
    over(&desk, &account).await;
    assert_eq!(server.calls(LISTING) - calls, 4, "four tries for one page");
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is() {
    let config = Config {
        listing: Listing {
            too_often_after: Some(3),
            ..Listing::default()
        },
        ..instances(500)
    };
    let server = partner(config).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let began = std::time::Instant::now();
    let done = import(&desk, &account).await;
    assert_eq!((done.state, done.read), (ImportState::Done, 500));
    assert!(began.elapsed() >= Duration::from_secs(1), "as it asked");
}

#[tokio::test]
async fn ended_halfway_it_keeps_what_it_read_and_goes_on_from_there() {
    let server = partner(dawdling(1_000, 40)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let mut events = desk.events();
    desk.import_customers(&account.id).await.unwrap();
    loop {
        if let Event::Import(import) = events.recv().await.unwrap()
            && import.read >= 200
        {
            break;
        }
    }
    desk.cancel_import(&account.id);
    let cancelled = over(&desk, &account).await;
    assert_eq!(cancelled.state, ImportState::Cancelled);
    let kept = all(&desk).await.len() as u32;
    assert_eq!(kept, cancelled.read, "what was counted is there");
    assert!(kept < 1_000);
    let calls = server.calls(LISTING);
    let done = import(&desk, &account).await;
    assert_eq!((done.state, done.read), (ImportState::Done, 1_000));
    assert_eq!(ids(&all(&desk).await), listed(&server));
    assert!(
        server.calls(LISTING) < 20 + 5,
        "not from the beginning: {calls}"
    );
}

#[tokio::test]
async fn a_listing_that_moves_loses_no_row_and_doubles_none() {
    for seed in 0..12 {
        let config = Config {
            listing: Listing {
                largest_page: 20 + 7 * seed as usize,
                moves: Some(Moves {
                    seed,
                    every: 1 + seed as usize % 4,
                    times: 12,
                }),
                failing_pages: BTreeMap::from([(1 + seed as usize % 5, 1)]),
                ..Listing::default()
            },
            ..instances(400)
        };
        let server = partner(config).await;
        let desk = desk(&server).await;
        let account = partner_account(&desk, &server).await;
        let done = import(&desk, &account).await;
        assert_eq!(done.state, ImportState::Done, "seed {seed}");
        // What comes and goes at once during a pass is for the next refresh to find, so: until the
        // listing stands still, and once more.
        while server.calls(LISTING) < 12 * (1 + seed as usize % 4) {
            import(&desk, &account).await;
        }
        let done = import(&desk, &account).await;
        assert_eq!(done.state, ImportState::Done, "seed {seed}");
        let mut rows = all(&desk).await;
        rows.retain(|row| !row.vanished);
        let (ours, theirs) = (ids(&rows), listed(&server));
        let lost: Vec<_> = theirs.difference(&ours).collect();
        let left: Vec<_> = ours.difference(&theirs).collect();
        assert!(
            lost.is_empty() && left.is_empty(),
            "seed {seed}: lost {lost:?}, left {left:?}"
        );
        assert_eq!(rows.len(), theirs.len(), "seed {seed}: each once");
    }
}

#[tokio::test]
async fn a_listed_customer_is_connected_without_any_token_in_the_vault() {
    let server = partner(instances(24)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    let page = list(
        &desk,
        CustomerQuery {
            text: "aurora padaria".into(),
            ..CustomerQuery::default()
        },
    )
    .await;
    let row = page.rows.first().unwrap();
    let mut changes = desk.changes(&row.id);
    desk.start_attempt(&row.id, Method::Extension)
        .await
        .unwrap();
    let code = async {
        while desk.get_code(&row.id, None).await.is_err() {
            changes.next().await;
        }
    };
    timeout(PATIENCE, code).await.unwrap();
    assert!(desk.time_left(&row.id).is_some());
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_paged() {
    let server = partner(instances(600)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    let everybody = all(&desk).await;
    let mut by_name: Vec<_> = everybody
        .iter()
        .map(|row| row.name.to_lowercase())
        .collect();
    by_name.dedup();
    let offline = list(
        &desk,
        CustomerQuery {
            status: Some(StatusFilter::Offline),
            ..CustomerQuery::default()
        },
    )
    .await;
    assert_eq!(offline.total, offline.counts.offline);
    assert_eq!(offline.counts.all, 600, "the counts are of all");
    assert!(
        offline
            .rows
            .iter()
            .all(|row| row.status == ConnectionStatus::Offline)
    );
    let mobile = list(
        &desk,
        CustomerQuery {
            instance_type: Some(InstanceType::Mobile),
            sort: CustomerSort::Due,
            ..CustomerQuery::default()
        },
    )
    .await;
    assert!(mobile.total > 12 && mobile.counts.all == mobile.total);
    assert!(
        mobile
            .rows
            .is_sorted_by_key(|row| row.due.unwrap_or(i64::MAX))
    );
    let labelled = CustomerForm {
        labels: "VIP".into(),
        ..edited(&everybody[7])
    };
    desk.edit_customer(&everybody[7].id, labelled)
        .await
        .unwrap();
    assert_eq!(desk.customer_labels(), ["VIP"]);
    let vip = CustomerQuery {
        label: Some("VIP".into()),
        ..CustomerQuery::default()
    };
    assert_eq!(list(&desk, vip).await.rows[0].id, everybody[7].id);
    let elsewhere = CustomerQuery {
        account_id: Some("none".into()),
        ..CustomerQuery::default()
    };
    assert_eq!(list(&desk, elsewhere).await.total, 0);
}

fn new_instance(account: &Account) -> InstanceForm {
    InstanceForm {
        account_id: account.id.clone(),
        name: "Floricultura Nova".into(),
        instance_type: InstanceType::Web,
        phone: "11 97777-6666".into(),
        language: Language::Portuguese,
        note: String::new(),
        labels: String::new(),
        confirmed: true,
    }
}

#[tokio::test]
async fn a_new_instance_is_asked_for_once_and_its_customer_is_there_at_once() {
    let server = partner(instances(24)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let unconfirmed = InstanceForm {
        confirmed: false,
        ..new_instance(&account)
    };
    let refused = desk.create_instance(unconfirmed).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert_eq!(server.customers().len(), 24, "nothing was bought");
    let row = desk.create_instance(new_instance(&account)).await.unwrap();
    assert_eq!(row.token.saved, Saved::Listed);
    assert_eq!(row.phone.as_deref(), Some("5511977776666"));
    assert_eq!(all(&desk).await.len(), 1);
    desk.start_attempt(&row.id, Method::QrCode).await.unwrap();
    // The listing brings it too, and it is the same customer.
    let done = import(&desk, &account).await;
    assert_eq!((done.read, done.added), (25, 24));
}

#[tokio::test]
async fn an_instance_that_may_have_been_created_is_not_created_again() {
    let server = wiremock::MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::method("POST"))
        .respond_with(wiremock::ResponseTemplate::new(502))
        .expect(1)
        .mount(&server)
        .await;
    let desk = crate::setup::desk_over(&server.uri(), None, Arc::default()).await;
    let account = account_with(&desk, "FAKE0000PARTNER").await;
    for _ in 0..2 {
        let refused = desk
            .create_instance(new_instance(&account))
            .await
            .unwrap_err();
        assert_eq!(refused.code, ErrorCode::InstanceMaybeCreated);
    }
}

#[tokio::test]
async fn a_link_names_one_customer() {
    let server = partner(instances(24)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    import(&desk, &account).await;
    let row = all(&desk).await.remove(3);
    let link = |named: &str| format!("ponte://connect/{named}");
    let by_id = desk.link_target(&link(&row.instance_id)).await.unwrap();
    assert_eq!(by_id.id, row.id);
    let form = CustomerForm {
        phone: "(44) 99999-0101".into(),
        ..edited(&row)
    };
    desk.edit_customer(&row.id, form).await.unwrap();
    for number in [
        "5544999990101",
        "44999990101",
        "+5544999990101",
        "554499990101",
    ] {
        assert_eq!(
            desk.link_target(&link(number)).await.unwrap().id,
            row.id,
            "{number}"
        );
    }
    let unknown = desk.link_target(&link("5511999990000")).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::NotFound);
    assert_eq!(unknown.params["text"], "5511999990000");
    let odd = desk.link_target("ponte://remove/x").await.unwrap_err();
    assert_eq!(odd.code, ErrorCode::LinkNotUnderstood);
}

#[tokio::test]
async fn an_import_ends_with_the_credential_it_began_with() {
    let server = partner(dawdling(1_000, 50)).await;
    let desk = desk(&server).await;
    let account = partner_account(&desk, &server).await;
    let mut events = desk.events();
    desk.import_customers(&account.id).await.unwrap();
    let ended = async |events: &mut tokio::sync::broadcast::Receiver<Event>,
                       wanted: ImportState| {
        loop {
            if let Event::Import(import) = events.recv().await.unwrap()
                && import.state == wanted
                && (wanted != ImportState::Running || import.read > 50)
            {
                break;
            }
        }
    };
    ended(&mut events, ImportState::Running).await;
    desk.set_account_secret(
        &account.id,
        AccountSecret::PartnerToken,
        None,
        Keep::Session,
    )
    .await
    .unwrap();
    ended(&mut events, ImportState::Cancelled).await;
    assert!(desk.imports().is_empty());
    let row = all(&desk).await.remove(0);
    assert_eq!(row.token.saved, Saved::No, "the tokens went with it");
    let refused = desk
        .start_attempt(&row.id, Method::QrCode)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::SecretMissing);
}

#[tokio::test]
async fn a_new_instance_that_a_refresh_brought_first_gets_what_was_typed() {
    let server = wiremock::MockServer::start().await;
    let created = serde_json::json!({"id": "3C00FA4E0000000000000000000000AA", "token": "FAKE0000TOKEN", "due": 1});
    wiremock::Mock::given(wiremock::matchers::method("POST"))
        .respond_with(wiremock::ResponseTemplate::new(200).set_body_json(created))
        .mount(&server)
        .await;
    let desk = crate::setup::desk_over(&server.uri(), None, Arc::default()).await;
    let account = account_with(&desk, "FAKE0000PARTNER").await;
    let brought = crate::setup::form(
        &account,
        "3C00FA4E",
        "3C00FA4E0000000000000000000000AA",
        None,
        "",
    );
    let brought = desk.add_customer(brought).await.unwrap();
    let row = desk.create_instance(new_instance(&account)).await.unwrap();
    assert_eq!(
        (row.id, row.name.as_str()),
        (brought.id, "Floricultura Nova")
    );
    assert_eq!(row.phone.as_deref(), Some("5511977776666"));
}
