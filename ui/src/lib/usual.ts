import type { Backend } from "./ipc/backend";
import type { Attempt, CustomerRow, Phase } from "./ipc/types";

const OVER: Phase["state"][] = ["alreadyConnected", "connected", "gaveUp", "failed"];

/**
 * Starts what a customer is usually connected by, and leaves alone what runs already. An instance whose type nobody
 * knows is taken for a web one, as nearly all are. A mobile instance has its number registered, step by step: nothing
 * is started, its screen is the beginning.
 */
export async function startUsual(backend: Backend, { id, instanceType }: CustomerRow): Promise<void> {
  if (instanceType === "mobile") return;
  const attempt = await runningAttempt(backend, id);
  if (attempt === null || OVER.includes(attempt.phase.state)) await backend.startAttempt(id, "qrCode");
}

function runningAttempt(backend: Backend, id: string): Promise<Attempt | null> {
  return new Promise((resolve, reject) => {
    let known = false;
    let unfollow = () => {};
    const once = (end: () => void) => {
      if (known) return;
      known = true;
      end();
      unfollow();
    };
    unfollow = backend.followAttempt(
      id,
      (attempt) => once(() => resolve(attempt)),
      (reason) => once(() => reject(reason)),
    );
    // It may have been told at once.
    if (known) unfollow();
  });
}
