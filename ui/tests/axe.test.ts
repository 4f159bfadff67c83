import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import type { Language } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { visit } from "./stage";
import { states, type State } from "./states";

declare global {
  interface Window {
    axe: typeof axe;
  }
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const open = useApp();

/** What axe objects to, one line for each element. */
async function objections(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, {
      runOnly: { type: "tag", values: tags },
      resultTypes: ["violations"],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
    );
  }, TAGS);
}

async function show(page: Page, state: State, language: Language): Promise<void> {
  const file = state.presenter ? "fake-presenter.html" : "fake.html";
  await visit(page, inject("address"), state.scenario, language, file);
}

test("axe finds nothing in any state, in light and in dark", { timeout: 180_000 }, async () => {
  const page = await open("customers");
  for (const state of states) {
    await page.emulateMedia({ colorScheme: "light" });
    await show(page, state, "pt-BR");
    await state.reach?.(page);
    expect(await objections(page), `${state.name}, light`).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await objections(page), `${state.name}, dark`).toEqual([]);
  }
});

test.each(["en", "es"] as const)("axe finds nothing in %s", { timeout: 180_000 }, async (language) => {
  const page = await open("customers", { language });
  // The steps that lead on are in Portuguese, so these are the states that a customer's row leads to.
  for (const state of states.filter(({ reach }) => reach === undefined)) {
    await show(page, state, language);
    expect(await objections(page), `${state.name}, ${language}`).toEqual([]);
  }
  for (const scenario of [
    "customers",
    "preparing",
    "waiting",
    "expired",
    "connected",
    "gaveUp",
    "failed",
  ] as const) {
    await visit(page, inject("address"), scenario, language);
    await page.getByTestId("customer-row").first().click();
    await page.getByRole("heading", { name: "Padaria Aurora" }).waitFor();
    expect(await objections(page), `${scenario}, ${language}`).toEqual([]);
  }
});
