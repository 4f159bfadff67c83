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
  PracticeAction,
  PracticeStrip,
  PresenterView,
  Problem,
  Queue,
  Registration,
  Template,
  Triage,
  Way,
  WayLeft,
} from "./types";

/** Stops a subscription. What runs in the backend goes on. */
export type Unfollow = () => void;
/** Told the `Failure` when a subscription cannot be had: nothing will come of it. */
export type OnError = (reason: unknown) => void;

/**
 * Everything the windows may ask of the Rust side. Each rejection is a `Failure`.
 * `tauri.ts` calls the app; `fake.ts` plays it in a plain browser for tests.
 */
export interface Backend {
  appState(): Promise<AppState>;
  followApp(on: (event: AppEvent) => void, onError: OnError): Unfollow;
  setLanguage(language: Language | null): Promise<AppState>;
  setZapiAddress(address: string | null): Promise<AppState>;
  copyDiagnosticReport(): Promise<void>;
  backgroundSettings(): Promise<BackgroundSettings>;
  /** Refused with `invalidInput` (field `time`) or `autostartFailed`: then nothing is changed. */
  setBackgroundSettings(settings: BackgroundSettings): Promise<BackgroundSettings>;
  /** The answer to the event `closing`: kept, and done at once. */
  closeMain(onClose: OnClose): Promise<void>;

  accounts(): Promise<Account[]>;
  checkAccount(form: AccountForm): Promise<Problem[]>;
  addAccount(form: AccountForm): Promise<Account>;
  renameAccount(id: string, name: string): Promise<Account>;
  /** null removes the secret. */
  setAccountSecret(id: string, secret: AccountSecret, value: string | null, keep: Keep): Promise<Account>;
  testAccount(id: string): Promise<AccountTest>;
  /** Refused with `accountHasCustomers` while customers remain. */
  removeAccount(id: string): Promise<void>;

  customers(query: CustomerQuery): Promise<CustomerPage>;
  customer(id: string): Promise<CustomerRow>;
  checkCustomer(id: string | null, form: CustomerForm): Promise<CustomerCheck>;
  addCustomer(form: CustomerForm): Promise<CustomerRow>;
  editCustomer(id: string, form: CustomerForm): Promise<CustomerRow>;
  removeCustomer(id: string): Promise<void>;
  customerStatus(id: string): Promise<CustomerStatus>;
  /** All labels in use, by name. */
  customerLabels(): Promise<string[]>;
  checkInstance(form: InstanceForm): Promise<CustomerCheck>;
  /** Creates an instance for a new customer. Costs the partner money. */
  createInstance(form: InstanceForm): Promise<CustomerRow>;

  /** What is being, or was last, read of the Partner listings: one for each account. */
  imports(): Promise<Import[]>;
  /** Begins to read an account's Partner listing, or goes on with a reading that was ended. The event `import` tells the rest. */
  importCustomers(accountId: string): Promise<void>;
  cancelImport(accountId: string): Promise<void>;

  /** Hands over a spreadsheet's bytes, which are kept until `forgetCsv` or the next file. */
  readCsv(bytes: Uint8Array): Promise<void>;
  /** What importing that file into an account would do. Without `columns`, Ponte guesses what they hold. */
  previewCsv(accountId: string, columns: (CsvColumn | null)[] | null): Promise<CsvPreview>;
  /** Adds its lines; the event `csvProgress` tells how far. Tokens go to the vault. */
  importCsv(accountId: string, columns: (CsvColumn | null)[], keep: Keep): Promise<CsvResult>;
  /** Ends the import after the line it is at. */
  cancelCsv(): Promise<void>;
  forgetCsv(): Promise<void>;
  /** An empty table to fill in, to the downloads folder; the answer is the file's name. */
  saveCsvTemplate(): Promise<string>;
  /** The customers that match, without secrets, to the downloads folder; the answer is the file's name. */
  exportCustomers(query: CustomerQuery): Promise<string>;

  /** Starts an attempt in place of one that is over or of another method, or joins the one that runs. */
  startAttempt(customerId: string, method: Method): Promise<void>;
  /** Follows the customer's attempt, if there is one: the current view at once, then every change. null: no attempt. */
  followAttempt(customerId: string, on: (attempt: Attempt | null) => void, onError: OnError): Unfollow;
  /** Resolves when the new code is in the view. `phone`, in any spelling: for the phone code only. */
  getCode(customerId: string, phone: string | null): Promise<void>;
  /** The agent says that the customer has read the QR code or typed the phone code. */
  codeRead(customerId: string): Promise<void>;
  /** Resets WhatsApp's passkey question, and begins the attempt anew. */
  startOver(customerId: string): Promise<void>;
  endAttempt(customerId: string): Promise<void>;
  /** Milliseconds until the connection code dies, 0 when dead, null without one. Ask at every tick: never count down a number. */
  timeLeft(customerId: string): Promise<number | null>;
  copyCode(customerId: string): Promise<void>;
  copyMessage(customerId: string): Promise<void>;
  /** The QR code as a picture. */
  copyPicture(customerId: string): Promise<void>;
  /** To the downloads folder; the answer is the file's name. */
  savePicture(customerId: string): Promise<string>;
  /** Shows the file that was saved last in its folder. */
  showSavedFile(): Promise<void>;
  openPresenter(customerId: string): Promise<void>;

  queue(customerId: string): Promise<Queue>;
  emptyQueue(customerId: string): Promise<void>;
  /** Resolves with the status afterwards. */
  instanceAction(customerId: string, action: InstanceAction): Promise<CustomerStatus>;
  /** Costs the partner money. An attempt that ended for the subscription goes on by itself. */
  subscribeAgain(customerId: string): Promise<void>;

  setInstanceType(customerId: string, kind: InstanceType): Promise<void>;
  /** Follows the registration on a mobile instance: where it stands at once, then every change. */
  followRegistration(
    customerId: string,
    on: (registration: Registration) => void,
    onError: OnError,
  ): Unfollow;
  /** When each way of receiving the code may be asked for. Ask at every tick: never count down a number. */
  registrationWaits(customerId: string): Promise<WayLeft[]>;
  /** `phone` in any spelling; `confirmed`: the agent knows that the phone that has the number loses WhatsApp. */
  checkRegistration(customerId: string, phone: string, confirmed: boolean): Promise<void>;
  /** Checks the same number once more. */
  checkRegistrationAgain(customerId: string): Promise<void>;
  /** Refused with `wayMustWait` before the way's time. */
  requestRegistrationCode(customerId: string, way: Way): Promise<void>;
  answerCaptcha(customerId: string, answer: string): Promise<void>;
  /** From awaiting the code back to choosing a way. */
  anotherWay(customerId: string): Promise<void>;
  /** Back to the number. The waits go on. */
  startRegistrationAgain(customerId: string): Promise<void>;
  /** Typed with or without separators. */
  confirmRegistrationCode(customerId: string, code: string): Promise<void>;
  confirmPin(customerId: string, pin: string): Promise<void>;
  /** Has WhatsApp send the e-mail by which a forgotten PIN is reset. */
  recoverPin(customerId: string): Promise<void>;
  /** Asks once whether the old phone has confirmed. */
  checkTransfer(customerId: string): Promise<void>;
  appeal(customerId: string, description: string): Promise<void>;
  copyRegistrationMessage(customerId: string): Promise<void>;

  triage(customerId: string): Promise<Triage>;
  copyTriageMessage(customerId: string, cardId: string): Promise<void>;
  /** The folder for the desk's own cards, with an example in it. */
  openTriageFolder(): Promise<void>;

  history(query: HistoryQuery): Promise<HistoryPage>;
  /** As CSV to the downloads folder; the answer is the file's name. */
  exportHistory(query: HistoryQuery): Promise<string>;
  /** 1 to 3650. What is older is forgotten. */
  setHistoryDays(days: number): Promise<AppState>;

  /** How to work with Ponte, in a window of its own. */
  openGuide(): Promise<void>;
  openLink(link: Link): Promise<OpenedIn>;
  copyLink(link: Link): Promise<void>;

  templates(): Promise<Template[]>;
  checkTemplate(kind: MessageKind, text: string): Promise<Problem[]>;
  saveTemplate(language: Language, kind: MessageKind, text: string): Promise<Template>;
  resetTemplate(language: Language, kind: MessageKind): Promise<Template>;

  enterPractice(): Promise<AppState>;
  leavePractice(): Promise<AppState>;
  practiceStrip(customerId: string): Promise<PracticeStrip>;
  playPractice(customerId: string, action: PracticeAction): Promise<PracticeStrip>;
}

/** The presenter window may ask for this, and nothing else. */
export interface PresenterBackend {
  follow(on: (view: PresenterView) => void, onError: OnError): Unfollow;
  timeLeft(): Promise<number | null>;
}
