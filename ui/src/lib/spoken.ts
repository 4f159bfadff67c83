import type { Phase, ShownCode } from "./ipc/types";
import type { WordKey } from "./words.svelte";

/** What of an attempt is spoken about. `left` in milliseconds; undefined while it is not known yet. */
export type Moment = {
  state: Phase["state"];
  code: { kind: ShownCode["kind"]; name: string } | null;
  left: number | null | undefined;
};

type Spoken = Extract<WordKey, `attempt.spoken.${string}`>;

/** The sentence that the step from one moment to the next is worth, if any. */
export function spoken(before: Moment, now: Moment): Spoken | null {
  if (now.state !== before.state) {
    if (now.state === "expired") return "attempt.spoken.expired";
    if (now.state === "passkey") return "attempt.spoken.passkey";
    if (now.state === "connected" || now.state === "alreadyConnected") return "attempt.spoken.connected";
  }
  if (now.code !== null && now.code.name !== before.code?.name) {
    if (now.code.kind === "phone") return "attempt.spoken.newPhoneCode";
    if (now.code.kind === "connection") return "attempt.spoken.newCode";
    // Nobody wants to hear of the QR codes that follow by themselves, every 15 seconds.
    return before.state === "waiting" ? null : "attempt.spoken.newQrCode";
  }
  if (now.code?.kind !== "connection") return null;
  if (passed(30_000, before.left, now.left)) return "attempt.spoken.thirtySeconds";
  if (passed(60_000, before.left, now.left)) return "attempt.spoken.oneMinute";
  return null;
}

/** A code character by character, for a voice. */
export function spelled(halves: string[]): string {
  return halves.map((half) => [...half].join(" ")).join(", ");
}

function passed(mark: number, before: Moment["left"], now: Moment["left"]): boolean {
  return typeof before === "number" && typeof now === "number" && before > mark && now <= mark && now > 0;
}
