import { createSubscriber } from "svelte/reactivity";
import type { Language, WayLeft } from "./ipc/types";
import type { Unfollow } from "./ipc/backend";

/**
 * Asks at once and again after `next` milliseconds, while the window can be seen; null: not again. A slower answer to
 * an older question is dropped.
 */
function keepAsking<Answer>(
  ask: () => Promise<Answer>,
  on: (answer: Answer) => void,
  next: (answer: Answer) => number | null,
): Unfollow {
  let stopped = false;
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function tick() {
    const mine = ++turn;
    const answer = await ask();
    if (stopped || mine !== turn) return;
    on(answer);
    const wait = next(answer);
    if (wait !== null) schedule(wait);
  }

  function schedule(wait: number) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(() => void tick(), wait);
  }

  function seen() {
    clearTimeout(timer);
    if (!document.hidden) void tick();
  }

  document.addEventListener("visibilitychange", seen);
  seen();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** A millisecond past the whole second, where the number changes. */
const pastTheSecond = (left: number) => (left % 1000) + 1;

/**
 * Asks for the time left at each whole second of it, while the window can be seen.
 * `on` receives milliseconds, 0 from the moment the code is dead, null without a code.
 */
export function followTimeLeft(
  ask: () => Promise<number | null>,
  on: (left: number | null) => void,
): Unfollow {
  const asked = () =>
    ask().catch((reason: unknown) => {
      // A code must never look alive on a guess.
      console.error(reason);
      return 0;
    });
  return keepAsking(asked, on, (left) => (left ? pastTheSecond(left) : null));
}

/**
 * Asks when each way may be asked for, at each whole second of the waits, while the window can be seen.
 * `on` receives null when nobody can tell.
 */
export function followWaits(ask: () => Promise<WayLeft[]>, on: (waits: WayLeft[] | null) => void): Unfollow {
  const asked = () =>
    ask().catch((reason: unknown) => {
      // Nor must a way look open on one.
      console.error(reason);
      return null;
    });
  return keepAsking(asked, on, (waits) => {
    if (waits === null) return 1000;
    const running = waits.flatMap(({ left }) => left || []);
    return running.length === 0 ? null : Math.min(...running.map(pastTheSecond));
  });
}

/** `m:ss`, rounded down. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A length of time in words, never broken over two lines: "2 min 10 s". */
export function duration(seconds: number, language: Language): string {
  const unit = (name: string, value: number) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
  const parts = [
    unit("hour", Math.floor(seconds / 3600)),
    unit("minute", Math.floor(seconds / 60) % 60),
    unit("second", seconds % 60),
  ];
  const first = seconds < 60 ? 2 : seconds < 3600 ? 1 : 0;
  return parts
    .slice(first, first + 2)
    .join(" ")
    .replaceAll(" ", "\u00a0");
}

/** How long ago, in one unit: "3 h ago". Both in Unix milliseconds. */
export function ago(since: number, now: number, language: Language): string {
  const format = new Intl.RelativeTimeFormat(language, { style: "narrow" });
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds === 0) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(0, "second");
  if (seconds < 60) return format.format(-seconds, "second");
  if (seconds < 3600) return format.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return format.format(-Math.floor(seconds / 3600), "hour");
  return format.format(-Math.floor(seconds / 86_400), "day");
}

const minutes = createSubscriber((update) => {
  const timer = setInterval(() => {
    if (!document.hidden) update();
  }, 60_000);
  document.addEventListener("visibilitychange", update);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", update);
  };
});

/** Now, in Unix milliseconds, for what changes by the minute: who reads it is told every minute. */
export function thisMinute(): number {
  minutes();
  return Date.now();
}
