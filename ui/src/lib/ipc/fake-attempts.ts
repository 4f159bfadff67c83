import type { OnError, PresenterBackend, Unfollow } from "./backend";
import { failure } from "./fake-checks";
import {
  CODES,
  PHONE_CODES,
  PICTURES,
  SCRIPTED_FAILURES,
  expectedOf,
  identityOf,
  type FakeCustomer,
} from "./fake-data";
import type {
  Attempt,
  ConnectionStatus,
  Failure,
  Language,
  MessageKind,
  Method,
  Phase,
  PresenterView,
  ShownCode,
} from "./types";

export const CODE_LIFE_MS = 5 * 60_000;
export const QR_LIFE_MS = 20_000;
/** The next QR code comes before the one that is shown dies. */
const QR_RENEWAL_MS = 15_000;
const UNREAD_QR_CODES = 3;
/** The extension's confirmation screen outlives the code: see `attempt` in design.md. */
export const WATCH_AFTER_EXPIRY_MS = 90_000;
/** Read, and still not connected: WhatsApp is asking for a passkey. */
export const PASSKEY_AFTER_MS = 40_000;
/** Nothing more can come of an attempt in these. */
const OVER: Phase["state"][] = ["alreadyConnected", "connected", "gaveUp", "failed"];

/** What the attempts need to know of the rest of the fake. */
export type FakeDesk = {
  customer: (id: string) => FakeCustomer;
  setStatus: (customer: FakeCustomer, status: ConnectionStatus) => void;
  message: (customer: FakeCustomer, kind: MessageKind, values: Record<string, string>) => string;
};

type Running = {
  view: Attempt;
  startedAt: number;
  /** Of the code in hand, when somebody says how long it lives. */
  deadline: number | null;
  /** When the agent said that the customer has read it. */
  readAt: number | null;
  codes: number;
};

/** Runs with the computer's clock, and ahead of it by whatever a test adds. */
export class FakeClock {
  #ahead = 0;
  #onAdvance: () => void;

  constructor(onAdvance: () => void) {
    this.#onAdvance = onAdvance;
  }

  now(): number {
    return Date.now() + this.#ahead;
  }

  advance(ms: number): void {
    this.#ahead += ms;
    this.#onAdvance();
  }
}

/** The attempts of the fake desk, and who follows them. */
export class FakeAttempts {
  #clock: FakeClock;
  #desk: FakeDesk;
  #attempts = new Map<string, Running>();
  #followers = new Map<string, Set<(attempt: Attempt | null) => void>>();

  constructor(clock: FakeClock, desk: FakeDesk) {
    this.#clock = clock;
    this.#desk = desk;
  }

  find(customerId: string): Attempt | null {
    return this.#attempts.get(customerId)?.view ?? null;
  }

  /** Of a customer without one: `noAttempt`. */
  view(customerId: string): Attempt {
    return this.#running(customerId).view;
  }

  /** In place of one that is over or of another method. */
  start(customerId: string, method: Method): void {
    const current = this.#attempts.get(customerId)?.view;
    if (current?.method === method && !OVER.includes(current.phase.state)) return;
    this.begin(customerId, method);
    this.goOn(customerId);
  }

  /** As far as reading the status. */
  begin(customerId: string, method: Method): void {
    this.#attempts.set(customerId, {
      view: {
        customerId,
        method,
        phase: { state: "checking" },
        requesting: false,
        trouble: null,
        checkedAt: null,
      },
      startedAt: this.#clock.now(),
      deadline: null,
      readAt: null,
      codes: 0,
    });
    this.#tell(customerId);
  }

  /** The status was read. */
  goOn(customerId: string): void {
    const customer = this.#desk.customer(customerId);
    const { method } = this.view(customerId);
    const code = SCRIPTED_FAILURES[customer.script];
    if (code) {
      this.change(customerId, { phase: { state: "failed", failure: failure(code) } });
    } else if (customer.status === "connected") {
      const [identity, expected] = [identityOf(customer), expectedOf(customer)];
      this.change(customerId, { phase: { state: "alreadyConnected", identity, expected } });
    } else {
      const message = method === "extension" ? this.#desk.message(customer, "preparation", {}) : null;
      this.change(customerId, { phase: { state: "preparing", message } });
      if (method === "qrCode") this.giveCode(customerId, null);
    }
  }

  /** What made the attempt fail was put right. */
  goOnAfterFailure(customerId: string): void {
    if (this.find(customerId)?.phase.state === "failed") this.goOn(customerId);
  }

  /** `phone`: for the phone code, as people write it. */
  giveCode(customerId: string, phone: string | null): void {
    const attempt = this.#running(customerId);
    const customer = this.#desk.customer(customerId);
    const now = this.#clock.now();
    const place = attempt.codes % CODES.length;
    attempt.codes += 1;
    attempt.readAt = null;
    let code: ShownCode;
    if (attempt.view.method === "qrCode") {
      attempt.deadline = now + QR_LIFE_MS;
      code = { kind: "qr", picture: PICTURES[place] as string, turn: 1 };
    } else if (attempt.view.method === "phoneCode") {
      attempt.deadline = null;
      const text = PHONE_CODES[place] as string;
      const phoneDisplay = phone ?? customer.phoneDisplay ?? "";
      const message = this.#desk.message(customer, "phoneCode", { code: text, number: phoneDisplay });
      code = { kind: "phone", text, halves: [text.slice(0, 4), text.slice(4)], phoneDisplay, message };
    } else {
      attempt.deadline = now + CODE_LIFE_MS;
      const text = CODES[place] as string;
      const validUntil = new Date(attempt.deadline).toLocaleTimeString("pt-BR", {
        hour: "2-digit",
        minute: "2-digit",
      });
      const message = this.#desk.message(customer, "connectionCode", { code: text, validUntil });
      code = { kind: "connection", text, halves: text.split("-"), approximate: false, validUntil, message };
    }
    this.change(customerId, { phase: { state: "waiting", code, read: false } });
    if (customer.script === "slowAndFaulty") this.change(customerId, { trouble: failure("timedOut") });
  }

  codeRead(customerId: string): void {
    const attempt = this.#running(customerId);
    const { phase } = attempt.view;
    if (phase.state !== "waiting") throw failure("codeNotValid");
    attempt.readAt = this.#clock.now();
    attempt.deadline = null;
    this.change(customerId, { phase: { ...phase, read: true } });
  }

  /** The customer's side: whatever had to be done is done. */
  connect(customerId: string): void {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) return;
    const customer = this.#desk.customer(customerId);
    attempt.deadline = null;
    this.#desk.setStatus(customer, "connected");
    this.change(customerId, {
      phase: {
        state: "connected",
        identity: identityOf(customer),
        expected: expectedOf(customer),
        seconds: Math.round((this.#clock.now() - attempt.startedAt) / 1000),
      },
    });
  }

  /** As if it had begun earlier. */
  backdate(customerId: string, ms: number): void {
    this.#running(customerId).startedAt -= ms;
  }

  follow(customerId: string, on: (attempt: Attempt | null) => void): Unfollow {
    const followers = this.#followers.get(customerId) ?? new Set();
    this.#followers.set(customerId, followers.add(on));
    on(this.#attempts.get(customerId)?.view ?? null);
    return () => followers.delete(on);
  }

  timeLeft(customerId: string): number | null {
    this.settle();
    const deadline = this.#attempts.get(customerId)?.deadline ?? null;
    return deadline === null ? null : Math.max(0, deadline - this.#clock.now());
  }

  change(customerId: string, change: Partial<Attempt>): void {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) return;
    attempt.view = { ...attempt.view, ...change, checkedAt: this.#clock.now() };
    this.#tell(customerId);
  }

  setTrouble(customerId: string, trouble: Failure | null): void {
    this.change(customerId, { trouble });
  }

  end(customerId: string): void {
    this.#attempts.delete(customerId);
    this.#tell(customerId);
  }

  endAll(): void {
    for (const id of [...this.#attempts.keys()]) this.end(id);
  }

  /** Moves every attempt on to where it is by now. */
  settle(): void {
    const now = this.#clock.now();
    for (const [id, attempt] of this.#attempts) {
      this.#renew(id, attempt);
      const { phase } = attempt.view;
      if (phase.state === "waiting" && attempt.readAt !== null && now >= attempt.readAt + PASSKEY_AFTER_MS) {
        this.change(id, { phase: { state: "passkey" } });
      }
      if (attempt.deadline === null) continue;
      if (phase.state === "waiting" && now >= attempt.deadline) {
        this.change(id, { phase: { state: "expired", code: phase.code } });
      }
      if (attempt.view.phase.state === "expired" && now >= attempt.deadline + WATCH_AFTER_EXPIRY_MS) {
        this.change(id, { phase: { state: "gaveUp" } });
      }
    }
  }

  /** Every QR code that nobody read gives way to the next one, up to the third. */
  #renew(id: string, attempt: Running): void {
    const { phase } = attempt.view;
    if (phase.state !== "waiting" || phase.code.kind !== "qr" || attempt.deadline === null) return;
    let { turn } = phase.code;
    let renewAt = attempt.deadline - QR_LIFE_MS + QR_RENEWAL_MS;
    while (turn < UNREAD_QR_CODES && this.#clock.now() >= renewAt) {
      turn += 1;
      attempt.deadline = renewAt + QR_LIFE_MS;
      renewAt += QR_RENEWAL_MS;
    }
    if (turn === phase.code.turn) return;
    const picture = PICTURES[(turn - 1) % PICTURES.length] as string;
    this.change(id, { phase: { ...phase, code: { kind: "qr", picture, turn } } });
  }

  #running(customerId: string): Running {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) throw failure("noAttempt");
    return attempt;
  }

  #tell(customerId: string): void {
    const view = this.#attempts.get(customerId)?.view ?? null;
    for (const follower of this.#followers.get(customerId) ?? []) follower(view);
  }
}

/** What the presenter window needs of the fake. */
type Followed = {
  followAttempt: (customerId: string, on: (attempt: Attempt | null) => void, onError: OnError) => Unfollow;
  timeLeft: (customerId: string) => Promise<number | null>;
};

/** What the presenter window of one customer would see. */
export class FakePresenter implements PresenterBackend {
  #backend: Followed;
  #customerId: string;
  #language: Language;

  constructor(backend: Followed, customerId: string, language: Language = "pt-BR") {
    this.#backend = backend;
    this.#customerId = customerId;
    this.#language = language;
  }

  follow(on: (view: PresenterView) => void, onError: OnError): Unfollow {
    return this.#backend.followAttempt(
      this.#customerId,
      (attempt) => on(presenterView(attempt, this.#language)),
      onError,
    );
  }

  timeLeft(): Promise<number | null> {
    return this.#backend.timeLeft(this.#customerId);
  }
}

function presenterView(attempt: Attempt | null, language: Language): PresenterView {
  const view: PresenterView = {
    language,
    state: "over",
    halves: [],
    method: attempt?.method ?? "extension",
    picture: null,
    validUntil: null,
    phoneDisplay: null,
  };
  const phase = attempt?.phase;
  switch (phase?.state) {
    case "preparing":
    case "expired":
    case "passkey":
      return { ...view, state: phase.state };
    case "waiting": {
      const { code } = phase;
      const state = phase.read ? "read" : "waiting";
      if (code.kind === "qr") return { ...view, state, picture: code.picture };
      const validUntil = code.kind === "connection" ? code.validUntil : null;
      const phoneDisplay = code.kind === "phone" ? code.phoneDisplay : null;
      return { ...view, state, halves: code.halves, validUntil, phoneDisplay };
    }
    case "connected":
    case "alreadyConnected":
      return { ...view, state: "connected", phoneDisplay: phase.identity.phoneDisplay };
    default:
      return view;
  }
}
