import { asFailure } from "./failures";
import type { Backend } from "./ipc/backend";
import type { AppEvent, CustomerRow, Failure, StatusCounts } from "./ipc/types";
import type { Question } from "./roster";

/** Rows that are asked for at once. */
export const WINDOW = 50;
/** Windows that are kept: those nearest to what is in sight. */
const KEPT = 12;

/** The customers that match a question, read in windows as they come in sight. */
export class Roster {
  /** How many match. */
  total = $state(0);
  /** null before the first answer. */
  counts = $state.raw<StatusCounts | null>(null);
  /** What the rows are the answer to; null before the first. */
  answered = $state.raw<Question | null>(null);
  failure = $state.raw<Failure | null>(null);

  #backend: Backend;
  #windows = $state.raw<Window[]>([]);
  #question = $state.raw<Question | null>(null);
  /** Counts the questions and refreshes: an answer to an older one must not win. */
  #turn = 0;
  /** The last turn that was answered: windows of before are shown only until they are read again. */
  #read = 0;
  /** Windows that are being asked for in this turn. */
  #coming: number[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** undefined while it is not here. */
  row(index: number): CustomerRow | undefined {
    return this.#window(index - (index % WINDOW))?.rows[index % WINDOW];
  }

  /** The place of a customer among the rows that are here; -1 for none of them. */
  indexOf(id: string): number {
    for (const { offset, rows } of [...this.#windows].sort((a, b) => b.turn - a.turn)) {
      const place = rows.findIndex((row) => row.id === id);
      if (place >= 0) return offset + place;
    }
    return -1;
  }

  /** The last question that was asked has its answer, and the rows are that answer. */
  get settled(): boolean {
    return this.answered !== null && this.answered === this.#question;
  }

  /** Another question: only its first window. Resolves with false when a later one, or a failure, came before. */
  async ask(question: Question): Promise<boolean> {
    this.#question = question;
    return this.#take([0]);
  }

  /**
   * The same question again, for the windows from `first` to `last`. The rows of before stay until the answer is
   * here; `before` is called when it takes their place. Other windows stay until they are wanted and read again.
   */
  async refresh(first: number, last: number, before: () => void): Promise<boolean> {
    return this.#take(offsets(first, Math.min(last, Math.max(0, this.total - 1))), before);
  }

  /** Sees to it that these rows come. */
  want(first: number, last: number): void {
    if (!this.settled) return;
    for (const offset of offsets(first, Math.min(last, this.total - 1))) {
      const old = (this.#window(offset)?.turn ?? -1) < this.#read;
      if (old && !this.#coming.includes(offset)) void this.#add(offset);
    }
  }

  mark({ customerId, status, statusSince }: Extract<AppEvent, { kind: "customerStatus" }>): void {
    this.#windows = this.#windows.map((window) => ({
      ...window,
      rows: window.rows.map((row) => (row.id === customerId ? { ...row, status, statusSince } : row)),
    }));
  }

  #window(offset: number): Window | undefined {
    return this.#windows.find((window) => window.offset === offset);
  }

  async #take(wanted: number[], before = () => {}): Promise<boolean> {
    const turn = ++this.#turn;
    const question = this.#question;
    if (!question) return false;
    this.#coming = [...wanted];
    try {
      const pages = await Promise.all(wanted.map((offset) => this.#page(question, offset)));
      if (turn !== this.#turn) return false;
      const [page] = pages;
      if (!page) return false;
      before();
      const taken = pages.map(({ rows }, place) => ({ offset: wanted[place]!, rows, turn }));
      // A window that came in sight meanwhile is as new as these; older ones answer the same question or none.
      const others = this.#windows.filter(
        (window) => !wanted.includes(window.offset) && (window.turn === turn || question === this.answered),
      );
      this.#windows = nearest(wanted[0]!, [...taken, ...others]);
      this.#read = turn;
      this.total = page.total;
      this.counts = page.counts;
      this.answered = question;
      this.failure = null;
      return true;
    } catch (reason) {
      if (turn === this.#turn) this.failure = asFailure(reason);
      return false;
    } finally {
      if (turn === this.#turn) this.#coming = this.#coming.filter((offset) => !wanted.includes(offset));
    }
  }

  async #add(offset: number): Promise<void> {
    const turn = this.#turn;
    this.#coming.push(offset);
    try {
      const { rows, total, counts } = await this.#page(this.#question!, offset);
      if (turn !== this.#turn) return;
      const others = this.#windows.filter((window) => window.offset !== offset);
      this.#windows = nearest(offset, [...others, { offset, rows, turn }]);
      this.total = total;
      this.counts = counts;
      this.failure = null;
    } catch (reason) {
      if (turn === this.#turn) this.failure = asFailure(reason);
    } finally {
      if (turn === this.#turn) this.#coming = this.#coming.filter((each) => each !== offset);
    }
  }

  #page(question: Question, offset: number) {
    return this.#backend.customers({ ...question, offset, limit: WINDOW });
  }
}

/** `offset`: the index of its first row; `turn`: when it was read. */
type Window = { offset: number; rows: CustomerRow[]; turn: number };

/** Those that are kept when `offset` is in sight. */
function nearest(offset: number, windows: Window[]): Window[] {
  const far = (window: Window) => Math.abs(window.offset - offset);
  return windows.sort((a, b) => far(a) - far(b)).slice(0, KEPT);
}

/** The windows that hold the rows from `first` to `last`. */
function offsets(first: number, last: number): number[] {
  const from = first - (first % WINDOW);
  const count = Math.floor(Math.max(0, last - from) / WINDOW) + 1;
  return Array.from({ length: count }, (_, place) => from + place * WINDOW);
}
