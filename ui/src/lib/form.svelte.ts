import { tick } from "svelte";
import { asFailure } from "./failures";
import type { Failure, Field, Problem } from "./ipc/types";
import { problemIn, problemText } from "./problems";

/** Long enough to let a word be typed, short enough to seem immediate after a paste. */
const CHECK_AFTER_MS = 200;

/** What a form knows besides its values: what is wrong with them, and how saving them went. */
export class FormState {
  problems = $state<Problem[]>([]);
  /** Saving failed for a reason that no field is to blame for. */
  failure = $state<Failure | null>(null);
  busy = $state(false);
  /** Saving was tried: from now on an empty field is a problem too. */
  tried = $state(false);
  element = $state<HTMLFormElement>();

  /** The sentence beside a field. */
  problem(field: Field): string | undefined {
    const problem = this.problems.find(
      (each) => each.field === field && (this.tried || each.code !== "missing"),
    );
    return problem && problemText(problem);
  }

  /** Asks soon, and drops the answer if something else was typed meanwhile. For `$effect`: returns its clean-up. */
  checkSoon<T>(ask: () => Promise<T>, use: (answer: T) => void): () => void {
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const answer = await ask();
        if (!stale) use(answer);
      } catch (error) {
        if (!stale) this.failure = asFailure(error);
      }
    }, CHECK_AFTER_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }

  /** Checks, then sends unless a problem was found. Leaves the values alone when it fails. */
  async save(check: () => Promise<Problem[]>, send: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.tried = true;
    this.failure = null;
    try {
      this.problems = await check();
      if (this.problems.length === 0) await send();
    } catch (error) {
      const failure = asFailure(error);
      const problem = problemIn(failure);
      if (problem) this.problems = [problem];
      else this.failure = failure;
    } finally {
      this.busy = false;
    }
    await tick();
    this.element?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    // The notice about a failure stands below the form, perhaps out of sight.
    this.element?.parentElement?.querySelector('[role="alert"]')?.scrollIntoView({ block: "nearest" });
  }
}
