//! The messages that wait until the instance is connected, and are then all sent at once.

use std::fmt;

use serde_json::{Value, json};

use crate::answer::{Answer, Object, Received, flag, outcome};
use crate::client::Verb;
use crate::error::Error;
use crate::instance::Instance;

/// The most that a page may hold (documented).
const PAGE_SIZE: u8 = 30;

impl Instance<'_> {
    /// `POST …/queue` (documented): one page of the queue, at most 30 messages. The first page is
    /// that of no `paging_state`, each next one that of the [state](QueuePage::paging_state) before.
    ///
    /// The messages are counted and dropped.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::TooLarge`](crate::Unexpected::TooLarge) also when the messages of
    /// the page are larger than [`ClientBuilder::max_body`](crate::ClientBuilder::max_body).
    pub async fn queue_page(
        &self,
        paging_state: Option<&str>,
    ) -> Result<Received<QueuePage>, Error> {
        let body = json!({"pageSize": PAGE_SIZE, "pagingState": paging_state});
        self.call(Verb::PostJson(body), "queue", None).await
    }

    /// `DELETE …/queue` (documented): deletes every message of the queue.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn empty_queue(&self) -> Result<Received<()>, Error> {
        self.call::<Emptied>(Verb::Delete, "queue", None)
            .await
            .map(Received::without_value)
    }
}

/// How many messages a page of the queue has. `Debug` does not show the paging state.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuePage {
    /// How many messages are on this page.
    pub messages: usize,
    /// Names the next page. Exactly as received; what it is made of is open.
    pub paging_state: Option<String>,
    /// There is a next page. `false` when the answer does not say.
    pub has_more: bool,
}

impl fmt::Debug for QueuePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuePage")
            .field("messages", &self.messages)
            .field("has_more", &self.has_more)
            .finish_non_exhaustive()
    }
}

impl Answer for QueuePage {
    const FIELDS: &'static [&'static str] = &["messages"];

    fn from_object(object: &Object) -> Option<Self> {
        let paging_state = object.get("pagingState").and_then(Value::as_str);
        Some(Self {
            messages: object.get("messages")?.as_array()?.len(),
            paging_state: paging_state.map(str::to_owned),
            has_more: flag(object, "hasMore").unwrap_or_default(),
        })
    }
}

/// What a success looks like is open.
pub(crate) struct Emptied;

impl Answer for Emptied {
    const FIELDS: &'static [&'static str] = &[];

    fn from_object(object: &Object) -> Option<Self> {
        (outcome(object) != Some(false)).then_some(Self)
    }

    fn from_nothing() -> Option<Self> {
        Some(Self)
    }
}
