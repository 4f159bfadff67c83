import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const ID = "FAKE0000000000000000000000000900";
const TOKEN = "FAKETOKEN000000000000T900";
const ADDRESS = `https://api.z-api.io/instances/${ID}/token/${TOKEN}/send-text`;

const dialog = (page: Page) => page.getByRole("dialog");
const field = (page: Page, label: string) => dialog(page).getByLabel(label, { exact: true });
const press = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true }).click();
const firstRow = (page: Page) => page.getByTestId("customer-row").first();

async function addCustomer(page: Page) {
  await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).first().click();
  await dialog(page).waitFor();
}

describe("a customer", () => {
  test("is added by pasting the whole address", async () => {
    const page = await open("noCustomers");
    await addCustomer(page);
    await field(page, "Endereço ou ID da instância").fill(ADDRESS);
    await page.getByText(`Instância ${ID}`).waitFor();
    expect(await field(page, "Token da instância").count(), "the address holds the token").toBe(0);
    expect(await field(page, "Endereço ou ID da instância").getAttribute("type"), "which is hidden").toBe(
      "password",
    );
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await field(page, "Número esperado (opcional)").fill("(44) 99999-0101");
    await page.getByText("Entendi: +55 44 99999-0101").waitFor();
    await press(page, "Adicionar cliente");
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
    await firstRow(page).getByText("Floricultura Jasmim").waitFor();
    expect(await page.content(), "the token is nowhere in the page").not.toContain(TOKEN);
  });

  test("is added by id and token apart", async () => {
    const page = await open("noCustomers");
    await addCustomer(page);
    await field(page, "Endereço ou ID da instância").fill(ID);
    expect(await field(page, "Token da instância").getAttribute("type")).toBe("password");
    await field(page, "Token da instância").fill(TOKEN);
    await press(page, "Mostrar: Token da instância");
    expect(await field(page, "Token da instância").getAttribute("type")).toBe("text");
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await press(page, "Adicionar cliente");
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
  });

  test.each([
    ["Endereço ou ID da instância", "https://app.example/login", "não é de uma instância da Z-API"],
    ["Endereço ou ID da instância", `https://api.z-api.io/instances/${ID}`, "Falta um pedaço do endereço"],
    ["Endereço ou ID da instância", "dois pedaços", "Há um espaço no meio"],
    ["Token da instância", ADDRESS, "Aqui vai só o token"],
    ["Token da instância", ID, "Este é o ID da instância"],
    ["Número esperado (opcional)", "12", "Este número não existe"],
    ["Número esperado (opcional)", "ramal da loja", "Não parece um número de telefone"],
  ])("has %s checked while it is typed: %s", async (label, typed, sentence) => {
    const page = await open("noCustomers");
    await addCustomer(page);
    if (label === "Token da instância") await field(page, "Endereço ou ID da instância").fill(ID);
    await field(page, label).fill(typed);
    await page.getByText(sentence).waitFor();
    expect(await field(page, label).getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByText("Falta preencher").count(), "empty fields are left in peace").toBe(0);
  });

  test("cannot be saved empty, and the first problem gets the focus", async () => {
    const page = await open("noCustomers");
    await addCustomer(page);
    await press(page, "Adicionar cliente");
    await page.getByText("Falta preencher este campo.").first().waitFor();
    expect(await page.getByText("Falta preencher este campo.").count()).toBe(3);
    await page.locator('input[aria-invalid="true"]:focus').waitFor();
    expect(await page.evaluate(() => window.fake.calls.includes("addCustomer"))).toBe(false);
  });

  test("that is there already is named", async () => {
    const page = await open("customers");
    await addCustomer(page);
    await field(page, "Endereço ou ID da instância").fill("FAKE0000000000000000000000000002");
    await field(page, "Token da instância").fill(TOKEN);
    await field(page, "Nome do cliente").fill("Outra clínica");
    await press(page, "Adicionar cliente");
    await page.locator('[data-code="duplicateInstance"]').getByText("Clínica Vida Plena").waitFor();
  });

  test.each([
    "keychainMissing",
    "keychainLocked",
    "keychainRefused",
    "keychainFull",
    "keychainTimedOut",
  ] as const)("survives %s: nothing typed is lost, and the session can keep it", async (code) => {
    const page = await open("noCustomers");
    await page.evaluate((failed) => window.fake.fail("addCustomer", { code: failed, params: {} }), code);
    await addCustomer(page);
    await field(page, "Endereço ou ID da instância").fill(ADDRESS);
    await field(page, "Nome do cliente").fill("Floricultura Jasmim");
    await press(page, "Adicionar cliente");
    await page.locator(`[data-code="${code}"]`).waitFor();
    expect(await field(page, "Endereço ou ID da instância").inputValue()).toBe(ADDRESS);
    expect(await field(page, "Nome do cliente").inputValue()).toBe("Floricultura Jasmim");
    await press(page, "Guardar só nesta sessão");
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
    const saved = await page.evaluate(() => window.fake.find("jasmim")[0]?.token);
    expect(saved).toEqual({ saved: "session", lastFour: "T900" });
  });

  test("is edited without typing the token again", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await page.getByRole("button", { name: "Editar cliente" }).click();
    await page.getByText("termina em T001").waitFor();
    await field(page, "Nome do cliente").fill("Padaria Boreal");
    await press(page, "Salvar alterações");
    await page.getByRole("heading", { name: "Padaria Boreal" }).waitFor();
    const token = await page.evaluate(() => window.fake.find("boreal")[0]?.token);
    expect(token).toEqual({ saved: "keychain", lastFour: "T001" });
  });

  test("asks for the account only when there is a choice", async () => {
    const one = await open("customers");
    await addCustomer(one);
    expect(await field(one, "Conta").count()).toBe(0);
    const two = await open("twoAccounts");
    await addCustomer(two);
    await field(two, "Conta").selectOption({ label: "Estúdio Norte" });
    await field(two, "Endereço ou ID da instância").fill(ADDRESS);
    await field(two, "Nome do cliente").fill("Floricultura Jasmim");
    await press(two, "Adicionar cliente");
    await two.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
    const owner = await two.evaluate(() => window.fake.find("jasmim")[0]?.accountId);
    expect(owner).toBe("norte");
  });
});

describe("the first run", () => {
  test("leads to practice in one click", async () => {
    const page = await open("firstRun");
    await page.getByTestId("practice").click();
    await page.getByText("Modo de prática").waitFor();
    await page.getByTestId("customer-row").first().waitFor();
    await expect.poll(() => page.title()).toContain("Prática");
  });

  test("leads to an account, with a problem told beside its field", async () => {
    const page = await open("firstRun");
    await page.getByTestId("add-account").click();
    await field(page, "Nome da conta").fill("Agência Litoral");
    await field(page, "Client-Token (opcional)").fill(ADDRESS);
    await page.getByText("Aqui vai só o token").waitFor();
    await field(page, "Client-Token (opcional)").fill("FAKECLIENTTOKEN0001");
    await press(page, "Salvar conta");
    await page.getByText("Nenhum cliente ainda").waitFor();
    expect(await page.content()).not.toContain("FAKECLIENTTOKEN0001");
  });

  test("keeps what was typed when the keychain fails", async () => {
    const page = await open("firstRun");
    await page.evaluate(() => window.fake.fail("addAccount", { code: "keychainLocked", params: {} }));
    await page.getByTestId("add-account").click();
    await field(page, "Nome da conta").fill("Agência Litoral");
    await field(page, "Client-Token (opcional)").fill("FAKECLIENTTOKEN0001");
    await press(page, "Salvar conta");
    await page.locator('[data-code="keychainLocked"]').waitFor();
    expect(await field(page, "Client-Token (opcional)").inputValue()).toBe("FAKECLIENTTOKEN0001");
    await press(page, "Guardar só nesta sessão");
    await page.getByText("Nenhum cliente ainda").waitFor();
    expect(await page.evaluate(async () => (await window.fake.accounts())[0]?.clientToken.saved)).toBe(
      "session",
    );
  });

  test("speaks the language that is chosen", async () => {
    const page = await open("firstRun");
    await page.getByLabel("Idioma").selectOption({ label: "English" });
    await page.getByRole("heading", { name: "Welcome to Ponte" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("en");
  });
});
