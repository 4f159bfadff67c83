import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ago, clockTime, duration, followTimeLeft, followWaits } from "../src/lib/time";

/** A page that can be hidden. */
class Page extends EventTarget {
  hidden = false;
  turn(hidden: boolean) {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: Page;
let deadline: number;
let asked: number;

const ask = () => {
  asked += 1;
  return Promise.resolve(Math.max(0, deadline - Date.now()));
};

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  page = new Page();
  vi.stubGlobal("document", page);
  asked = 0;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("shows each second once, asking anew for each", async () => {
  deadline = 3_400;
  const shown: string[] = [];
  followTimeLeft(ask, (left) => shown.push(clockTime(left ?? 0)));
  await vi.advanceTimersByTimeAsync(3_399);
  expect(shown).toEqual(["0:03", "0:02", "0:01", "0:00"]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked, "nothing is asked once the code is dead").toBe(5);
});

it("asks nothing while hidden, and at once when seen again", async () => {
  deadline = 100_500;
  const seen: (number | null)[] = [];
  followTimeLeft(ask, (left) => seen.push(left));
  await vi.advanceTimersByTimeAsync(0);
  page.turn(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([100_500]);
  page.turn(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([100_500, 40_500]);
});

it("shows each second of every wait, and stops asking once nothing waits", async () => {
  const shown: string[] = [];
  let times = 0;
  followWaits(
    () => {
      times += 1;
      const left = (deadline: number) => Math.max(0, deadline - Date.now());
      return Promise.resolve([
        { way: "sms", left: left(1_400) },
        { way: "voice", left: left(2_700) },
        { way: "oldPhone", left: null },
      ]);
    },
    (waits) => shown.push((waits ?? []).map(({ left }) => left ?? "closed").join(" ")),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(shown).toEqual([
    "1400 2700 closed",
    "999 2299 closed",
    "699 1999 closed",
    "0 1299 closed",
    "0 999 closed",
    "0 0 closed",
  ]);
  expect(times, "nothing is asked once nothing waits").toBe(6);
});

it("takes no way for open when nobody can tell, and asks again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const seen: unknown[] = [];
  const answers = [Promise.reject(new Error("gone")), Promise.resolve([{ way: "sms" as const, left: 0 }])];
  followWaits(
    () => answers.shift() ?? Promise.resolve([]),
    (waits) => seen.push(waits),
  );
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual([null, [{ way: "sms", left: 0 }]]);
});

it("takes a code for dead when its time cannot be known", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const seen: (number | null)[] = [];
  followTimeLeft(
    () => Promise.reject(new Error("no answer")),
    (left) => seen.push(left),
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([0]);
});

it("is silent once it was stopped, even with a question under way", async () => {
  deadline = 9_000;
  const seen: (number | null)[] = [];
  const stop = followTimeLeft(ask, (left) => seen.push(left));
  stop();
  await vi.advanceTimersByTimeAsync(5_000);
  page.turn(false);
  expect(seen).toEqual([]);
  expect(asked).toBe(1);
});

it("rounds time left down", () => {
  expect([299_999, 61_000, 59_999, 999, 0].map(clockTime)).toEqual(["4:59", "1:01", "0:59", "0:00", "0:00"]);
});

it("tells how long ago in one unit, and never of the future", () => {
  expect(ago(0, 3 * 3_600_000 + 5, "pt-BR")).toBe("há 3 h");
  expect(ago(0, 90_000, "en")).toBe("1m ago");
  expect(ago(5_000, 0, "es")).toBe("ahora");
});

it("tells a length of time in its two largest units", () => {
  const said = [38, 130, 3_725].map((seconds) => duration(seconds, "pt-BR").replaceAll("\u00a0", " "));
  expect(said).toEqual(["38 s", "2 min 10 s", "1 h 2 min"]);
});
