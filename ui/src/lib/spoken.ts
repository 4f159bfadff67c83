import type { Attempt } from "./ipc/types";
import type { WordKey } from "./words.svelte";

/** What of an attempt is spoken about. `left` in milliseconds; undefined while it is not known yet. */
export type Moment = {
  state: Attempt["phase"]["state"];
  code: string | null;
  left: number | null | undefined;
};

type Spoken = Extract<WordKey, `extension.spoken.${string}`>;

/** The sentence that the step from one moment to the next is worth, if any. */
export function spoken(before: Moment, now: Moment): Spoken | null {
  if (now.state !== before.state) {
    if (now.state === "expired") return "extension.spoken.expired";
    if (now.state === "connected" || now.state === "alreadyConnected") return "extension.spoken.connected";
  }
  if (now.code !== null && now.code !== before.code) return "extension.spoken.newCode";
  if (passed(30_000, before.left, now.left)) return "extension.spoken.thirtySeconds";
  if (passed(60_000, before.left, now.left)) return "extension.spoken.oneMinute";
  return null;
}

/** A connection code character by character, for a voice. */
export function spelled(halves: string[]): string {
  return halves.map((half) => [...half].join(" ")).join(", ");
}

function passed(mark: number, before: Moment["left"], now: Moment["left"]): boolean {
  return typeof before === "number" && typeof now === "number" && before > mark && now <= mark && now > 0;
}
