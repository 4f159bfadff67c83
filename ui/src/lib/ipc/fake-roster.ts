import { folded } from "../search";
import type { FakeCustomer, Profile } from "./fake-data";
import type {
  AppEvent,
  ConnectionStatus,
  CustomerPage,
  CustomerQuery,
  CustomerRow,
  Import,
  StatusCounts,
  StatusFilter,
} from "./types";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Most rows of one answer. */
const PAGE = 500;

// Each list by name, so that customers made of them by index are very nearly in the order of the list.
const KINDS =
  "Academia Açaí Adega Armarinho Barbearia Bazar Borracharia Brechó Cafeteria Chaveiro Churrascaria Clínica Confeitaria Doceria Escola Estética Farmácia Ferragem Floricultura Gráfica Hotel Imobiliária Joalheria Lanchonete Lavanderia Livraria Marcenaria Mercado Oficina Ótica Padaria Papelaria Perfumaria Pizzaria Pousada Quitanda Restaurante Sorveteria Tabacaria Vidraçaria".split(
    " ",
  );
const NAMES =
  "Aliança Alvorada Amigo Andorinha Aurora Avenida Bandeirante Brisa Cascata Central Colina Cristal Diamante Esmeralda Esperança Estrela Fênix Girassol Guanabara Harmonia Horizonte Imperial Ipê Jardim Jatobá Laranjeira Liberdade Lua Madrugada Maravilha Mirante Modelo Nobre Oceano Orquídea Palmeira Paraíso Pérola Planalto Primavera Progresso Realeza Recanto Rubi Serrana Sol Tropical União Vitória Zênite".split(
    " ",
  );
const PLACES =
  "Aeroporto Alecrim Alphaville Anchieta Batel Bessa Bonfim Botafogo Cabral Cambuí Centro Cerrado Coroado Farol Floresta Glória Graça Guará Ideal Itaim Jabotiana Jurerê Lapa Leblon Lourdes Manaíra Meireles Moema Morumbi Navegantes Olinda Pampulha Perdizes Petrópolis Pinheiros Pioneiros Pituba Planície Redenção Reduto Santana Savassi Tambaú Tatuapé Tijuca Trindade Umarizal Urca Vergel Zona".split(
    " ",
  );
const ALL = KINDS.length * NAMES.length * PLACES.length;
const LABELS = ["VIP", "Matriz", "Filial", "Em implantação"];
const AREAS = ["11", "21", "31", "41", "44", "48", "51", "62", "71", "85"];
const CONDITIONS = ["connected", "offline", "subscriptionOver", "neverConnected", "vanished"] as const;

/** Customers as a Partner listing has them, spread over all the names; `count` at most 100,000. */
export function listedCustomers(
  now: number,
  count: number,
  accountId: string,
  accountName: string,
): FakeCustomer[] {
  return Array.from({ length: count }, (_, index) => {
    const place = Math.floor((index * ALL) / count);
    // Looks like chance, and is the same every time.
    const chance = Math.imul(place + 1, 2_654_435_761) >>> 0;
    const unlucky = (chance >>> 8) % 1000;
    const never = unlucky >= 14 && unlucky < 21;
    const status: ConnectionStatus =
      unlucky < 10 || never ? "offline" : unlucky < 14 ? "subscriptionOver" : "connected";
    const area = AREAS[place % AREAS.length]!;
    const tail = String(place).padStart(6, "0");
    const hasNumber = chance % 17 !== 0;
    return {
      id: `customer-${index + 1}`,
      accountId,
      accountName,
      accountHasPartnerToken: true,
      name: [
        KINDS[Math.floor(place / (NAMES.length * PLACES.length))],
        NAMES[Math.floor(place / PLACES.length) % NAMES.length],
        PLACES[place % PLACES.length],
      ].join(" "),
      instanceId: `3C00FAKE${place.toString(16).toUpperCase().padStart(24, "0")}`,
      phone: hasNumber ? `55${area}99${tail.slice(0, 3)}0${tail.slice(3)}` : null,
      phoneDisplay: hasNumber ? `+55 ${area} 99${tail.slice(0, 3)}-0${tail.slice(3)}` : null,
      language: "pt-BR",
      token: { saved: "listed", lastFour: null },
      status,
      statusSince: now - (status === "connected" ? DAY + (chance % 200) * HOUR : (chance % 3000) * 60_000),
      instanceType: chance % 11 === 0 ? "mobile" : "web",
      note: hasNumber ? "" : "Falar com a gerente antes das 18h",
      labels: chance % 7 === 0 ? LABELS.slice(chance % 3, (chance % 3) + 1 + (chance % 2)) : [],
      due: status === "subscriptionOver" ? now - (1 + (chance % 9)) * DAY : now + (3 + (chance % 60)) * DAY,
      vanished: unlucky > 995,
      neverConnected: never,
      script: status === "connected" ? "alreadyConnected" : "connects",
    };
  });
}

function isIn(customer: FakeCustomer, condition: StatusFilter): boolean {
  const { status, vanished, neverConnected } = customer;
  switch (condition) {
    case "connected":
      return status === "connected";
    case "offline":
      return !vanished && (status === "offline" || status === "notFound");
    case "subscriptionOver":
      return !vanished && status === "subscriptionOver";
    case "neverConnected":
      return neverConnected && status !== "connected";
    case "vanished":
      return vanished;
  }
}

/** A phone number in any spelling is one word: its digits. */
function searchWords(text: string): string[] {
  const digits = text.replace(/\D/g, "");
  if (digits.length >= 3 && /^[\d\s+\-().]+$/.test(text)) return [digits];
  return folded(text).split(/\s+/).filter(Boolean);
}

/** What the roster needs to know of the rest of the fake. */
export type RosterDesk = {
  now: () => number;
  profile: () => Profile;
  row: (customer: FakeCustomer) => CustomerRow;
  emit: (event: AppEvent) => void;
};

/** The list of the fake desk, and what it reads of the Partner listings. */
export class FakeRoster {
  #desk: RosterDesk;
  /** By name, with what each is found by. */
  #index: { customer: FakeCustomer; text: string }[] | null = null;
  #imports = new Map<string, Import>();
  /** What Z-API has and the desk does not know yet, by account. */
  #unread = new Map<string, FakeCustomer[]>();

  constructor(desk: RosterDesk) {
    this.#desk = desk;
  }

  page(query: CustomerQuery): CustomerPage {
    const words = searchWords(query.text);
    const counts: StatusCounts = {
      all: 0,
      connected: 0,
      offline: 0,
      subscriptionOver: 0,
      neverConnected: 0,
      vanished: 0,
    };
    const found: FakeCustomer[] = [];
    this.#index ??= this.#ordered();
    for (const { customer, text } of this.#index) {
      if (query.accountId !== null && customer.accountId !== query.accountId) continue;
      if (query.instanceType !== null && customer.instanceType !== query.instanceType) continue;
      if (query.label !== null && !customer.labels.includes(query.label)) continue;
      if (!words.every((word) => text.includes(word))) continue;
      counts.all += 1;
      for (const condition of CONDITIONS) if (isIn(customer, condition)) counts[condition] += 1;
      if (query.status === null || isIn(customer, query.status)) found.push(customer);
    }
    if (query.sort === "changed") found.sort((a, b) => (b.statusSince ?? 0) - (a.statusSince ?? 0));
    if (query.sort === "due") found.sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity));
    const end = query.offset + Math.min(query.limit, PAGE);
    return {
      rows: found.slice(query.offset, end).map((each) => this.#desk.row(each)),
      total: found.length,
      counts,
    };
  }

  labels(): string[] {
    const used = new Set(this.#desk.profile().customers.flatMap(({ labels }) => labels));
    return [...used].sort((a, b) => folded(a).localeCompare(folded(b)));
  }

  /** Customers came, went, or are found by something else. */
  changed(): void {
    this.#index = null;
  }

  /** Z-API has these, and the desk has not read them. */
  list(accountId: string, customers: FakeCustomer[]): void {
    this.#unread.set(accountId, customers);
  }

  /** The listing was read some time ago. */
  read(accountId: string, minutesAgo: number): void {
    const read = this.#desk.profile().customers.filter((each) => each.accountId === accountId).length;
    const endedAt = this.#desk.now() - minutesAgo * 60_000;
    this.#imports.set(accountId, { ...this.#blank(accountId), state: "done", read, total: read, endedAt });
  }

  imports(): Import[] {
    const { accounts } = this.#desk.profile();
    return [...this.#imports.values()].filter(({ accountId }) => accounts.some(({ id }) => id === accountId));
  }

  start(accountId: string, byHand: boolean): void {
    const before = this.#imports.get(accountId);
    if (before?.state === "running") return;
    const goesOn = before?.state === "cancelled" || before?.state === "incomplete";
    const from = goesOn ? before : this.#blank(accountId);
    this.#tell({ ...from, state: "running", byHand, failedPages: [], failure: null, endedAt: null });
  }

  cancel(accountId: string): void {
    if (this.#imports.get(accountId)?.state === "running") this.step(accountId, { state: "cancelled" });
  }

  /** What the import came to next. As many of the unread customers arrive as it has read more, and at its end all. */
  step(accountId: string, change: Partial<Import>): void {
    const before = this.#imports.get(accountId) ?? this.#blank(accountId);
    const unread = this.#unread.get(accountId) ?? [];
    const now = { ...before, ...change };
    const more = now.state === "done" ? unread.length : Math.max(0, now.read - before.read);
    const arrived = unread.splice(0, more);
    this.#desk.profile().customers.push(...arrived);
    now.added = change.added ?? before.added + arrived.length;
    if (now.state !== "running") now.endedAt = change.endedAt ?? this.#desk.now();
    if (arrived.length > 0) {
      this.changed();
      this.#desk.emit({ kind: "rosterChanged" });
    }
    this.#tell(now);
  }

  #tell(now: Import): void {
    this.#imports.set(now.accountId, now);
    this.#desk.emit({ kind: "import", import: { ...now } });
  }

  #blank(accountId: string): Import {
    const account = this.#desk.profile().accounts.find(({ id }) => id === accountId);
    return {
      accountId,
      accountName: account?.name ?? "",
      state: "running",
      byHand: false,
      read: 0,
      total: null,
      added: 0,
      changed: 0,
      vanished: 0,
      failedPages: [],
      failure: null,
      endedAt: null,
    };
  }

  #ordered(): { customer: FakeCustomer; text: string }[] {
    const entries = this.#desk.profile().customers.map((customer) => {
      const { name, phone, instanceId, labels, note } = customer;
      return { customer, text: folded([name, phone ?? "", instanceId, ...labels, note].join("\n")) };
    });
    // The text begins with the name.
    return entries.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  }
}
