import type { Language } from "./ipc/types";

const DAY_MS = 86_400_000;
/** Before that, the end of the paid time is nothing to think of. */
const SOON_DAYS = 14;

/** When the paid time ends, or ended: only once that is near. `due` and `now` in Unix milliseconds. */
export function dueSoon(
  due: number | null,
  now: number,
  language: Language,
): { past: boolean; date: string } | null {
  if (due === null || due - now > SOON_DAYS * DAY_MS) return null;
  return { past: due <= now, date: new Intl.DateTimeFormat(language, { dateStyle: "short" }).format(due) };
}
