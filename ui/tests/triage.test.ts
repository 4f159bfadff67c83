import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { FakeBackend } from "../src/lib/ipc/fake";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const cards = (page: Page) => page.getByTestId("triage-card");
const search = (page: Page) => page.getByTestId("triage-search");
const card = (page: Page, title: string) => page.getByRole("button", { name: title });
const calls = (page: Page) => page.evaluate(() => window.fake.calls);

async function triage(prepare: (fake: FakeBackend) => unknown = () => {}): Promise<Page> {
  const page = await open("customers");
  await page.evaluate(`(${prepare})(window.fake)`);
  // Reads the list again, after whatever was prepared.
  await page.getByTestId("customer-search").fill("aurora");
  await choose(page, "Padaria Aurora");
  await page.getByTestId("open-triage").click();
  await page.getByTestId("triage").waitFor();
  return page;
}

test("finds the card by what was said, whatever its accents, case and order", async () => {
  const page = await triage();
  await cards(page).first().waitFor();
  const all = await cards(page).count();
  expect(all).toBeGreaterThan(15);
  expect(await search(page).evaluate((input) => input === document.activeElement)).toBe(true);

  await page.keyboard.type("BANIDO numero");
  await expect.poll(() => cards(page).count()).toBe(1);
  await card(page, "O número está banido do WhatsApp").waitFor();
  await search(page).fill("insira sua chave de seguranca");
  await card(page, "O computador pede uma chave USB ou não tem Bluetooth").waitFor();
  await search(page).press("Escape");
  await expect.poll(() => cards(page).count()).toBe(all);
});

test("a card leads to its next action", async () => {
  const page = await triage();
  await card(page, "O celular pede para criar uma chave de acesso").click();
  const next = page.getByTestId("triage-next");
  expect(await next.textContent()).toContain("Conectar pela extensão");
  await next.click();
  await page.getByTestId("copy-message").waitFor();
  expect(await page.getByTestId("triage").count()).toBe(0);
});

test("a card's phrase and message are in the customer's language", async () => {
  const page = await triage((fake) =>
    fake.editCustomer("customer-1", {
      accountId: "litoral",
      name: "Padaria Aurora",
      address: "FAKE0000000000000000000000000001",
      token: null,
      phone: "",
      language: "en",
      note: "",
      labels: "",
      keep: "session",
    }),
  );
  await card(page, "O celular pede para criar uma chave de acesso").click();
  const phrase = page.getByText("Create a passkey to log in", { exact: true });
  expect(await phrase.getAttribute("lang")).toBe("en");
  await page.getByTestId("triage").getByRole("button", { name: "Copiar mensagem" }).click();
  await page.getByText("Mensagem copiada").waitFor();
  const shown = await page.getByTestId("triage").getByRole("region").textContent();
  expect(await page.evaluate(() => window.fake.clipboard)).toBe(shown);
  expect(shown).toContain("Hi, Padaria Aurora!");
});

test("one card at a time is open, and the keyboard is enough", async () => {
  const page = await triage();
  await page.keyboard.type("chave de acesso");
  await page.keyboard.press("Enter");
  const opened = cards(page).locator('[aria-expanded="true"]');
  expect(await opened.evaluate((button) => button === document.activeElement)).toBe(true);
  const first = await opened.textContent();
  await cards(page).locator('[aria-expanded="false"]').first().press("Enter");
  expect(await opened.count()).toBe(1);
  expect(await opened.textContent()).not.toBe(first);
  await page.keyboard.press("Escape");
  await page.getByTestId("open-triage").waitFor();
});

test("what no card is about leads to the extension", async () => {
  const page = await triage();
  await search(page).fill("xyzzy");
  await page.getByText("Nenhuma situação parecida").waitFor();
  await page.getByTestId("triage-next").click();
  await page.getByTestId("copy-message").waitFor();
});

test("the team's own cards: their folder, and the files that cannot be read", async () => {
  const page = await triage((fake) => {
    const triage = fake.triage.bind(fake);
    fake.triage = async (id) => ({ ...(await triage(id)), unreadable: ["pt-BR.json", "es.json"] });
  });
  await page.getByText("pt-BR.json, es.json").waitFor();
  await page.getByRole("button", { name: "Adicionar situações da equipe" }).click();
  expect(await calls(page)).toContain("openTriageFolder");
});

test("cards that cannot be read can be asked for again", async () => {
  const page = await triage((fake) => fake.fail("triage", { code: "storeFailed", params: {} }));
  await page.locator('[data-code="storeFailed"]').getByRole("button", { name: "Tentar de novo" }).click();
  await cards(page).first().waitFor();
});
