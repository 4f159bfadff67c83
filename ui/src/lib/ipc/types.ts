// Generated from the Rust types by `cargo xtask check`. Do not edit.

export type Language = "pt-BR" | "en" | "es";
export type Keep = "keychain" | "session";
export type Saved = "no" | "keychain" | "session";
export type SecretState = { saved: Saved; lastFour: string | null };

export type ErrorCode =
  // could not reach
  | "offline" | "dnsFailed" | "connectionRefused" | "tlsFailed" | "timedOut" | "connectionReset"
  // refused
  | "clientTokenMissing" | "clientTokenNotConfigured" | "clientTokenWrong" | "partnerTokenWrong" | "addressNotAllowed"
  // about the instance
  | "instanceNotFound" | "subscriptionOver"
  // the server
  | "tooOften" | "gatewayTrouble" | "notJson" | "truncatedAnswer" | "answerTooLarge" | "redirectRefused"
  | "unknownRoute" | "unexpectedAnswer"
  // vault
  | "keychainMissing" | "keychainLocked" | "keychainRefused" | "keychainFull" | "keychainTimedOut" | "keychainFailed"
  | "secretMissing"
  // store
  | "storeFailed" | "diskFull"
  // what the agent asked for
  | "invalidInput" | "notFound" | "alreadyConnected" | "codeNotValid" | "noAttempt" | "accountHasCustomers"
  | "duplicateInstance" | "clipboardFailed" | "linkFailed" | "notInPractice" | "internal";

/** What went wrong. `params` holds only harmless values: retryAfterSeconds, status, address (caller's IP), field, problem, customerName. */
export type Failure = { code: ErrorCode; params: Record<string, string> };

export type Account = {
  id: string;
  name: string;
  clientToken: SecretState;
  partnerToken: SecretState;
  customers: number;
};
export type AccountForm = { name: string; clientToken: string | null; partnerToken: string | null; keep: Keep };
export type AccountSecret = "clientToken" | "partnerToken";
export type Verdict =
  | { kind: "works" }
  | { kind: "notSaved" }
  /** A Client-Token can only be tried on an instance: add a customer (or a Partner token) first. */
  | { kind: "needsCustomer" }
  | { kind: "failed"; failure: Failure };
export type AccountTest = { clientToken: Verdict; partnerToken: Verdict };

export type ConnectionStatus = "unknown" | "connected" | "offline" | "subscriptionOver" | "notFound";
export type CustomerRow = {
  id: string;
  accountId: string;
  accountName: string;
  name: string;
  instanceId: string;
  /** Digits with country code, no plus. */
  phone: string | null;
  phoneDisplay: string | null;
  language: Language;
  token: SecretState;
  status: ConnectionStatus;
  /** Unix milliseconds by this computer's clock: since when this status has been seen. */
  statusSince: number | null;
};
export type CustomerPage = { rows: CustomerRow[]; total: number };
export type CustomerQuery = { text: string; accountId: string | null };
export type CustomerForm = {
  accountId: string;
  name: string;
  /** The whole address the panel shows, or the instance id alone. */
  address: string;
  /** The instance token when `address` is an id alone. When editing: null keeps the saved one. */
  token: string | null;
  phone: string;
  language: Language;
  keep: Keep;
};
export type Field = "name" | "address" | "token" | "phone" | "clientToken" | "partnerToken" | "template" | "zapiAddress" | "account";
export type ProblemCode =
  | "missing" | "tooLong" | "hasSpaces" | "badCharacters"
  | "notAnAddress"          // looks like a web address, but not one of Z-API's instance addresses
  | "halfAnAddress"         // the address lacks its id or its token
  | "isAnAddress"           // a whole address where a lone token belongs
  | "isInstanceId"          // the instance id where a token belongs
  | "isInstanceToken"       // a customer's instance token where the Client-Token or Partner token belongs
  | "isClientToken"         // the account's Client-Token (or Partner token) where the instance token belongs
  | "phoneNotUnderstood" | "phoneNotPossible"
  | "unknownPlaceholder" | "missingPlaceholder"
  | "notHttps";
export type Problem = { field: Field; code: ProblemCode; params: Record<string, string> };
export type CustomerCheck = {
  problems: Problem[];
  instanceId: string | null;
  /** The pasted address already holds a token: the token field is not needed. */
  tokenInAddress: boolean;
  phoneDisplay: string | null;
};

/** What WhatsApp tells about the connected number. */
export type Identity = { phone: string | null; phoneDisplay: string | null; name: string | null };
export type CustomerStatus = {
  status: ConnectionStatus;
  identity: Identity | null;
};

export type Method = "extension";
export type ExpectedNumber = "matches" | "other" | "notSet" | "unknown";
export type ConnectionCode = {
  /** Exactly as received. */
  text: string;
  /** `text` split at its hyphen; one part when there is none. */
  halves: string[];
  /** The server's clock could not be read: five minutes from the request. */
  approximate: boolean;
  /** Clock time, e.g. "14:32", in the agent's time zone. */
  validUntil: string;
  /** The complete message in the customer's language. */
  message: string;
};
export type Phase =
  | { state: "checking" }
  | { state: "alreadyConnected"; identity: Identity; expected: ExpectedNumber }
  | { state: "preparing"; message: string }
  | { state: "waiting"; code: ConnectionCode }
  /** The code died; the watch still runs (90 s). */
  | { state: "expired" }
  | { state: "connected"; identity: Identity; expected: ExpectedNumber; seconds: number }
  /** The watch ended without a connection. */
  | { state: "gaveUp" }
  /** Cannot go on (wrong token, subscription over…). */
  | { state: "failed"; failure: Failure };
export type Attempt = {
  customerId: string;
  method: Method;
  phase: Phase;
  /** A code is being fetched right now. */
  requesting: boolean;
  /** The last thing that went wrong while the attempt goes on; gone when it works again. */
  trouble: Failure | null;
  /** Unix milliseconds by this computer's clock: last answer of the server. */
  checkedAt: number | null;
};

export type PresenterView = {
  language: Language;
  state: "preparing" | "waiting" | "expired" | "connected" | "over";
  halves: string[];
  /** Spoken form is made by the UI. */
  validUntil: string | null;
  phoneDisplay: string | null;
};

export type MessageKind = "preparation" | "connectionCode";
export type Template = { language: Language; kind: MessageKind; text: string; edited: boolean };

export type Link = "chromeStore" | "whatsAppWeb";
export type OpenedIn = "chrome" | "defaultBrowser";

export type PracticeAction = "typesCode" | "confirms" | "disconnects";
export type PracticeStrip = { scenario: string; actions: PracticeAction[] };

export type AppState = {
  version: string;
  /** In force now. */
  language: Language;
  /** Chosen by the agent; null follows the system. */
  chosenLanguage: Language | null;
  practice: boolean;
  accounts: number;
  /** PONTE_VAULT=memory: nothing is kept after quitting. */
  memoryVault: boolean;
  /** Base address set by the agent, null for Z-API's own. */
  zapiAddress: string | null;
  /** true when PONTE_ZAPI_URL overrides it. */
  zapiAddressFixed: boolean;
};

export type MenuAction = "addCustomer" | "search" | "settings" | "about";
export type AppEvent =
  | { kind: "menu"; action: MenuAction }
  | { kind: "customerStatus"; customerId: string; status: ConnectionStatus; statusSince: number | null };
