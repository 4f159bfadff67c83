import { asFailure } from "./failures";
import type { Backend } from "./ipc/backend";
import type { CsvColumn, CsvPreview, CsvResult, Failure, Keep } from "./ipc/types";

/** What a column can hold, in the order of the template. */
export const COLUMNS: CsvColumn[] = ["name", "address", "token", "phone", "language", "note", "labels"];

/** Megabytes, as the desk says in `roster/csv/table.rs`: nothing larger is read into the page at all. */
const LARGEST = 20;

/** The import of a spreadsheet, from the choice of the file to what became of it. It outlives its screen. */
export class CsvWork {
  stage = $state<"file" | "preview" | "importing" | "result">("file");
  accountId = $state("");
  fileName = $state("");
  /** A file is being read, or its columns looked at. */
  busy = $state(false);
  failed = $state.raw<{ failure: Failure; again?: (() => void) | undefined } | null>(null);
  /** Where the tokens go. */
  keep = $state<Keep>("keychain");
  preview = $state.raw<CsvPreview | null>(null);
  progress = $state.raw<{ done: number; total: number } | null>(null);
  /** The agent ended it; the line under way is finished first. */
  stopping = $state(false);
  result = $state.raw<CsvResult | null>(null);
  #backend: Backend;
  #looks = 0;

  constructor(backend: Backend, accountId = "") {
    this.#backend = backend;
    this.accountId = accountId;
  }

  /** Hands the file over and keeps nothing of it but its name. */
  async read(file: File): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failed = null;
    try {
      await this.#backend.readCsv(await bytesOf(file));
      this.fileName = file.name;
    } catch (reason) {
      this.failed = { failure: asFailure(reason) };
      this.busy = false;
      return;
    }
    await this.#look(null);
    this.busy = false;
  }

  /** A column holds something else. What was in another column until then is nowhere now. */
  async choose(index: number, column: CsvColumn | null): Promise<void> {
    if (!this.preview) return;
    const columns = this.preview.columns.map((each) => (each === column ? null : each));
    columns[index] = column;
    this.preview = { ...this.preview, columns };
    await this.#look(columns);
  }

  /** Once more, after it stopped: those that were added are known then. */
  async import(): Promise<void> {
    if (!this.preview || this.stage === "importing") return;
    this.stage = "importing";
    this.stopping = false;
    this.failed = null;
    this.progress = null;
    try {
      this.result = await this.#backend.importCsv(this.accountId, this.preview.columns, this.keep);
      this.stage = "result";
    } catch (reason) {
      this.failed = { failure: asFailure(reason), again: () => void this.import() };
      this.stage = this.result ? "result" : "preview";
    }
  }

  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.failed = null;
    try {
      await this.#backend.cancelCsv();
    } catch (reason) {
      this.stopping = false;
      this.failed = { failure: asFailure(reason), again: () => void this.stop() };
    }
  }

  progressed({ done, total }: { done: number; total: number }): void {
    if (this.stage === "importing") this.progress = { done, total };
  }

  /** Back to the choice of a file; the one in hand is forgotten. */
  again(): void {
    this.forget();
    this.stage = "file";
    this.preview = this.result = this.failed = null;
    this.fileName = "";
  }

  forget(): void {
    this.#looks += 1;
    // Nothing on screen depends on it, and the next file takes its place.
    this.#backend.forgetCsv().catch((reason: unknown) => console.error(reason));
  }

  /** Without columns, Ponte guesses. */
  async #look(columns: (CsvColumn | null)[] | null): Promise<void> {
    const mine = ++this.#looks;
    this.failed = null;
    try {
      const preview = await this.#backend.previewCsv(this.accountId, columns);
      // A slower answer to an older question must not win.
      if (mine !== this.#looks) return;
      this.preview = preview;
      this.stage = "preview";
    } catch (reason) {
      if (mine === this.#looks)
        this.failed = { failure: asFailure(reason), again: () => void this.#look(columns) };
    }
  }
}

async function bytesOf(file: File): Promise<Uint8Array> {
  const failed = (failure: Failure): never => {
    throw failure;
  };
  if (file.size > LARGEST * 1024 * 1024)
    failed({ code: "fileTooLarge", params: { megabytes: String(LARGEST) } });
  // A spreadsheet program may hold it so that nobody else can read it.
  return new Uint8Array(await file.arrayBuffer().catch(() => failed({ code: "notATable", params: {} })));
}
