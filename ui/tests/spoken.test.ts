import { describe, expect, it } from "vitest";
import { spelled, spoken, type Moment } from "../src/lib/spoken";

const waiting = (left: Moment["left"], code = "FA48-HS63"): Moment => ({ state: "waiting", code, left });
const preparing: Moment = { state: "preparing", code: null, left: undefined };

describe("spoken", () => {
  it("tells of a new code, the first as well as the next", () => {
    expect(spoken(preparing, waiting(undefined))).toBe("extension.spoken.newCode");
    expect(spoken(waiting(200_000), waiting(undefined, "KD27-PM94"))).toBe("extension.spoken.newCode");
  });

  it("tells of one minute and of 30 seconds once each, when they are passed", () => {
    const marks: [number, number, string | null][] = [
      [61_000, 60_000, "extension.spoken.oneMinute"],
      [60_000, 59_000, null],
      [31_000, 30_000, "extension.spoken.thirtySeconds"],
      [30_000, 29_000, null],
      [30_001, 0, null],
    ];
    for (const [before, now, key] of marks)
      expect(spoken(waiting(before), waiting(now)), `${before} → ${now}`).toBe(key);
  });

  it("tells only the lower mark when the computer slept past both", () => {
    expect(spoken(waiting(290_000), waiting(20_000))).toBe("extension.spoken.thirtySeconds");
  });

  it("tells of the end, and nothing about the first answer", () => {
    expect(spoken(waiting(1_000), { ...waiting(0), state: "expired" })).toBe("extension.spoken.expired");
    expect(spoken(waiting(9_000), { state: "connected", code: null, left: 9_000 })).toBe(
      "extension.spoken.connected",
    );
    expect(spoken(waiting(undefined), waiting(20_000))).toBeNull();
  });
});

it("spells a code for a voice", () => {
  expect(spelled(["FA48", "HS63"])).toBe("F A 4 8, H S 6 3");
});
