import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import type { Language } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose, visit } from "./stage";
import { fileOf, states, type State } from "./states";

declare global {
  interface Window {
    axe: typeof axe;
  }
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SMALL = { width: 800, height: 600 };
const LARGE = { width: 1280, height: 800 };

/** The controls of each state that must be in sight in a small window without scrolling. */
const inSight: Record<string, string[]> = {
  "first-run": ["add-account", "practice"],
  "csv-file": ["csv-template", "csv-choose"],
  "csv-preview": ["csv-import"],
  customers: ["customer-search", "customer-row"],
  "customers-roster": ["customer-search", "filters", "status-filter", "customer-row", "refresh"],
  "customers-offline": ["customer-row", "connect-row"],
  "customers-filters": ["filter-type", "filter-label", "sort"],
  import: ["import"],
  "import-running": ["customer-row", "import-progress", "import-cancel"],
  "import-incomplete": ["customer-row", "import-again"],
  "connect-offline": ["method-qr", "method-phone", "open-triage", "method-extension"],
  "qr-waiting": ["qr-code", "time-left", "copy-picture", "save-picture", "code-read"],
  "qr-expired": ["new-code"],
  "qr-passkey": ["connect-extension", "start-over", "new-code"],
  "phone-preparing": ["get-phone-code"],
  "phone-waiting": ["phone-code", "copy-message", "copy-code", "new-code"],
  preparing: ["copy-message", "new-code"],
  waiting: ["connection-code", "time-left", "copy-message", "copy-code", "new-code"],
  expired: ["new-code"],
};

const open = useApp();

async function show(page: Page, state: State, language: Language): Promise<void> {
  await visit(page, inject("address"), state.scenario, language, fileOf(state));
}

/** What axe objects to, one line for each element. */
async function objections(page: Page): Promise<string[]> {
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

/** The names of what can be scrolled sideways. */
async function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("main, aside, dialog")]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => element.tagName.toLowerCase()),
  );
}

/** The names of what should be in sight and is not. */
async function outOfSight(page: Page, state: State): Promise<string[]> {
  const controls = (inSight[state.name] ?? []).map((testId) => page.getByTestId(testId).first());
  const dialog = page.getByRole("dialog");
  if ((await dialog.count()) > 0) controls.push(dialog.getByRole("button").last());
  const missing = [];
  for (const control of controls) {
    const box = await control.boundingBox();
    if (!box || box.y < 0 || box.y + box.height > SMALL.height) missing.push(String(control));
  }
  return missing;
}

/** Each in a time of its own: all of them together take minutes. */
const PARTS = [1, 2, 3, 4];

test.each(PARTS)(
  "every state fits a small window, and axe finds nothing in light and in dark: part %i",
  { timeout: 240_000 },
  async (part) => {
    const page = await open("customers");
    await page.addInitScript(axe.source);
    for (const state of states.filter((_, index) => index % PARTS.length === part - 1)) {
      await page.setViewportSize(SMALL);
      await page.emulateMedia({ colorScheme: "light" });
      await show(page, state, "pt-BR");
      await state.reach?.(page);
      expect(await sideways(page), `${state.name} scrolls sideways`).toEqual([]);
      expect(await outOfSight(page, state), `${state.name}, out of sight`).toEqual([]);
      await page.setViewportSize(LARGE);
      expect(await objections(page), `${state.name}, light`).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await objections(page), `${state.name}, dark`).toEqual([]);
    }
  },
);

test.each(["en", "es"] as const)("axe finds nothing in %s", { timeout: 240_000 }, async (language) => {
  const page = await open("customers", { language });
  await page.addInitScript(axe.source);
  // The steps that lead on are in Portuguese, so these are the states that need none, or a customer's row alone.
  for (const state of states.filter(({ reach }) => reach === undefined)) {
    await show(page, state, language);
    expect(await objections(page), `${state.name}, ${language}`).toEqual([]);
  }
  for (const scenario of ["customers", "preparing", "waiting", "expired", "connected", "gaveUp"] as const) {
    await visit(page, inject("address"), scenario, language);
    await choose(page, "Padaria Aurora");
    await page.getByRole("heading", { name: "Padaria Aurora" }).waitFor();
    expect(await objections(page), `${scenario}, ${language}`).toEqual([]);
  }
});
