//! What an agent does to a customer's instance besides connecting it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::customers::{ConnectionStatus, CustomerStatus};
use crate::desk::Desk;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::ZapiGateway;
use crate::lock;
use crate::store::CustomerRecord;

/// Pages of the queue that are counted: 30 messages each, the most that the server gives (documented).
const QUEUE_PAGES: u32 = 10;
/// For so long a subscription that was asked for is not asked for again.
const PAID_LATELY: Duration = Duration::from_secs(10 * 60);

/// What an instance is to WhatsApp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum InstanceType {
    /// A device linked to the customer's phone.
    Web,
    /// The primary device: the phone that had the number loses WhatsApp.
    Mobile,
}

impl From<zapi::Middleware> for InstanceType {
    fn from(kind: zapi::Middleware) -> Self {
        match kind {
            zapi::Middleware::Web => Self::Web,
            zapi::Middleware::Mobile => Self::Mobile,
        }
    }
}

impl From<InstanceType> for zapi::Middleware {
    fn from(kind: InstanceType) -> Self {
        match kind {
            InstanceType::Web => Self::Web,
            InstanceType::Mobile => Self::Mobile,
        }
    }
}

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
        self: &Arc<Self>,
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
        if action == InstanceAction::Disconnect {
            // By the agent's own hand: nobody is to be told of it as news.
            self.note_status(customer_id, ConnectionStatus::Offline)
                .await?;
            self.registration_ended(customer_id).await?;
        }
        self.customer_status(customer_id).await
    }

    /// Takes back WhatsApp's question for a passkey, and begins the customer's attempt anew with the
    /// same method.
    pub async fn start_over(self: &Arc<Self>, customer_id: &str) -> Result<()> {
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
    /// an attempt that ended because the subscription was over. Refused for a while after it was done
    /// or may have been: two clicks are one bill.
    pub async fn subscribe_again(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        let (record, gateway) = self.reach(customer_id).await?;
        let account = self.account(&record.account_id).await?;
        let partner_token = self.partner_token(&account).await?;
        let zapi::InstanceCredentials { id, token, .. } = &gateway.credentials;
        let partner = gateway.client.partner(&partner_token);
        let now = self.clock().ticks();
        {
            let mut paid = lock(&self.paid);
            let recently = |at: &Duration| now < *at + PAID_LATELY;
            if paid.get(customer_id).is_some_and(recently) {
                return Err(ErrorCode::SubscriptionRequested.into());
            }
            paid.insert(customer_id.to_owned(), now);
        }
        if let Err(failure) = partner.subscribe(id, token).await.map_err(Failure::from) {
            if failure.was_not_done() {
                lock(&self.paid).remove(customer_id);
            }
            return Err(failure);
        }
        // It is paid: what goes wrong from here on is told by the attempt or the status.
        let gone_on = match self.waits_for_subscription(customer_id) {
            Some(method) => self.start_attempt(customer_id, method).await,
            None => self.customer_status(customer_id).await.map(drop),
        };
        if let Err(failure) = gone_on {
            self.note_failure(&failure);
        }
        Ok(())
    }

    /// Sets what kind of instance a customer has, as the agent knows it.
    pub async fn set_instance_type(&self, customer_id: &str, kind: InstanceType) -> Result<()> {
        self.customer(customer_id).await?;
        self.end_attempt(customer_id);
        Ok(self.store.put_instance_type(customer_id, kind).await?)
    }

    /// What kind of instance a customer has: as known, or as the Partner listing says. Asked there
    /// once; not to learn it stops nothing.
    pub(crate) async fn instance_type(&self, record: &CustomerRecord) -> Option<InstanceType> {
        if record.instance_type.is_some() || !lock(&self.looked_up).insert(record.id.clone()) {
            return record.instance_type;
        }
        let kind = self.listed_type(record).await.unwrap_or_else(|failure| {
            log::info!("the kind of an instance stays unknown: {failure}");
            None
        })?;
        if let Err(error) = self.store.put_instance_type(&record.id, kind).await {
            log::warn!("the kind of an instance was not kept: {error}");
        }
        Some(kind)
    }

    async fn listed_type(&self, record: &CustomerRecord) -> Result<Option<InstanceType>> {
        let row = self
            .listed_row(&record.account_id, &record.instance_id)
            .await?;
        let kind = row.and_then(|row| row.middleware);
        Ok(kind.map(InstanceType::from))
    }

    async fn reach(&self, customer_id: &str) -> Result<(CustomerRecord, ZapiGateway)> {
        let record = self.customer(customer_id).await?;
        let gateway = self.gateway(&self.server(), &record).await?;
        Ok((record, gateway))
    }
}
