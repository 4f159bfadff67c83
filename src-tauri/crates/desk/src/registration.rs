//! The registration of a number on a mobile instance, which becomes WhatsApp's primary device.
//!
//! [`machine`] decides (pure) and [`waits`] knows what may be asked for when; this module makes the
//! calls. Every call is stored before it is made and after it is answered, so that the next run of
//! Ponte stands where this one stood, and asks for nothing that this one may have asked for.

pub mod machine;
pub mod view;
pub mod waits;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use uuid::Uuid;

use self::machine::{Answer, Appeal, Call, Machine, Number, Rejection, Step};
use self::view::{Registration, WayLeft};
use self::waits::{Known, Open, Said, Waits, Way};
use crate::attempt::Method;
use crate::clock::ServerClock;
use crate::customers::ConnectionStatus;
use crate::desk::{Desk, note};
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::{self, Gateway, ZapiGateway};
use crate::history::{AttemptRecord, Outcome};
use crate::input::{Field, Problem, ProblemCode};
use crate::instance::InstanceType;
use crate::lock;
use crate::messages::MessageKind;
use crate::phone;
use crate::picture::Picture;
use crate::store::CustomerRecord;

/// After a code was asked for, a way of which the server says no wait has this one: the longest in
/// the documentation.
pub const UNSAID_WAIT: Duration = Duration::from_secs(165);
/// A code that waits behind a captcha is sent once that is answered, and must not be asked for again
/// (documented). For so long no other is.
pub const CAPTCHA_WAIT: Duration = Duration::from_secs(60 * 60);
/// Between two questions whether the old phone has confirmed.
pub const TRANSFER_PAUSE: Duration = Duration::from_secs(5);
/// Questions in a row; then the agent has to ask.
const TRANSFER_TRIES: u32 = 120;
/// Longest appeal, in characters.
const LONGEST_APPEAL: usize = 2_000;

/// The registrations of a desk.
#[derive(Default)]
pub struct Registrations {
    by_customer: HashMap<String, Running>,
    /// By number, in digits: WhatsApp counts them by number, whoever asks.
    waits: HashMap<String, Waits>,
}

/// One registration, and what of it is never stored.
struct Running {
    stored: Stored,
    /// For an appeal; told anew by every check.
    appeal_token: Option<SecretString>,
    trouble: Option<Failure>,
    /// The call that is under way, so that a late answer to another one changes nothing.
    ticket: Option<Uuid>,
    /// Asks whether the old phone has confirmed.
    transfer_watch: Option<AbortHandle>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(watch) = &self.transfer_watch {
            watch.abort();
        }
    }
}

/// What is stored of a registration: no secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stored {
    machine: Machine,
    /// Counts changes.
    version: i64,
    /// `wa_old` can be chosen for this number.
    old_phone: bool,
    /// The entry in the history.
    attempt: Option<AttemptRecord>,
    /// How often each thing went wrong in it.
    errors: BTreeMap<ErrorCode, u32>,
}

/// A call that was begun.
#[derive(Clone)]
struct Begun {
    call: Call,
    ticket: Uuid,
    number: Number,
    /// The waits before, and as they were set for it.
    before: Waits,
    set: Waits,
}

/// What an answer tells besides itself.
#[derive(Default)]
struct Reply {
    answer: Option<Answer>,
    waits: zapi::Waits,
    /// Until then no code may be asked for: in the way asked for, or else in any.
    retry_after: Option<u32>,
    appeal_token: Option<SecretString>,
}

impl Desk {
    /// Where a customer's registration stands.
    pub async fn registration(self: &Arc<Self>, customer_id: &str) -> Result<Registration> {
        let mut customer = self.customer(customer_id).await?;
        self.load_registration(customer_id).await?;
        let picture = |png: &[u8]| Picture::check(png).map(|picture| picture.data_url());
        let mut registrations = lock(&self.registrations);
        let running = registrations.of(customer_id)?;
        let machine = &running.stored.machine;
        let number = machine.number();
        // The messages are about the number that is registered.
        customer.phone = number.map(Number::digits).or(customer.phone);
        let step = match machine.step().clone() {
            Step::Number => view::Step::Number,
            Step::Ways => view::Step::Ways {
                ways: running.stored.ways(),
            },
            Step::Captcha { png, way } => view::Step::Captcha {
                picture: picture(&png).unwrap_or_default(),
                way,
            },
            Step::Code { way } => view::Step::Code { way },
            Step::Pin { recovery } => view::Step::Pin { recovery },
            Step::PhoneConfirm => view::Step::PhoneConfirm {
                watching: running
                    .transfer_watch
                    .as_ref()
                    .is_some_and(|watch| !watch.is_finished()),
            },
            Step::NotAvailable { reason } => view::Step::NotAvailable { reason },
            Step::Blocked { appeal } => view::Step::Blocked {
                can_appeal: running.appeal_token.is_some(),
                appeal,
            },
            Step::Registered => view::Step::Registered,
        };
        Ok(Registration {
            customer_id: customer_id.to_owned(),
            phone_display: number.map(|number| phone::display(&number.digits())),
            phone: number.map(Number::digits),
            message: message_kind(machine.step())
                .filter(|kind| {
                    // It asks for the words of an appeal.
                    *kind != MessageKind::RegistrationBlocked || running.appeal_token.is_some()
                })
                .map(|kind| self.message(&customer, kind, "", "")),
            step,
            busy: machine.pending().is_some(),
            rejection: machine.rejection(),
            trouble: running.trouble.clone(),
        })
    }

    /// When each way of receiving the code may be asked for.
    pub async fn registration_waits(self: &Arc<Self>, customer_id: &str) -> Result<Vec<WayLeft>> {
        self.load_registration(customer_id).await?;
        let (now, server) = self.now();
        let mut registrations = lock(&self.registrations);
        let waits = registrations.waits_of(customer_id);
        let ways = registrations.of(customer_id)?.stored.ways();
        let left = |way| match waits.open(way, now, &server) {
            Open::Now => Some(0),
            Open::After(left) => Some(left.as_millis().try_into().unwrap_or(u64::MAX)),
            Open::Closed => None,
        };
        let ways = ways.into_iter().map(|way| WayLeft {
            way,
            left: left(way),
        });
        Ok(ways.collect())
    }

    /// Checks whether a number, in any spelling, can be registered. `confirmed`: the agent knows that
    /// the phone that has the number will lose WhatsApp.
    pub async fn check_registration(
        self: &Arc<Self>,
        customer_id: &str,
        number: &str,
        confirmed: bool,
    ) -> Result<()> {
        let problem = |code| Failure::from(Problem::new(Field::Phone, code));
        let (ddi, phone) = phone::split(number)
            .map_err(problem)?
            .ok_or_else(|| problem(ProblemCode::Missing))?;
        if !confirmed {
            return Err(problem(ProblemCode::NotConfirmed));
        }
        let customer = self.customer(customer_id).await?;
        self.change(customer_id, |machine| machine.tell(Number { ddi, phone }))
            .await?;
        // Only such an instance can do this.
        let kind = InstanceType::Mobile;
        self.store.put_instance_type(customer_id, kind).await?;
        self.begin_history(&customer).await?;
        self.check_registration_again(customer_id).await
    }

    /// Checks the same number once more.
    pub async fn check_registration_again(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.call(
            customer_id,
            Call::Availability,
            move |gateway: ZapiGateway, number: zapi::Number| async move {
                let answer = gateway.instance().registration_available(&number).await?;
                Ok(answer.map(|available| Reply {
                    answer: Some(match available.blocked {
                        true => Answer::Blocked,
                        false if available.available == Some(true) => Answer::Available,
                        false => Answer::NotAvailable(available.reason),
                    }),
                    waits: available.waits,
                    appeal_token: available.appeal_token,
                    retry_after: None,
                }))
            },
        )
        .await
    }

    /// Has the code sent, unless the way must wait.
    pub async fn request_registration_code(
        self: &Arc<Self>,
        customer_id: &str,
        way: Way,
    ) -> Result<()> {
        self.call(
            customer_id,
            Call::Request(way),
            move |gateway: ZapiGateway, number: zapi::Number| async move {
                let method = match way {
                    Way::Sms => zapi::CodeMethod::Sms,
                    Way::Voice => zapi::CodeMethod::Voice,
                    Way::OldPhone => zapi::CodeMethod::WaOld,
                };
                let instance = gateway.instance();
                let answer = instance.request_registration_code(&number, method).await?;
                Ok(answer.map(|requested| Reply {
                    answer: Some(
                        match (
                            requested.blocked,
                            requested.captcha.as_deref().map(Picture::check),
                        ) {
                            (true, _) => Answer::Blocked,
                            // One that cannot be shown is a captcha all the same: nothing may be asked for.
                            (_, Some(captcha)) => Answer::Captcha(
                                captcha
                                    .map(|picture| picture.png().to_vec())
                                    .unwrap_or_default(),
                            ),
                            _ if requested.success => Answer::Sent,
                            _ => Answer::Rejected(rejection(requested.said)),
                        },
                    ),
                    waits: requested.waits,
                    retry_after: requested.retry_after,
                    appeal_token: None,
                }))
            },
        )
        .await
    }

    /// Answers the captcha. The code is then sent by itself.
    pub async fn answer_captcha(self: &Arc<Self>, customer_id: &str, answer: &str) -> Result<()> {
        let answer = typed(answer)?;
        self.call(
            customer_id,
            Call::Captcha,
            move |gateway: ZapiGateway, _| async move {
                let outcome = gateway.instance().respond_captcha(&answer).await?;
                Ok(outcome.map(|outcome| Reply::of(&outcome)))
            },
        )
        .await
    }

    /// Goes back to choosing a way.
    pub async fn another_way(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.change(customer_id, Machine::another_way).await
    }

    /// Goes back to the number. The waits go on.
    pub async fn start_registration_again(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.change(customer_id, |machine| {
            // The question that is asked every few seconds holds nobody up.
            if machine.pending() == Some(Call::Transfer) {
                machine.cancel();
            }
            machine.start_again()
        })
        .await?;
        self.watch_transfer(customer_id);
        let attempt = {
            let mut registrations = lock(&self.registrations);
            registrations.of(customer_id)?.stored.attempt.take()
        };
        if let Some(attempt) = attempt {
            self.keep_outcome(attempt, Outcome::Stopped).await;
        }
        self.store_registration(customer_id).await
    }

    /// A number that was registered is no longer connected: it can be registered anew.
    pub(crate) async fn registration_ended(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.load_registration(customer_id).await?;
        let registered = {
            let mut registrations = lock(&self.registrations);
            *registrations.of(customer_id)?.stored.machine.step() == Step::Registered
        };
        match registered {
            true => self.change(customer_id, Machine::start_again).await,
            false => Ok(()),
        }
    }

    /// Confirms the code, typed with or without separators.
    pub async fn confirm_registration_code(
        self: &Arc<Self>,
        customer_id: &str,
        code: &str,
    ) -> Result<()> {
        let code = six_digits(code)?;
        self.call(
            customer_id,
            Call::Code,
            move |gateway: ZapiGateway, _| async move {
                let answer = gateway.instance().confirm_registration_code(&code).await?;
                Ok(answer.map(|confirmed| match () {
                    () if confirmed.security_code_needed => Reply::answer(Answer::PinNeeded),
                    () if confirmed.device_confirmation_needed => {
                        Reply::answer(Answer::PhoneNeeded)
                    }
                    () => Reply::of(&zapi::Outcome {
                        success: confirmed.success,
                        said: confirmed.said,
                        blocked: confirmed.blocked,
                        retry_after: confirmed.retry_after,
                        waits: confirmed.waits,
                    }),
                }))
            },
        )
        .await
    }

    /// Confirms the PIN of the two-step verification, which is kept nowhere.
    pub async fn confirm_pin(self: &Arc<Self>, customer_id: &str, pin: SecretString) -> Result<()> {
        let pin = six_digits(pin.expose_secret())?;
        self.call(
            customer_id,
            Call::Pin,
            move |gateway: ZapiGateway, _| async move {
                let outcome = gateway.instance().confirm_pin_code(&pin).await?;
                Ok(outcome.map(|outcome| Reply::of(&outcome)))
            },
        )
        .await
    }

    /// Has WhatsApp send the e-mail by which a forgotten PIN is reset.
    pub async fn recover_pin(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.call(
            customer_id,
            Call::Recovery,
            move |gateway: ZapiGateway, _| async move {
                let outcome = gateway.instance().recovery_pin_code().await?;
                Ok(outcome.map(|outcome| Reply::of(&outcome)))
            },
        )
        .await
    }

    /// Asks once whether the old phone has confirmed.
    pub async fn check_transfer(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        self.call(
            customer_id,
            Call::Transfer,
            move |gateway: ZapiGateway, _| async move {
                let confirmed = gateway.instance().device_transfer_confirmed().await?;
                Ok(confirmed.map(|confirmed| {
                    Reply::answer(match confirmed {
                        true => Answer::Accepted,
                        false => Answer::NotYet,
                    })
                }))
            },
        )
        .await
    }

    /// Appeals against a block, in the customer's own words.
    pub async fn appeal(self: &Arc<Self>, customer_id: &str, description: &str) -> Result<()> {
        let description: String = description.trim().chars().take(LONGEST_APPEAL).collect();
        if description.is_empty() {
            return Err(Problem::new(Field::Appeal, ProblemCode::Missing).into());
        }
        self.load_registration(customer_id).await?;
        let token = lock(&self.registrations)
            .of(customer_id)?
            .appeal_token
            .clone();
        let token = token.ok_or(ErrorCode::NotNow)?;
        self.call(
            customer_id,
            Call::Appeal,
            move |gateway: ZapiGateway, _| async move {
                let answer = gateway
                    .instance()
                    .request_unbanning(&token, &description)
                    .await?;
                Ok(answer.map(|unbanning| {
                    Reply::answer(Answer::Appealed(match unbanning.status {
                        zapi::UnbanStatus::InReview => Appeal::InReview,
                        zapi::UnbanStatus::Unbanned => Appeal::Unbanned,
                        zapi::UnbanStatus::Other => Appeal::Other,
                    }))
                }))
            },
        )
        .await
    }

    /// What to tell the customer at this step, for copying.
    pub async fn registration_message(self: &Arc<Self>, customer_id: &str) -> Result<String> {
        let shown = self.registration(customer_id).await?;
        shown.message.ok_or_else(|| ErrorCode::NotNow.into())
    }
}

impl Reply {
    fn answer(answer: Answer) -> Self {
        Self {
            answer: Some(answer),
            ..Self::default()
        }
    }

    fn of(outcome: &zapi::Outcome) -> Self {
        Self {
            answer: Some(match outcome.blocked {
                true => Answer::Blocked,
                false if outcome.success => Answer::Accepted,
                false => Answer::Rejected(rejection(outcome.said)),
            }),
            waits: outcome.waits,
            retry_after: outcome.retry_after,
            appeal_token: None,
        }
    }

    fn said(&self, way: Way) -> Said {
        let wait = match way {
            Way::Sms => self.waits.sms,
            Way::Voice => self.waits.voice,
            Way::OldPhone => self.waits.wa_old,
        };
        match wait {
            zapi::Wait::Now => Said::After(Duration::ZERO),
            zapi::Wait::Seconds(seconds) => Said::After(Duration::from_secs(seconds.into())),
            zapi::Wait::Closed => Said::Closed,
            zapi::Wait::Unsaid => Said::Nothing,
        }
    }
}

impl Stored {
    fn ways(&self) -> Vec<Way> {
        let exists = |way: &Way| *way != Way::OldPhone || self.old_phone;
        Way::ALL.into_iter().filter(exists).collect()
    }
}

impl Registrations {
    /// With the waits that earlier runs left behind, by number in digits.
    pub fn new(waits: impl IntoIterator<Item = (String, Way, Known)>) -> Self {
        let mut registrations = Self::default();
        for (number, way, known) in waits {
            let waits = registrations.waits.entry(number).or_default();
            waits.resume(way, known);
        }
        registrations
    }

    fn of(&mut self, customer_id: &str) -> Result<&mut Running> {
        let running = self.by_customer.get_mut(customer_id);
        running.ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// The registration in which a call is under way; `None` when it was given up meanwhile.
    fn with(&mut self, customer_id: &str, begun: &Begun) -> Option<&mut Running> {
        let running = self.by_customer.get_mut(customer_id)?;
        let ticket = running.ticket.take_if(|ticket| *ticket == begun.ticket);
        ticket.map(|_| running)
    }

    fn waits_of(&self, customer_id: &str) -> Waits {
        let running = self.by_customer.get(customer_id);
        let number = running.and_then(|running| running.stored.machine.number());
        let waits = number.and_then(|number| self.waits.get(&number.digits()));
        waits.cloned().unwrap_or_default()
    }

    /// Ends what runs for a customer.
    pub fn forget(&mut self, customer_id: &str) {
        self.by_customer.remove(customer_id);
    }

    /// Ends everything that runs.
    pub fn clear(&mut self) {
        self.by_customer.clear();
    }
}

impl Desk {
    /// Makes a call, if it may be made now: stored before, and finished whoever goes away.
    async fn call<F>(
        self: &Arc<Self>,
        customer_id: &str,
        call: Call,
        make: impl FnOnce(ZapiGateway, zapi::Number) -> F + Send + 'static,
    ) -> Result<()>
    where
        F: Future<Output = std::result::Result<zapi::Received<Reply>, zapi::Error>> + Send,
    {
        self.load_registration(customer_id).await?;
        let customer = self.customer(customer_id).await?;
        let server = self.server();
        let gateway = self.gateway(&server, &customer).await?;
        let begun = self.begin(customer_id, call)?;
        if let Err(failure) = self.store_registration(customer_id).await {
            self.take_back(customer_id, &begun, &failure);
            return Err(failure);
        }
        let desk = Arc::clone(self);
        let Number { ddi, phone } = begun.number.clone();
        let number = zapi::Number { ddi, phone };
        let under_way = begun.clone();
        let made = tokio::spawn(async move {
            let reading = async {
                let received = make(gateway.clone(), number).await.map_err(Failure::from)?;
                Ok(gateway::reading(received, |reply| reply))
            };
            let reply = desk.observed(&server, reading).await;
            desk.answered(&customer, &gateway, &under_way, reply).await
        });
        made.await.unwrap_or_else(|error| {
            log::error!("a registration's call broke off: {error}");
            self.hear(customer_id, &begun, Reply::answer(Answer::Unknown));
            Err(ErrorCode::Internal.into())
        })
    }

    fn begin(&self, customer_id: &str, call: Call) -> Result<Begun> {
        let (now, server) = self.now();
        let mut registrations = lock(&self.registrations);
        let before = registrations.waits_of(customer_id);
        let running = registrations.of(customer_id)?;
        if let Call::Request(way) = call {
            let must_wait = Failure::from(ErrorCode::WayMustWait);
            match before.open(way, now, &server) {
                Open::Now if running.stored.ways().contains(&way) => {}
                Open::Now | Open::Closed => return Err(must_wait),
                Open::After(left) => {
                    return Err(must_wait.with("retryAfterSeconds", left.as_secs_f64().ceil()));
                }
            }
        }
        let machine = &mut running.stored.machine;
        let number = machine.number().cloned().ok_or(ErrorCode::NotNow)?;
        machine.begin(call)?;
        running.trouble = None;
        let ticket = Uuid::new_v4();
        running.ticket = Some(ticket);
        if let Call::Request(_) = call {
            // Should nobody ever learn the answer, this is what the next run of Ponte knows.
            let waits = registrations.waits.entry(number.digits()).or_default();
            for way in Way::ALL {
                waits.at_least(way, UNSAID_WAIT, now, &server);
            }
        }
        let set = registrations.waits_of(customer_id);
        drop(registrations);
        self.views_changed();
        Ok(Begun {
            call,
            ticket,
            number,
            before,
            set,
        })
    }

    /// A call that was begun was not made, or the server did nothing about it.
    fn take_back(&self, customer_id: &str, begun: &Begun, failure: &Failure) {
        let (now, server) = self.now();
        let mut registrations = lock(&self.registrations);
        if let Call::Request(way) = begun.call {
            let waits = registrations
                .waits
                .entry(begun.number.digits())
                .or_default();
            // What was asked for too often may have been asked for all the same.
            if failure.code != ErrorCode::TooOften {
                waits.take_back(&begun.set, &begun.before);
            }
            if let Some(wait) = failure.retry_after() {
                waits.at_least(way, wait, now, &server);
            }
        }
        if let Some(running) = registrations.with(customer_id, begun) {
            running.stored.machine.cancel();
            running.trouble = Some(failure.clone());
        }
        drop(registrations);
        self.views_changed();
    }

    async fn answered(
        self: &Arc<Self>,
        customer: &CustomerRecord,
        gateway: &ZapiGateway,
        begun: &Begun,
        reply: Result<Reply>,
    ) -> Result<()> {
        let id = customer.id.as_str();
        let mut failed = None;
        match reply {
            Ok(reply) => self.hear(id, begun, reply),
            Err(failure) if failure.code == ErrorCode::AlreadyConnected => {
                self.found_connected(id, begun);
            }
            Err(failure) if failure.was_not_done() => {
                self.take_back(id, begun, &failure);
                failed = Some(failure);
            }
            Err(failure) => {
                // What could not be heard may have worked.
                let ends = matches!(begun.call, Call::Code | Call::Pin | Call::Transfer);
                let session = match ends {
                    true => gateway.session().await.ok(),
                    false => None,
                };
                if session.is_some_and(|reading| reading.value.connected) {
                    self.found_connected(id, begun);
                } else {
                    self.hear(id, begun, Reply::answer(Answer::Unknown));
                    if let Ok(running) = lock(&self.registrations).of(id)
                        && running.ticket.is_none()
                    {
                        running.trouble = Some(failure.clone());
                    }
                    failed = Some(failure);
                }
            }
        }
        self.keep_history(customer, gateway, failed.as_ref()).await;
        let stored = self.store_registration(id).await;
        self.watch_transfer(id);
        match failed {
            Some(failure) => Err(failure),
            None => stored,
        }
    }

    fn found_connected(&self, customer_id: &str, begun: &Begun) {
        if let Some(running) = lock(&self.registrations).with(customer_id, begun) {
            running.stored.machine.found_connected();
        }
        self.views_changed();
    }

    /// Takes in an answer, and everything that it says of waits.
    fn hear(&self, customer_id: &str, begun: &Begun, reply: Reply) {
        let (now, server) = self.now();
        let answer = reply.answer.clone().unwrap_or(Answer::Unknown);
        // For so long at least no code may be asked for after this.
        let least = match (begun.call, &answer) {
            (Call::Request(_) | Call::Captcha, Answer::Captcha(_)) => CAPTCHA_WAIT,
            (Call::Request(_), _)
            | (Call::Captcha, Answer::Accepted | Answer::Unknown)
            | (Call::Code, Answer::Rejected(Rejection::TooMany)) => UNSAID_WAIT,
            _ => Duration::ZERO,
        };
        let mut registrations = lock(&self.registrations);
        let waits = registrations
            .waits
            .entry(begun.number.digits())
            .or_default();
        for way in Way::ALL {
            let said = reply.said(way);
            match said {
                // A check tells of the number what it tells, and shortens nothing that runs.
                Said::After(whole) if begun.call == Call::Availability => {
                    match waits.open(way, now, &server) {
                        Open::Closed => waits.hear(way, said, now, &server),
                        _ => waits.at_least(way, whole, now, &server),
                    }
                }
                // The captcha's own wait is over; the code goes out now.
                Said::Nothing if begun.call == Call::Captcha && answer == Answer::Accepted => {
                    waits.hear(way, Said::After(least), now, &server);
                }
                said => waits.hear(way, said, now, &server),
            }
            let concerned = !matches!(begun.call, Call::Request(asked) if asked != way);
            let retry_after = reply.retry_after.filter(|_| concerned).unwrap_or(0);
            let unsaid = match said {
                Said::After(whole) if !whole.is_zero() && least < CAPTCHA_WAIT => Duration::ZERO,
                _ => least,
            };
            for least in [unsaid, Duration::from_secs(retry_after.into())] {
                waits.at_least(way, least, now, &server);
            }
        }
        if let Some(running) = registrations.with(customer_id, begun) {
            running.stored.machine.finish(match (begun.call, answer) {
                // Why an e-mail was not sent is not about what was typed.
                (Call::Recovery, Answer::Rejected(_)) => Answer::Rejected(Rejection::Unsaid),
                (_, answer) => answer,
            });
            if begun.call == Call::Availability {
                running.stored.old_phone = reply.waits.wa_old_eligible.unwrap_or(false);
                running.appeal_token = reply.appeal_token;
            }
        }
        drop(registrations);
        self.views_changed();
    }

    /// Changes a registration by something that is no call.
    async fn change(
        self: &Arc<Self>,
        customer_id: &str,
        change: impl FnOnce(&mut Machine) -> std::result::Result<(), ErrorCode>,
    ) -> Result<()> {
        self.load_registration(customer_id).await?;
        {
            let mut registrations = lock(&self.registrations);
            let running = registrations.of(customer_id)?;
            change(&mut running.stored.machine)?;
            running.trouble = None;
        }
        self.views_changed();
        self.store_registration(customer_id).await
    }

    /// Takes up what an earlier run left, unless it is here already.
    async fn load_registration(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        if lock(&self.registrations)
            .by_customer
            .contains_key(customer_id)
        {
            return Ok(());
        }
        let stored = self.store.registration(customer_id).await?;
        let mut stored: Stored = match stored.as_deref().map(serde_json::from_str) {
            Some(Ok(stored)) => stored,
            Some(Err(error)) => {
                log::warn!("a registration begins anew: {error}");
                Stored::default()
            }
            None => Stored::default(),
        };
        stored.machine.resume();
        let is_over = *stored.machine.step() == Step::Registered
            && self.customer(customer_id).await?.status == ConnectionStatus::Offline;
        if is_over {
            // Nothing is under way, so that it cannot be refused.
            let _ = stored.machine.start_again();
        }
        {
            let mut registrations = lock(&self.registrations);
            let running = Running {
                stored,
                appeal_token: None,
                trouble: None,
                ticket: None,
                transfer_watch: None,
            };
            // Another window may have been first.
            registrations
                .by_customer
                .entry(customer_id.to_owned())
                .or_insert(running);
        }
        self.watch_transfer(customer_id);
        Ok(())
    }

    async fn store_registration(&self, customer_id: &str) -> Result<()> {
        let (json, version, number, waits) = {
            let mut registrations = lock(&self.registrations);
            let waits: Vec<_> = registrations.waits_of(customer_id).known().collect();
            let running = registrations.of(customer_id)?;
            running.stored.version += 1;
            let number = running.stored.machine.number().map(Number::digits);
            let json = serde_json::to_string(&running.stored).map_err(|error| {
                log::error!("a registration cannot be stored: {error}");
                Failure::from(ErrorCode::Internal)
            })?;
            (json, running.stored.version, number, waits)
        };
        let waits = number.as_deref().map(|number| (number, &waits[..]));
        Ok(self
            .store
            .put_registration(customer_id, version, &json, waits)
            .await?)
    }

    /// Asks every few seconds whether the old phone has confirmed, while that is awaited.
    fn watch_transfer(self: &Arc<Self>, customer_id: &str) {
        let mut registrations = lock(&self.registrations);
        let Ok(running) = registrations.of(customer_id) else {
            return;
        };
        if *running.stored.machine.step() != Step::PhoneConfirm {
            if let Some(watch) = running.transfer_watch.take() {
                watch.abort();
            }
        } else if running.transfer_watch.is_none() {
            let desk = Arc::clone(self);
            let id = customer_id.to_owned();
            let watch = async move {
                for _ in 0..TRANSFER_TRIES {
                    tokio::time::sleep(TRANSFER_PAUSE).await;
                    // What goes wrong is in the view; the next question may work.
                    let _ = desk.check_transfer(&id).await;
                }
                desk.views_changed();
            };
            running.transfer_watch = Some(tokio::spawn(watch).abort_handle());
        }
    }

    async fn begin_history(&self, customer: &CustomerRecord) -> Result<()> {
        let now = self.clock().wall_ms();
        let attempt = AttemptRecord::begin(customer, Method::Registration, now);
        let begins = {
            let mut registrations = lock(&self.registrations);
            let running = registrations.of(&customer.id)?;
            let begins = running.stored.attempt.is_none();
            if begins {
                running.stored.attempt = Some(attempt.clone());
                running.stored.errors.clear();
            }
            begins
        };
        if begins && let Err(error) = self.store.begin_attempt(&attempt).await {
            if let Ok(running) = lock(&self.registrations).of(&customer.id) {
                running.stored.attempt = None;
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// Keeps what became of the registration so far, and tells the desk once it is connected.
    async fn keep_history(
        &self,
        customer: &CustomerRecord,
        gateway: &ZapiGateway,
        failed: Option<&Failure>,
    ) {
        let (step, attempt) = {
            let mut registrations = lock(&self.registrations);
            let Ok(running) = registrations.of(&customer.id) else {
                return;
            };
            let step = running.stored.machine.step().clone();
            let attempt = running.stored.attempt.clone();
            if step == Step::Registered {
                running.stored.attempt = None;
            }
            (step, attempt)
        };
        let Some(attempt) = attempt else {
            return;
        };
        if let Some(failure) = failed {
            self.note_failure(failure);
            let times = {
                let mut registrations = lock(&self.registrations);
                registrations.of(&customer.id).ok().map(|running| {
                    let times = running.stored.errors.entry(failure.code).or_default();
                    *times += 1;
                    *times
                })
            };
            note(
                "error",
                self.store
                    .put_error(&attempt.id, failure.code, times.unwrap_or(1))
                    .await,
            );
        }
        let outcome = match step {
            Step::Registered => Outcome::Connected,
            Step::Blocked { .. } | Step::NotAvailable { .. } => Outcome::Failed,
            _ => Outcome::Running,
        };
        self.keep_outcome(attempt, outcome).await;
        if step == Step::Registered {
            let noted = self
                .note_status(&customer.id, ConnectionStatus::Connected)
                .await;
            if let Err(failure) = noted {
                log::warn!("a status was not noted: {failure}");
            }
            let identity = gateway.identity().await.map(|reading| reading.value);
            self.tell_connected(&customer.id, identity.unwrap_or_default())
                .await;
        }
    }

    async fn keep_outcome(&self, attempt: AttemptRecord, outcome: Outcome) {
        let now = self.clock().wall_ms();
        let seconds = (now - attempt.started_at).max(0) / 1_000;
        let attempt = AttemptRecord {
            ended_at: (outcome != Outcome::Running).then_some(now),
            outcome,
            seconds: (outcome == Outcome::Connected).then_some(seconds),
            ..attempt
        };
        note("end", self.store.update_attempt(&attempt).await);
    }

    fn now(&self) -> (Duration, ServerClock) {
        let server = self.server();
        let clock = *lock(&server.clock);
        (self.clock().ticks(), clock)
    }
}

fn rejection(said: Option<zapi::Rejection>) -> Rejection {
    match said {
        Some(zapi::Rejection::WrongCode) => Rejection::Wrong,
        Some(zapi::Rejection::Expired) => Rejection::Expired,
        Some(zapi::Rejection::TooMany) => Rejection::TooMany,
        Some(zapi::Rejection::Other) | None => Rejection::Unsaid,
    }
}

/// A captcha's answer: letters and digits, whatever they are.
fn typed(answer: &str) -> Result<String> {
    let answer = crate::input::clean(answer);
    match answer.is_empty() || answer.len() > 64 {
        true => Err(Problem::new(Field::Code, ProblemCode::Missing).into()),
        false => Ok(answer.to_owned()),
    }
}

/// A code or PIN of six digits, typed with or without separators.
fn six_digits(typed: &str) -> Result<String> {
    let problem = |code| Failure::from(Problem::new(Field::Code, code));
    let separator = |c: char| c.is_whitespace() || "-.\u{2013}\u{200b}".contains(c);
    let digits: String = typed.chars().filter(|c| !separator(*c)).collect();
    match digits.len() {
        0 => Err(problem(ProblemCode::Missing)),
        6 if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(digits),
        _ => Err(problem(ProblemCode::NotSixDigits)),
    }
}

/// The kind of message that goes with a step.
fn message_kind(step: &Step) -> Option<MessageKind> {
    Some(match step {
        Step::Number | Step::Ways => MessageKind::RegistrationBegins,
        Step::Captcha { way, .. } | Step::Code { way } => match way {
            Way::Sms => MessageKind::RegistrationSms,
            Way::Voice => MessageKind::RegistrationCall,
            Way::OldPhone => MessageKind::RegistrationOldPhone,
        },
        Step::Pin { recovery: false } => MessageKind::RegistrationPin,
        Step::Pin { recovery: true } => MessageKind::RegistrationPinReset,
        Step::PhoneConfirm => MessageKind::RegistrationConfirm,
        Step::Blocked { .. } => MessageKind::RegistrationBlocked,
        Step::NotAvailable { .. } | Step::Registered => return None,
    })
}
