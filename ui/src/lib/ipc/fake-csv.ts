import { failure, nameProblems, problem, readAddress, readPhone } from "./fake-checks";
import type {
  AppEvent,
  CsvColumn,
  CsvEncoding,
  CsvLine,
  CsvPreview,
  CsvResult,
  Failure,
  Keep,
  Language,
  Problem,
} from "./types";

const MOST_MEGABYTES = 20;
/** Lines of a preview. */
const SHOWN = 200;

/** What stands over a column of each kind, folded. */
const HEADINGS: [CsvColumn, RegExp][] = [
  ["token", /token/],
  ["name", /nome|name|cliente/],
  ["address", /endereco|instancia|address|id$/],
  ["phone", /numero|telefone|phone/],
  ["language", /idioma|language/],
  ["note", /nota|note|obs/],
  ["labels", /etiqueta|label|tag/],
];

/** A customer out of a file. */
export type CsvCustomer = {
  name: string;
  instanceId: string;
  token: string | null;
  phone: string | null;
  phoneDisplay: string | null;
  language: Language | null;
  note: string;
  labels: string[];
};

/** What the import needs to know of the rest of the fake. */
export type CsvDesk = {
  isCustomer: (instanceId: string) => boolean;
  /** The account has no Partner listing that the tokens come with. */
  needsToken: (accountId: string) => boolean;
  add: (accountId: string, customer: CsvCustomer, keep: Keep) => void;
  emit: (event: AppEvent) => void;
};

type Table = { separator: string; encoding: CsvEncoding; rows: string[][] };

/** The import of spreadsheets, a stand-in for the desk's: it reads what tests write. */
export class FakeCsv {
  /** Where an import stops, and why. Once. */
  stopsAt: { line: number; failure: Failure } | null = null;
  #desk: CsvDesk;
  #table: Table | null = null;
  #cancelled = false;
  /** Lines that may be added; all, unless a test wants to see each. */
  #allowed = Infinity;
  #waiting = () => {};

  constructor(desk: CsvDesk) {
    this.#desk = desk;
  }

  /** From now on lines are added only as `step` allows. */
  hold(): void {
    this.#allowed = 0;
  }

  /** Adds so many more lines. */
  step(lines: number): void {
    this.#allowed += lines;
    this.#waiting();
  }

  read(bytes: Uint8Array): void {
    if (bytes.length > MOST_MEGABYTES * 1024 * 1024)
      throw failure("fileTooLarge", { megabytes: String(MOST_MEGABYTES) });
    this.#table = tableOf(bytes);
  }

  forget(): void {
    this.#table = null;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#waiting();
  }

  preview(accountId: string, columns: (CsvColumn | null)[] | null): CsvPreview {
    const { separator, encoding, rows } = this.#held();
    const headings = rows[0] ?? [];
    const chosen = columns ?? guess(headings);
    const lines = this.#lines(accountId, chosen).map(({ line }) => line);
    const wrong = lines.filter(({ problems }) => problems.length > 0);
    const right = lines.filter(({ problems }) => problems.length === 0);
    const known = right.filter((line) => line.known).length;
    return {
      separator,
      encoding,
      headings,
      columns: chosen,
      ready: right.length - known,
      known,
      wrong: wrong.length,
      lines: [...wrong, ...right].slice(0, SHOWN),
    };
  }

  async import(accountId: string, columns: (CsvColumn | null)[], keep: Keep): Promise<CsvResult> {
    this.#cancelled = false;
    const lines = this.#lines(accountId, columns);
    const ready = lines.filter(({ line }) => line.problems.length === 0 && !line.known);
    const result: CsvResult = {
      added: 0,
      known: lines.filter(({ line }) => line.problems.length === 0 && line.known).length,
      wrong: lines.filter(({ line }) => line.problems.length > 0).length,
      stopped: null,
    };
    for (const { line, customer } of ready) {
      this.#desk.emit({ kind: "csvProgress", done: result.added, total: ready.length });
      while (this.#allowed <= 0 && !this.#cancelled)
        await new Promise<void>((resolve) => (this.#waiting = resolve));
      const failed = this.stopsAt?.line === line.line ? this.stopsAt.failure : null;
      if (this.#cancelled || failed) {
        this.stopsAt = null;
        result.stopped = { line: line.line, failure: failed };
        break;
      }
      this.#allowed -= 1;
      this.#desk.add(accountId, customer, keep);
      result.added += 1;
    }
    if (result.added > 0) this.#desk.emit({ kind: "rosterChanged" });
    return result;
  }

  #held(): Table {
    if (!this.#table) throw failure("notFound");
    return this.#table;
  }

  #lines(accountId: string, columns: (CsvColumn | null)[]): { line: CsvLine; customer: CsvCustomer }[] {
    const needsToken = this.#desk.needsToken(accountId);
    const seen = new Map<string, number>();
    return this.#held()
      .rows.slice(1)
      .map((cells, index) => {
        const number = index + 2;
        const cell = (column: CsvColumn) => cells[columns.indexOf(column)]?.trim() ?? "";
        const address = readAddress(cell("address"));
        const token = address.token ?? (cell("token") || null);
        const phone = readPhone(cell("phone"));
        const { instanceId } = address;
        const known = instanceId !== null && this.#desk.isCustomer(instanceId);
        const problems: Problem[] = nameProblems(cell("name"));
        if (address.problem) problems.push(problem("address", address.problem));
        else if (token === null && needsToken && !known) problems.push(problem("token", "missing"));
        if (typeof phone === "string") problems.push(problem("phone", phone));
        const before = instanceId === null ? undefined : seen.get(instanceId);
        if (before !== undefined) problems.push(problem("address", "repeated", { line: String(before) }));
        else if (instanceId !== null) seen.set(instanceId, number);
        const labels = cell("labels")
          .split(",")
          .map((label) => label.trim())
          .filter(Boolean);
        const read = typeof phone === "string" ? null : phone;
        return {
          line: {
            line: number,
            name: cell("name"),
            instanceId,
            hasToken: token !== null,
            phoneDisplay: read?.phoneDisplay ?? null,
            labels,
            known,
            problems,
          },
          customer: {
            name: cell("name"),
            instanceId: instanceId ?? "",
            token,
            phone: read?.phone ?? null,
            phoneDisplay: read?.phoneDisplay ?? null,
            language: (["pt-BR", "en", "es"] as const).find((each) => each === cell("language")) ?? null,
            note: cell("note"),
            labels,
          },
        };
      });
  }
}

function guess(headings: string[]): (CsvColumn | null)[] {
  const taken = new Set<CsvColumn>();
  return headings.map((heading) => {
    const folded = heading.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const column = HEADINGS.find(([each, pattern]) => !taken.has(each) && pattern.test(folded))?.[0] ?? null;
    if (column) taken.add(column);
    return column;
  });
}

function tableOf(bytes: Uint8Array): Table {
  const { text, encoding } = decoded(bytes);
  if (text.includes("\0") || text.trim() === "") throw failure("notATable");
  const [first = ""] = text.split("\n");
  const separator = [";", "\t", ","].find((each) => first.includes(each)) ?? ",";
  return { separator, encoding, rows: rowsOf(text, separator) };
}

function decoded(bytes: Uint8Array): { text: string; encoding: CsvEncoding } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return { text: new TextDecoder("utf-16le").decode(bytes), encoding: "utf16" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "utf8" };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), encoding: "windows1252" };
  }
}

/** A cell in quotes may hold the separator. */
function rowsOf(text: string, separator: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const cells = [""];
      let quoted = false;
      for (const char of line) {
        if (char === '"') quoted = !quoted;
        else if (char === separator && !quoted) cells.push("");
        else cells[cells.length - 1] += char;
      }
      return cells;
    });
}
