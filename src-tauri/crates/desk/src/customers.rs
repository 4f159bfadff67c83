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
use crate::vault::{Holder, Keep, SecretName};

/// What was last seen of a customer's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, sqlx::Type)]
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
}

/// The customers found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct CustomerPage {
    /// The first of them ([`crate::store::PAGE`]).
    pub rows: Vec<CustomerRow>,
    /// How many there are.
    #[ts(type = "number")]
    pub total: i64,
}

/// Which customers to list.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CustomerQuery {
    /// Words of name, number or instance id.
    pub text: String,
    /// Only this account's.
    pub account_id: Option<String>,
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
    /// Where to keep the token.
    pub keep: Keep,
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
    name: String,
    token: Option<SecretString>,
    token_field: Field,
    phone: Option<String>,
}

impl Desk {
    /// The customers that match.
    pub async fn customers(&self, query: &CustomerQuery) -> Result<CustomerPage> {
        let accounts = self.store.accounts().await?;
        let (records, total) = self
            .store
            .customers(&query.text, query.account_id.as_deref())
            .await?;
        let row = |record: CustomerRecord| {
            let account = accounts
                .iter()
                .find(|(account, _)| account.id == record.account_id);
            Some(self.customer_row(record, &account?.0))
        };
        Ok(CustomerPage {
            rows: records.into_iter().filter_map(row).collect(),
            total,
        })
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
        let record = CustomerRecord {
            id: Uuid::new_v4().to_string(),
            account_id: form.account_id,
            name: reading.name,
            instance_id: reading.check.instance_id.unwrap_or_default(),
            phone: reading.phone,
            language: form.language,
            token_hint: None,
            status: ConnectionStatus::Unknown,
            status_since: None,
            instance_type: None,
        };
        self.refuse_taken_instance(&record).await?;
        let holder = Holder::customer(&record.id);
        let saved = self.save_customer(record, reading.token, form.keep).await;
        if saved.is_err() {
            self.forget(&holder).await;
        }
        saved
    }

    /// Changes a customer.
    pub async fn edit_customer(&self, id: &str, form: CustomerForm) -> Result<CustomerRow> {
        let before = self.customer(id).await?;
        let reading = self.read_form(Some(&before), &form).await?.accept()?;
        self.refuse_account_credential(&form.account_id, &reading)
            .await?;
        let instance_id = reading.check.instance_id.unwrap_or_default();
        let before_instance = before.instance_id.clone();
        let same_instance = instance_id == before.instance_id
            && form.account_id == before.account_id
            && reading.token.is_none();
        let record = CustomerRecord {
            account_id: form.account_id,
            name: reading.name,
            phone: reading.phone,
            language: form.language,
            status: if same_instance {
                before.status
            } else {
                ConnectionStatus::Unknown
            },
            status_since: before.status_since.filter(|_| same_instance),
            instance_type: before
                .instance_type
                .filter(|_| instance_id == before.instance_id),
            instance_id,
            ..before
        };
        self.refuse_taken_instance(&record).await?;
        if !same_instance {
            // Its attempt talks to another instance, or with other credentials.
            self.end_attempt(id);
        }
        let moves = record.instance_id != before_instance;
        let saved = self.save_customer(record, reading.token, form.keep).await?;
        if moves {
            lock(&self.registrations).forget(id);
            self.store.remove_registration(id).await?;
        }
        self.views_changed();
        Ok(saved)
    }

    /// Removes a customer, the attempt, the secret and the history.
    pub async fn remove_customer(&self, id: &str) -> Result<()> {
        let record = self.customer(id).await?;
        self.end_attempt(id);
        lock(&self.registrations).forget(id);
        self.vault
            .delete(&Holder::customer(id), record.token_hint.is_some())
            .await?;
        Ok(self.store.remove_customer(id).await?)
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

    pub(crate) async fn instance_token(&self, record: &CustomerRecord) -> Result<SecretString> {
        let holder = Holder::customer(&record.id);
        let secrets = self
            .vault
            .load(&holder, record.token_hint.is_some())
            .await?;
        let token = secrets.get(SecretName::InstanceToken).cloned();
        Ok(token.ok_or(ErrorCode::SecretMissing)?)
    }

    async fn save_customer(
        &self,
        mut record: CustomerRecord,
        token: Option<SecretString>,
        keep: Keep,
    ) -> Result<CustomerRow> {
        if let Some(token) = token {
            let hint = (self.vault.resolve(keep) == Keep::Keychain)
                .then(|| input::last_four(token.expose_secret()).unwrap_or_default());
            let holder = Holder::customer(&record.id);
            let change = (SecretName::InstanceToken, Some(token));
            self.vault
                .set(&holder, record.token_hint.is_some(), change, keep)
                .await?;
            record.token_hint = hint;
        }
        self.store.put_customer(&record).await?;
        let account = self.account(&record.account_id).await?;
        Ok(self.customer_row(record, &account))
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
        let mut problem = |field, code| problems.push(Problem::new(field, code));

        let name = input::name(&form.name).unwrap_or_else(|code| {
            problem(Field::Name, code);
            String::new()
        });
        let phone = phone::parse(&form.phone).unwrap_or_else(|code| {
            problem(Field::Phone, code);
            None
        });
        let account = self.store.account(&form.account_id).await?;
        if account.is_none() {
            problem(Field::Account, ProblemCode::Missing);
        }
        let (instance_id, in_address) = match address::parse(form.address.expose_secret()) {
            Ok(Address::Whole { id, token }) => (Some(id), Some(token)),
            Ok(Address::Id(id)) => (Some(id), None),
            Err(code) => {
                problem(Field::Address, code);
                (None, None)
            }
        };
        let token_in_address = in_address.is_some();
        let typed = form
            .token
            .as_ref()
            .map(ExposeSecret::expose_secret)
            .filter(|t| !t.trim().is_empty());
        let token = match (in_address, typed) {
            (Some(token), _) => Some(token),
            (None, Some(typed)) => match input::token(typed) {
                Ok(token) => Some(SecretString::from(token)),
                Err(code) => {
                    problem(Field::Token, code);
                    None
                }
            },
            (None, None) => {
                // The token saved belongs to the instance saved.
                let has_token = before.is_some_and(|before| {
                    instance_id.as_ref() == Some(&before.instance_id)
                        && self.token_state(before).saved != Saved::No
                });
                if !has_token && instance_id.is_some() {
                    problem(Field::Token, ProblemCode::Missing);
                }
                None
            }
        };
        let token_field = if token_in_address {
            Field::Address
        } else {
            Field::Token
        };
        if let (Some(token), Some(id)) = (&token, &instance_id)
            && token.expose_secret() == id
        {
            problem(token_field, ProblemCode::IsInstanceId);
        }
        Ok(Reading {
            check: CustomerCheck {
                problems,
                instance_id,
                token_in_address,
                phone_display: phone.as_deref().map(phone::display),
            },
            name,
            token,
            token_field,
            phone,
        })
    }

    /// An instance token that is really the account's Client-Token or Partner token.
    async fn refuse_account_credential(&self, account_id: &str, reading: &Reading) -> Result<()> {
        let Some(token) = &reading.token else {
            return Ok(());
        };
        let account = self.account(account_id).await?;
        let secrets = match self.account_secrets(&account).await {
            Ok(secrets) => secrets,
            Err(failure) => {
                // What cannot be read cannot be compared, and saving elsewhere must still work.
                log::info!("credentials were not compared: {failure}");
                return Ok(());
            }
        };
        let is = |name| {
            let saved = secrets.get(name).map(ExposeSecret::expose_secret);
            saved == Some(token.expose_secret())
        };
        match is(SecretName::ClientToken) || is(SecretName::PartnerToken) {
            true => Err(Problem::new(reading.token_field, ProblemCode::IsClientToken).into()),
            false => Ok(()),
        }
    }

    fn token_state(&self, record: &CustomerRecord) -> SecretState {
        let session = self.vault.session(&Holder::customer(&record.id));
        SecretState::of(
            session.get(SecretName::InstanceToken),
            record.token_hint.as_ref(),
        )
    }

    fn customer_row(&self, record: CustomerRecord, account: &AccountRecord) -> CustomerRow {
        CustomerRow {
            token: self.token_state(&record),
            phone_display: record.phone.as_deref().map(phone::display),
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
        }
    }
}

impl Reading {
    fn accept(mut self) -> Result<Self> {
        match self.check.problems.is_empty() {
            true => Ok(self),
            false => Err(self.check.problems.remove(0).into()),
        }
    }
}
