import type { Failure, Import, Language } from "./ipc/types";
import { say, words } from "./words.svelte";

/** When the paid time ends or ended, by the day: "due Mar 12". Both in Unix milliseconds. */
export function dueText(due: number, now: number, language: Language): string {
  const sameYear = new Date(due).getFullYear() === new Date(now).getFullYear();
  const date = new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(due);
  return say(due < now ? "customers.wasDue" : "customers.due", { date });
}

/** What an import came to: "1,204 customers, 12 new, 3 no longer listed". */
export function doneText({ read, added, vanished }: Import): string {
  const news = [
    ...(added > 0 ? [say("roster.added", { count: added })] : []),
    ...(vanished > 0 ? [say("roster.vanished", { count: vanished })] : []),
  ];
  return [say("roster.read", { count: read }), ...(news.length > 0 ? news : [say("roster.nothingNew")])].join(
    ", ",
  );
}

/** Pages that are named before the rest is counted. */
const NAMED = 4;

/** The pages that could not be read. */
export function pagesText(pages: number[]): string {
  const named = pages.slice(0, pages.length > NAMED + 1 ? NAMED : pages.length).map(String);
  const more = pages.length - named.length;
  const all = more > 0 ? [...named, say("roster.morePages", { count: more })] : named;
  return say("roster.incomplete", {
    count: pages.length,
    pages: new Intl.ListFormat(words.language).format(all),
  });
}

/** Why an import failed or is incomplete. */
export function whyOf({ failure }: Import): Failure {
  return failure ?? { code: "internal", params: {} };
}
