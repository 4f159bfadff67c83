//! What an agent does to a customer's instance besides connecting it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::customers::CustomerStatus;
use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::ZapiGateway;
use crate::store::CustomerRecord;
use crate::vault::SecretName;

/// Pages of the queue that are counted: 30 messages each, the most that the server gives (documented).
const QUEUE_PAGES: u32 = 10;

/// What can be asked of an instance besides connecting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum InstanceAction {
    /// Starts it anew; it stays connected.
    Restart,
    /// Ends the connection to WhatsApp.
    Disconnect,
    /// Takes up a session again that is still there.
    RestoreSession,
}

/// Messages that wait to be sent when the customer connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct Queue {
    /// How many were counted.
    pub messages: u32,
    /// There are more; they were not counted.
    pub more: bool,
}

impl Desk {
    /// How many messages wait to be sent when the customer connects.
    pub async fn queue(&self, customer_id: &str) -> Result<Queue> {
        let (_, gateway) = self.reach(customer_id).await?;
        let mut queue = Queue::default();
        let mut place: Option<String> = None;
        for _ in 0..QUEUE_PAGES {
            let page = gateway.instance().queue_page(place.as_deref()).await;
            let page = page.map_err(Failure::from)?.value;
            queue.messages += u32::try_from(page.messages).unwrap_or(u32::MAX);
            queue.more = page.has_more && page.messages > 0;
            place = page.paging_state;
            if !queue.more || place.is_none() {
                break;
            }
        }
        Ok(queue)
    }

    /// Throws away the messages that wait.
    pub async fn empty_queue(&self, customer_id: &str) -> Result<()> {
        let (_, gateway) = self.reach(customer_id).await?;
        let answer = gateway.instance().empty_queue().await;
        answer.map(drop).map_err(Failure::from)
    }

    /// Does something to the instance; the answer is its status afterwards.
    pub async fn instance_action(
        &self,
        customer_id: &str,
        action: InstanceAction,
    ) -> Result<CustomerStatus> {
        let (_, gateway) = self.reach(customer_id).await?;
        let instance = gateway.instance();
        match action {
            InstanceAction::Restart => instance.restart().await,
            InstanceAction::Disconnect => instance.disconnect().await,
            InstanceAction::RestoreSession => instance.restore_session().await,
        }
        .map_err(Failure::from)?;
        self.customer_status(customer_id).await
    }

    /// Takes back WhatsApp's question for a passkey, and begins the customer's attempt anew with the
    /// same method.
    pub async fn start_over(self: &std::sync::Arc<Self>, customer_id: &str) -> Result<()> {
        let method = self.method(customer_id).ok_or(ErrorCode::NoAttempt)?;
        let (_, gateway) = self.reach(customer_id).await?;
        let answer = gateway.instance().reset_passkey_challenge().await;
        answer.map_err(|error| match Failure::from(error) {
            // It says why in its own words only.
            Failure {
                code: ErrorCode::UnexpectedAnswer,
                ..
            } => ErrorCode::StartOverFailed.into(),
            failure => failure,
        })?;
        self.end_attempt(customer_id);
        self.start_attempt(customer_id, method).await
    }

    /// Subscribes the customer's instance again, **which costs the partner money**, and goes on with
    /// an attempt that ended because the subscription was over.
    pub async fn subscribe_again(self: &std::sync::Arc<Self>, customer_id: &str) -> Result<()> {
        let paying = self.paying.try_lock();
        // Two windows, one bill.
        let _paying = paying.map_err(|_| ErrorCode::TooOften)?;
        let (record, gateway) = self.reach(customer_id).await?;
        let account = self.account(&record.account_id).await?;
        let secrets = self.account_secrets(&account).await?;
        let partner_token = secrets
            .get(SecretName::PartnerToken)
            .ok_or(ErrorCode::PartnerTokenMissing)?;
        let zapi::InstanceCredentials { id, token, .. } = &gateway.credentials;
        let partner = gateway.client.partner(partner_token);
        partner.subscribe(id, token).await.map_err(Failure::from)?;
        match self.waits_for_subscription(customer_id) {
            Some(method) => self.start_attempt(customer_id, method).await,
            None => self.customer_status(customer_id).await.map(drop),
        }
    }

    async fn reach(&self, customer_id: &str) -> Result<(CustomerRecord, ZapiGateway)> {
        let record = self.customer(customer_id).await?;
        let gateway = self.gateway(&self.server(), &record).await?;
        Ok((record, gateway))
    }
}
