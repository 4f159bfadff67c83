import type { ErrorCode, Failure } from "./ipc/types";
import { say, type WordKey } from "./words.svelte";

/** What the agent can do about it with one click. */
export type FailureAction =
  | "openSettings"
  | "retry"
  /** Where doing it once more could do it twice. */
  | "checkAgain"
  | "keepForSession"
  | "editCustomer"
  | "newCode"
  /** Reads the Partner listing. */
  | "refreshList";

type FailureEntry = {
  /** `warning`: it may pass by itself, and what was under way goes on. */
  severity: "warning" | "error";
  actions: FailureAction[];
  /** Says more when this parameter came with the failure: `failures.<code>.nextKnowing`. */
  knowing?: "address" | "retryAfterSeconds" | "customerName" | "megabytes";
};

const passing: FailureEntry = { severity: "warning", actions: ["retry", "checkAgain"] };
const credential: FailureEntry = { severity: "error", actions: ["openSettings"] };
const keychain: FailureEntry = { severity: "error", actions: ["retry", "keepForSession"] };
const plain: FailureEntry = { severity: "error", actions: [] };

/** Every error code: how bad it is and what can be done. The words are `failures.<code>`. */
export const failures: Record<ErrorCode, FailureEntry> = {
  offline: passing,
  dnsFailed: passing,
  connectionRefused: passing,
  tlsFailed: { severity: "error", actions: ["retry"] },
  timedOut: passing,
  connectionReset: passing,

  clientTokenMissing: credential,
  clientTokenNotConfigured: credential,
  clientTokenWrong: credential,
  partnerTokenWrong: credential,
  addressNotAllowed: { severity: "error", actions: ["retry"], knowing: "address" },

  instanceNotFound: { severity: "error", actions: ["editCustomer", "retry"] },
  subscriptionOver: { severity: "error", actions: ["retry"] },
  subscriptionRequested: { severity: "warning", actions: ["checkAgain"] },

  tooOften: { severity: "warning", actions: ["retry"], knowing: "retryAfterSeconds" },
  gatewayTrouble: passing,
  notJson: passing,
  truncatedAnswer: passing,
  answerTooLarge: passing,
  redirectRefused: { severity: "error", actions: ["retry", "openSettings"] },
  unknownRoute: { severity: "error", actions: ["openSettings"] },
  unexpectedAnswer: passing,

  keychainMissing: { severity: "error", actions: ["keepForSession"] },
  keychainLocked: keychain,
  keychainRefused: keychain,
  keychainFull: keychain,
  keychainTimedOut: keychain,
  keychainFailed: keychain,
  secretMissing: { severity: "error", actions: ["editCustomer"] },

  storeFailed: { severity: "error", actions: ["retry"] },
  diskFull: { severity: "error", actions: ["retry"] },

  invalidInput: plain,
  notFound: plain,
  alreadyConnected: { severity: "warning", actions: ["retry"] },
  codeNotValid: { severity: "warning", actions: ["newCode"] },
  noAttempt: { severity: "warning", actions: ["retry"] },
  notNow: { severity: "warning", actions: [] },
  wayMustWait: { severity: "warning", actions: [], knowing: "retryAfterSeconds" },
  accountHasCustomers: plain,
  duplicateInstance: { severity: "error", actions: [], knowing: "customerName" },
  clipboardFailed: plain,
  linkFailed: plain,
  notInPractice: plain,
  startOverFailed: { severity: "error", actions: ["retry"] },
  partnerTokenMissing: credential,
  saveFailed: { severity: "error", actions: ["retry"] },
  internal: { severity: "error", actions: ["retry"] },

  storeDamaged: plain,
  notATable: plain,
  fileTooLarge: { severity: "error", actions: [], knowing: "megabytes" },
  instanceMaybeCreated: { severity: "error", actions: ["refreshList"] },
  autostartFailed: plain,
  linkNotUnderstood: { severity: "warning", actions: [] },
};

/** What happened, and what to do next, in the agent's language. */
export function sentences({ code, params }: Failure): { title: string; next: string } {
  const { knowing } = failures[code];
  const more = knowing !== undefined && params[knowing] !== undefined;
  const next: WordKey = more ? (`failures.${code}.nextKnowing` as WordKey) : `failures.${code}.next`;
  return { title: say(`failures.${code}.title`), next: say(next, params) };
}

/** What a rejected call was rejected with. Anything but a `Failure` is a mistake in Ponte. */
export function asFailure(reason: unknown): Failure {
  if (typeof reason === "object" && reason !== null && "code" in reason && String(reason.code) in failures) {
    return reason as Failure;
  }
  console.error(reason);
  return { code: "internal", params: {} };
}
