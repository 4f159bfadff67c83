import type { Failure, Field, Problem, ProblemCode } from "./ipc/types";
import { say } from "./words.svelte";

/** What is wrong with a field and how to put it right, in the agent's language. */
export function problemText({ code, params }: Problem): string {
  const { placeholder } = params;
  return say(`problems.${code}`, placeholder === undefined ? params : { placeholder: `{${placeholder}}` });
}

/** The backend's refusal of an input, as the problem of the field it is about. */
export function problemIn({ code, params }: Failure): Problem | null {
  const { field, problem, ...rest } = params;
  if (code !== "invalidInput" || !field || !problem) return null;
  return { field: field as Field, code: problem as ProblemCode, params: rest };
}
