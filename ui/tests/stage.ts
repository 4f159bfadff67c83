import { chromium, type Browser, type BrowserContext, type BrowserServer, type Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import type { FakeBackend, Scenario } from "../src/lib/ipc/fake";
import type { Language } from "../src/lib/ipc/types";

declare global {
  interface Window {
    fake: FakeBackend;
  }
}

/** Two in the afternoon and 27 minutes in São Paulo, so that a first code is valid until 14:32. */
export const NOW = new Date("2026-03-10T17:27:00Z");

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/**
 * Builds the pages that have the fake behind them, apart from the app's own build, and serves them on a free loopback
 * port. Bundled, a page opens in a tenth of the time that the development server's hundred modules take.
 */
export async function serve(): Promise<{ server: PreviewServer; address: string }> {
  const root = new URL("..", import.meta.url).pathname;
  const outDir = `${root}node_modules/.stage`;
  await build({
    root,
    logLevel: "error",
    build: {
      outDir,
      minify: false,
      rollupOptions: { input: ["fake.html", "fake-presenter.html", "guide.html"] },
    },
  });
  const server = await preview({
    root,
    logLevel: "error",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, strictPort: false },
  });
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error("the pages have no address");
  return { server, address };
}

export function startBrowser(): Promise<BrowserServer> {
  return chromium.launchServer({ executablePath: CHROMIUM, args: FLAGS });
}

export function joinBrowser(endpoint: string): Promise<Browser> {
  return chromium.connect(endpoint);
}

/** A window of its own, with a clock that starts at `NOW` and a place that agrees with it. */
export async function openWindow(browser: Browser, width = 1280, height = 800): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "pt-BR",
    timezoneId: "America/Sao_Paulo",
    reducedMotion: "reduce",
  });
  await context.clock.install({ time: NOW });
  return context;
}

/** The pages that are served: the app, the presenter and the guide. */
export type File = "fake.html" | "fake-presenter.html" | "guide.html";

/** Opens a page as `scenario` leaves it, and waits until it is there. */
export async function visit(
  page: Page,
  address: string,
  scenario: Scenario,
  language: Language = "pt-BR",
  file: File = "fake.html",
): Promise<void> {
  const query = file === "guide.html" ? `lang=${language}` : `scenario=${scenario}&language=${language}`;
  await page.goto(`${address}${file}?${query}`);
  await page.locator("h1, h2").first().waitFor();
}

/** Chooses a customer in the list. */
export async function choose(page: Page, name: string): Promise<void> {
  await page.getByTestId("customer-row").filter({ hasText: name }).first().click();
}
