import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { useApp } from "./app";
import { visit } from "./stage";
import { states } from "./states";

const open = useApp();

const SMALL = { width: 800, height: 600 };

/** The controls of each state that must be in sight without scrolling. */
const inSight: Record<string, string[]> = {
  "first-run": ["add-account", "practice"],
  customers: ["customer-search", "customer-row"],
  "connect-offline": ["method-extension"],
  preparing: ["copy-message", "new-code"],
  waiting: ["connection-code", "time-left", "copy-message", "copy-code", "new-code"],
  expired: ["new-code"],
};

async function sidewaysScroll(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("main, aside, dialog")]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => element.tagName.toLowerCase()),
  );
}

test(
  "at 800 × 600 nothing scrolls sideways and the main controls are in sight",
  { timeout: 180_000 },
  async () => {
    const page = await open("customers", SMALL);
    for (const state of states) {
      await visit(
        page,
        inject("address"),
        state.scenario,
        "pt-BR",
        state.presenter ? "fake-presenter.html" : "fake.html",
      );
      await state.reach?.(page);
      expect(await sidewaysScroll(page), state.name).toEqual([]);
      for (const testId of inSight[state.name] ?? []) {
        const box = await page.getByTestId(testId).first().boundingBox();
        expect(box, `${state.name}: ${testId}`).not.toBeNull();
        expect(
          box && box.y >= 0 && box.y + box.height <= SMALL.height,
          `${state.name}: ${testId} in sight`,
        ).toBe(true);
      }
      const submit = page.locator('dialog button[type="submit"]');
      if ((await submit.count()) > 0) {
        const box = await submit.boundingBox();
        expect(box && box.y + box.height <= SMALL.height, `${state.name}: the dialog's button in sight`).toBe(
          true,
        );
      }
    }
  },
);

test("a hundred thousand customers are searched without drawing them all", async () => {
  const page = await open("many");
  expect(await page.getByTestId("customer-row").count()).toBeLessThan(1_000);
  await page.getByTestId("customer-search").fill("padaria aurora 99993");
  await page.getByTestId("customer-row").filter({ hasText: "99993" }).waitFor();
  expect(await page.getByTestId("customer-row").count()).toBe(1);
});
