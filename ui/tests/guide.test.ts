import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import type { Language } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { visit } from "./stage";

/** What the app allows its windows, see tauri.conf.json. */
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'";

const open = useApp();

async function guide(language: Language): Promise<{ page: Page; refused: string[] }> {
  const page = await open("customers");
  const refused: string[] = [];
  page.on("console", (message) => message.type() === "error" && refused.push(message.text()));
  page.on("pageerror", (error) => refused.push(error.message));
  await page.route("**/guide.html*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      headers: { ...response.headers(), "content-security-policy": CSP },
    });
  });
  await visit(page, inject("address"), "customers", language, "guide.html");
  return { page, refused };
}

const chapters = (page: Page) => page.getByRole("main").getByRole("heading", { level: 2 }).allTextContents();
const pictures = (page: Page) =>
  page
    .getByRole("main")
    .getByRole("img")
    .evaluateAll((images) =>
      Promise.all((images as HTMLImageElement[]).map((image) => image.decode().then(() => image.alt))),
    );

test.each([
  ["pt-BR", "pt-BR", "Um atendimento com o Ponte"],
  ["en", "en", "Serving a customer with Ponte"],
  ["es", "en", "Serving a customer with Ponte"],
] as const)("for %s it is in %s, with chapters and pictures", async (asked, shown, title) => {
  const { page, refused } = await guide(asked);
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  expect(await page.title()).toBe(title);
  expect(await page.evaluate(() => document.documentElement.lang)).toBe(shown);

  const contents = await page.getByRole("navigation").getByRole("link").allTextContents();
  expect(contents.length).toBeGreaterThan(5);
  expect(contents).toEqual(await chapters(page));
  const seen = await pictures(page);
  expect(seen.length).toBeGreaterThan(5);
  expect(seen, "every picture has words for who cannot see it").not.toContain("");
  expect(refused).toEqual([]);
});

test("has as many chapters and pictures in one language as in the other", async () => {
  const [portuguese, english] = [(await guide("pt-BR")).page, (await guide("en")).page];
  expect((await chapters(portuguese)).length).toBe((await chapters(english)).length);
  expect((await pictures(portuguese)).length).toBe((await pictures(english)).length);
});

test("its contents lead to the chapter, and nothing leads out of the window", async () => {
  const { page } = await guide("pt-BR");
  const last = page.getByRole("navigation").getByRole("link").last();
  const name = (await last.textContent()) ?? "";
  await last.click();
  const heading = page.getByRole("main").getByRole("heading", { level: 2, name });
  await expect
    .poll(async () => (await heading.boundingBox())?.y, { message: "the chapter is in sight" })
    .toBeLessThan(800);
  const links = await page
    .getByRole("link")
    .evaluateAll((all) => all.map((each) => each.getAttribute("href")));
  expect(links.filter((href) => !href?.startsWith("#"))).toEqual([]);
});
