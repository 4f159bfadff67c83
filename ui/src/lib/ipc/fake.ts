import type { Backend, OnError, PresenterBackend, Unfollow } from "./backend";
import {
  CODES,
  CONNECTED_NAME,
  OTHER_PHONE,
  PLACEHOLDERS,
  REQUIRED_PLACEHOLDER,
  SCRIPTED_FAILURES,
  STORE_LINK,
  TEMPLATES,
  litoral,
  manyCustomers,
  norte,
  sampleCustomers,
  type FakeCustomer,
  type Profile,
} from "./fake-data";
import type {
  Account,
  AccountForm,
  AccountSecret,
  AccountTest,
  AppEvent,
  AppState,
  Attempt,
  CustomerCheck,
  CustomerForm,
  CustomerPage,
  CustomerQuery,
  CustomerRow,
  CustomerStatus,
  ErrorCode,
  ExpectedNumber,
  Failure,
  Field,
  Identity,
  Keep,
  Language,
  Link,
  MessageKind,
  OpenedIn,
  Phase,
  PracticeAction,
  PracticeStrip,
  PresenterView,
  Problem,
  ProblemCode,
  SecretState,
  Template,
} from "./types";

/** What the windows find when they open. The default is `customers`. */
export const SCENARIOS = [
  "firstRun",
  "noCustomers",
  "customers",
  "twoAccounts",
  "many",
  "practice",
  "checking",
  "preparing",
  "waiting",
  "trouble",
  "expired",
  "connected",
  "otherNumber",
  "alreadyConnected",
  "gaveUp",
  "failed",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** The customer that the scenarios about an attempt are about. */
export const SUBJECT = "customer-1";

const CODE_LIFE_MS = 5 * 60_000;
/** The extension's confirmation screen outlives the code: see `attempt` in design.md. */
const WATCH_AFTER_EXPIRY_MS = 90_000;
const PAGE = 200;
/** Nothing more can come of an attempt in these. */
const OVER: Phase["state"][] = ["alreadyConnected", "connected", "gaveUp", "failed"];
const SECRETS: AccountSecret[] = ["clientToken", "partnerToken"];
const LANGUAGES: Language[] = ["pt-BR", "en", "es"];
const KINDS: MessageKind[] = ["preparation", "connectionCode"];

type RunningAttempt = { view: Attempt; startedAt: number; deadline: number | null; codes: number };

/** Runs with the computer's clock, and ahead of it by whatever a test adds. */
class FakeClock {
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

/** Plays the Rust side in a plain browser: everything in memory, nothing on the network, the same every time. */
export class FakeBackend implements Backend {
  readonly clock = new FakeClock(() => this.#settle());
  /** Names of the methods called so far. */
  readonly calls: (keyof Backend)[] = [];
  /** What the last copy left on the clipboard. */
  clipboard: string | null = null;
  /** What the computer is set to; in force while the agent has chosen no language. */
  systemLanguage: Language = "pt-BR";
  /** Answers of `testAccount`, by account id, for tests that need other ones. */
  readonly verdicts = new Map<string, AccountTest>();

  #state: AppState = {
    version: "0.1.0",
    language: "pt-BR",
    chosenLanguage: null,
    practice: false,
    accounts: 0,
    memoryVault: false,
    zapiAddress: null,
    zapiAddressFixed: false,
  };
  #profile: Profile = { accounts: [], customers: [] };
  #realProfile: Profile | null = null;
  /** Kept only to recognise a secret in the wrong field, as the real one does. */
  #secrets = new Map<string, string>();
  #templates = new Map<string, string>();
  #attempts = new Map<string, RunningAttempt>();
  #followers = new Map<string, Set<(attempt: Attempt | null) => void>>();
  #appFollowers = new Set<(event: AppEvent) => void>();
  #failures = new Map<keyof Backend, Failure[]>();
  #holds = new Map<keyof Backend, { until: Promise<void>; release: () => void }>();
  #made = 0;

  constructor(scenario: Scenario = "customers") {
    this.#open(scenario);
  }

  // What tests and screenshots do to it.

  /** The next call of `method` is refused. Several failures queue up. */
  fail(method: keyof Backend, failure: Failure): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), failure]);
  }

  /** Calls of `method` stay unanswered until `release`. */
  hold(method: keyof Backend): void {
    let release = () => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    this.#holds.set(method, { until, release });
  }

  release(method: keyof Backend): void {
    this.#holds.get(method)?.release();
    this.#holds.delete(method);
  }

  emit(event: AppEvent): void {
    for (const follower of this.#appFollowers) follower(event);
  }

  setState(change: Partial<AppState>): void {
    this.#state = { ...this.#state, ...change };
  }

  setPhase(customerId: string, phase: Phase): void {
    this.#change(customerId, { phase });
  }

  setTrouble(customerId: string, trouble: Failure | null): void {
    this.#change(customerId, { trouble });
  }

  /** The customer's side: the extension is done. */
  connect(customerId: string): void {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) return;
    const customer = this.#customer(customerId);
    attempt.deadline = null;
    this.#setStatus(customer, "connected");
    this.#change(customerId, {
      phase: {
        state: "connected",
        identity: identityOf(customer),
        expected: expectedOf(customer),
        seconds: Math.round((this.clock.now() - attempt.startedAt) / 1000),
      },
    });
  }

  // The app.

  async appState(): Promise<AppState> {
    await this.#enter("appState");
    return this.#currentState();
  }

  followApp(on: (event: AppEvent) => void, onError: OnError): Unfollow {
    this.calls.push("followApp");
    const refusal = this.#refusal("followApp");
    if (refusal) {
      onError(refusal);
      return () => {};
    }
    this.#appFollowers.add(on);
    return () => this.#appFollowers.delete(on);
  }

  async setLanguage(language: Language | null): Promise<AppState> {
    await this.#enter("setLanguage");
    this.setState({ chosenLanguage: language });
    return this.#currentState();
  }

  async setZapiAddress(address: string | null): Promise<AppState> {
    await this.#enter("setZapiAddress");
    const loopback = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/?$/;
    if (address !== null && !loopback.test(address)) {
      if (!URL.canParse(address)) throw invalid("zapiAddress", "notAnAddress");
      if (!address.startsWith("https://")) throw invalid("zapiAddress", "notHttps");
    }
    this.setState({ zapiAddress: address });
    return this.#currentState();
  }

  async copyDiagnosticReport(): Promise<void> {
    await this.#enter("copyDiagnosticReport");
    this.clipboard = `Ponte ${this.#state.version}`;
  }

  // Accounts.

  async accounts(): Promise<Account[]> {
    await this.#enter("accounts");
    return this.#profile.accounts.map((account) => this.#counted(account));
  }

  async checkAccount(form: AccountForm): Promise<Problem[]> {
    await this.#enter("checkAccount");
    return accountProblems(form);
  }

  async addAccount(form: AccountForm): Promise<Account> {
    await this.#enter("addAccount");
    refuse(accountProblems(form));
    const id = this.#newId("account");
    const account: Account = {
      id,
      name: form.name.trim(),
      clientToken: this.#keepSecret(`${id}/clientToken`, form.clientToken, form.keep),
      partnerToken: this.#keepSecret(`${id}/partnerToken`, form.partnerToken, form.keep),
      customers: 0,
    };
    this.#profile.accounts.push(account);
    return account;
  }

  async renameAccount(id: string, name: string): Promise<Account> {
    await this.#enter("renameAccount");
    refuse(nameProblems(name));
    const account = this.#account(id);
    account.name = name.trim();
    for (const customer of this.#profile.customers) {
      if (customer.accountId === id) customer.accountName = account.name;
    }
    return this.#counted(account);
  }

  async setAccountSecret(
    id: string,
    secret: AccountSecret,
    value: string | null,
    keep: Keep,
  ): Promise<Account> {
    await this.#enter("setAccountSecret");
    if (value !== null) refuse(secretProblems(secret, value));
    const account = this.#account(id);
    account[secret] = this.#keepSecret(`${id}/${secret}`, value, keep);
    return this.#counted(account);
  }

  async testAccount(id: string): Promise<AccountTest> {
    await this.#enter("testAccount");
    const account = this.#counted(this.#account(id));
    return (
      this.verdicts.get(id) ?? {
        clientToken:
          account.clientToken.saved === "no"
            ? { kind: "notSaved" }
            : { kind: account.customers === 0 ? "needsCustomer" : "works" },
        partnerToken: { kind: account.partnerToken.saved === "no" ? "notSaved" : "works" },
      }
    );
  }

  async removeAccount(id: string): Promise<void> {
    await this.#enter("removeAccount");
    if (this.#counted(this.#account(id)).customers > 0) throw failure("accountHasCustomers");
    this.#profile.accounts = this.#profile.accounts.filter((account) => account.id !== id);
    for (const secret of SECRETS) this.#secrets.delete(`${id}/${secret}`);
  }

  // Customers.

  async customers(query: CustomerQuery): Promise<CustomerPage> {
    await this.#enter("customers");
    const words = folded(query.text).split(" ").filter(Boolean);
    const rows = this.#profile.customers.filter((customer) => {
      if (query.accountId !== null && customer.accountId !== query.accountId) return false;
      const text = folded(
        `${customer.name} ${customer.phone ?? ""} ${customer.phoneDisplay ?? ""} ${customer.instanceId}`,
      );
      return words.every((word) => text.includes(word));
    });
    return { rows: rows.slice(0, PAGE).map(rowOf), total: rows.length };
  }

  async checkCustomer(id: string | null, form: CustomerForm): Promise<CustomerCheck> {
    await this.#enter("checkCustomer");
    return this.#checkCustomer(id, form);
  }

  async addCustomer(form: CustomerForm): Promise<CustomerRow> {
    await this.#enter("addCustomer");
    const { instanceId, phone } = this.#accept(null, form);
    const account = this.#account(form.accountId);
    const id = this.#newId("customer");
    const customer: FakeCustomer = {
      id,
      accountId: account.id,
      accountName: account.name,
      name: form.name.trim(),
      instanceId,
      phone: phone?.phone ?? null,
      phoneDisplay: phone?.phoneDisplay ?? null,
      language: form.language,
      token: this.#keepSecret(id, tokenOf(form), form.keep),
      status: "unknown",
      statusSince: null,
      script: "connects",
    };
    this.#profile.customers.unshift(customer);
    return rowOf(customer);
  }

  async editCustomer(id: string, form: CustomerForm): Promise<CustomerRow> {
    await this.#enter("editCustomer");
    const { instanceId, phone } = this.#accept(id, form);
    const account = this.#account(form.accountId);
    const customer = this.#customer(id);
    const token = tokenOf(form);
    Object.assign(customer, {
      accountId: account.id,
      accountName: account.name,
      name: form.name.trim(),
      instanceId,
      phone: phone?.phone ?? null,
      phoneDisplay: phone?.phoneDisplay ?? null,
      language: form.language,
      token: token === null ? customer.token : this.#keepSecret(id, token, form.keep),
    });
    return rowOf(customer);
  }

  async removeCustomer(id: string): Promise<void> {
    await this.#enter("removeCustomer");
    this.#customer(id);
    this.#profile.customers = this.#profile.customers.filter((customer) => customer.id !== id);
    this.#secrets.delete(id);
    this.#end(id);
  }

  async customerStatus(id: string): Promise<CustomerStatus> {
    await this.#enter("customerStatus");
    const customer = this.#customer(id);
    const code = SCRIPTED_FAILURES[customer.script];
    if (code) throw failure(code);
    if (customer.status === "unknown") this.#setStatus(customer, "offline");
    if (customer.status !== "connected") {
      return { status: customer.status, identity: null, expected: "notSet" };
    }
    return { status: "connected", identity: identityOf(customer), expected: expectedOf(customer) };
  }

  // The attempt.

  async startAttempt(customerId: string): Promise<void> {
    await this.#enter("startAttempt");
    const current = this.#attempts.get(customerId);
    if (current && !OVER.includes(current.view.phase.state)) return;
    this.#start(customerId);
    this.#change(customerId, { phase: this.#firstPhase(this.#customer(customerId)) });
  }

  followAttempt(customerId: string, on: (attempt: Attempt | null) => void, onError: OnError): Unfollow {
    this.calls.push("followAttempt");
    const refusal = this.#refusal("followAttempt");
    if (refusal) {
      onError(refusal);
      return () => {};
    }
    const followers = this.#followers.get(customerId) ?? new Set();
    this.#followers.set(customerId, followers.add(on));
    on(this.#attempts.get(customerId)?.view ?? null);
    return () => followers.delete(on);
  }

  async getCode(customerId: string): Promise<void> {
    const running = this.#running(customerId);
    this.#change(customerId, { requesting: true });
    try {
      await this.#enter("getCode");
    } finally {
      this.#change(customerId, { requesting: false });
    }
    this.#giveCode(customerId, running);
  }

  async endAttempt(customerId: string): Promise<void> {
    await this.#enter("endAttempt");
    this.#end(customerId);
  }

  async timeLeft(customerId: string): Promise<number | null> {
    await this.#enter("timeLeft");
    this.#settle();
    const deadline = this.#attempts.get(customerId)?.deadline ?? null;
    return deadline === null ? null : Math.max(0, deadline - this.clock.now());
  }

  async copyCode(customerId: string): Promise<void> {
    await this.#enter("copyCode");
    const phase = this.#running(customerId).view.phase;
    if (phase.state !== "waiting") throw failure("codeNotValid");
    this.clipboard = phase.code.text;
  }

  async copyMessage(customerId: string): Promise<void> {
    await this.#enter("copyMessage");
    const phase = this.#running(customerId).view.phase;
    if (phase.state === "waiting") this.clipboard = phase.code.message;
    else if (phase.state === "preparing") this.clipboard = phase.message;
    else throw failure("codeNotValid");
  }

  async openPresenter(customerId: string): Promise<void> {
    await this.#enter("openPresenter");
    this.#running(customerId);
  }

  async openLink(): Promise<OpenedIn> {
    await this.#enter("openLink");
    return "chrome";
  }

  async copyLink(link: Link): Promise<void> {
    await this.#enter("copyLink");
    this.clipboard = link === "chromeStore" ? STORE_LINK : "https://web.whatsapp.com/";
  }

  // Templates.

  async templates(): Promise<Template[]> {
    await this.#enter("templates");
    return LANGUAGES.flatMap((language) => KINDS.map((kind) => this.#template(language, kind)));
  }

  async checkTemplate(kind: MessageKind, text: string): Promise<Problem[]> {
    await this.#enter("checkTemplate");
    return templateProblems(kind, text);
  }

  async saveTemplate(language: Language, kind: MessageKind, text: string): Promise<Template> {
    await this.#enter("saveTemplate");
    refuse(templateProblems(kind, text));
    this.#templates.set(`${language}/${kind}`, text);
    return this.#template(language, kind);
  }

  async resetTemplate(language: Language, kind: MessageKind): Promise<Template> {
    await this.#enter("resetTemplate");
    this.#templates.delete(`${language}/${kind}`);
    return this.#template(language, kind);
  }

  // Practice.

  async enterPractice(): Promise<AppState> {
    await this.#enter("enterPractice");
    this.#realProfile ??= this.#profile;
    this.#profile = { accounts: [litoral()], customers: sampleCustomers(this.clock.now()) };
    this.#endAll();
    this.setState({ practice: true });
    return this.#currentState();
  }

  async leavePractice(): Promise<AppState> {
    await this.#enter("leavePractice");
    this.#profile = this.#realProfile ?? this.#profile;
    this.#realProfile = null;
    this.#endAll();
    this.setState({ practice: false });
    return this.#currentState();
  }

  async practiceStrip(customerId: string): Promise<PracticeStrip> {
    await this.#enter("practiceStrip");
    return this.#strip(customerId);
  }

  async playPractice(customerId: string, action: PracticeAction): Promise<PracticeStrip> {
    await this.#enter("playPractice");
    if (action === "confirms") this.connect(customerId);
    if (action === "disconnects") this.#setStatus(this.#customer(customerId), "offline");
    return this.#strip(customerId);
  }

  // How it does it.

  async #enter(method: keyof Backend): Promise<void> {
    this.calls.push(method);
    await this.#holds.get(method)?.until;
    const refusal = this.#refusal(method);
    if (refusal) throw refusal;
  }

  #refusal(method: keyof Backend): Failure | undefined {
    return this.#failures.get(method)?.shift();
  }

  #open(scenario: Scenario): void {
    const now = this.clock.now();
    if (scenario !== "firstRun") this.#profile.accounts = [litoral()];
    if (scenario === "firstRun" || scenario === "noCustomers") return;
    this.#profile.customers = scenario === "many" ? manyCustomers(now, 100_000) : sampleCustomers(now);
    if (scenario === "customers" || scenario === "many") return;
    if (scenario === "twoAccounts") {
      const second = norte();
      this.#profile.accounts.push(second);
      for (const customer of this.#profile.customers.slice(4)) {
        Object.assign(customer, { accountId: second.id, accountName: second.name });
      }
      return;
    }
    if (scenario === "practice") {
      this.#realProfile = { accounts: [], customers: [] };
      this.setState({ practice: true });
      return;
    }
    const customer = this.#customer(SUBJECT);
    if (scenario === "otherNumber") customer.script = "otherNumber";
    if (scenario === "alreadyConnected") this.#setStatus(customer, "connected");
    const running = this.#start(SUBJECT);
    if (scenario === "checking") return;
    this.#change(SUBJECT, { phase: this.#firstPhase(customer) });
    if (scenario === "failed")
      return this.setPhase(SUBJECT, { state: "failed", failure: failure("instanceNotFound") });
    if (scenario === "preparing" || scenario === "alreadyConnected") return;
    this.#giveCode(SUBJECT, running);
    if (scenario === "trouble") this.setTrouble(SUBJECT, failure("offline"));
    if (scenario === "connected" || scenario === "otherNumber") {
      running.startedAt -= 134_000;
      this.connect(SUBJECT);
    }
    if (scenario === "expired") this.clock.advance(CODE_LIFE_MS);
    if (scenario === "gaveUp") this.clock.advance(CODE_LIFE_MS + WATCH_AFTER_EXPIRY_MS);
  }

  #currentState(): AppState {
    return {
      ...this.#state,
      language: this.#state.chosenLanguage ?? this.systemLanguage,
      accounts: this.#profile.accounts.length,
    };
  }

  #account(id: string): Account {
    const account = this.#profile.accounts.find((each) => each.id === id);
    if (!account) throw failure("notFound");
    return account;
  }

  #counted(account: Account): Account {
    const customers = this.#profile.customers.filter((customer) => customer.accountId === account.id).length;
    return { ...account, customers };
  }

  #customer(id: string): FakeCustomer {
    const customer = this.#profile.customers.find((each) => each.id === id);
    if (!customer) throw failure("notFound");
    return customer;
  }

  #setStatus(customer: FakeCustomer, status: CustomerRow["status"]): void {
    customer.status = status;
    customer.statusSince = this.clock.now();
    this.emit({ kind: "customerStatus", customerId: customer.id, status, statusSince: customer.statusSince });
  }

  #newId(kind: string): string {
    this.#made += 1;
    return `new-${kind}-${this.#made}`;
  }

  #keepSecret(holder: string, value: string | null, keep: Keep): SecretState {
    const secret = value?.trim() ?? "";
    if (secret === "") {
      this.#secrets.delete(holder);
      return { saved: "no", lastFour: null };
    }
    this.#secrets.set(holder, secret);
    return { saved: keep, lastFour: secret.length < 12 ? null : secret.slice(-4) };
  }

  #checkCustomer(id: string | null, form: CustomerForm): CustomerCheck {
    const address = readAddress(form.address);
    const problems: Problem[] = nameProblems(form.name);
    if (address.problem) problems.push(problem("address", address.problem));
    const tokenInAddress = address.token !== null;
    if (!tokenInAddress) {
      const token = form.token?.trim() ?? "";
      const accountSecrets = SECRETS.map((secret) => this.#secrets.get(`${form.accountId}/${secret}`));
      if (token === "") {
        if (id === null) problems.push(problem("token", "missing"));
      } else if (token.includes("/")) problems.push(problem("token", "isAnAddress"));
      else if (token === address.instanceId) problems.push(problem("token", "isInstanceId"));
      else if (accountSecrets.includes(token)) problems.push(problem("token", "isClientToken"));
      else if (/\s/.test(token)) problems.push(problem("token", "hasSpaces"));
      else if (!/^[0-9A-Za-z]+$/.test(token)) problems.push(problem("token", "badCharacters"));
    }
    const phone = readPhone(form.phone);
    if (typeof phone === "string") problems.push(problem("phone", phone));
    return {
      problems,
      instanceId: address.instanceId,
      tokenInAddress,
      phoneDisplay: typeof phone === "string" ? null : (phone?.phoneDisplay ?? null),
    };
  }

  #accept(id: string | null, form: CustomerForm) {
    const { problems, instanceId } = this.#checkCustomer(id, form);
    refuse(problems);
    const twin = this.#profile.customers.find(
      (customer) => customer.instanceId === instanceId && customer.id !== id,
    );
    if (twin) throw failure("duplicateInstance", { customerName: twin.name });
    const phone = readPhone(form.phone);
    return { instanceId: instanceId ?? "", phone: typeof phone === "string" ? null : phone };
  }

  #start(customerId: string): RunningAttempt {
    const now = this.clock.now();
    const view: Attempt = {
      customerId,
      method: "extension",
      phase: { state: "checking" },
      requesting: false,
      trouble: null,
      checkedAt: null,
    };
    const attempt = { view, startedAt: now, deadline: null, codes: 0 };
    this.#attempts.set(customerId, attempt);
    this.#tell(customerId);
    return attempt;
  }

  #firstPhase(customer: FakeCustomer): Phase {
    const code = SCRIPTED_FAILURES[customer.script];
    if (code) return { state: "failed", failure: failure(code) };
    if (customer.status === "connected") {
      return {
        state: "alreadyConnected",
        identity: identityOf(customer),
        expected: expectedOf(customer),
      };
    }
    return { state: "preparing", message: this.#message(customer, "preparation", {}) };
  }

  #running(customerId: string): RunningAttempt {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) throw failure("noAttempt");
    return attempt;
  }

  #giveCode(customerId: string, attempt: RunningAttempt): void {
    const customer = this.#customer(customerId);
    const text = CODES[attempt.codes % CODES.length] as string;
    attempt.codes += 1;
    attempt.deadline = this.clock.now() + CODE_LIFE_MS;
    const validUntil = new Date(attempt.deadline).toLocaleTimeString("pt-BR", {
      hour: "2-digit",
      minute: "2-digit",
    });
    const message = this.#message(customer, "connectionCode", { code: text, validUntil });
    const code = { text, halves: text.split("-"), approximate: false, validUntil, message };
    this.#change(customerId, { phase: { state: "waiting", code } });
    if (customer.script === "slowAndFaulty") this.setTrouble(customerId, failure("timedOut"));
  }

  #message(customer: FakeCustomer, kind: MessageKind, values: Record<string, string>): string {
    const all: Record<string, string> = {
      name: customer.name,
      number: customer.phoneDisplay ?? "",
      link: STORE_LINK,
      ...values,
    };
    return this.#template(customer.language, kind).text.replace(
      /\{(\w+)\}/g,
      (_, name: string) => all[name] ?? "",
    );
  }

  #template(language: Language, kind: MessageKind): Template {
    const edited = this.#templates.get(`${language}/${kind}`);
    return { language, kind, text: edited ?? TEMPLATES[language][kind], edited: edited !== undefined };
  }

  /** Moves every attempt on to where it is by now. */
  #settle(): void {
    const now = this.clock.now();
    for (const [id, attempt] of this.#attempts) {
      if (attempt.deadline === null) continue;
      const { state } = attempt.view.phase;
      if (state === "waiting" && now >= attempt.deadline) this.setPhase(id, { state: "expired" });
      if (attempt.view.phase.state === "expired" && now >= attempt.deadline + WATCH_AFTER_EXPIRY_MS) {
        this.setPhase(id, { state: "gaveUp" });
      }
    }
  }

  #change(customerId: string, change: Partial<Attempt>): void {
    const attempt = this.#attempts.get(customerId);
    if (!attempt) return;
    attempt.view = { ...attempt.view, ...change, checkedAt: this.clock.now() };
    this.#tell(customerId);
  }

  #tell(customerId: string): void {
    const view = this.#attempts.get(customerId)?.view ?? null;
    for (const follower of this.#followers.get(customerId) ?? []) follower(view);
  }

  #end(customerId: string): void {
    this.#attempts.delete(customerId);
    this.#tell(customerId);
  }

  #endAll(): void {
    for (const id of [...this.#attempts.keys()]) this.#end(id);
  }

  #strip(customerId: string): PracticeStrip {
    const customer = this.#customer(customerId);
    const state = this.#attempts.get(customerId)?.view.phase.state;
    const actions: PracticeAction[] = state === "waiting" ? ["typesCode", "confirms"] : [];
    if (customer.status === "connected") actions.push("disconnects");
    return { scenario: customer.script, actions };
  }
}

/** What the presenter window of one customer would see. */
export class FakePresenter implements PresenterBackend {
  #backend: FakeBackend;
  #customerId: string;

  constructor(backend: FakeBackend, customerId: string = SUBJECT) {
    this.#backend = backend;
    this.#customerId = customerId;
  }

  follow(on: (view: PresenterView) => void, onError: OnError): Unfollow {
    return this.#backend.followAttempt(this.#customerId, (attempt) => on(presenterView(attempt)), onError);
  }

  timeLeft(): Promise<number | null> {
    return this.#backend.timeLeft(this.#customerId);
  }
}

function presenterView(attempt: Attempt | null): PresenterView {
  const view: PresenterView = {
    language: "pt-BR",
    state: "over",
    halves: [],
    validUntil: null,
    phoneDisplay: null,
  };
  switch (attempt?.phase.state) {
    case "preparing":
      return { ...view, state: "preparing" };
    case "waiting": {
      const { halves, validUntil } = attempt.phase.code;
      return { ...view, state: "waiting", halves, validUntil };
    }
    case "expired":
      return { ...view, state: "expired" };
    case "connected":
    case "alreadyConnected":
      return { ...view, state: "connected", phoneDisplay: attempt.phase.identity.phoneDisplay };
    default:
      return view;
  }
}

export function failure(code: ErrorCode, params: Record<string, string> = {}): Failure {
  return { code, params };
}

function invalid(field: Field, code: ProblemCode): Failure {
  return failure("invalidInput", { field, problem: code });
}

function problem(field: Field, code: ProblemCode, params: Record<string, string> = {}): Problem {
  return { field, code, params };
}

function refuse([first]: Problem[]): void {
  if (first) throw invalid(first.field, first.code);
}

function rowOf({ script: _, ...row }: FakeCustomer): CustomerRow {
  return row;
}

function identityOf(customer: FakeCustomer): Identity {
  if (customer.script === "otherNumber") return { ...OTHER_PHONE, name: CONNECTED_NAME };
  return { phone: customer.phone, phoneDisplay: customer.phoneDisplay, name: CONNECTED_NAME };
}

function expectedOf(customer: FakeCustomer): ExpectedNumber {
  if (customer.phone === null) return "notSet";
  return customer.script === "otherNumber" ? "other" : "matches";
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function nameProblems(name: string): Problem[] {
  if (name.trim() === "") return [problem("name", "missing")];
  return name.trim().length > 120 ? [problem("name", "tooLong")] : [];
}

function secretProblems(secret: AccountSecret, value: string): Problem[] {
  const text = value.trim();
  if (text === "") return [problem(secret, "missing")];
  if (text.includes("/")) return [problem(secret, "isAnAddress")];
  if (/\s/.test(text)) return [problem(secret, "hasSpaces")];
  if (!/^[\w.-]+$/.test(text)) return [problem(secret, "badCharacters")];
  return [];
}

function accountProblems(form: AccountForm): Problem[] {
  const problems = nameProblems(form.name);
  for (const secret of SECRETS) {
    const value = form[secret];
    if (value !== null && value !== "") problems.push(...secretProblems(secret, value));
  }
  return problems;
}

type ReadAddress = { instanceId: string | null; token: string | null; problem: ProblemCode | null };

function readAddress(text: string): ReadAddress {
  const address = text.trim();
  const nothing = { instanceId: null, token: null };
  if (address === "") return { ...nothing, problem: "missing" };
  if (/\s/.test(address)) return { ...nothing, problem: "hasSpaces" };
  if (!address.includes("/")) {
    if (!/^[\w-]+$/.test(address)) return { ...nothing, problem: "badCharacters" };
    return { instanceId: address, token: null, problem: null };
  }
  const [, instanceId, token] = /\/instances\/([\w-]+)(?:\/token\/([\w-]+))?/.exec(address) ?? [];
  if (instanceId && token) return { instanceId, token, problem: null };
  return { ...nothing, problem: /instances|token/.test(address) ? "halfAnAddress" : "notAnAddress" };
}

function tokenOf(form: CustomerForm): string | null {
  return readAddress(form.address).token ?? form.token;
}

/** A stand-in: Rust reads numbers with a phone library; here any eight to fifteen digits will do. */
function readPhone(text: string): { phone: string; phoneDisplay: string } | ProblemCode | null {
  if (text.trim() === "") return null;
  if (/[^\d\s()+.-]/.test(text)) return "phoneNotUnderstood";
  const digits = text.replace(/\D/g, "");
  if (digits.length < 8 || digits.length > 15) return "phoneNotPossible";
  const known = sampleCustomers(0).find(({ phone }) => phone === digits || phone === `55${digits}`);
  return { phone: known?.phone ?? digits, phoneDisplay: known?.phoneDisplay ?? `+${digits}` };
}

function templateProblems(kind: MessageKind, text: string): Problem[] {
  if (text.trim() === "") return [problem("template", "missing")];
  const used = [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const problems = used
    .filter((name) => !PLACEHOLDERS[kind].includes(name))
    .map((placeholder) => problem("template", "unknownPlaceholder", { placeholder }));
  const required = REQUIRED_PLACEHOLDER[kind];
  if (!used.includes(required))
    problems.push(problem("template", "missingPlaceholder", { placeholder: required }));
  return problems;
}
