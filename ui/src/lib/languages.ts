import type { Language } from "./ipc/types";
import { say } from "./words.svelte";

/** Each language by its own name, so that whoever reads only that one finds it. */
export const ownNames: Record<Language, string> = { "pt-BR": "Português", en: "English", es: "Español" };

export const languages = Object.keys(ownNames) as Language[];

/** Choices for a customer's language, in the agent's. */
export function customerLanguages(): { value: Language; label: string }[] {
  return languages.map((language) => ({ value: language, label: say(`languages.${language}`) }));
}
