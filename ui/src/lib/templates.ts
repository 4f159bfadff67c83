import type { MessageKind } from "./ipc/types";

export type Placeholder = "name" | "number" | "link" | "code" | "validUntil";

/** The placeholders that each message may have; as in `messages.rs`. */
export const PLACEHOLDERS: Record<MessageKind, Placeholder[]> = {
  preparation: ["name", "number", "link"],
  connectionCode: ["name", "number", "link", "code", "validUntil"],
  phoneCode: ["name", "number", "code"],
  registrationBegins: ["name", "number"],
  registrationSms: ["name", "number"],
  registrationCall: ["name", "number"],
  registrationOldPhone: ["name", "number"],
  registrationPin: ["name", "number"],
  registrationPinReset: ["name", "number"],
  registrationConfirm: ["name", "number"],
  registrationBlocked: ["name", "number"],
};

export const KINDS = Object.keys(PLACEHOLDERS) as MessageKind[];
