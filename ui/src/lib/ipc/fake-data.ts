import connectionCodeEn from "../../../../src-tauri/crates/desk/messages/en/connection-code.txt?raw";
import preparationEn from "../../../../src-tauri/crates/desk/messages/en/preparation.txt?raw";
import connectionCodeEs from "../../../../src-tauri/crates/desk/messages/es/connection-code.txt?raw";
import preparationEs from "../../../../src-tauri/crates/desk/messages/es/preparation.txt?raw";
import connectionCodePt from "../../../../src-tauri/crates/desk/messages/pt-BR/connection-code.txt?raw";
import preparationPt from "../../../../src-tauri/crates/desk/messages/pt-BR/preparation.txt?raw";
import type { Account, ConnectionStatus, CustomerRow, ErrorCode, Language, MessageKind } from "./types";

/** How a scripted customer behaves once an attempt runs. The names are those of the practice server. */
export type Script =
  | "connects"
  | "expires"
  | "alreadyConnected"
  | "wrongToken"
  | "subscriptionOver"
  | "otherNumber"
  | "slowAndFaulty";

export type FakeCustomer = CustomerRow & { script: Script };
export type Profile = { accounts: Account[]; customers: FakeCustomer[] };

const HOUR = 3_600_000;

/** The codes a fake attempt receives, one after the other. */
export const CODES = ["FA48-HS63", "KD27-PM94", "RB15-TW80"];

export const CONNECTED_NAME = "Aurora Pães e Doces";
/** The number that `otherNumber` connects: nobody's in the list. */
export const OTHER_PHONE = { phone: "5544999990999", phoneDisplay: "+55 44 99999-0999" };

/** Errors after which an attempt cannot go on by itself. */
export const SCRIPTED_FAILURES: Partial<Record<Script, ErrorCode>> = {
  wrongToken: "instanceNotFound",
  subscriptionOver: "subscriptionOver",
};

const no = { saved: "no", lastFour: null } as const;

export function litoral(): Account {
  return {
    id: "litoral",
    name: "Agência Litoral",
    clientToken: { saved: "keychain", lastFour: "0001" },
    partnerToken: { ...no },
    customers: 0,
  };
}

export function norte(): Account {
  return {
    id: "norte",
    name: "Estúdio Norte",
    clientToken: { saved: "session", lastFour: "0002" },
    partnerToken: { saved: "keychain", lastFour: "0003" },
    customers: 0,
  };
}

function customer(
  now: number,
  number: number,
  name: string,
  digits: string,
  display: string,
  script: Script,
  status: ConnectionStatus,
  hours: number | null,
): FakeCustomer {
  return {
    id: `customer-${number}`,
    accountId: "litoral",
    accountName: "Agência Litoral",
    name,
    instanceId: `FAKE0000000000000000000000000${String(number).padStart(3, "0")}`,
    phone: digits,
    phoneDisplay: display,
    language: "pt-BR",
    token: { saved: "keychain", lastFour: `T${String(number).padStart(3, "0")}` },
    status,
    statusSince: hours === null ? null : now - hours * HOUR,
    script,
  };
}

/** The desk of the sketch, with one customer for every script. */
export function sampleCustomers(now: number): FakeCustomer[] {
  return [
    customer(now, 1, "Padaria Aurora", "5544999990101", "+55 44 99999-0101", "connects", "offline", 3),
    customer(now, 2, "Clínica Vida Plena", "5511988880202", "+55 11 98888-0202", "expires", "offline", 26),
    customer(
      now,
      3,
      "Ótica Horizonte",
      "5521977770303",
      "+55 21 97777-0303",
      "subscriptionOver",
      "subscriptionOver",
      50,
    ),
    customer(
      now,
      4,
      "Mercado São Jorge",
      "5562966660404",
      "+55 62 96666-0404",
      "alreadyConnected",
      "connected",
      200,
    ),
    customer(
      now,
      5,
      "Pet Shop Amigo Fiel",
      "5531955550505",
      "+55 31 95555-0505",
      "alreadyConnected",
      "connected",
      90,
    ),
    customer(now, 6, "Studio Bela Forma", "5585944440606", "+55 85 94444-0606", "otherNumber", "offline", 1),
    customer(now, 7, "Auto Peças Central", "5541933330707", "+55 41 93333-0707", "wrongToken", "notFound", 5),
    customer(
      now,
      8,
      "Livraria Boa Página",
      "5551922220808",
      "+55 51 92222-0808",
      "slowAndFaulty",
      "unknown",
      null,
    ),
  ];
}

/** A desk as large as the largest we promise to serve. */
export function manyCustomers(now: number, count: number): FakeCustomer[] {
  const samples = sampleCustomers(now);
  return Array.from({ length: count }, (_, index) => {
    const sample = samples[index % samples.length] as FakeCustomer;
    return { ...sample, id: `customer-${index + 1}`, name: `${sample.name} ${index + 1}` };
  });
}

export const PLACEHOLDERS: Record<MessageKind, string[]> = {
  preparation: ["name", "number", "link"],
  connectionCode: ["name", "number", "link", "code", "validUntil"],
};
export const REQUIRED_PLACEHOLDER: Record<MessageKind, string> = {
  preparation: "link",
  connectionCode: "code",
};

export const TEMPLATES: Record<Language, Record<MessageKind, string>> = {
  "pt-BR": { preparation: preparationPt.trimEnd(), connectionCode: connectionCodePt.trimEnd() },
  en: { preparation: preparationEn.trimEnd(), connectionCode: connectionCodeEn.trimEnd() },
  es: { preparation: preparationEs.trimEnd(), connectionCode: connectionCodeEs.trimEnd() },
};

export const STORE_LINK = "https://chromewebstore.google.com/detail/iopmkohngoecmepoheapifkafbeomphn";
