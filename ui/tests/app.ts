import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import type { Scenario } from "../src/lib/ipc/fake";
import type { Language } from "../src/lib/ipc/types";
import { joinBrowser, openWindow, visit } from "./stage";

type Options = { language?: Language; width?: number; height?: number; presenter?: boolean };

/** Opens windows of the app for the tests of one file, and closes each after its test. */
export function useApp(): (scenario: Scenario, options?: Options) => Promise<Page> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await joinBrowser(inject("browser"));
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  afterAll(() => browser.close());

  return async (scenario, { language, width, height, presenter } = {}) => {
    const context = await openWindow(browser, width, height);
    context.setDefaultTimeout(8_000);
    const page = await context.newPage();
    await visit(page, inject("address"), scenario, language, presenter ? "fake-presenter.html" : "fake.html");
    return page;
  };
}
