import en from "../../../../src-tauri/crates/desk/triage/en.json";
import es from "../../../../src-tauri/crates/desk/triage/es.json";
import ptBR from "../../../../src-tauri/crates/desk/triage/pt-BR.json";
import { STORE_LINK, type FakeCustomer } from "./fake-data";
import type { Language, Triage, TriageCard } from "./types";

const CARDS = { "pt-BR": ptBR, en, es } as Record<Language, TriageCard[]>;

/** The cards that ship with the desk, which has each of them in every language. */
export function fakeTriage(customer: FakeCustomer, language: Language): Triage {
  const values: Record<string, string> = {
    name: customer.name,
    number: customer.phoneDisplay ?? "",
    link: STORE_LINK,
  };
  const cards = CARDS[language].map((card) => {
    const theirs = CARDS[customer.language].find(({ id }) => id === card.id) ?? card;
    return {
      ...card,
      phrases: theirs.phrases,
      words: `${card.words} ${theirs.words}`,
      message: theirs.message.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ""),
    };
  });
  return { cards, unreadable: [] };
}
