import { KINDS } from "../templates";
import type { Backend, OnError, Unfollow } from "./backend";
import {
  CODE_LIFE_MS,
  FakeAttempts,
  FakeClock,
  PASSKEY_AFTER_MS,
  WATCH_AFTER_EXPIRY_MS,
  type FakeDesk,
} from "./fake-attempts";
import {
  SECRETS,
  accountProblems,
  failure,
  invalid,
  labelsOf,
  nameProblems,
  noteProblems,
  problem,
  readAddress,
  readPhone,
  refuse,
  secretProblems,
  templateProblems,
  tokenOf,
} from "./fake-checks";
import { FakeCsv } from "./fake-csv";
import {
  SCRIPTED_FAILURES,
  STORE_LINK,
  expectedOf,
  identityOf,
  litoral,
  mobileCustomers,
  norte,
  rowOf,
  sampleCustomers,
  shippedTemplate,
  type FakeCustomer,
  type Profile,
} from "./fake-data";
import { historyPage, sampleHistory, type FakeHistoryRow } from "./fake-history";
import { FakeRegistrations, sixDigits } from "./fake-registration";
import { FakeRoster, listedCustomers } from "./fake-roster";
import { fakeTriage } from "./fake-triage";
import type {
  Account,
  AccountForm,
  AccountSecret,
  AccountTest,
  AppEvent,
  AppState,
  Attempt,
  BackgroundSettings,
  CsvColumn,
  CsvPreview,
  CsvResult,
  CustomerCheck,
  CustomerForm,
  CustomerPage,
  CustomerQuery,
  CustomerRow,
  CustomerStatus,
  Failure,
  HistoryPage,
  HistoryQuery,
  Import,
  InstanceAction,
  InstanceForm,
  InstanceType,
  Keep,
  Language,
  Link,
  MessageKind,
  Method,
  OnClose,
  OpenedIn,
  Phase,
  PracticeAction,
  PracticeStrip,
  Problem,
  Queue,
  Registration,
  SecretState,
  Step,
  Template,
  Triage,
  Way,
  WayLeft,
} from "./types";

/** What the windows find when they open. The default is `customers`. */
export const SCENARIOS = [
  "firstRun",
  "noCustomers",
  "recovered",
  "recoveredEmpty",
  "customers",
  "twoAccounts",
  "partner",
  "roster",
  "many",
  "mobile",
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
  "qrFetching",
  "qrWaiting",
  "qrRead",
  "qrExpired",
  "qrGaveUp",
  "qrPasskey",
  "phonePreparing",
  "phoneWaiting",
  "phoneRead",
  "phonePasskey",
  "phoneGaveUp",
  "subscriptionOver",
  "subscriptionOverPartner",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** The customer that the scenarios about an attempt are about. */
export const SUBJECT = "customer-1";

/** Only so many messages of a queue are counted. */
const QUEUE_COUNTED = 300;
const LANGUAGES: Language[] = ["pt-BR", "en", "es"];

/** Plays the Rust side in a plain browser: everything in memory, nothing on the network, the same every time. */
export class FakeBackend implements Backend {
  readonly clock = new FakeClock(() => this.#attempts.settle());
  /** Names of the methods called so far. */
  readonly calls: (keyof Backend)[] = [];
  /** What the last copy left on the clipboard. */
  clipboard: string | null = null;
  /** What the computer is set to; in force while the agent has chosen no language. */
  systemLanguage: Language = "pt-BR";
  /** Of what the last list was exported. */
  exported: CustomerQuery | null = null;
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
    historyDays: 180,
    recovered: null,
  };
  #background: BackgroundSettings = { notify: true, quiet: null, onClose: null, autostart: false };
  #profile: Profile = { accounts: [], customers: [] };
  #realProfile: Profile | null = null;
  /** Kept only to recognise a secret in the wrong field, as the real one does. */
  #secrets = new Map<string, string>();
  #templates = new Map<string, string>();
  /** Messages that wait, by customer id. */
  #queues = new Map<string, number>();
  /** Made when it is first asked for, of the customers there are then. */
  #history: FakeHistoryRow[] | null = null;
  #desk: FakeDesk = {
    customer: (id) => this.#customer(id),
    setStatus: (customer, status) => this.#setStatus(customer, status),
    message: (customer, kind, values) => this.#message(customer, kind, values),
  };
  #attempts = new FakeAttempts(this.clock, this.#desk);
  #registrations = new FakeRegistrations(this.clock, this.#desk);
  #roster = new FakeRoster({
    now: () => this.clock.now(),
    profile: () => this.#profile,
    row: (customer) => this.#row(customer),
    emit: (event) => this.emit(event),
  });
  /** What imports of spreadsheets do, line by line. */
  readonly csv = new FakeCsv({
    isCustomer: (instanceId) =>
      this.#profile.customers.some((customer) => customer.instanceId === instanceId),
    needsToken: (accountId) => this.#account(accountId).partnerToken.saved === "no",
    add: (accountId, { token, language, ...customer }, keep) => {
      const id = this.#newId("customer");
      this.#add(id, accountId, {
        ...customer,
        language: language ?? this.#currentState().language,
        token: token === null ? { saved: "listed", lastFour: null } : this.#keepSecret(id, token, keep),
      });
    },
    emit: (event) => this.emit(event),
  });
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
    this.#attempts.change(customerId, { phase });
  }

  setTrouble(customerId: string, trouble: Failure | null): void {
    this.#attempts.setTrouble(customerId, trouble);
  }

  setRegistration(customerId: string, change: Partial<Registration>): void {
    this.#registrations.change(customerId, change);
  }

  setQueue(customerId: string, messages: number): void {
    this.#queues.set(customerId, messages);
  }

  /** Customers by what they are found by; of all accounts, or of one. Not counted as a call. */
  find(text: string, accountId: string | null = null): CustomerRow[] {
    const query = { text, accountId, status: null, instanceType: null, label: null, sort: "name" } as const;
    return this.#roster.page({ ...query, offset: 0, limit: 500 }).rows;
  }

  /** Reads an account's Partner listing without being asked: every few minutes, the real one does. */
  refresh(accountId: string): void {
    this.#roster.start(accountId, false);
  }

  /** The import that runs comes to this next. Customers arrive as it reads on. */
  stepImport(accountId: string, change: Partial<Import>): void {
    this.#roster.step(accountId, change);
  }

  /** Another computer changed a customer, or a listing did. */
  changeCustomer(id: string, change: Partial<CustomerRow>): void {
    Object.assign(this.#customer(id), change);
    this.#roster.changed();
    this.emit({ kind: "rosterChanged" });
  }

  /** The customer's side: whatever had to be done is done. */
  connect(customerId: string): void {
    this.#attempts.connect(customerId);
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

  async backgroundSettings(): Promise<BackgroundSettings> {
    await this.#enter("backgroundSettings");
    return this.#background;
  }

  async setBackgroundSettings(settings: BackgroundSettings): Promise<BackgroundSettings> {
    await this.#enter("setBackgroundSettings");
    const { quiet } = settings;
    if (quiet && ![quiet.from, quiet.until].every((time) => /^([01]\d|2[0-3]):[0-5]\d$/.test(time)))
      throw invalid("time", "notATime");
    this.#background = settings;
    return settings;
  }

  async closeMain(onClose: OnClose): Promise<void> {
    await this.#enter("closeMain");
    this.#background = { ...this.#background, onClose };
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
    return this.#roster.page(query);
  }

  async customer(id: string): Promise<CustomerRow> {
    await this.#enter("customer");
    return this.#row(this.#customer(id));
  }

  async customerLabels(): Promise<string[]> {
    await this.#enter("customerLabels");
    return this.#roster.labels();
  }

  async imports(): Promise<Import[]> {
    await this.#enter("imports");
    return this.#roster.imports();
  }

  async importCustomers(accountId: string): Promise<void> {
    await this.#enter("importCustomers");
    if (this.#account(accountId).partnerToken.saved === "no") throw failure("partnerTokenMissing");
    this.#roster.start(accountId, true);
  }

  async cancelImport(accountId: string): Promise<void> {
    await this.#enter("cancelImport");
    this.#roster.cancel(accountId);
  }

  async checkCustomer(id: string | null, form: CustomerForm): Promise<CustomerCheck> {
    await this.#enter("checkCustomer");
    return this.#checkCustomer(id, form);
  }

  async addCustomer(form: CustomerForm): Promise<CustomerRow> {
    await this.#enter("addCustomer");
    const { instanceId, phone } = this.#accept(null, form);
    const id = this.#newId("customer");
    return this.#add(id, form.accountId, {
      name: form.name.trim(),
      instanceId,
      phone: phone?.phone ?? null,
      phoneDisplay: phone?.phoneDisplay ?? null,
      language: form.language,
      token:
        tokenOf(form) === null
          ? { saved: "listed", lastFour: null }
          : this.#keepSecret(id, tokenOf(form), form.keep),
      note: form.note.trim(),
      labels: labelsOf(form.labels),
    });
  }

  async checkInstance(form: InstanceForm): Promise<CustomerCheck> {
    await this.#enter("checkInstance");
    return this.#checkInstance(form);
  }

  async createInstance(form: InstanceForm): Promise<CustomerRow> {
    await this.#enter("createInstance");
    refuse(this.#checkInstance(form).problems);
    if (this.#account(form.accountId).partnerToken.saved === "no") throw failure("partnerTokenMissing");
    const phone = readPhone(form.phone);
    const read = typeof phone === "string" ? null : phone;
    return this.#add(this.#newId("customer"), form.accountId, {
      name: form.name.trim(),
      instanceId: `FAKE00000000000000000000000${String(this.#made).padStart(5, "0")}`,
      phone: read?.phone ?? null,
      phoneDisplay: read?.phoneDisplay ?? null,
      language: form.language,
      token: { saved: "listed", lastFour: null },
      note: form.note.trim(),
      labels: labelsOf(form.labels),
      instanceType: form.instanceType,
      status: "offline",
      statusSince: this.clock.now(),
    });
  }

  async editCustomer(id: string, form: CustomerForm): Promise<CustomerRow> {
    await this.#enter("editCustomer");
    const { instanceId, phone } = this.#accept(id, form);
    const account = this.#account(form.accountId);
    const customer = this.#customer(id);
    const token = tokenOf(form);
    this.#roster.changed();
    Object.assign(customer, {
      accountId: account.id,
      accountName: account.name,
      name: form.name.trim(),
      instanceId,
      phone: phone?.phone ?? null,
      phoneDisplay: phone?.phoneDisplay ?? null,
      language: form.language,
      note: form.note.trim(),
      labels: labelsOf(form.labels),
      token: token === null ? customer.token : this.#keepSecret(id, token, form.keep),
    });
    return this.#row(customer);
  }

  async removeCustomer(id: string): Promise<void> {
    await this.#enter("removeCustomer");
    this.#customer(id);
    this.#profile.customers = this.#profile.customers.filter((customer) => customer.id !== id);
    this.#roster.changed();
    this.#secrets.delete(id);
    this.#history = this.#history?.filter(({ customerId }) => customerId !== id) ?? null;
    this.#attempts.end(id);
  }

  async customerStatus(id: string): Promise<CustomerStatus> {
    await this.#enter("customerStatus");
    return this.#status(this.#customer(id));
  }

  // Spreadsheets.

  async readCsv(bytes: Uint8Array): Promise<void> {
    await this.#enter("readCsv");
    this.csv.read(bytes);
  }

  async previewCsv(accountId: string, columns: (CsvColumn | null)[] | null): Promise<CsvPreview> {
    await this.#enter("previewCsv");
    return this.csv.preview(accountId, columns);
  }

  async importCsv(accountId: string, columns: (CsvColumn | null)[], keep: Keep): Promise<CsvResult> {
    await this.#enter("importCsv");
    return this.csv.import(accountId, columns, keep);
  }

  async cancelCsv(): Promise<void> {
    await this.#enter("cancelCsv");
    this.csv.cancel();
  }

  async forgetCsv(): Promise<void> {
    await this.#enter("forgetCsv");
    this.csv.forget();
  }

  async saveCsvTemplate(): Promise<string> {
    await this.#enter("saveCsvTemplate");
    return "ponte-modelo.csv";
  }

  async exportCustomers(query: CustomerQuery): Promise<string> {
    await this.#enter("exportCustomers");
    this.exported = query;
    return "ponte-clientes.csv";
  }

  // The attempt.

  async startAttempt(customerId: string, method: Method): Promise<void> {
    await this.#enter("startAttempt");
    this.#attempts.start(customerId, method);
  }

  followAttempt(customerId: string, on: (attempt: Attempt | null) => void, onError: OnError): Unfollow {
    this.calls.push("followAttempt");
    const refusal = this.#refusal("followAttempt");
    if (refusal) {
      onError(refusal);
      return () => {};
    }
    return this.#attempts.follow(customerId, on);
  }

  async getCode(customerId: string, phone: string | null): Promise<void> {
    const { method } = this.#attempts.view(customerId);
    this.#attempts.change(customerId, { requesting: true });
    try {
      await this.#enter("getCode");
    } finally {
      this.#attempts.change(customerId, { requesting: false });
    }
    const read = readPhone(phone ?? "");
    if (typeof read === "string") throw invalid("phone", read);
    if (method === "phoneCode" && read === null) throw invalid("phone", "missing");
    this.#attempts.giveCode(customerId, read?.phoneDisplay ?? null);
  }

  async codeRead(customerId: string): Promise<void> {
    await this.#enter("codeRead");
    this.#attempts.codeRead(customerId);
  }

  async startOver(customerId: string): Promise<void> {
    await this.#enter("startOver");
    this.#attempts.begin(customerId, this.#attempts.view(customerId).method);
    this.#attempts.goOn(customerId);
  }

  async endAttempt(customerId: string): Promise<void> {
    await this.#enter("endAttempt");
    this.#attempts.end(customerId);
  }

  async timeLeft(customerId: string): Promise<number | null> {
    await this.#enter("timeLeft");
    return this.#attempts.timeLeft(customerId);
  }

  async copyCode(customerId: string): Promise<void> {
    await this.#enter("copyCode");
    const { phase } = this.#attempts.view(customerId);
    if (phase.state !== "waiting" || phase.code.kind === "qr") throw failure("codeNotValid");
    this.clipboard = phase.code.text;
  }

  async copyMessage(customerId: string): Promise<void> {
    await this.#enter("copyMessage");
    const { phase } = this.#attempts.view(customerId);
    if (phase.state === "waiting" && phase.code.kind !== "qr") this.clipboard = phase.code.message;
    else if (phase.state === "preparing" && phase.message !== null) this.clipboard = phase.message;
    else throw failure("codeNotValid");
  }

  async copyPicture(customerId: string): Promise<void> {
    await this.#enter("copyPicture");
    this.clipboard = this.#picture(customerId);
  }

  async savePicture(customerId: string): Promise<string> {
    await this.#enter("savePicture");
    this.#picture(customerId);
    return "ponte-qr-code.png";
  }

  async showSavedFile(): Promise<void> {
    await this.#enter("showSavedFile");
  }

  async openPresenter(customerId: string): Promise<void> {
    await this.#enter("openPresenter");
    this.#attempts.view(customerId);
  }

  // Around the connection.

  async queue(customerId: string): Promise<Queue> {
    await this.#enter("queue");
    const customer = this.#customer(customerId);
    const messages = this.#queues.get(customerId) ?? (customer.script === "queueWaits" ? 75 : 0);
    return { messages: Math.min(messages, QUEUE_COUNTED), more: messages > QUEUE_COUNTED };
  }

  async emptyQueue(customerId: string): Promise<void> {
    await this.#enter("emptyQueue");
    this.#queues.set(customerId, 0);
  }

  async instanceAction(customerId: string, action: InstanceAction): Promise<CustomerStatus> {
    await this.#enter("instanceAction");
    const customer = this.#customer(customerId);
    if (action === "disconnect") {
      customer.script = "connects";
      this.#setStatus(customer, "offline");
    }
    if (action === "restoreSession" && customer.script === "asksRestore") {
      customer.script = "connects";
      this.#setStatus(customer, "connected");
    }
    return this.#status(customer);
  }

  async subscribeAgain(customerId: string): Promise<void> {
    await this.#enter("subscribeAgain");
    const customer = this.#customer(customerId);
    if (!this.#row(customer).accountHasPartnerToken) throw failure("partnerTokenMissing");
    this.renew(customerId);
  }

  /** The subscription is paid, whoever saw to it. */
  renew(customerId: string): void {
    const customer = this.#customer(customerId);
    customer.script = "connects";
    this.#setStatus(customer, "offline");
    this.#attempts.goOnAfterFailure(customerId);
  }

  // The registration.

  async setInstanceType(customerId: string, kind: InstanceType): Promise<void> {
    await this.#enter("setInstanceType");
    this.#customer(customerId).instanceType = kind;
  }

  followRegistration(
    customerId: string,
    on: (registration: Registration) => void,
    onError: OnError,
  ): Unfollow {
    this.calls.push("followRegistration");
    const refusal = this.#refusal("followRegistration");
    if (refusal) {
      onError(refusal);
      return () => {};
    }
    return this.#registrations.follow(customerId, on);
  }

  async registrationWaits(customerId: string): Promise<WayLeft[]> {
    await this.#enter("registrationWaits");
    return this.#registrations.waits(customerId);
  }

  async checkRegistration(customerId: string, phone: string, confirmed: boolean): Promise<void> {
    this.#registrations.tell(customerId, phone, confirmed);
    await this.#register("checkRegistration", customerId, ["number"], () =>
      this.#registrations.checked(customerId),
    );
  }

  async checkRegistrationAgain(customerId: string): Promise<void> {
    await this.#register("checkRegistrationAgain", customerId, ["blocked", "notAvailable"], () =>
      this.#registrations.checked(customerId),
    );
  }

  async requestRegistrationCode(customerId: string, way: Way): Promise<void> {
    this.#registrations.mayAsk(customerId, way);
    await this.#register("requestRegistrationCode", customerId, ["ways"], () =>
      this.#registrations.requested(customerId, way),
    );
  }

  async answerCaptcha(customerId: string, answer: string): Promise<void> {
    if (answer.trim() === "") throw invalid("code", "missing");
    await this.#register("answerCaptcha", customerId, ["captcha"], () =>
      this.#registrations.captchaAnswered(customerId, answer),
    );
  }

  async anotherWay(customerId: string): Promise<void> {
    await this.#enter("anotherWay");
    this.#registrations.move(customerId, ["code"], { step: "ways", ways: ["sms", "voice", "oldPhone"] });
  }

  async startRegistrationAgain(customerId: string): Promise<void> {
    await this.#enter("startRegistrationAgain");
    const { step } = this.#registrations.view(customerId);
    this.#registrations.move(customerId, [step.step], { step: "number" });
  }

  async confirmRegistrationCode(customerId: string, code: string): Promise<void> {
    const digits = sixDigits(code);
    await this.#register("confirmRegistrationCode", customerId, ["code"], () =>
      this.#registrations.codeConfirmed(customerId, digits),
    );
  }

  async confirmPin(customerId: string, pin: string): Promise<void> {
    const digits = sixDigits(pin);
    await this.#register("confirmPin", customerId, ["pin"], () =>
      this.#registrations.pinConfirmed(customerId, digits),
    );
  }

  async recoverPin(customerId: string): Promise<void> {
    await this.#register("recoverPin", customerId, ["pin"], () =>
      this.#registrations.pinRecovered(customerId),
    );
  }

  async checkTransfer(customerId: string): Promise<void> {
    await this.#register("checkTransfer", customerId, ["phoneConfirm"], () =>
      this.#registrations.transferChecked(customerId),
    );
  }

  async appeal(customerId: string, description: string): Promise<void> {
    if (description.trim() === "") throw invalid("appeal", "missing");
    const { step } = this.#registrations.view(customerId);
    if (step.step === "blocked" && !step.canAppeal) throw failure("notNow");
    await this.#register("appeal", customerId, ["blocked"], () => this.#registrations.appealed(customerId));
  }

  async copyRegistrationMessage(customerId: string): Promise<void> {
    await this.#enter("copyRegistrationMessage");
    const { message } = this.#registrations.view(customerId);
    if (message === null) throw failure("notNow");
    this.clipboard = message;
  }

  // Triage, history, guide.

  async triage(customerId: string): Promise<Triage> {
    await this.#enter("triage");
    return fakeTriage(this.#customer(customerId), this.#currentState().language);
  }

  async copyTriageMessage(customerId: string, cardId: string): Promise<void> {
    await this.#enter("copyTriageMessage");
    const { cards } = fakeTriage(this.#customer(customerId), this.#currentState().language);
    const card = cards.find(({ id }) => id === cardId);
    if (!card) throw failure("notFound");
    this.clipboard = card.message;
  }

  async openTriageFolder(): Promise<void> {
    await this.#enter("openTriageFolder");
  }

  async history(query: HistoryQuery): Promise<HistoryPage> {
    await this.#enter("history");
    this.#history ??= sampleHistory(this.clock.now(), this.#profile.customers);
    return historyPage(this.#history, query);
  }

  async exportHistory(_query: HistoryQuery): Promise<string> {
    await this.#enter("exportHistory");
    return "ponte-historico.csv";
  }

  async setHistoryDays(days: number): Promise<AppState> {
    await this.#enter("setHistoryDays");
    this.setState({ historyDays: days });
    return this.#currentState();
  }

  async openGuide(): Promise<void> {
    await this.#enter("openGuide");
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
    this.#roster.changed();
    this.#attempts.endAll();
    this.setState({ practice: true });
    return this.#currentState();
  }

  async leavePractice(): Promise<AppState> {
    await this.#enter("leavePractice");
    this.#profile = this.#realProfile ?? this.#profile;
    this.#roster.changed();
    this.#realProfile = null;
    this.#attempts.endAll();
    this.setState({ practice: false });
    return this.#currentState();
  }

  async practiceStrip(customerId: string): Promise<PracticeStrip> {
    await this.#enter("practiceStrip");
    return this.#strip(customerId);
  }

  async playPractice(customerId: string, action: PracticeAction): Promise<PracticeStrip> {
    await this.#enter("playPractice");
    const customer = this.#customer(customerId);
    if (action === "confirms") this.connect(customerId);
    if (action === "readsQr" || action === "typesPhoneCode") {
      if (customer.script === "asksPasskey") this.setPhase(customerId, { state: "passkey" });
      else this.connect(customerId);
    }
    if (action === "disconnects" || action === "anHourPasses") this.#setStatus(customer, "offline");
    if (action === "phoneComesBack") {
      customer.script = "alreadyConnected";
      this.#setStatus(customer, "connected");
    }
    this.#registrations.play(customerId, action);
    return this.#strip(customerId);
  }

  // How it does it.

  async #enter(method: keyof Backend): Promise<void> {
    this.calls.push(method);
    await this.#holds.get(method)?.until;
    const refusal = this.#refusal(method);
    if (refusal) throw refusal;
  }

  /** A call of a registration: under way until it is answered. */
  #register(
    method: keyof Backend,
    customerId: string,
    steps: Step["step"][],
    answered: () => void,
  ): Promise<void> {
    return this.#registrations.call(customerId, steps, () => this.#enter(method), answered);
  }

  #refusal(method: keyof Backend): Failure | undefined {
    return this.#failures.get(method)?.shift();
  }

  #open(scenario: Scenario): void {
    const now = this.clock.now();
    if (scenario.startsWith("recovered")) {
      const backupOf = scenario === "recovered" ? now - 20 * 3_600_000 : null;
      this.setState({ recovered: { setAside: "ponte.damaged.db", backupOf } });
    }
    if (scenario === "recoveredEmpty") return;
    if (scenario !== "firstRun") this.#profile.accounts = [litoral()];
    if (scenario === "firstRun" || scenario === "noCustomers") return;
    if (scenario === "partner" || scenario === "roster" || scenario === "many") {
      const account = this.#profile.accounts[0]!;
      account.partnerToken = { saved: "keychain", lastFour: "0003" };
      const customers = listedCustomers(now, scenario === "many" ? 100_000 : 1_204, account.id, account.name);
      if (scenario === "partner") return this.#roster.list(account.id, customers);
      this.#profile.customers = customers;
      return this.#roster.read(account.id, 3);
    }
    this.#profile.customers = sampleCustomers(now);
    if (scenario === "customers" || scenario === "recovered") return;
    if (scenario === "mobile") {
      this.#profile.customers = mobileCustomers(now);
      this.#realProfile = { accounts: [], customers: [] };
      this.setState({ practice: true });
      return;
    }
    if (scenario === "twoAccounts") {
      const second = norte();
      this.#profile.accounts.push(second);
      for (const customer of this.#profile.customers.slice(4)) {
        Object.assign(customer, { accountId: second.id, accountName: second.name });
      }
      this.#roster.read(second.id, 3);
      return;
    }
    if (scenario === "practice") {
      this.#realProfile = { accounts: [], customers: [] };
      this.setState({ practice: true });
      return;
    }
    this.#openAttempt(scenario);
  }

  #openAttempt(scenario: Scenario): void {
    const customer = this.#customer(SUBJECT);
    if (scenario === "otherNumber") customer.script = "otherNumber";
    if (scenario === "alreadyConnected") this.#setStatus(customer, "connected");
    if (scenario.startsWith("subscriptionOver")) {
      customer.script = "subscriptionOver";
      this.#setStatus(customer, "subscriptionOver");
    }
    if (scenario === "subscriptionOverPartner") {
      this.#profile.accounts[0]!.partnerToken = { saved: "keychain", lastFour: "0003" };
    }
    const method = scenario.startsWith("qr")
      ? "qrCode"
      : scenario.startsWith("phone")
        ? "phoneCode"
        : "extension";
    this.#attempts.begin(SUBJECT, method);
    if (scenario === "checking") return;
    if (scenario === "qrFetching") {
      this.#attempts.change(SUBJECT, { phase: { state: "preparing", message: null }, requesting: true });
      return;
    }
    this.#attempts.goOn(SUBJECT);
    if (scenario === "failed")
      this.setPhase(SUBJECT, { state: "failed", failure: failure("instanceNotFound") });
    const { state } = this.#attempts.view(SUBJECT).phase;
    if (state === "preparing" && !["preparing", "phonePreparing"].includes(scenario)) {
      this.#attempts.giveCode(SUBJECT, null);
    }
    if (scenario === "trouble") this.setTrouble(SUBJECT, failure("offline"));
    if (scenario === "connected" || scenario === "otherNumber") {
      this.#attempts.backdate(SUBJECT, 134_000);
      this.connect(SUBJECT);
    }
    if (scenario.endsWith("Read") || scenario.endsWith("Passkey")) this.#attempts.codeRead(SUBJECT);
    if (scenario.endsWith("Passkey")) this.clock.advance(PASSKEY_AFTER_MS);
    if (scenario === "expired") this.clock.advance(CODE_LIFE_MS);
    if (scenario === "qrExpired") this.clock.advance(60_000);
    if (scenario === "gaveUp" || scenario === "qrGaveUp")
      this.clock.advance(CODE_LIFE_MS + WATCH_AFTER_EXPIRY_MS);
    if (scenario === "phoneGaveUp") this.setPhase(SUBJECT, { state: "gaveUp" });
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
        const listed = this.#profile.accounts.some(
          (account) => account.id === form.accountId && account.partnerToken.saved !== "no",
        );
        if (id === null && !listed) problems.push(problem("token", "missing"));
      } else if (token.includes("/")) problems.push(problem("token", "isAnAddress"));
      else if (token === address.instanceId) problems.push(problem("token", "isInstanceId"));
      else if (accountSecrets.includes(token)) problems.push(problem("token", "isClientToken"));
      else if (/\s/.test(token)) problems.push(problem("token", "hasSpaces"));
      else if (!/^[0-9A-Za-z]+$/.test(token)) problems.push(problem("token", "badCharacters"));
    }
    const phone = readPhone(form.phone);
    if (typeof phone === "string") problems.push(problem("phone", phone));
    problems.push(...noteProblems(form));
    return {
      problems,
      instanceId: address.instanceId,
      tokenInAddress,
      phoneDisplay: typeof phone === "string" ? null : (phone?.phoneDisplay ?? null),
    };
  }

  #checkInstance(form: InstanceForm): CustomerCheck {
    const problems = nameProblems(form.name);
    const phone = readPhone(form.phone);
    if (typeof phone === "string") problems.push(problem("phone", phone));
    problems.push(...noteProblems(form));
    if (!form.confirmed) problems.push(problem("account", "notConfirmed"));
    const phoneDisplay = typeof phone === "string" ? null : (phone?.phoneDisplay ?? null);
    return { problems, instanceId: null, tokenInAddress: false, phoneDisplay };
  }

  #add(
    id: string,
    accountId: string,
    told: Pick<
      FakeCustomer,
      "name" | "instanceId" | "phone" | "phoneDisplay" | "language" | "token" | "note" | "labels"
    > &
      Partial<FakeCustomer>,
  ): CustomerRow {
    const account = this.#account(accountId);
    const customer: FakeCustomer = {
      id,
      accountId: account.id,
      accountName: account.name,
      accountHasPartnerToken: false,
      status: "unknown",
      statusSince: null,
      instanceType: null,
      due: null,
      vanished: false,
      neverConnected: true,
      script: "connects",
      ...told,
    };
    this.#profile.customers.unshift(customer);
    this.#roster.changed();
    return this.#row(customer);
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

  /** The account decides about the Partner token. */
  #row(customer: FakeCustomer): CustomerRow {
    const { partnerToken } = this.#account(customer.accountId);
    return { ...rowOf(customer), accountHasPartnerToken: partnerToken.saved !== "no" };
  }

  #status(customer: FakeCustomer): CustomerStatus {
    const code = SCRIPTED_FAILURES[customer.script];
    if (code) throw failure(code);
    if (customer.status === "unknown") this.#setStatus(customer, "offline");
    if (customer.status !== "connected") {
      return {
        status: customer.status,
        identity: null,
        expected: "notSet",
        phoneOnline: null,
        needsRestore: customer.script === "asksRestore",
        instanceType: customer.instanceType,
      };
    }
    return {
      status: "connected",
      identity: identityOf(customer),
      expected: expectedOf(customer),
      phoneOnline: customer.script !== "phoneOffline",
      needsRestore: false,
      instanceType: customer.instanceType,
    };
  }

  #picture(customerId: string): string {
    const { phase } = this.#attempts.view(customerId);
    if (phase.state !== "waiting" || phase.code.kind !== "qr") throw failure("codeNotValid");
    return phase.code.picture;
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
    return { language, kind, text: edited ?? shippedTemplate(language, kind), edited: edited !== undefined };
  }

  #strip(customerId: string): PracticeStrip {
    const customer = this.#customer(customerId);
    const actions: PracticeAction[] = [];
    const phase = this.#attempts.find(customerId)?.phase;
    if (phase?.state === "waiting") {
      if (phase.code.kind === "qr") actions.push("readsQr");
      else if (phase.code.kind === "phone") actions.push("typesPhoneCode");
      else actions.push("typesCode", "confirms");
    }
    if (customer.status === "connected") actions.push("disconnects", "anHourPasses");
    if (customer.script === "phoneOffline") actions.push("phoneComesBack");
    actions.push(...this.#registrations.actions(customerId));
    return { scenario: customer.script, actions, received: this.#registrations.received(customerId) };
  }
}
