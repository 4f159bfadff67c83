import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import type { Import, StatusCounts } from "../src/lib/ipc/types";
import { conditionsIn, heard, known, paced, UNREAD } from "../src/lib/roster";

const NONE: StatusCounts = {
  all: 0,
  connected: 0,
  offline: 0,
  subscriptionOver: 0,
  neverConnected: 0,
  vanished: 0,
};

const imported = (change: Partial<Import>): Import => ({
  accountId: "litoral",
  accountName: "Agência Litoral",
  state: "done",
  byHand: true,
  read: 1_204,
  total: 1_204,
  added: 0,
  changed: 0,
  vanished: 0,
  failedPages: [],
  failure: null,
  endedAt: 1_000,
  ...change,
});

describe("the status board", () => {
  it("tells the first questions even when the answer is nobody", () => {
    expect(conditionsIn(NONE)).toEqual(["all", "offline", "connected"]);
  });

  it("has a place for every other condition that somebody is in", () => {
    const counts = { ...NONE, subscriptionOver: 3, neverConnected: 1, vanished: 2 };
    expect(conditionsIn(counts)).toEqual([
      "all",
      "offline",
      "subscriptionOver",
      "connected",
      "neverConnected",
      "vanished",
    ]);
  });
});

describe("what is told of a listing", () => {
  const failed = imported({ state: "failed", failure: { code: "offline", params: {} }, endedAt: 3_000 });

  it("is what the agent asked for, at every step and at its end", () => {
    const running = imported({ state: "running", endedAt: null });
    const begun = heard(UNREAD, running);
    expect(begun).toEqual({ updatedAt: null, told: running, stale: null });
    const done = imported({ endedAt: 2_000 });
    expect(heard(begun, done)).toEqual({ updatedAt: 2_000, told: done, stale: null });
  });

  it("is nothing but the time while the desk refreshes by itself", () => {
    const before = heard(UNREAD, imported({ byHand: false, endedAt: 2_000 }));
    expect(before).toEqual({ updatedAt: 2_000, told: null, stale: null });
    expect(heard(before, imported({ byHand: false, state: "running", endedAt: null }))).toEqual(before);
  });

  it("keeps the time of the last one that worked when a refresh fails, and forgets the failure when one works", () => {
    const before = heard(UNREAD, imported({ byHand: false, endedAt: 2_000 }));
    const quiet = { ...failed, byHand: false };
    const after = heard(before, quiet);
    expect(after).toEqual({ updatedAt: 2_000, told: null, stale: quiet });
    const running = heard(after, imported({ byHand: false, state: "running", endedAt: null }));
    expect(running.stale, "until it is known to work").toEqual(quiet);
    expect(heard(running, imported({ byHand: false, endedAt: 4_000 })).stale).toBeNull();
  });

  it("keeps what can be gone on with until a refresh has read it all", () => {
    const cancelled = imported({ state: "cancelled", read: 312 });
    const before = heard(UNREAD, cancelled);
    const silently = imported({ byHand: false, state: "running", read: 600, endedAt: null });
    const running = heard(before, silently);
    expect(running.told, "it is gone on with").toEqual(silently);
    const quiet = { ...failed, byHand: false };
    expect(heard(running, quiet)).toEqual({ updatedAt: null, told: quiet, stale: null });
    expect(heard(before, quiet).told, "though its beginning was not heard of").toEqual(quiet);
    expect(heard(running, imported({ byHand: false })).told).toBeNull();
    expect(heard(before, imported({ byHand: false })).told).toBeNull();
  });

  it("keeps the result that the agent waited for while the desk refreshes by itself", () => {
    const before = heard(UNREAD, imported({ endedAt: 2_000 }));
    expect(heard(before, imported({ byHand: false, state: "running", endedAt: null }))).toEqual(before);
    const quiet = { ...failed, byHand: false };
    expect(heard(before, quiet)).toEqual({ ...before, stale: quiet });
  });

  it("is no news when it went well before the screen was opened", () => {
    expect(known(imported({ endedAt: 2_000 }))).toEqual({ updatedAt: 2_000, told: null, stale: null });
    expect(known(failed).told).toEqual(failed);
  });
});

describe("paced work", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("begins at once, and what is asked for meanwhile is done in one go", async () => {
    let release = () => {};
    const work = vi.fn(() => new Promise<void>((resolve) => (release = resolve)));
    const ask = paced(work, 1_000);
    ask();
    expect(work).toHaveBeenCalledTimes(1);
    for (let times = 0; times < 50; times++) ask();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work, "the first is still under way").toHaveBeenCalledTimes(1);
    release();
    await vi.advanceTimersByTimeAsync(999);
    expect(work, "the pause").toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(2);
    release();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work, "nobody asked again").toHaveBeenCalledTimes(2);
    ask();
    expect(work, "at once again").toHaveBeenCalledTimes(3);
  });

  test("goes on after work that failed", async () => {
    const work = vi.fn(() => Promise.reject(new Error("no")));
    const ask = paced(() => work().catch(() => {}), 1_000);
    ask();
    await vi.advanceTimersByTimeAsync(1_000);
    ask();
    expect(work).toHaveBeenCalledTimes(2);
  });
});
