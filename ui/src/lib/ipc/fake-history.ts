import type { FakeCustomer } from "./fake-data";
import type { CountedError, HistoryPage, HistoryQuery, HistoryRow, Method, Outcome } from "./types";

export type FakeHistoryRow = HistoryRow & { accountId: string };

const PAGE = 500;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const METHODS: Method[] = ["qrCode", "phoneCode", "extension", "registration"];

type Sample = [
  method: Method,
  outcome: Outcome,
  seconds: number | null,
  passkey: boolean,
  errors: CountedError[],
];

/** What one attempt after the other came to, from the newest to the oldest. */
const SAMPLES: Sample[] = [
  ["extension", "connected", 130, false, []],
  ["qrCode", "stopped", null, true, []],
  ["qrCode", "connected", 38, false, []],
  ["phoneCode", "gaveUp", null, false, [{ code: "timedOut", times: 3 }]],
  ["qrCode", "failed", null, false, [{ code: "subscriptionOver", times: 1 }]],
  ["extension", "connected", 212, false, [{ code: "offline", times: 2 }]],
  ["qrCode", "connected", 52, false, []],
  ["phoneCode", "connected", 71, false, []],
  ["qrCode", "alreadyConnected", null, false, []],
  ["extension", "interrupted", null, false, []],
];

/** Attempts of the last days: a few a day, by every method and with every end. */
export function sampleHistory(now: number, customers: FakeCustomer[], count = 40): FakeHistoryRow[] {
  return Array.from({ length: customers.length === 0 ? 0 : count }, (_, index) => {
    const customer = customers[index % customers.length] as FakeCustomer;
    const [method, outcome, seconds, passkey, errors] = SAMPLES[index % SAMPLES.length] as Sample;
    const startedAt = now - 3 * DAY - index * 7 * HOUR;
    return {
      id: `attempt-${count - index}`,
      customerId: customer.id,
      customerName: customer.name,
      accountId: customer.accountId,
      accountName: customer.accountName,
      method,
      startedAt,
      endedAt: outcome === "interrupted" ? null : startedAt + (seconds ?? 90) * 1000,
      outcome,
      seconds,
      passkey,
      errors,
    };
  });
}

export function historyPage(all: FakeHistoryRow[], query: HistoryQuery): HistoryPage {
  const rows = all
    .filter(
      (row) =>
        (query.customerId === null || row.customerId === query.customerId) &&
        (query.accountId === null || row.accountId === query.accountId) &&
        (query.method === null || row.method === query.method) &&
        (query.outcome === null || row.outcome === query.outcome) &&
        (query.since === null || row.startedAt >= query.since),
    )
    .sort((a, b) => b.startedAt - a.startedAt);
  const methods = METHODS.map((method) => {
    const ofMethod = rows.filter((row) => row.method === method);
    const times = ofMethod.flatMap(({ seconds }) => seconds ?? []).sort((a, b) => a - b);
    return {
      method,
      attempts: ofMethod.length,
      connected: ofMethod.filter(({ outcome }) => outcome === "connected").length,
      medianSeconds: times[Math.floor(times.length / 2)] ?? null,
    };
  });
  return {
    rows: rows.slice(0, PAGE).map(({ accountId: _, ...row }) => row),
    total: rows.length,
    methods: methods.filter(({ attempts }) => attempts > 0),
  };
}
