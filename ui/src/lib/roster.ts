import type { Account, CustomerQuery, CustomerRow, Import, StatusCounts, StatusFilter } from "./ipc/types";

/** Which customers, in which order: a query without its window. */
export type Question = Omit<CustomerQuery, "offset" | "limit">;

/** The conditions of the status board, in its order; "all" is none of them. */
export const CONDITIONS = [
  "all",
  "offline",
  "subscriptionOver",
  "connected",
  "neverConnected",
  "vanished",
] as const satisfies readonly (StatusFilter | "all")[];
export type Condition = (typeof CONDITIONS)[number];

/** Told even when nobody is in them: the agent's first questions. */
const ALWAYS: Condition[] = ["all", "offline", "connected"];

/** The conditions worth a place, given how many customers are in each. */
export function conditionsIn(counts: StatusCounts): Condition[] {
  return CONDITIONS.filter((each) => ALWAYS.includes(each) || counts[each] > 0);
}

/** An attempt could begin at once: nothing but a connection is missing. */
export function connectable({ status, vanished }: CustomerRow): boolean {
  return !vanished && (status === "offline" || status === "unknown");
}

/** What the agent is told of an account's Partner listing. */
export type Listing = {
  /** When all of it was read last: Unix milliseconds. */
  updatedAt: number | null;
  /** The import that the agent asked for, or what goes on with it, until it is dismissed or a refresh has read it all. */
  told: Import | null;
  /** The refresh that went wrong by itself. */
  stale: Import | null;
};

export const UNREAD: Listing = { updatedAt: null, told: null, stale: null };

/** What is told after an import was heard of. */
export function heard(before: Listing, now: Import): Listing {
  const done = now.state === "done";
  const failed = now.state === "failed" || now.state === "incomplete";
  // One by itself goes on with what the agent asked for and did not get: it is told in its place.
  const asked = now.byHand || (before.told !== null && before.told.state !== "done");
  // A refresh that did it all leaves nothing to go on with, or to tell of.
  const silent = done && !now.byHand;
  return {
    updatedAt: done ? now.endedAt : before.updatedAt,
    told: silent ? null : asked ? now : before.told,
    stale: asked || done ? null : failed ? now : before.stale,
  };
}

/** As `heard`, for the imports of before this screen was opened: what went well is no news. */
export function known(now: Import): Listing {
  const listing = heard(UNREAD, now);
  return now.state === "done" ? { ...listing, told: null } : listing;
}

/** Accounts that have a Partner listing. */
export function listed(accounts: Account[]): Account[] {
  return accounts.filter(({ partnerToken }) => partnerToken.saved !== "no");
}

/** Milliseconds between two readings of what others changed. */
export const PAUSE_MS = 1000;

/**
 * Does the work at once when it is asked for, and what is asked for meanwhile in one go: the next work begins `pause`
 * milliseconds after the last one ended.
 */
export function paced(work: () => Promise<unknown>, pause: number): () => void {
  let busy = false;
  let again = false;
  return function ask(): void {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    void work().finally(() =>
      setTimeout(() => {
        busy = false;
        if (!again) return;
        again = false;
        ask();
      }, pause),
    );
  };
}
