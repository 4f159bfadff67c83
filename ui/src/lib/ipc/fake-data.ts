import type {
  Account,
  ConnectionStatus,
  CustomerRow,
  ErrorCode,
  ExpectedNumber,
  Identity,
  Language,
  MessageKind,
} from "./types";

/** How a scripted customer behaves once an attempt runs. The names are those of the practice server. */
export type Script =
  | "connects"
  | "asksPasskey"
  | "expires"
  | "alreadyConnected"
  | "queueWaits"
  | "phoneOffline"
  | "subscriptionOver"
  | "asksRestore"
  | "disconnectsLater"
  | "wrongToken"
  | "otherNumber"
  | "slowAndFaulty"
  | "registersBySms"
  | "captcha"
  | "asksPin"
  | "forgotPin"
  | "confirmsOnPhone"
  | "mustWait"
  | "voiceClosed"
  | "blocked"
  | "blockedForGood"
  | "tooManyTries"
  | "oddAnswers";

export type FakeCustomer = CustomerRow & { script: Script };
export type Profile = { accounts: Account[]; customers: FakeCustomer[] };

const HOUR = 3_600_000;

/** The codes a fake attempt receives, one after the other. */
export const CODES = ["FA48-HS63", "KD27-PM94", "RB15-TW80"];
export const PHONE_CODES = ["A1B2C3D4", "E5F6G7H8", "J9K1L2M3"];
/** They read "FAKE-QR-CODE-1-OF-PONTE-LEADS-NOWHERE", and 2, and 3. */
export const PICTURES = [
  "iVBORw0KGgoAAAANSUhEUgAAACEAAAAhAQAAAAB/n//CAAAAlElEQVR42mP4DwQNDJjkB6Ec9gaG77dSvzcwfIkLFQeSwXtBZGAqkPx+qRco/kE0BKjm/7d+oPrvTh/MGxg+1ljub2D4MdHxPFDkwZdyoBpv/eVAcXv75w0Mf6P6gSL/jT6mNzB8cm2IB7I/LLcHqhH4ChT5fne6O8h8BaCaLzF16SBSYz1Q/IZrO1CNYKs4NneCSQCeVmsjsf51ewAAAABJRU5ErkJggg==",
  "iVBORw0KGgoAAAANSUhEUgAAACEAAAAhAQAAAAB/n//CAAAAkklEQVR42mP4DwQNDJjkB4kS9gaG71dZvzcwfAm6Kw4kQ3tBZJwokPx+Ixco/kE0BKjm/+fp/0EqGfsbGL69K5gPVMN7Gij7c9sr/gaGr2eNrwPFN8elA8XnM/oDVaa77weyp3+QB+r9ctweaI6caD5Q/B47kP0lPsAcSEaYuwPJ2GXTgeL3b4PcIzIzHZs7wSQAnjBrzRkfPO8AAAAASUVORK5CYII=",
  "iVBORw0KGgoAAAANSUhEUgAAACEAAAAhAQAAAAB/n//CAAAAk0lEQVR42mP4DwQNDJjkB6kv7A0M3y+1fm9g+BJ0VxxIBvSCyChRIPn9Ti5Q/INoCFDN/y/T/4NUNvY3MPzNL5vfwPDroC9Q9tOCV/wNDP/8ja8D2fpx6Q0MX4MZ/YFksvt+IHnzgzxQ74fj9kBzZETzgSbcYgeyv8QGmINsMXcHktHLpgPFb94GuUdgZjo2d4JJAO2za9FjUOhpAAAAAElFTkSuQmCC",
].map((png) => `data:image/png;base64,${png}`);

/** The captcha, and what it reads. */
export const CAPTCHA =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAIQAAAAyAQAAAAC1rE5iAAABPElEQVQoz9XSsU7DMBAG4KuCaonlHuEGXgMpI6/DyFQ7aqnZ/Ag8CpE6eOEhImXoiKMuHtL82G5aITIz4C2fdbbz3xF+rUD/TOqfEjQQ+ae0eb/IGXjKYgToioy6o1SANTscXKmiSlbAl3ADf5FhIwZwH2zEvUk5eRRTj4wsVXsTU2QvU32RvVASh+RNliiWiacsCuE5C1tXySgWrbq8eWBrIS0ZbP1VXptJ6IUe1SwnNrsNkTYrP0vPO0WrToJK1UWO93cqPPQeys4neyI/8uEEu5/z8ZVRY90SbE4ky2flt1GbtbZmTtXwwaSblNgWV+lt1NY728/ScJcE5R8uolxQMWfPOfEkUVxUIe9KTjxQqICJs4xUQUov0sd7Fgwa/tbBYe7jaTEJcSGTXkxLvRC3kONChoWc/3CevwEsubj2ATkinwAAAABJRU5ErkJggg==";
export const CAPTCHA_ANSWER = "407258";
/** The codes that the customer of a registration receives, one after the other. */
export const REGISTRATION_CODES = ["123456", "234567", "345678"];
/** Of those who remember it, and of those who had it reset. */
export const PIN = "135790";
export const NEW_PIN = "246801";

export const CONNECTED_NAME = "Aurora Pães e Doces";
/** The number that `otherNumber` connects: nobody's in the list. */
export const OTHER_PHONE = { phone: "5544999990999", phoneDisplay: "+55 44 99999-0999" };

/** Errors after which an attempt cannot go on by itself. */
export const SCRIPTED_FAILURES: Partial<Record<Script, ErrorCode>> = {
  wrongToken: "instanceNotFound",
  subscriptionOver: "subscriptionOver",
};

export function rowOf({ script: _, ...row }: FakeCustomer): CustomerRow {
  return row;
}

export function identityOf(customer: FakeCustomer): Identity {
  if (customer.script === "otherNumber") return { ...OTHER_PHONE, name: CONNECTED_NAME };
  return { phone: customer.phone, phoneDisplay: customer.phoneDisplay, name: CONNECTED_NAME };
}

export function expectedOf(customer: FakeCustomer): ExpectedNumber {
  if (customer.phone === null) return "notSet";
  return customer.script === "otherNumber" ? "other" : "matches";
}

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
    accountHasPartnerToken: false,
    name,
    instanceId: `FAKE0000000000000000000000000${String(number).padStart(3, "0")}`,
    phone: digits,
    phoneDisplay: display,
    language: "pt-BR",
    token: { saved: "keychain", lastFour: `T${String(number).padStart(3, "0")}` },
    status,
    statusSince: hours === null ? null : now - hours * HOUR,
    instanceType: "web",
    note: "",
    labels: [],
    due: null,
    vanished: false,
    neverConnected: status === "unknown",
    script,
  };
}

/** The desk of the sketch, with one customer for nearly every script; connected since what `sampleHistory` tells of. */
export function sampleCustomers(now: number): FakeCustomer[] {
  const rows: [number, string, string, string, Script, ConnectionStatus, number | null][] = [
    [1, "Padaria Aurora", "5544999990101", "+55 44 99999-0101", "connects", "offline", 3],
    [2, "Clínica Vida Plena", "5511988880202", "+55 11 98888-0202", "expires", "offline", 26],
    [3, "Ótica Horizonte", "5521977770303", "+55 21 97777-0303", "subscriptionOver", "subscriptionOver", 50],
    [4, "Mercado São Jorge", "5562966660404", "+55 62 96666-0404", "alreadyConnected", "connected", 177],
    [5, "Pet Shop Amigo Fiel", "5531955550505", "+55 31 95555-0505", "alreadyConnected", "connected", 184],
    [6, "Studio Bela Forma", "5585944440606", "+55 85 94444-0606", "otherNumber", "offline", 1],
    [7, "Auto Peças Central", "5541933330707", "+55 41 93333-0707", "wrongToken", "notFound", 5],
    [8, "Livraria Boa Página", "5551922220808", "+55 51 92222-0808", "slowAndFaulty", "unknown", null],
    [9, "Barbearia do Porto", "5548911110909", "+55 48 91111-0909", "asksPasskey", "offline", 2],
    [10, "Pizzaria Bella Massa", "5571990001010", "+55 71 99000-1010", "queueWaits", "offline", 30],
    [11, "Floricultura Primavera", "5527990001111", "+55 27 99000-1111", "phoneOffline", "connected", 142],
    [12, "Oficina Dois Irmãos", "5581990001212", "+55 81 99000-1212", "asksRestore", "offline", 4],
  ];
  const customers = rows.map((row) => customer(now, ...row));
  const [aurora, vida, horizonte] = customers as [FakeCustomer, FakeCustomer, FakeCustomer];
  aurora.labels = ["VIP"];
  vida.labels = ["Matriz", "VIP"];
  horizonte.due = now - 50 * HOUR;
  return customers;
}

/** Customers with mobile instances, one for every script of a registration; and one of whom nobody knows. */
export function mobileCustomers(now: number): FakeCustomer[] {
  const rows: [string, string, string, Script][] = [
    ["Transportes Andorinha", "5544999991301", "+55 44 99999-1301", "registersBySms"],
    ["Farmácia Santa Luzia", "5511988881402", "+55 11 98888-1402", "captcha"],
    ["Hotel Mirante", "5521977771503", "+55 21 97777-1503", "asksPin"],
    ["Escola Pequeno Passo", "5562966661604", "+55 62 96666-1604", "forgotPin"],
    ["Viveiro Terra Boa", "5531955551705", "+55 31 95555-1705", "confirmsOnPhone"],
    ["Lavanderia Brisa", "5585944441806", "+55 85 94444-1806", "mustWait"],
    ["Gráfica Ponto e Linha", "5541933331907", "+55 41 93333-1907", "voiceClosed"],
    ["Academia Vigor", "5551922222008", "+55 51 92222-2008", "blocked"],
    ["Sorveteria Polar", "5548911112109", "+55 48 91111-2109", "blockedForGood"],
    ["Imobiliária Novo Lar", "5571990002210", "+55 71 99000-2210", "tooManyTries"],
    ["Papelaria Arco-Íris", "5527990002311", "+55 27 99000-2311", "oddAnswers"],
    ["Cafeteria Grão Fino", "5581990002412", "+55 81 99000-2412", "registersBySms"],
  ];
  return rows.map(([name, digits, display, script], index) => ({
    ...customer(now, 13 + index, name, digits, display, script, "offline", 6),
    instanceType: index < rows.length - 1 ? "mobile" : null,
  }));
}

export const REQUIRED_PLACEHOLDER: Partial<Record<MessageKind, string>> = {
  preparation: "link",
  connectionCode: "code",
  phoneCode: "code",
};

/** The desk's own files: `<language>/<message>.txt`. */
const FILES = import.meta.glob<string>("../../../../src-tauri/crates/desk/messages/*/*.txt", {
  query: "?raw",
  import: "default",
  eager: true,
});
const FILE_NAMES: Record<MessageKind, string> = {
  preparation: "preparation",
  connectionCode: "connection-code",
  phoneCode: "phone-code",
  registrationBegins: "registration-begins",
  registrationSms: "registration-sms",
  registrationCall: "registration-call",
  registrationOldPhone: "registration-old-phone",
  registrationPin: "registration-pin",
  registrationPinReset: "registration-pin-reset",
  registrationConfirm: "registration-confirm",
  registrationBlocked: "registration-blocked",
};

/** The text that ships with Ponte. */
export function shippedTemplate(language: Language, kind: MessageKind): string {
  const ending = `/${language}/${FILE_NAMES[kind]}.txt`;
  const [path] = Object.keys(FILES).filter((each) => each.endsWith(ending));
  return path === undefined ? "" : (FILES[path] as string).trimEnd();
}

export const STORE_LINK = "https://chromewebstore.google.com/detail/iopmkohngoecmepoheapifkafbeomphn";
