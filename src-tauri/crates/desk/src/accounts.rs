//! The partner's Z-API accounts and their credentials.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::input::{self, Field, Problem, ProblemCode};
use crate::store::AccountRecord;
use crate::vault::{Holder, Keep, SecretName, Secrets};

/// Most customers whose tokens are compared with a credential being typed.
const MOST_COMPARED: u32 = 200;

/// Most instances on which a Client-Token is tried.
const MOST_TRIED: usize = 5;

/// Where a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Saved {
    /// Nowhere.
    No,
    /// In the OS keychain.
    Keychain,
    /// In memory, until Ponte ends.
    Session,
    /// Not at all: it comes with the Partner listing whenever it is needed.
    Listed,
}

/// All that the UI ever learns of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct SecretState {
    /// Where it is.
    pub saved: Saved,
    /// Its last four characters; `None` for a short one.
    pub last_four: Option<String>,
}

impl SecretState {
    /// From what the session holds and what the store notes of the keychain.
    pub(crate) fn of(session: Option<&SecretString>, hint: Option<&String>) -> Self {
        match (session, hint) {
            (Some(secret), _) => Self {
                saved: Saved::Session,
                last_four: input::last_four(secret.expose_secret()),
            },
            (None, Some(hint)) => Self {
                saved: Saved::Keychain,
                last_four: Some(hint.clone()).filter(|hint| !hint.is_empty()),
            },
            (None, None) => Self {
                saved: Saved::No,
                last_four: None,
            },
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The account security token.
    pub client_token: SecretState,
    /// The token of the Partner API.
    pub partner_token: SecretState,
    /// How many customers it has.
    #[ts(type = "number")]
    pub customers: i64,
}

/// A new account, as typed. Debug is not derived: it holds secrets.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct AccountForm {
    /// Its name.
    pub name: String,
    /// As pasted.
    #[ts(type = "string | null")]
    pub client_token: Option<SecretString>,
    /// As pasted.
    #[ts(type = "string | null")]
    pub partner_token: Option<SecretString>,
    /// Where to keep them.
    pub keep: Keep,
}

/// Which of an account's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum AccountSecret {
    /// The Client-Token.
    ClientToken,
    /// The Partner token.
    PartnerToken,
}

impl AccountSecret {
    fn name(self) -> SecretName {
        match self {
            Self::ClientToken => SecretName::ClientToken,
            Self::PartnerToken => SecretName::PartnerToken,
        }
    }

    fn field(self) -> Field {
        match self {
            Self::ClientToken => Field::ClientToken,
            Self::PartnerToken => Field::PartnerToken,
        }
    }
}

/// What a real call said of one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Verdict {
    /// It was accepted.
    Works,
    /// There is none.
    NotSaved,
    /// A Client-Token can only be tried on an instance: there is no customer yet.
    NeedsCustomer,
    /// It was not accepted, or could not be tried.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// What real calls said of an account's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct AccountTest {
    /// Of the Client-Token.
    pub client_token: Verdict,
    /// Of the Partner token.
    pub partner_token: Verdict,
}

impl Desk {
    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let records = self.store.accounts().await?;
        Ok(records
            .into_iter()
            .map(|(record, customers)| self.account_view(record, customers))
            .collect())
    }

    /// The mistakes in a new account, without any call.
    pub async fn check_account(&self, form: &AccountForm) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        if let Err(code) = input::name(&form.name) {
            problems.push(Problem::new(Field::Name, code));
        }
        for (secret, value) in [
            (AccountSecret::ClientToken, &form.client_token),
            (AccountSecret::PartnerToken, &form.partner_token),
        ] {
            if let Some(Err(problem)) = clean_optional(secret, value.as_ref()) {
                problems.push(problem);
            }
        }
        Ok(problems)
    }

    /// Adds an account.
    pub async fn add_account(&self, form: AccountForm) -> Result<Account> {
        if let Some(problem) = self.check_account(&form).await?.into_iter().next() {
            return Err(problem.into());
        }
        let mut record = AccountRecord {
            id: Uuid::new_v4().to_string(),
            name: input::name(&form.name).map_err(|code| Problem::new(Field::Name, code))?,
            client_token_hint: None,
            partner_token_hint: None,
            imported: false,
        };
        let saved = self.save_account(&mut record, &form).await;
        if let Err(failure) = saved {
            self.forget(&Holder::account(&record.id)).await;
            return Err(failure);
        }
        Ok(self.account_view(record, 0))
    }

    async fn save_account(&self, record: &mut AccountRecord, form: &AccountForm) -> Result<()> {
        for (secret, value) in [
            (AccountSecret::ClientToken, &form.client_token),
            (AccountSecret::PartnerToken, &form.partner_token),
        ] {
            if let Some(value) = clean_optional(secret, value.as_ref()).transpose()? {
                self.put_secret(record, secret, Some(value), form.keep)
                    .await?;
            }
        }
        Ok(self.store.put_account(record).await?)
    }

    /// Gives an account another name.
    pub async fn rename_account(&self, id: &str, name: &str) -> Result<Account> {
        let mut record = self.account(id).await?;
        record.name = input::name(name).map_err(|code| Problem::new(Field::Name, code))?;
        self.store.put_account(&record).await?;
        self.account_of(record).await
    }

    /// Replaces or (with `None`) removes one credential.
    pub async fn set_account_secret(
        &self,
        id: &str,
        secret: AccountSecret,
        value: Option<SecretString>,
        keep: Keep,
    ) -> Result<Account> {
        let mut record = self.account(id).await?;
        let value = match value {
            Some(value) => {
                let value = clean(secret, &value)?;
                if self.is_instance_token(&record, &value).await? {
                    return Err(Problem::new(secret.field(), ProblemCode::IsInstanceToken).into());
                }
                Some(value)
            }
            None => None,
        };
        self.put_secret(&mut record, secret, value, keep).await?;
        self.store.put_account(&record).await?;
        // They went on with the old credential, as the attempts did.
        self.forget_listing(Some(id));
        self.end_attempts_of(id).await?;
        self.account_of(record).await
    }

    /// Tries each credential with a real call.
    pub async fn test_account(&self, id: &str) -> Result<AccountTest> {
        let record = self.account(id).await?;
        let secrets = self.account_secrets(&record).await?;
        let client = self.client()?;
        let mut listed = None;
        let partner_token = match secrets.get(SecretName::PartnerToken) {
            None => Verdict::NotSaved,
            Some(token) => match client.partner(token).instances(1, 1).await {
                Ok(page) => {
                    listed = page.value.rows.into_iter().next();
                    Verdict::Works
                }
                Err(error) => self.verdict(error.into()),
            },
        };
        let client_token = secrets.get(SecretName::ClientToken);
        let client_token = self
            .test_client_token(&record, client_token, listed)
            .await?;
        Ok(AccountTest {
            client_token,
            partner_token,
        })
    }

    /// Tries a Client-Token on the account's instances, and on `listed` from the Partner API. An
    /// instance that Z-API does not know, or whose subscription is over, says nothing of the
    /// Client-Token: the next one is tried. Without a Client-Token the call tells whether the account
    /// demands one.
    async fn test_client_token(
        &self,
        record: &AccountRecord,
        client_token: Option<&SecretString>,
        listed: Option<zapi::InstanceRow>,
    ) -> Result<Verdict> {
        let client = self.client()?;
        let mut instances = Vec::new();
        for customer in self.store.customers_of(&record.id, MOST_COMPARED).await? {
            if instances.len() == MOST_TRIED {
                break;
            }
            // One whose token is gone (kept for an earlier session) cannot be tried.
            if let Ok(token) = self.instance_token(&customer).await {
                instances.push((customer.instance_id, token));
            }
        }
        instances.extend(listed.map(|row| (row.id, row.token)));
        let mut verdict = match client_token {
            Some(_) => Verdict::NeedsCustomer,
            None => Verdict::NotSaved,
        };
        for (id, token) in instances {
            let credentials = zapi::InstanceCredentials {
                id,
                token,
                client_token: client_token.cloned(),
            };
            verdict = match client.instance(&credentials).status().await {
                Ok(_) if client_token.is_none() => Verdict::NotSaved,
                Ok(_) => Verdict::Works,
                Err(error) => self.verdict(error.into()),
            };
            let about_instance = |code| {
                matches!(
                    code,
                    ErrorCode::InstanceNotFound | ErrorCode::SubscriptionOver
                )
            };
            if !matches!(&verdict, Verdict::Failed { failure } if about_instance(failure.code)) {
                break;
            }
        }
        Ok(verdict)
    }

    /// Removes an account without customers, and its secrets.
    pub async fn remove_account(&self, id: &str) -> Result<()> {
        let record = self.account(id).await?;
        // It would add customers meanwhile.
        self.forget_listing(Some(id));
        if self.store.count_customers(id).await? > 0 {
            return Err(ErrorCode::AccountHasCustomers.into());
        }
        self.vault
            .delete(&Holder::account(id), record.in_keychain())
            .await?;
        Ok(self.store.remove_account(id).await?)
    }

    pub(crate) async fn account(&self, id: &str) -> Result<AccountRecord> {
        Ok(self.store.account(id).await?.ok_or(ErrorCode::NotFound)?)
    }

    pub(crate) async fn account_secrets(&self, record: &AccountRecord) -> Result<Secrets> {
        let holder = Holder::account(&record.id);
        let secrets = self.vault.load(&holder, record.in_keychain()).await?;
        self.keychain_opened(&record.id);
        Ok(secrets)
    }

    /// The account's Partner token, for what cannot be done without one.
    pub(crate) async fn partner_token(&self, record: &AccountRecord) -> Result<SecretString> {
        let secrets = self.account_secrets(record).await?;
        let token = secrets.get(SecretName::PartnerToken).cloned();
        Ok(token.ok_or(ErrorCode::PartnerTokenMissing)?)
    }

    /// Puts a secret into the vault and notes in `record` what the keychain then holds.
    async fn put_secret(
        &self,
        record: &mut AccountRecord,
        secret: AccountSecret,
        value: Option<SecretString>,
        keep: Keep,
    ) -> Result<()> {
        let hint = value
            .as_ref()
            .filter(|_| self.vault.resolve(keep) == Keep::Keychain)
            .map(|value| input::last_four(value.expose_secret()).unwrap_or_default());
        let holder = Holder::account(&record.id);
        let change = (secret.name(), value);
        self.vault
            .set(&holder, record.in_keychain(), change, keep)
            .await?;
        match secret {
            AccountSecret::ClientToken => record.client_token_hint = hint,
            AccountSecret::PartnerToken => record.partner_token_hint = hint,
        }
        Ok(())
    }

    /// Whether a credential is really the instance token of one of the account's customers.
    async fn is_instance_token(
        &self,
        record: &AccountRecord,
        value: &SecretString,
    ) -> Result<bool> {
        for customer in &self.store.customers_of(&record.id, MOST_COMPARED).await? {
            if customer.instance_id == value.expose_secret() {
                return Ok(true);
            }
            match self.instance_token(customer).await {
                Ok(token) if token.expose_secret() == value.expose_secret() => return Ok(true),
                Ok(_) => {}
                // One that cannot be read now cannot be compared: saving will tell what is wrong.
                Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    fn verdict(&self, failure: Failure) -> Verdict {
        self.note_failure(&failure);
        Verdict::Failed { failure }
    }

    async fn account_of(&self, record: AccountRecord) -> Result<Account> {
        let customers = self.store.count_customers(&record.id).await?;
        Ok(self.account_view(record, customers))
    }

    /// Whether the account's Partner token is saved.
    pub(crate) fn has_partner_token(&self, record: &AccountRecord) -> bool {
        let session = self.vault.session(&Holder::account(&record.id));
        record.partner_token_hint.is_some() || session.get(SecretName::PartnerToken).is_some()
    }

    fn account_view(&self, record: AccountRecord, customers: i64) -> Account {
        let session = self.vault.session(&Holder::account(&record.id));
        let state = |name, hint| SecretState::of(session.get(name), hint);
        Account {
            client_token: state(SecretName::ClientToken, record.client_token_hint.as_ref()),
            partner_token: state(SecretName::PartnerToken, record.partner_token_hint.as_ref()),
            id: record.id,
            name: record.name,
            customers,
        }
    }
}

fn clean(
    secret: AccountSecret,
    value: &SecretString,
) -> std::result::Result<SecretString, Problem> {
    input::token(value.expose_secret())
        .map(SecretString::from)
        .map_err(|code| match code {
            // The address holds the instance's token: that is what was taken for a credential.
            ProblemCode::IsAnAddress => Problem::new(secret.field(), ProblemCode::IsInstanceToken),
            code => Problem::new(secret.field(), code),
        })
}

/// An optional field: nothing but white space is nothing.
fn clean_optional(
    secret: AccountSecret,
    value: Option<&SecretString>,
) -> Option<std::result::Result<SecretString, Problem>> {
    match clean(secret, value?) {
        Err(problem) if problem.code == ProblemCode::Missing => None,
        result => Some(result),
    }
}
