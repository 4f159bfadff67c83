//! The customers that the desk serves, each with one instance.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::accounts::{Saved, SecretState};
use crate::address::{self, Address};
use crate::attempt::view::ExpectedNumber;
use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::Identity;
use crate::input::{self, Field, Problem, ProblemCode};
use crate::instance::InstanceType;
use crate::language::Language;
use crate::lock;
use crate::phone;
use crate::store::{AccountRecord, CustomerRecord};
use crate::vault::{Holder, Keep, SecretName, Secrets};

/// What was last seen of a customer's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ConnectionStatus {
    /// Never read.
    Unknown,
    /// Connected.
    Connected,
    /// Not connected.
    Offline,
    /// The instance must be subscribed again.
    SubscriptionOver,
    /// Z-API does not know this id and token.
    NotFound,
}

impl ConnectionStatus {
    /// What a failed reading says about the instance itself, if anything.
    pub fn from_failure(failure: &Failure) -> Option<Self> {
        match failure.code {
            ErrorCode::SubscriptionOver => Some(Self::SubscriptionOver),
            ErrorCode::InstanceNotFound => Some(Self::NotFound),
            _ => None,
        }
    }

    /// Connected or not.
    pub fn from_connected(connected: bool) -> Self {
        match connected {
            true => Self::Connected,
            false => Self::Offline,
        }
    }
}

/// A customer, as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerRow {
    /// The id.
    pub id: String,
    /// Whose customer.
    pub account_id: String,
    /// The account's name.
    pub account_name: String,
    /// Whether the account's Partner token is saved: it can subscribe again.
    pub account_has_partner_token: bool,
    /// The customer's name.
    pub name: String,
    /// The Z-API instance.
    pub instance_id: String,
    /// The number expected: digits with country code, no plus.
    pub phone: Option<String>,
    /// The same as people write it.
    pub phone_display: Option<String>,
    /// The customer's language.
    pub language: Language,
    /// The instance token.
    pub token: SecretState,
    /// Last status seen.
    pub status: ConnectionStatus,
    /// Unix milliseconds by this computer's clock: since when.
    #[ts(type = "number | null")]
    pub status_since: Option<i64>,
    /// What kind of instance it is; `None` while nobody knows.
    pub instance_type: Option<InstanceType>,
    /// The desk's own words about the customer.
    pub note: String,
    /// The desk's own labels.
    pub labels: Vec<String>,
    /// Unix milliseconds by the server's clock: when the paid or trial time ends.
    #[ts(type = "number | null")]
    pub due: Option<i64>,
    /// The instance is no longer in the Partner listing.
    pub vanished: bool,
    /// Nobody has seen it connected.
    pub never_connected: bool,
}

/// A part of the customers found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct CustomerPage {
    /// Those from the query's `offset` on, at most its `limit`.
    pub rows: Vec<CustomerRow>,
    /// How many match.
    pub total: u32,
    /// How they are: of all that match but for the query's `status`.
    pub counts: StatusCounts,
}

/// How many customers are how. Those never connected are counted as offline or unknown as well; those
/// vanished as nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct StatusCounts {
    /// All.
    pub all: u32,
    /// [`StatusFilter::Connected`].
    pub connected: u32,
    /// [`StatusFilter::Offline`].
    pub offline: u32,
    /// [`StatusFilter::SubscriptionOver`].
    pub subscription_over: u32,
    /// [`StatusFilter::NeverConnected`].
    pub never_connected: u32,
    /// [`StatusFilter::Vanished`].
    pub vanished: u32,
}

/// Customers in one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum StatusFilter {
    /// Connected when last seen, as all below still in the listing.
    Connected,
    /// Not connected when last seen.
    Offline,
    /// The instance must be subscribed again.
    SubscriptionOver,
    /// Nobody has seen them connected.
    NeverConnected,
    /// No longer in the Partner listing.
    Vanished,
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum CustomerSort {
    /// By name.
    #[default]
    Name,
    /// Those whose status changed last come first.
    Changed,
    /// Those whose paid time ends, or ended, first come first; those of whom nobody knows come last.
    Due,
}

/// Which customers to list.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerQuery {
    /// Words of name, number, instance id, note or labels.
    pub text: String,
    /// Only this account's.
    pub account_id: Option<String>,
    /// Only those in this condition.
    pub status: Option<StatusFilter>,
    /// Only instances of this kind.
    pub instance_type: Option<InstanceType>,
    /// Only those with this label.
    pub label: Option<String>,
    /// In which order.
    pub sort: CustomerSort,
    /// Rows before the first one wanted.
    pub offset: u32,
    /// Most rows wanted; never more than [`crate::store::PAGE`].
    pub limit: u32,
}

impl Default for CustomerQuery {
    /// All of them, as many as are given at once.
    fn default() -> Self {
        Self {
            text: String::new(),
            account_id: None,
            status: None,
            instance_type: None,
            label: None,
            sort: CustomerSort::Name,
            offset: 0,
            limit: crate::store::PAGE,
        }
    }
}

/// A customer, as typed. Debug is not derived: it holds a secret.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerForm {
    /// Whose customer.
    pub account_id: String,
    /// The customer's name.
    pub name: String,
    /// The whole address that the panel shows, or the instance id alone.
    #[ts(type = "string")]
    pub address: SecretString,
    /// The instance token, when `address` is an id alone. When editing, `None` keeps the saved one.
    #[ts(type = "string | null")]
    pub token: Option<SecretString>,
    /// The number expected, in any spelling; may be empty.
    pub phone: String,
    /// The customer's language.
    pub language: Language,
    /// The desk's own words about the customer.
    pub note: String,
    /// The desk's own labels, with commas between.
    pub labels: String,
    /// Where to keep the token.
    pub keep: Keep,
}

/// A new instance for a new customer, as typed.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct InstanceForm {
    /// On which account; it needs a Partner token.
    pub account_id: String,
    /// The customer's name, and the instance's.
    pub name: String,
    /// Which kind.
    pub instance_type: InstanceType,
    /// The number expected, in any spelling; may be empty.
    pub phone: String,
    /// The customer's language.
    pub language: Language,
    /// The desk's own words about the customer.
    pub note: String,
    /// The desk's own labels, with commas between.
    pub labels: String,
    /// The agent knows that this costs money.
    pub confirmed: bool,
}

/// What can be said of a form without any call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerCheck {
    /// Its mistakes; empty if it can be saved.
    pub problems: Vec<Problem>,
    /// The id found in `address`.
    pub instance_id: Option<String>,
    /// The pasted address already holds a token: the token field is not needed.
    pub token_in_address: bool,
    /// The number, understood.
    pub phone_display: Option<String>,
}

/// What the server said just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerStatus {
    /// Connected or not.
    pub status: ConnectionStatus,
    /// As whom, when connected and known.
    pub identity: Option<Identity>,
    /// Whether that is the number expected.
    pub expected: ExpectedNumber,
    /// The customer's phone is reachable; `None` when unknown or without meaning.
    pub phone_online: Option<bool>,
    /// Not connected, but the session can be restored without a code.
    pub needs_restore: bool,
    /// What kind of instance it is; `None` while nobody knows.
    pub instance_type: Option<InstanceType>,
}

/// A form, read.
struct Reading {
    check: CustomerCheck,
    typed: Typed,
    token: Option<SecretString>,
    token_field: Field,
}

/// What the desk says of a customer, read.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub name: String,
    pub phone: Option<String>,
    pub note: String,
    pub labels: String,
}

impl Typed {
    /// Reads it; what cannot be used is left out and noted among the problems.
    pub fn read(
        name: &str,
        phone: &str,
        note: &str,
        labels: &str,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut problem = |field, code| problems.push(Problem::new(field, code));
        Self {
            name: input::name(name).unwrap_or_else(|code| {
                problem(Field::Name, code);
                String::new()
            }),
            phone: phone::parse(phone).unwrap_or_else(|code| {
                problem(Field::Phone, code);
                None
            }),
            note: input::note(note).unwrap_or_else(|code| {
                problem(Field::Note, code);
                String::new()
            }),
            labels: input::labels(labels).unwrap_or_else(|code| {
                problem(Field::Labels, code);
                String::new()
            }),
        }
    }

    /// A customer of whom nothing else is known.
    pub fn customer(
        self,
        account_id: String,
        instance_id: String,
        language: Language,
    ) -> CustomerRecord {
        CustomerRecord {
            id: Uuid::new_v4().to_string(),
            account_id,
            name: self.name,
            instance_id,
            phone: self.phone,
            language,
            token_hint: None,
            status: ConnectionStatus::Unknown,
            status_since: None,
            instance_type: None,
            note: self.note,
            labels: self.labels,
            name_is_listed: false,
            due: None,
            vanished_at: None,
            connected_at: None,
        }
    }
}

/// Which instance, and its token, out of what was pasted. It holds a secret: Debug is not derived.
pub(crate) struct Pasted {
    pub instance_id: Option<String>,
    pub token: Option<SecretString>,
    /// The token came with the address.
    pub in_address: bool,
}

impl Pasted {
    /// Reads it; what cannot be used is left out and noted among the problems. `has_token`: whether
    /// the instance can do without one here.
    pub fn read(
        address: &str,
        token: Option<&str>,
        has_token: impl FnOnce(&str) -> bool,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut problem = |field, code| problems.push(Problem::new(field, code));
        let (instance_id, in_address) = match address::parse(address) {
            Ok(Address::Whole { id, token }) => (Some(id), Some(token)),
            Ok(Address::Id(id)) => (Some(id), None),
            Err(code) => {
                problem(Field::Address, code);
                (None, None)
            }
        };
        let mut pasted = Self {
            in_address: in_address.is_some(),
            token: in_address,
            instance_id,
        };
        if pasted.token.is_none() {
            pasted.token = match token.filter(|token| !token.trim().is_empty()) {
                Some(token) => match input::token(token) {
                    Ok(token) => Some(token.into()),
                    Err(code) => {
                        problem(Field::Token, code);
                        None
                    }
                },
                None => {
                    if pasted
                        .instance_id
                        .as_deref()
                        .is_some_and(|id| !has_token(id))
                    {
                        problem(Field::Token, ProblemCode::Missing);
                    }
                    None
                }
            };
        }
        if let (Some(token), Some(id)) = (&pasted.token, &pasted.instance_id)
            && token.expose_secret() == id
        {
            problem(pasted.token_field(), ProblemCode::IsInstanceId);
        }
        pasted
    }

    /// Where the token stands.
    pub fn token_field(&self) -> Field {
        match self.in_address {
            true => Field::Address,
            false => Field::Token,
        }
    }
}

impl Desk {
    /// The customers that match.
    pub async fn customers(&self, query: &CustomerQuery) -> Result<CustomerPage> {
        let (records, total, counts) = self.store.customers(query).await?;
        Ok(CustomerPage {
            rows: self.customer_rows(records).await?,
            total,
            counts,
        })
    }

    /// The customers attempted last, the latest first.
    pub async fn recent_customers(&self, most: u32) -> Result<Vec<CustomerRow>> {
        let records = self.store.recent_customers(most).await?;
        self.customer_rows(records).await
    }

    /// All labels in use, by name.
    pub fn customer_labels(&self) -> Vec<String> {
        let mut labels = self.store.labels();
        labels.sort_by_key(|label| label.to_lowercase());
        labels
    }

    /// One customer, as listed.
    pub async fn listed(&self, id: &str) -> Result<CustomerRow> {
        let record = self.customer(id).await?;
        self.shown_row(record).await
    }

    async fn customer_rows(&self, records: Vec<CustomerRecord>) -> Result<Vec<CustomerRow>> {
        let accounts = self.store.account_records().await?;
        let row = |record: CustomerRecord| {
            let account = accounts
                .iter()
                .find(|account| account.id == record.account_id);
            Some(self.customer_row(record, account?))
        };
        Ok(records.into_iter().filter_map(row).collect())
    }

    /// The mistakes in a form. `id`: the customer being edited. Asked at every pause in typing, so
    /// the keychain is left alone; what only it can tell is found when the form is saved.
    pub async fn check_customer(
        &self,
        id: Option<&str>,
        form: &CustomerForm,
    ) -> Result<CustomerCheck> {
        let before = match id {
            Some(id) => Some(self.customer(id).await?),
            None => None,
        };
        Ok(self.read_form(before.as_ref(), form).await?.check)
    }

    /// Adds a customer. The token goes to the vault first: a customer without it would be of no
    /// use, an entry without a customer is never read.
    pub async fn add_customer(&self, form: CustomerForm) -> Result<CustomerRow> {
        let reading = self.read_form(None, &form).await?.accept()?;
        self.refuse_account_credential(&form.account_id, &reading)
            .await?;
        let instance_id = reading.check.instance_id.unwrap_or_default();
        let record = reading
            .typed
            .customer(form.account_id, instance_id, form.language);
        self.refuse_taken_instance(&record).await?;
        let holder = Holder::customer(&record.id);
        let added = self.keep_and_add(record, reading.token, form.keep).await;
        if added.is_err() {
            self.forget(&holder).await;
        }
        added
    }

    async fn keep_and_add(
        &self,
        mut record: CustomerRecord,
        token: Option<SecretString>,
        keep: Keep,
    ) -> Result<CustomerRow> {
        if let Some(token) = token {
            self.keep_token(&mut record, token, keep).await?;
        }
        self.store.add_customer(&record).await?;
        self.tell_counts();
        self.shown_row(record).await
    }

    /// Changes a customer.
    pub async fn edit_customer(&self, id: &str, form: CustomerForm) -> Result<CustomerRow> {
        let before = self.customer(id).await?;
        let reading = self.read_form(Some(&before), &form).await?.accept()?;
        self.refuse_account_credential(&form.account_id, &reading)
            .await?;
        let instance_id = reading.check.instance_id.unwrap_or_default();
        let moves = instance_id != before.instance_id;
        let anew = moves || form.account_id != before.account_id || reading.token.is_some();
        let mut record = CustomerRecord {
            account_id: form.account_id,
            name_is_listed: before.name_is_listed && reading.typed.name == before.name,
            name: reading.typed.name,
            phone: reading.typed.phone,
            note: reading.typed.note,
            labels: reading.typed.labels,
            language: form.language,
            instance_id,
            ..before
        };
        self.refuse_taken_instance(&record).await?;
        if anew {
            // Its attempt talks to another instance, or with other credentials.
            self.end_attempt(id);
        }
        if let Some(token) = reading.token {
            self.keep_token(&mut record, token, form.keep).await?;
        }
        let edited = self.store.edit_customer(&record, anew).await?;
        let edited = edited.ok_or(ErrorCode::NotFound)?;
        if moves {
            lock(&self.registrations).forget(id);
            self.store.remove_registration(id).await?;
        }
        self.views_changed();
        self.tell_counts();
        self.shown_row(edited).await
    }

    /// Removes a customer, the attempt, the secret and the history.
    pub async fn remove_customer(&self, id: &str) -> Result<()> {
        let record = self.customer(id).await?;
        self.end_attempt(id);
        lock(&self.registrations).forget(id);
        self.vault
            .delete(&Holder::customer(id), record.token_hint.is_some())
            .await?;
        self.store.remove_customer(id).await?;
        self.tell_counts();
        Ok(())
    }

    /// Reads the status from the server, and the identity if connected.
    pub async fn customer_status(&self, id: &str) -> Result<CustomerStatus> {
        use crate::gateway::Gateway;
        let record = self.customer(id).await?;
        let server = self.server();
        let gateway = self.gateway(&server, &record).await?;
        let session = match self.observed(&server, gateway.session()).await {
            Ok(session) => session,
            Err(failure) => {
                if let Some(status) = ConnectionStatus::from_failure(&failure) {
                    self.note_status(id, status).await?;
                }
                return Err(failure);
            }
        };
        let status = ConnectionStatus::from_connected(session.connected);
        self.note_status(id, status).await?;
        let identity = match session.connected {
            // Connected is what was asked; as whom may stay unknown.
            true => self
                .observed(&server, gateway.identity())
                .await
                .inspect_err(|failure| self.note_failure(failure))
                .ok(),
            false => None,
        };
        let known = identity.clone().unwrap_or_default();
        let instance_type = self.instance_type(&record).await;
        Ok(CustomerStatus {
            status,
            expected: match session.connected {
                true => ExpectedNumber::compare(record.phone.as_deref(), &known),
                false => ExpectedNumber::NotSet,
            },
            identity,
            // Means nothing on mobile instances (seen).
            phone_online: session
                .phone_online
                .filter(|_| instance_type != Some(InstanceType::Mobile)),
            instance_type,
            needs_restore: session.needs_restore,
        })
    }

    /// The instance of a customer.
    pub async fn instance_of(&self, id: &str) -> Result<String> {
        Ok(self.customer(id).await?.instance_id)
    }

    pub(crate) async fn customer(&self, id: &str) -> Result<CustomerRecord> {
        Ok(self.store.customer(id).await?.ok_or(ErrorCode::NotFound)?)
    }

    /// The customer's instance token: out of the vault, or as the Partner listing gave it.
    pub(crate) async fn instance_token(&self, record: &CustomerRecord) -> Result<SecretString> {
        let holder = Holder::customer(&record.id);
        let secrets = self
            .vault
            .load(&holder, record.token_hint.is_some())
            .await?;
        match secrets.get(SecretName::InstanceToken) {
            Some(token) => Ok(token.clone()),
            None => self.listed_token(record).await,
        }
    }

    pub(crate) async fn shown_row(&self, record: CustomerRecord) -> Result<CustomerRow> {
        let account = self.account(&record.account_id).await?;
        Ok(self.customer_row(record, &account))
    }

    /// Puts a customer's token into the vault, and notes in `record` what the keychain then holds.
    pub(crate) async fn keep_token(
        &self,
        record: &mut CustomerRecord,
        token: SecretString,
        keep: Keep,
    ) -> Result<()> {
        let hint = (self.vault.resolve(keep) == Keep::Keychain)
            .then(|| input::last_four(token.expose_secret()).unwrap_or_default());
        let holder = Holder::customer(&record.id);
        let change = (SecretName::InstanceToken, Some(token));
        self.vault
            .set(&holder, record.token_hint.is_some(), change, keep)
            .await?;
        record.token_hint = hint;
        Ok(())
    }

    async fn refuse_taken_instance(&self, record: &CustomerRecord) -> Result<()> {
        match self.store.customer_of_instance(&record.instance_id).await? {
            Some(other) if other.id != record.id => {
                Err(Failure::from(ErrorCode::DuplicateInstance).with("customerName", other.name))
            }
            _ => Ok(()),
        }
    }

    async fn read_form(
        &self,
        before: Option<&CustomerRecord>,
        form: &CustomerForm,
    ) -> Result<Reading> {
        let mut problems = Vec::new();
        let CustomerForm {
            name,
            phone,
            note,
            labels,
            ..
        } = form;
        let typed = Typed::read(name, phone, note, labels, &mut problems);
        let account = self.store.account(&form.account_id).await?;
        if account.is_none() {
            problems.push(Problem::new(Field::Account, ProblemCode::Missing));
        }
        let has_token = |instance_id: &str| {
            let listed = account
                .as_ref()
                .is_some_and(|account| self.has_partner_token(account));
            // The token saved belongs to the instance saved.
            let saved = |before: &CustomerRecord| {
                before.instance_id == instance_id && self.holds_token(before)
            };
            listed || before.is_some_and(saved)
        };
        let token = form.token.as_ref().map(ExposeSecret::expose_secret);
        let address = form.address.expose_secret();
        let pasted = Pasted::read(address, token, has_token, &mut problems);
        Ok(Reading {
            check: CustomerCheck {
                problems,
                token_in_address: pasted.in_address,
                phone_display: typed.phone.as_deref().map(phone::display),
                instance_id: pasted.instance_id.clone(),
            },
            typed,
            token_field: pasted.token_field(),
            token: pasted.token,
        })
    }

    /// An instance token that is really the account's Client-Token or Partner token.
    async fn refuse_account_credential(&self, account_id: &str, reading: &Reading) -> Result<()> {
        let Some(token) = &reading.token else {
            return Ok(());
        };
        let account = self.account(account_id).await?;
        match is_among(token, &self.credentials_to_compare(&account).await) {
            true => Err(Problem::new(reading.token_field, ProblemCode::IsClientToken).into()),
            false => Ok(()),
        }
    }

    /// The account's own credentials, as far as they can be read. What cannot be read cannot be
    /// compared, and saving elsewhere must still work.
    pub(crate) async fn credentials_to_compare(&self, account: &AccountRecord) -> Secrets {
        let secrets = self.account_secrets(account).await;
        secrets.unwrap_or_else(|failure| {
            log::info!("credentials were not compared: {failure}");
            Secrets::default()
        })
    }

    fn token_state(&self, record: &CustomerRecord, account: &AccountRecord) -> SecretState {
        let session = self.vault.session(&Holder::customer(&record.id));
        let state = SecretState::of(
            session.get(SecretName::InstanceToken),
            record.token_hint.as_ref(),
        );
        match state.saved {
            Saved::No if self.has_partner_token(account) => SecretState {
                saved: Saved::Listed,
                last_four: None,
            },
            _ => state,
        }
    }

    /// Whether the vault holds the customer's token.
    pub(crate) fn holds_token(&self, record: &CustomerRecord) -> bool {
        let session = self.vault.session(&Holder::customer(&record.id));
        record.token_hint.is_some() || session.get(SecretName::InstanceToken).is_some()
    }

    pub(crate) fn customer_row(
        &self,
        record: CustomerRecord,
        account: &AccountRecord,
    ) -> CustomerRow {
        CustomerRow {
            token: self.token_state(&record, account),
            phone_display: record.phone.as_deref().map(phone::display),
            labels: record.labels().map(str::to_owned).collect(),
            never_connected: record.connected_at.is_none()
                && record.status != ConnectionStatus::Connected,
            id: record.id,
            account_id: record.account_id,
            account_name: account.name.clone(),
            account_has_partner_token: self.has_partner_token(account),
            name: record.name,
            instance_id: record.instance_id,
            phone: record.phone,
            language: record.language,
            status: record.status,
            status_since: record.status_since,
            instance_type: record.instance_type,
            note: record.note,
            due: record.due,
            vanished: record.vanished_at.is_some(),
        }
    }
}

/// Whether a token is really one of an account's credentials.
pub(crate) fn is_among(token: &SecretString, credentials: &Secrets) -> bool {
    let is = |name| {
        let credential = credentials.get(name).map(ExposeSecret::expose_secret);
        credential == Some(token.expose_secret())
    };
    is(SecretName::ClientToken) || is(SecretName::PartnerToken)
}

impl Reading {
    fn accept(mut self) -> Result<Self> {
        match self.check.problems.is_empty() {
            true => Ok(self),
            false => Err(self.check.problems.remove(0).into()),
        }
    }
}
