import type { Language } from "./ipc/types";
import en from "../words/en.json";
import es from "../words/es.json";
import ptBR from "../words/pt-BR.json";

type Plural = { one: string; other: string };
type Keys<T> = {
  [K in keyof T & string]: T[K] extends string | Plural ? K : `${K}.${Keys<T[K]>}`;
}[keyof T & string];

/** The address of a sentence in the words files, e.g. `customers.empty.title`. */
export type WordKey = Keys<typeof ptBR>;
/** What fills the `{placeholders}`. A sentence with plural forms chooses by `count`. */
export type WordParams = Record<string, string | number>;

const tables: Record<Language, typeof ptBR> = { "pt-BR": ptBR, en, es };

let language = $state<Language>("pt-BR");

/** The language the agent reads, in force now. */
export const words = {
  get language(): Language {
    return language;
  },
  set language(chosen: Language) {
    language = chosen;
  },
};

/** A sentence in the agent's language. */
export function say(key: WordKey, params: WordParams = {}): string {
  return sayIn(language, key, params);
}

/** A sentence in a given language: the presenter speaks the customer's. */
export function sayIn(inLanguage: Language, key: WordKey, params: WordParams = {}): string {
  const found = key
    .split(".")
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], tables[inLanguage]);
  const sentence =
    typeof found === "string" ? found : inflect(found as Plural, inLanguage, Number(params.count));
  return sentence.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = params[name];
    return value === undefined
      ? placeholder
      : typeof value === "number"
        ? value.toLocaleString(inLanguage)
        : value;
  });
}

// pt-BR and es also have "many" (millions), which reads like "other" in everything Ponte says.
function inflect(forms: Plural, inLanguage: Language, count: number): string {
  return new Intl.PluralRules(inLanguage).select(count) === "one" ? forms.one : forms.other;
}
