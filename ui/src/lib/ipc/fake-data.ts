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
  "pt-BR": {
    preparation:
      "Oi, {name}! Para conectar o seu WhatsApp:\n1. No Chrome do computador, instale a extensão Z-API Conector: {link}\n2. Abra https://web.whatsapp.com e entre com o número {number}.\nMe avise quando o WhatsApp Web estiver aberto.",
    connectionCode:
      "Oi, {name}! Com o WhatsApp Web aberto no Chrome, clique no ícone da extensão Z-API Conector e digite {code}. Confira se o número é o seu e clique em Conectar na Z-API. O código vale até {validUntil}. Se ainda não instalou a extensão: {link}",
  },
  en: {
    preparation:
      "Hi {name}! To connect your WhatsApp:\n1. In Chrome on your computer, install the Z-API Conector extension: {link}\n2. Open https://web.whatsapp.com and log in with {number}.\nTell me when WhatsApp Web is open.",
    connectionCode:
      "Hi {name}! With WhatsApp Web open in Chrome, click the Z-API Conector icon and type {code}. Check that the number is yours and click Conectar na Z-API. The code is valid until {validUntil}. If you have not installed the extension yet: {link}",
  },
  es: {
    preparation:
      "¡Hola, {name}! Para conectar su WhatsApp:\n1. En Chrome, en la computadora, instale la extensión Z-API Conector: {link}\n2. Abra https://web.whatsapp.com e inicie sesión con el número {number}.\nAvíseme cuando WhatsApp Web esté abierto.",
    connectionCode:
      "¡Hola, {name}! Con WhatsApp Web abierto en Chrome, haga clic en el ícono de la extensión Z-API Conector y escriba {code}. Compruebe que el número es el suyo y haga clic en Conectar na Z-API. El código vale hasta las {validUntil}. Si aún no instaló la extensión: {link}",
  },
};

export const STORE_LINK = "https://chromewebstore.google.com/detail/iopmkohngoecmepoheapifkafbeomphn";
