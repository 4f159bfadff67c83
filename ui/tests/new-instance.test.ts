import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const dialog = (page: Page) => page.getByRole("dialog");
const field = (page: Page, label: string) => dialog(page).getByLabel(label, { exact: true });
const called = (page: Page, method: "createInstance" | "importCustomers") =>
  page.evaluate((method) => window.fake.calls.includes(method), method);

async function addCustomer(page: Page) {
  await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).first().click();
  await dialog(page).waitFor();
}

async function newInstance(page: Page) {
  await addCustomer(page);
  await dialog(page).getByLabel("Criar uma nova").check();
}

describe("a new instance", () => {
  test("is offered only on an account with a Partner token", async () => {
    const page = await open("twoAccounts");
    await addCustomer(page);
    expect(await dialog(page).getByLabel("Criar uma nova").count()).toBe(0);
    await field(page, "Conta").selectOption({ label: "Estúdio Norte" });
    await dialog(page).getByLabel("Criar uma nova").check();
    await dialog(page).getByText("cobra esta instância da conta Estúdio Norte").waitFor();
    await dialog(page).getByTestId("confirm-cost").check();

    await field(page, "Conta").selectOption({ label: "Agência Litoral" });
    await field(page, "Endereço ou ID da instância").waitFor();
    await field(page, "Conta").selectOption({ label: "Estúdio Norte" });
    expect(await dialog(page).getByTestId("confirm-cost").isChecked(), "agreed to for another account").toBe(
      false,
    );
  });

  test("costs money: it is said, and nothing is created before the agent knows", async () => {
    const page = await open("roster");
    await newInstance(page);
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await dialog(page).getByText("O Ponte não sabe o preço").waitFor();
    expect(await page.getByTestId("create-instance").isDisabled()).toBe(true);
    await field(page, "Nome do cliente").press("Enter");
    expect(await called(page, "createInstance")).toBe(false);
    expect(await page.getByText("Confirme primeiro").count()).toBe(0);
  });

  test("is there at once, and selected", async () => {
    const page = await open("roster");
    await newInstance(page);
    await dialog(page).getByLabel("Mobile").check();
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await field(page, "Número esperado (opcional)").fill("(44) 99999-0101");
    await field(page, "Etiquetas (opcional)").fill("VIP");
    await field(page, "Nota (opcional)").fill("Falar com a Lúcia");
    await page.getByTestId("confirm-cost").check();
    await page.getByTestId("create-instance").click();
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
    await page.getByTestId("customer-search").fill("jasmim");
    await page.getByTestId("customer-row").filter({ hasText: "Floricultura Jasmim" }).waitFor();
    const row = await page.evaluate(() => window.fake.find("floricultura jasmim")[0]);
    expect(row).toMatchObject({
      instanceType: "mobile",
      token: { saved: "listed" },
      labels: ["VIP"],
      note: "Falar com a Lúcia",
      phoneDisplay: "+55 44 99999-0101",
    });
  });

  test("has its problems told beside their fields", async () => {
    const page = await open("roster");
    await newInstance(page);
    await field(page, "Número esperado (opcional)").fill("12");
    await dialog(page).getByText("Este número não existe").waitFor();
    await page.getByTestId("confirm-cost").check();
    await page.getByTestId("create-instance").click();
    await dialog(page).getByText("Falta preencher este campo.").waitFor();
    expect(await called(page, "createInstance")).toBe(false);
  });

  test("that may exist is not asked for twice: the list is read instead", async () => {
    const page = await open("roster");
    await page.evaluate(() =>
      window.fake.fail("createInstance", { code: "instanceMaybeCreated", params: {} }),
    );
    await newInstance(page);
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await page.getByTestId("confirm-cost").check();
    await page.getByTestId("create-instance").click();
    await page.locator('[data-code="instanceMaybeCreated"]').getByText("pode custar duas vezes").waitFor();
    expect(await page.getByTestId("create-instance").isDisabled()).toBe(true);
    await field(page, "Nome do cliente").press("Enter");
    expect(
      await page.evaluate(() => window.fake.calls.filter((call) => call === "createInstance").length),
    ).toBe(1);
    await dialog(page).getByRole("button", { name: "Atualizar a lista" }).click();
    await expect.poll(() => dialog(page).count()).toBe(0);
    expect(await called(page, "importCustomers")).toBe(true);
  });

  test("that was refused can be asked for again", async () => {
    const page = await open("roster");
    await page.evaluate(() => window.fake.fail("createInstance", { code: "offline", params: {} }));
    await newInstance(page);
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await page.getByTestId("confirm-cost").check();
    await page.getByTestId("create-instance").click();
    await page.locator('[data-code="offline"]').waitFor();
    await dialog(page).getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
  });
});

describe("note and labels", () => {
  test("are typed, and shown with the customer", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await page.getByRole("button", { name: "Editar cliente" }).click();
    await field(page, "Nota (opcional)").fill("Só atende de manhã\nFalar com o Jorge");
    await field(page, "Etiquetas (opcional)").fill("Novo,  Atacado ,");
    await page.getByTestId("label-offer").filter({ hasText: "VIP" }).click();
    expect(await field(page, "Etiquetas (opcional)").inputValue()).toBe("Novo, Atacado, VIP");
    await dialog(page).getByRole("button", { name: "Salvar alterações" }).click();
    const labels = page.getByTestId("customer-labels").getByRole("listitem");
    await labels.first().waitFor();
    expect(await labels.allTextContents()).toEqual(["Novo", "Atacado", "VIP"]);

    const note = page.getByTestId("customer-note");
    const lines = async () => Math.round(((await note.boundingBox())?.height ?? 0) / 19);
    expect(await lines(), "one line").toBe(1);
    await page.getByRole("button", { name: "mais", exact: true }).click();
    expect(await lines(), "all of it").toBe(2);
    await page.getByRole("button", { name: "menos", exact: true }).click();
    expect(await lines()).toBe(1);
  });

  test("that is short has nothing to open", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.changeCustomer("customer-1", { note: "Só de manhã" }));
    await choose(page, "Padaria Aurora");
    await page.getByTestId("customer-note").waitFor();
    expect(await page.getByRole("button", { name: "mais", exact: true }).count()).toBe(0);
  });

  test("offer the labels that begin with what is typed", async () => {
    const page = await open("roster");
    await addCustomer(page);
    await field(page, "Etiquetas (opcional)").fill("vip, impl");
    const offers = page.getByTestId("label-offer");
    expect(await offers.allTextContents()).toEqual(["Em implantação"]);
    await offers.first().click();
    expect(await field(page, "Etiquetas (opcional)").inputValue()).toBe("vip, Em implantação");
    expect(await offers.filter({ hasText: "VIP" }).count(), "it is there already").toBe(0);
  });

  test("that are too long are told beside their fields", async () => {
    const page = await open("noCustomers");
    await addCustomer(page);
    await field(page, "Etiquetas (opcional)").fill("x".repeat(50));
    await dialog(page).getByText("Texto longo demais.").waitFor();
    expect(await field(page, "Etiquetas (opcional)").getAttribute("aria-invalid")).toBe("true");
  });
});

describe("a customer of the Partner listing", () => {
  test("needs no token to be added", async () => {
    const page = await open("twoAccounts");
    await addCustomer(page);
    await field(page, "Endereço ou ID da instância").fill("FAKE0000000000000000000000000905");
    await field(page, "Nome do cliente").fill("Padaria Boreal");
    await dialog(page).getByRole("button", { name: "Adicionar cliente" }).click();
    await dialog(page).getByText("Falta preencher este campo.").waitFor();
    await field(page, "Conta").selectOption({ label: "Estúdio Norte" });
    await dialog(page).getByText("Vem com a listagem de parceiro").waitFor();
    await dialog(page).getByRole("button", { name: "Adicionar cliente" }).click();
    await page.getByRole("heading", { name: "Padaria Boreal" }).waitFor();
    expect(await page.evaluate(() => window.fake.find("boreal")[0]?.token.saved)).toBe("listed");
  });

  test("needs no token to be edited", async () => {
    const page = await open("roster");
    await page.getByTestId("customer-row").first().click();
    await page.getByRole("button", { name: "Editar cliente" }).click();
    await dialog(page).getByText("Vem com a listagem de parceiro").waitFor();
    await field(page, "Nome do cliente").fill("Academia da Esquina");
    await dialog(page).getByRole("button", { name: "Salvar alterações" }).click();
    await page.getByRole("heading", { name: "Academia da Esquina" }).waitFor();
    expect(await page.evaluate(() => window.fake.find("da esquina")[0]?.token.saved)).toBe("listed");
  });

  test.each([
    [15, null],
    [14, "Pago até 24/03/2026"],
    [-1, "Venceu em 09/03/2026"],
  ])("whose paid time ends in %i days", async (days, text) => {
    const page = await open("customers");
    await page.evaluate((days) => {
      const due = window.fake.clock.now() + days * 86_400_000;
      window.fake.changeCustomer("customer-1", { due });
    }, days);
    await choose(page, "Padaria Aurora");
    await page.getByTestId("method-extension").waitFor();
    expect(await page.getByTestId("due").allTextContents()).toEqual(text === null ? [] : [text]);
  });

  test("that has gone from it is told of", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.changeCustomer("customer-1", { vanished: true }));
    await choose(page, "Padaria Aurora");
    await page.getByTestId("vanished").getByText("não está mais na sua conta Z-API").waitFor();
    await choose(page, "Clínica Vida Plena");
    await page.getByRole("heading", { name: "Clínica Vida Plena" }).waitFor();
    expect(await page.getByTestId("vanished").count()).toBe(0);
  });
});
