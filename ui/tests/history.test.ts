import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Backend } from "../src/lib/ipc/backend";
import type { Scenario } from "../src/lib/ipc/fake";
import type { HistoryQuery } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose, NOW } from "./stage";

const open = useApp();
const DAY = 86_400_000;

const rows = (page: Page) => page.getByTestId("history-row");
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const filter = (page: Page, label: string, option: string) =>
  page.getByTestId("history").getByLabel(label, { exact: true }).selectOption({ label: option });

/** Every query from now on, of the page and of the export. */
async function watchQueries(page: Page): Promise<() => Promise<HistoryQuery[]>> {
  await page.evaluate(() => {
    const queries: HistoryQuery[] = [];
    const fake: Backend = window.fake;
    const [history, exportHistory] = [fake.history.bind(fake), fake.exportHistory.bind(fake)];
    fake.history = (query) => (queries.push(query), history(query));
    fake.exportHistory = (query) => (queries.push(query), exportHistory(query));
    Object.assign(window, { queries });
  });
  return () => page.evaluate(() => (window as unknown as { queries: HistoryQuery[] }).queries);
}

async function history(scenario: Scenario = "twoAccounts"): Promise<Page> {
  const page = await open(scenario);
  await button(page, "Histórico").click();
  await rows(page).first().waitFor();
  return page;
}

test("tells of every attempt when, who, how, and what came of it", async () => {
  const page = await history();
  const [first, second, , fourth] = await rows(page).allInnerTexts();
  for (const part of ["07/03/2026", "14:27", "Padaria Aurora", "Agência Litoral", "Extensão do Chrome"])
    expect(first).toContain(part);
  expect(first?.replaceAll("\u00a0", " ")).toContain("2 min 10 s");
  expect(second).toContain("Pediu chave de acesso");
  expect(fourth?.replaceAll("\u00a0", " ")).toContain("A Z-API demorou demais para responder × 3");
  await page.getByRole("columnheader", { name: "Resultado" }).waitFor();
});

test("has room for its words in a small window", async () => {
  const page = await open("twoAccounts", { width: 800, height: 600 });
  await button(page, "Histórico").click();
  await rows(page).first().waitFor();
  const name = rows(page).locator("strong").filter({ hasText: "Padaria Aurora" }).first();
  expect((await name.boundingBox())?.height, "one line").toBeLessThan(30);
  expect(await rows(page).first().innerText()).toContain("Extensão do Chrome");
  expect(await page.getByRole("columnheader", { name: "Método" }).count()).toBe(0);
});

test("sums up each method", async () => {
  const page = await history();
  const totals = page.getByRole("list", { name: "Totais por método" });
  const qr = (await totals.getByRole("listitem").filter({ hasText: "QR code" }).innerText()).replaceAll(
    "\u00a0",
    " ",
  );
  for (const part of ["40%", "8 de 20 conectaram", "Mediana: 52 s"]) expect(qr).toContain(part);
});

test("filters by account, method, outcome and period, and says when nothing is left", async () => {
  const page = await history();
  const queries = await watchQueries(page);
  await filter(page, "Conta", "Estúdio Norte");
  await filter(page, "Método", "Código por telefone");
  await filter(page, "Resultado", "Tempo esgotado");
  await filter(page, "Período", "Últimos 7 dias");
  await expect
    .poll(async () => (await queries()).at(-1))
    .toMatchObject({ customerId: null, accountId: "norte", method: "phoneCode", outcome: "gaveUp" });
  const since = (await queries()).at(-1)?.since ?? 0;
  expect(Math.abs(NOW.getTime() - 7 * DAY - since)).toBeLessThan(60_000);

  await filter(page, "Método", "Extensão do Chrome");
  await page.getByText("Nenhuma tentativa com estes filtros").waitFor();
  await button(page, "Limpar filtros").click();
  await expect.poll(() => rows(page).count()).toBe(40);
});

test("of one customer begins with that customer, and goes on to all", async () => {
  const page = await open("customers");
  await choose(page, "Clínica Vida Plena");
  await button(page, "Histórico deste cliente").click();
  await rows(page).first().waitFor();
  const names = await rows(page).locator("strong").allTextContents();
  expect(new Set(names)).toEqual(new Set(["Clínica Vida Plena"]));
  await filter(page, "Cliente", "Todos");
  await rows(page).filter({ hasText: "Padaria Aurora" }).first().waitFor();
});

test("is exported as it is filtered, and the file is shown", async () => {
  const page = await history();
  const queries = await watchQueries(page);
  await filter(page, "Método", "QR code");
  await page.getByTestId("export-history").click();
  await page.getByText("Salvo como ponte-historico.csv em Downloads.").waitFor();
  expect((await queries()).at(-1)).toMatchObject({ method: "qrCode", outcome: null });
  await button(page, "Mostrar na pasta").click();
  expect(await page.evaluate(() => window.fake.calls.includes("showSavedFile"))).toBe(true);
});

test("an export that fails is told, and can be tried again", async () => {
  const page = await history();
  await page.evaluate(() => window.fake.fail("exportHistory", { code: "saveFailed", params: {} }));
  await page.getByTestId("export-history").click();
  await page.locator('[data-code="saveFailed"]').getByRole("button", { name: "Tentar de novo" }).click();
  await page.getByText("Salvo como").waitFor();
});

test("a desk without attempts is told so, and exports nothing", async () => {
  const page = await open("noCustomers");
  await button(page, "Histórico").click();
  await filter(page, "Período", "Todo");
  await page.getByText("Nenhuma tentativa ainda").waitFor();
  expect(await page.getByTestId("export-history").isDisabled()).toBe(true);
});

describe("how long it is kept", () => {
  async function settings(): Promise<Page> {
    const page = await open("customers");
    await button(page, "Ajustes").click();
    await button(page, "Geral").click();
    return page;
  }
  const days = (page: Page) => page.getByLabel("Guardar o histórico por");
  const saved = (page: Page) => page.evaluate(() => window.fake.appState().then((app) => app.historyDays));

  test("can be made longer at once", async () => {
    const page = await settings();
    await days(page).selectOption({ label: "2 anos" });
    await page.getByText("Prazo do histórico alterado.").waitFor();
    expect(await saved(page)).toBe(730);
  });

  test("is made shorter only after asking, as older attempts are deleted", async () => {
    const page = await settings();
    await days(page).selectOption({ label: "30 dias" });
    await page.getByText("As tentativas com mais de 30 dias são apagadas").waitFor();
    await button(page, "Cancelar").click();
    expect(await saved(page)).toBe(180);
    expect(await days(page).inputValue()).toBe("180");
    await days(page).selectOption({ label: "30 dias" });
    await button(page, "Apagar as mais antigas").click();
    await page.getByText("Prazo do histórico alterado.").waitFor();
    expect(await saved(page)).toBe(30);
  });

  test("stays as it was when it cannot be changed", async () => {
    const page = await settings();
    await page.evaluate(() => window.fake.fail("setHistoryDays", { code: "storeFailed", params: {} }));
    await days(page).selectOption({ label: "1 ano" });
    await page.locator('[data-code="storeFailed"]').waitFor();
    expect(await days(page).inputValue()).toBe("180");
  });
});
