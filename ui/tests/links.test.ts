import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true });

const show = (page: Page, name: string) =>
  page.evaluate(
    (name) => window.fake.emit({ kind: "showCustomer", customer: window.fake.find(name)[0]! }),
    name,
  );

const problem = (page: Page, code: ErrorCode, text: string) =>
  page.evaluate(
    ([code, text]) =>
      window.fake.emit({ kind: "linkProblem", text, failure: { code, params: text ? { text } : {} } }),
    [code, text] as const,
  );

describe("a link", () => {
  test("shows its customer", async () => {
    const page = await open("customers");
    await show(page, "Pet Shop");
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
    await show(page, "Barbearia");
    await heading(page, "Barbearia do Porto").waitFor();
  });

  test.each(["Histórico", "Ajustes"])("shows its customer in place of %s", async (place) => {
    const page = await open("customers");
    await button(page, place).click();
    await heading(page, place).waitFor();
    await show(page, "Pet Shop");
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
    expect(await heading(page, place).count()).toBe(0);
  });

  test("leaves a form alone, and all that was typed, and waits for its end", async () => {
    const page = await open("customers");
    await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
    await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
    await show(page, "Pet Shop");
    expect(await page.getByLabel("Nome do cliente").inputValue()).toBe("Floricultura Jasmim");
    await dialog(page).getByRole("button", { name: "Cancelar" }).click();
    expect(await heading(page, "Pet Shop Amigo Fiel").count()).toBe(0);
    const asked = page.getByTestId("asked");
    await asked.getByText("Um link pede Pet Shop Amigo Fiel").waitFor();
    expect(await asked.getByText("se perde").count(), "nothing is lost any more").toBe(0);
    await asked.getByRole("button", { name: "Mostrar cliente" }).click();
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
    expect(await asked.count()).toBe(0);
  });

  test("waits for a form that is saved, too", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await button(page, "Editar cliente").click();
    await page.getByLabel("Nome do cliente").fill("Padaria Aurora e Filhos");
    await show(page, "Pet Shop");
    await dialog(page).getByRole("button", { name: "Salvar" }).click();
    await heading(page, "Padaria Aurora e Filhos").waitFor();
    await page.getByTestId("asked").getByText("Um link pede Pet Shop Amigo Fiel").waitFor();
    await choose(page, "Barbearia");
    await heading(page, "Barbearia do Porto").waitFor();
    expect(await page.getByTestId("asked").count(), "the agent went on").toBe(0);
  });

  test("waits for an answer to a question", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.emit({ kind: "closing" }));
    await dialog(page).waitFor();
    await show(page, "Pet Shop");
    await page.keyboard.press("Escape");
    await page.getByTestId("asked").getByRole("button", { name: "Mostrar cliente" }).click();
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
  });

  test("asks before a text that is not saved is lost", async () => {
    const page = await open("customers");
    await button(page, "Ajustes").click();
    await button(page, "Mensagens").click();
    await page.getByLabel("Texto", { exact: true }).fill("Oi, {name}: {code}");
    await show(page, "Pet Shop");
    await page.getByTestId("asked").getByText("Um link pede Pet Shop Amigo Fiel").waitFor();
    expect(await page.getByLabel("Texto", { exact: true }).inputValue()).toBe("Oi, {name}: {code}");
    await page.getByTestId("asked").getByRole("button", { name: "Mostrar cliente" }).click();
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
    expect(await page.getByTestId("asked").count()).toBe(0);
  });

  test("that names a number leads to the form with that number", async () => {
    const page = await open("customers");
    await problem(page, "notFound", "5544999990900");
    const notice = page.getByTestId("link-problem");
    await notice.getByText("Não ficou claro quem é 5544999990900").waitFor();
    await notice.getByRole("button", { name: "Adicionar cliente" }).click();
    expect(await dialog(page).getByLabel("Número esperado (opcional)").inputValue()).toBe("5544999990900");
    expect(await dialog(page).getByLabel("Endereço ou ID da instância", { exact: true }).inputValue()).toBe(
      "",
    );
    expect(await notice.count()).toBe(0);

    await dialog(page).getByRole("button", { name: "Cancelar" }).click();
    await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
    expect(await dialog(page).getByLabel("Número esperado (opcional)").inputValue(), "only once").toBe("");
  });

  test("that names an instance leads to the form with that instance", async () => {
    const page = await open("customers");
    const id = "FAKE0000000000000000000000000900";
    await problem(page, "notFound", id);
    await page.getByTestId("link-problem").getByRole("button", { name: "Adicionar cliente" }).click();
    expect(await dialog(page).getByLabel("Endereço ou ID da instância", { exact: true }).inputValue()).toBe(
      id,
    );
  });

  test("that names nobody can be searched for", async () => {
    const page = await open("customers");
    await problem(page, "notFound", "99999");
    await page.getByTestId("link-problem").getByRole("button", { name: "Buscar" }).click();
    expect(await page.getByTestId("customer-search").inputValue()).toBe("99999");
    await page.getByTestId("customer-row").filter({ hasText: "Padaria Aurora" }).waitFor();
    expect(await page.getByTestId("customer-row").count()).toBe(1);
  });

  test("that makes no sense is told of, until somebody is chosen", async () => {
    const page = await open("customers");
    await problem(page, "linkNotUnderstood", "");
    const notice = page.getByTestId("link-problem");
    await notice.getByText("não entendeu este link").waitFor();
    expect(await notice.getByRole("button", { name: "Adicionar cliente" }).count()).toBe(0);
    await choose(page, "Padaria Aurora");
    await expect.poll(() => notice.count()).toBe(0);
    await problem(page, "linkNotUnderstood", "");
    await notice.getByRole("button", { name: "Fechar" }).click();
    expect(await notice.count()).toBe(0);
  });
});

test("the tray shows who is offline behind a form, and nothing typed is lost", async () => {
  const page = await open("customers");
  await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
  await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
  await page.evaluate(() => window.fake.emit({ kind: "showOffline" }));
  await expect.poll(() => page.getByTestId("customer-row").count()).toBe(7);
  expect(await page.getByLabel("Nome do cliente").inputValue()).toBe("Floricultura Jasmim");
});

describe("a damaged data file", () => {
  test("is told of until it is put away", async () => {
    const page = await open("recovered");
    const notice = page.getByTestId("recovered");
    await notice.getByText("ponte.damaged.db").waitFor();
    await notice.getByText("9 de março de 2026").waitFor();
    await choose(page, "Padaria Aurora");
    await heading(page, "Padaria Aurora").waitFor();
    expect(await notice.count(), "it stays").toBe(1);
    await notice.getByRole("button", { name: "Fechar" }).click();
    expect(await notice.count()).toBe(0);
    await choose(page, "Pet Shop");
    await heading(page, "Pet Shop Amigo Fiel").waitFor();
    expect(await notice.count()).toBe(0);
  });

  test("is told of on the first screen, when there was no backup", async () => {
    const page = await open("recoveredEmpty");
    await page.getByTestId("recovered").getByText("a lista começou vazia").waitFor();
    await heading(page, "Boas-vindas ao Ponte").waitFor();
  });
});
