import { describe, expect, it } from "vitest";
import { spelled, spoken, type Moment } from "../src/lib/spoken";

const waiting = (left: Moment["left"], name = "FA48-HS63"): Moment => ({
  state: "waiting",
  code: { kind: "connection", name },
  left,
});
const qr = (name: string, left?: number): Moment => ({ state: "waiting", code: { kind: "qr", name }, left });
const phone = (name: string): Moment => ({ state: "waiting", code: { kind: "phone", name }, left: null });
const preparing: Moment = { state: "preparing", code: null, left: undefined };

describe("spoken", () => {
  it("tells of a new code, the first as well as the next", () => {
    expect(spoken(preparing, waiting(undefined))).toBe("attempt.spoken.newCode");
    expect(spoken(waiting(200_000), waiting(undefined, "KD27-PM94"))).toBe("attempt.spoken.newCode");
  });

  it("tells of one minute and of 30 seconds once each, when they are passed", () => {
    const marks: [number, number, string | null][] = [
      [61_000, 60_000, "attempt.spoken.oneMinute"],
      [60_000, 59_000, null],
      [31_000, 30_000, "attempt.spoken.thirtySeconds"],
      [30_000, 29_000, null],
      [30_001, 0, null],
    ];
    for (const [before, now, key] of marks)
      expect(spoken(waiting(before), waiting(now)), `${before} → ${now}`).toBe(key);
  });

  it("tells only the lower mark when the computer slept past both", () => {
    expect(spoken(waiting(290_000), waiting(20_000))).toBe("attempt.spoken.thirtySeconds");
  });

  it("tells of the end, and nothing about the first answer", () => {
    expect(spoken(waiting(1_000), { ...waiting(0), state: "expired" })).toBe("attempt.spoken.expired");
    expect(spoken(waiting(9_000), { state: "connected", code: null, left: 9_000 })).toBe(
      "attempt.spoken.connected",
    );
    expect(spoken(waiting(undefined), waiting(20_000))).toBeNull();
  });
});

describe("spoken of the standard methods", () => {
  it("tells of the first QR code, and not of those that follow by themselves", () => {
    expect(spoken({ state: "preparing", code: null, left: undefined }, qr("1"))).toBe(
      "attempt.spoken.newQrCode",
    );
    expect(spoken(qr("1", 5_000), qr("2"))).toBeNull();
    expect(spoken({ ...qr("3"), state: "expired" }, qr("1"))).toBe("attempt.spoken.newQrCode");
    expect(spoken(qr("1", 31_000), qr("1", 29_000)), "20 seconds have no marks").toBeNull();
  });

  it("tells of every phone code, as each voids the one before", () => {
    expect(spoken({ state: "preparing", code: null, left: null }, phone("A1B2C3D4"))).toBe(
      "attempt.spoken.newPhoneCode",
    );
    expect(spoken(phone("A1B2C3D4"), phone("E5F6G7H8"))).toBe("attempt.spoken.newPhoneCode");
  });

  it("tells of the passkey once", () => {
    const passkey: Moment = { state: "passkey", code: null, left: null };
    expect(spoken(qr("1"), passkey)).toBe("attempt.spoken.passkey");
    expect(spoken(passkey, passkey)).toBeNull();
  });
});

it("spells a code for a voice", () => {
  expect(spelled(["FA48", "HS63"])).toBe("F A 4 8, H S 6 3");
});
