import type { Attempt, CustomerRow, ShownCode } from "./ipc/types";

/** Does what a click asked for and says what happened, in the sentence that `work` comes to. */
export type Perform = (work: () => Promise<string>) => Promise<void>;

/** What the screen of each method is given. */
export type MethodProps<Kind extends ShownCode["kind"]> = {
  customer: CustomerRow;
  attempt: Attempt;
  /** In hand, or dead: see `expired`. */
  code: Extract<ShownCode, { kind: Kind }> | null;
  /** Milliseconds; undefined until it is known. */
  left: number | null | undefined;
  expired: boolean;
  /** What the last click did. */
  said: string;
  perform: Perform;
};

/** How long each code lives, in milliseconds. A phone code's life is not known. */
export const LIVES = { qr: 20_000, connection: 300_000 };

/** QR codes that are shown one after another while nobody reads them. */
export const QR_TURNS = 3;

/** What tells one code from the next. The clock time of a connection code may be corrected while it lives. */
export function nameOf(code: ShownCode): string {
  return code.kind === "qr" ? `${code.turn} ${code.picture}` : code.text;
}
