import { PLACEHOLDERS } from "../templates";
import { REQUIRED_PLACEHOLDER, mobileCustomers, sampleCustomers } from "./fake-data";
import type {
  AccountForm,
  AccountSecret,
  CustomerForm,
  ErrorCode,
  Failure,
  Field,
  MessageKind,
  Problem,
  ProblemCode,
} from "./types";

// What the fake says of what was typed, as the desk does.

export const SECRETS: AccountSecret[] = ["clientToken", "partnerToken"];

export function failure(code: ErrorCode, params: Record<string, string> = {}): Failure {
  return { code, params };
}

export function invalid(field: Field, code: ProblemCode): Failure {
  return failure("invalidInput", { field, problem: code });
}

export function problem(field: Field, code: ProblemCode, params: Record<string, string> = {}): Problem {
  return { field, code, params };
}

export function refuse([first]: Problem[]): void {
  if (first) throw invalid(first.field, first.code);
}

export function nameProblems(name: string): Problem[] {
  if (name.trim() === "") return [problem("name", "missing")];
  return name.trim().length > 120 ? [problem("name", "tooLong")] : [];
}

export function labelsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(",")
        .map((label) => label.trim())
        .filter(Boolean),
    ),
  ];
}

export function noteProblems({ note, labels }: { note: string; labels: string }): Problem[] {
  return [
    ...(note.trim().length > 2_000 ? [problem("note", "tooLong")] : []),
    ...(labelsOf(labels).some((label) => label.length > 40) ? [problem("labels", "tooLong")] : []),
  ];
}

export function secretProblems(secret: AccountSecret, value: string): Problem[] {
  const text = value.trim();
  if (text === "") return [problem(secret, "missing")];
  if (text.includes("/")) return [problem(secret, "isAnAddress")];
  if (/\s/.test(text)) return [problem(secret, "hasSpaces")];
  if (!/^[\w.-]+$/.test(text)) return [problem(secret, "badCharacters")];
  return [];
}

export function accountProblems(form: AccountForm): Problem[] {
  const problems = nameProblems(form.name);
  for (const secret of SECRETS) {
    const value = form[secret];
    if (value !== null && value !== "") problems.push(...secretProblems(secret, value));
  }
  return problems;
}

type ReadAddress = { instanceId: string | null; token: string | null; problem: ProblemCode | null };

export function readAddress(text: string): ReadAddress {
  const address = text.trim();
  const nothing = { instanceId: null, token: null };
  if (address === "") return { ...nothing, problem: "missing" };
  if (/\s/.test(address)) return { ...nothing, problem: "hasSpaces" };
  if (!address.includes("/")) {
    if (!/^[\w-]+$/.test(address)) return { ...nothing, problem: "badCharacters" };
    return { instanceId: address, token: null, problem: null };
  }
  const [, instanceId, token] = /\/instances\/([\w-]+)(?:\/token\/([\w-]+))?/.exec(address) ?? [];
  if (instanceId && token) return { instanceId, token, problem: null };
  return { ...nothing, problem: /instances|token/.test(address) ? "halfAnAddress" : "notAnAddress" };
}

export function tokenOf(form: CustomerForm): string | null {
  return readAddress(form.address).token ?? form.token;
}

/** A stand-in: Rust reads numbers with a phone library; here any eight to fifteen digits will do. */
export function readPhone(text: string): { phone: string; phoneDisplay: string } | ProblemCode | null {
  if (text.trim() === "") return null;
  if (/[^\d\s()+.-]/.test(text)) return "phoneNotUnderstood";
  const digits = text.replace(/\D/g, "");
  if (digits.length < 8 || digits.length > 15) return "phoneNotPossible";
  const known = [...sampleCustomers(0), ...mobileCustomers(0)].find(
    ({ phone }) => phone === digits || phone === `55${digits}`,
  );
  return { phone: known?.phone ?? digits, phoneDisplay: known?.phoneDisplay ?? `+${digits}` };
}

export function templateProblems(kind: MessageKind, text: string): Problem[] {
  if (text.trim() === "") return [problem("template", "missing")];
  const used = [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  const problems = used
    .filter((name) => !PLACEHOLDERS[kind].some((each) => each === name))
    .map((placeholder) => problem("template", "unknownPlaceholder", { placeholder }));
  const required = REQUIRED_PLACEHOLDER[kind];
  if (required !== undefined && !used.includes(required))
    problems.push(problem("template", "missingPlaceholder", { placeholder: required }));
  return problems;
}
