import type { Unfollow } from "./backend";
import type { FakeClock, FakeDesk } from "./fake-attempts";
import { failure, invalid, readPhone } from "./fake-checks";
import { CAPTCHA, CAPTCHA_ANSWER, NEW_PIN, PIN, REGISTRATION_CODES } from "./fake-data";
import type {
  Failure,
  MessageKind,
  PracticeAction,
  Registration,
  Rejection,
  Step,
  Way,
  WayLeft,
} from "./types";

/** How long every way waits after a code was asked for, and for `mustWait` from the start. */
export const WAY_WAIT_MS = 125_000;
/** A code that comes later than this is too old. */
const CODE_LIFE_MS = 10 * 60_000;
/** Wrong codes that `tooManyTries` takes. */
const TRIES = 3;

const WAYS: Way[] = ["sms", "voice", "oldPhone"];
const WAY_MESSAGES: Record<Way, MessageKind> = {
  sms: "registrationSms",
  voice: "registrationCall",
  oldPhone: "registrationOldPhone",
};

type Running = {
  view: Registration;
  /** When the ways may be asked for. */
  openFrom: number;
  checks: number;
  sent: { code: string; at: number; wrongTries: number } | null;
  codes: number;
  /** As the customer remembers it. */
  pin: string | null;
  resetMailed: boolean;
  phoneConfirmed: boolean;
  standing: "fine" | "blocked" | "inReview";
};

/** The registrations of the fake desk, and who follows them. */
export class FakeRegistrations {
  #clock: FakeClock;
  #desk: FakeDesk;
  #registrations = new Map<string, Running>();
  #followers = new Map<string, Set<(registration: Registration) => void>>();

  constructor(clock: FakeClock, desk: FakeDesk) {
    this.#clock = clock;
    this.#desk = desk;
  }

  view(customerId: string): Registration {
    return this.#running(customerId).view;
  }

  follow(customerId: string, on: (registration: Registration) => void): Unfollow {
    const followers = this.#followers.get(customerId) ?? new Set();
    this.#followers.set(customerId, followers.add(on));
    on(this.view(customerId));
    return () => followers.delete(on);
  }

  /** The message goes with the step. */
  change(customerId: string, change: Partial<Registration>): void {
    const running = this.#running(customerId);
    const view = { ...running.view, ...change };
    const kind = messageOf(view.step);
    const customer = this.#desk.customer(customerId);
    const number = view.phoneDisplay ?? customer.phoneDisplay ?? "";
    view.message = kind && this.#desk.message(customer, kind, { number });
    running.view = view;
    for (const follower of this.#followers.get(customerId) ?? []) follower(view);
  }

  /** Makes a call: refused unless the step is one of `steps`, and while another one is under way. */
  async call(
    customerId: string,
    steps: Step["step"][],
    made: () => Promise<void>,
    answered: () => void,
  ): Promise<void> {
    this.#mayAt(customerId, steps);
    this.change(customerId, { busy: true, trouble: null });
    try {
      await made();
    } catch (reason) {
      this.change(customerId, { busy: false, trouble: reason as Failure });
      throw reason;
    }
    this.change(customerId, { busy: false, rejection: null });
    answered();
  }

  /** Changes the step by something that is no call. */
  move(customerId: string, steps: Step["step"][], step: Step): void {
    this.#mayAt(customerId, steps);
    this.change(customerId, { step, rejection: null, trouble: null });
  }

  tell(customerId: string, phone: string, confirmed: boolean): void {
    const read = readPhone(phone);
    if (read === null) throw invalid("phone", "missing");
    if (typeof read === "string") throw invalid("phone", read);
    if (!confirmed) throw invalid("phone", "notConfirmed");
    this.#mayAt(customerId, ["number"]);
    this.change(customerId, read);
  }

  /** The check was answered. */
  checked(customerId: string): void {
    const running = this.#running(customerId);
    const { script } = this.#desk.customer(customerId);
    running.checks += 1;
    if (running.standing !== "fine") {
      this.change(customerId, { step: blockedStep(script === "blocked") });
    } else if (script === "oddAnswers" && running.checks === 1) {
      this.change(customerId, { step: { step: "notAvailable", reason: "unknown_reason_42" } });
    } else {
      const ways = script === "voiceClosed" ? WAYS.filter((way) => way !== "oldPhone") : WAYS;
      this.change(customerId, { step: { step: "ways", ways } });
    }
  }

  waits(customerId: string): WayLeft[] {
    const { view, openFrom } = this.#running(customerId);
    const { script } = this.#desk.customer(customerId);
    if (view.step.step !== "ways") return [];
    const left = Math.max(0, openFrom - this.#clock.now());
    return view.step.ways.map((way) => ({
      way,
      left: script === "voiceClosed" && way === "voice" ? null : left,
    }));
  }

  /** Before it is called. */
  mayAsk(customerId: string, way: Way): void {
    const left = this.waits(customerId).find((each) => each.way === way)?.left;
    if (left === undefined || left === null) throw failure("notNow");
    if (left > 0) throw failure("wayMustWait", { retryAfterSeconds: String(Math.ceil(left / 1000)) });
  }

  requested(customerId: string, way: Way): void {
    const running = this.#running(customerId);
    const { script } = this.#desk.customer(customerId);
    running.openFrom = this.#clock.now() + WAY_WAIT_MS;
    if (script === "blockedForGood") {
      running.standing = "blocked";
      this.change(customerId, { step: blockedStep(false) });
    } else if (script === "captcha") {
      this.change(customerId, { step: { step: "captcha", picture: CAPTCHA, way } });
    } else this.#send(customerId, way);
  }

  captchaAnswered(customerId: string, answer: string): void {
    const { step } = this.view(customerId);
    if (step.step !== "captcha") return;
    if (answer.trim() === CAPTCHA_ANSWER) this.#send(customerId, step.way);
    else this.change(customerId, { rejection: "wrong" });
  }

  codeConfirmed(customerId: string, code: string): void {
    const running = this.#running(customerId);
    const { script } = this.#desk.customer(customerId);
    const { sent } = running;
    if (!sent || this.#clock.now() > sent.at + CODE_LIFE_MS) return this.#noMore(customerId, "expired");
    if (code !== sent.code) {
      sent.wrongTries += 1;
      if (script === "tooManyTries" && sent.wrongTries >= TRIES) return this.#noMore(customerId, "tooMany");
      return this.change(customerId, { rejection: "wrong" });
    }
    running.sent = null;
    if (script === "asksPin" || script === "forgotPin") {
      running.pin = script === "asksPin" ? PIN : null;
      this.change(customerId, { step: { step: "pin", recovery: false } });
    } else if (script === "confirmsOnPhone") {
      this.change(customerId, { step: { step: "phoneConfirm", watching: true } });
    } else this.#registered(customerId);
  }

  pinConfirmed(customerId: string, pin: string): void {
    if (pin === this.#running(customerId).pin) this.#registered(customerId);
    else this.change(customerId, { rejection: "wrong" });
  }

  pinRecovered(customerId: string): void {
    this.#running(customerId).resetMailed = true;
    this.change(customerId, { step: { step: "pin", recovery: true } });
  }

  transferChecked(customerId: string): void {
    if (this.#running(customerId).phoneConfirmed) this.#registered(customerId);
  }

  appealed(customerId: string): void {
    const running = this.#running(customerId);
    const appeal = running.standing === "fine" ? "unbanned" : "inReview";
    if (appeal === "inReview") running.standing = "inReview";
    this.change(customerId, { step: { step: "blocked", canAppeal: true, appeal } });
  }

  /** What the practice customer can do. */
  actions(customerId: string): PracticeAction[] {
    const running = this.#registrations.get(customerId);
    if (!running) return [];
    const actions: PracticeAction[] = [];
    if (running.resetMailed) actions.push("resetsPin");
    if (running.view.step.step === "phoneConfirm") actions.push("confirmsTransfer");
    if (running.standing === "inReview") actions.push("appealAccepted");
    return actions;
  }

  /** What the practice customer can tell. */
  received(customerId: string): string | null {
    const running = this.#registrations.get(customerId);
    if (running?.view.step.step === "pin") return running.pin;
    return running?.sent?.code ?? null;
  }

  play(customerId: string, action: PracticeAction): void {
    const running = this.#registrations.get(customerId);
    if (!running) return;
    if (action === "resetsPin") {
      running.pin = NEW_PIN;
      running.resetMailed = false;
    }
    if (action === "confirmsTransfer") {
      running.phoneConfirmed = true;
      const { step } = running.view;
      if (step.step === "phoneConfirm" && step.watching) this.#registered(customerId);
    }
    if (action === "appealAccepted") running.standing = "fine";
  }

  #send(customerId: string, way: Way): void {
    const running = this.#running(customerId);
    const code = REGISTRATION_CODES[running.codes % REGISTRATION_CODES.length] as string;
    running.codes += 1;
    running.sent = { code, at: this.#clock.now(), wrongTries: 0 };
    this.change(customerId, { step: { step: "code", way } });
  }

  /** The code is of no use any more. */
  #noMore(customerId: string, rejection: Rejection): void {
    this.#running(customerId).sent = null;
    this.change(customerId, { step: { step: "ways", ways: WAYS }, rejection });
  }

  #registered(customerId: string): void {
    this.change(customerId, { step: { step: "registered" } });
    this.#desk.setStatus(this.#desk.customer(customerId), "connected");
  }

  #mayAt(customerId: string, steps: Step["step"][]): void {
    const { busy, step } = this.view(customerId);
    if (busy || !steps.includes(step.step)) throw failure("notNow");
  }

  #running(customerId: string): Running {
    const known = this.#registrations.get(customerId);
    if (known) return known;
    const { script } = this.#desk.customer(customerId);
    const running: Running = {
      view: {
        customerId,
        phoneDisplay: null,
        phone: null,
        step: { step: "number" },
        busy: false,
        rejection: null,
        trouble: null,
        message: null,
      },
      openFrom: script === "mustWait" ? this.#clock.now() + WAY_WAIT_MS : 0,
      checks: 0,
      sent: null,
      codes: 0,
      pin: null,
      resetMailed: false,
      phoneConfirmed: false,
      standing: script === "blocked" ? "blocked" : "fine",
    };
    this.#registrations.set(customerId, running);
    this.change(customerId, {});
    return running;
  }
}

/** Six digits, whatever stands between them. */
export function sixDigits(typed: string): string {
  const digits = typed.replace(/[\s.–-]/g, "");
  if (digits === "") throw invalid("code", "missing");
  if (!/^\d{6}$/.test(digits)) throw invalid("code", "notSixDigits");
  return digits;
}

function blockedStep(canAppeal: boolean): Step {
  return { step: "blocked", canAppeal, appeal: null };
}

function messageOf(step: Step): MessageKind | null {
  switch (step.step) {
    case "number":
    case "ways":
      return "registrationBegins";
    case "captcha":
    case "code":
      return WAY_MESSAGES[step.way];
    case "pin":
      return step.recovery ? "registrationPinReset" : "registrationPin";
    case "phoneConfirm":
      return "registrationConfirm";
    case "blocked":
      return "registrationBlocked";
    default:
      return null;
  }
}
