import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Scenario } from "../src/lib/ipc/fake";
import { useApp } from "./app";

const open = useApp();

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const account = (page: Page, name: string) => page.getByTestId("account").filter({ hasText: name });

async function settings(scenario: Scenario, section?: string): Promise<Page> {
  const page = await open(scenario);
  await button(page, "Ajustes").click();
  if (section) await button(page, section).click();
  return page;
}

describe("accounts", () => {
  test("show of a secret whether it is saved and how it ends", async () => {
    const page = await settings("twoAccounts");
    const norte = account(page, "Estúdio Norte");
    await norte.getByTestId("clientToken").getByText("Só até fechar o Ponte · termina em …0002").waitFor();
    await norte.getByTestId("partnerToken").getByText("Salvo no cofre · termina em …0003").waitFor();
  });

  test("are tested, with a verdict for each credential", async () => {
    const page = await settings("twoAccounts");
    await page.evaluate(() =>
      window.fake.verdicts.set("norte", {
        clientToken: { kind: "failed", failure: { code: "clientTokenWrong", params: {} } },
        partnerToken: { kind: "works" },
      }),
    );
    await button(page, "Testar Estúdio Norte").click();
    const norte = account(page, "Estúdio Norte");
    await norte.getByTestId("clientToken").getByText("não aceitou o Client-Token").waitFor();
    await norte.getByTestId("partnerToken").getByText("Funciona").waitFor();

    await button(page, "Trocar Client-Token de Estúdio Norte").click();
    await dialog(page).getByLabel("Client-Token", { exact: true }).fill("FAKECLIENTTOKEN0009");
    await dialog(page).getByRole("button", { name: "Salvar" }).click();
    await norte.getByTestId("clientToken").getByText("termina em …0009").waitFor();
    expect(await norte.getByText("não aceitou o Client-Token").count(), "a verdict ends with its token").toBe(
      0,
    );
    expect(await page.content()).not.toContain("FAKECLIENTTOKEN0009");
  });

  test("are renamed, and the new name is everywhere", async () => {
    const page = await settings("twoAccounts");
    await button(page, "Renomear Estúdio Norte").click();
    await dialog(page).getByLabel("Nome da conta").fill("Estúdio Sul");
    await dialog(page).getByRole("button", { name: "Salvar" }).click();
    await page.getByRole("heading", { name: "Estúdio Sul" }).waitFor();
    await button(page, "Fechar").click();
    await page.getByLabel("Conta", { exact: true }).getByText("Estúdio Sul").waitFor({ state: "attached" });
  });

  test("lose a secret only after asking", async () => {
    const page = await settings("twoAccounts");
    await button(page, "Remover Token de parceiro de Estúdio Norte").click();
    await dialog(page).getByRole("button", { name: "Remover token" }).click();
    await account(page, "Estúdio Norte").getByTestId("partnerToken").getByText("Não salvo").waitFor();
  });

  test("with customers cannot be removed; without, only after asking", async () => {
    const page = await settings("twoAccounts");
    await button(page, "Remover Estúdio Norte").click();
    await dialog(page).getByRole("button", { name: "Remover conta" }).click();
    await account(page, "Estúdio Norte").locator('[data-code="accountHasCustomers"]').waitFor();

    const empty = await settings("noCustomers");
    await button(empty, "Remover Agência Litoral").click();
    await dialog(empty).getByRole("button", { name: "Cancelar" }).click();
    expect(await empty.evaluate(() => window.fake.calls.includes("removeAccount"))).toBe(false);
    await button(empty, "Remover Agência Litoral").click();
    await dialog(empty).getByRole("button", { name: "Remover conta" }).click();
    await empty.getByRole("heading", { name: "Boas-vindas ao Ponte" }).waitFor();
  });
});

describe("messages", () => {
  const text = (page: Page) => page.getByLabel("Texto", { exact: true });

  test("are checked while they are written, and previewed", async () => {
    const page = await settings("customers", "Mensagens");
    await text(page).fill("Oi {name}, até {validUntil}.");
    await page.getByText("Falta o campo {code}").waitFor();
    await text(page).fill("Oi {nome}: {code}");
    await page.getByText("não conhece o campo {nome}").waitFor();
    await button(page, "Salvar texto").click();
    expect(await page.evaluate(() => window.fake.calls.includes("saveTemplate")), "not with a problem").toBe(
      false,
    );

    await text(page).fill("Oi, ");
    await button(page, "Nome {name}").click();
    await button(page, "Código {code}").click();
    expect(await text(page).inputValue()).toBe("Oi, {name}{code}");
    expect(await page.getByTestId("preview").textContent()).toBe("Oi, Padaria AuroraFA48-HS63");
  });

  test("are saved and reset for one language and kind", async () => {
    const page = await settings("customers", "Mensagens");
    const original = await text(page).inputValue();
    await text(page).fill("Seu código: {code}");
    await page.getByLabel("Idioma do cliente").selectOption({ label: "Espanhol" });
    expect(await text(page).inputValue()).toContain("¡Hola");
    await page.getByLabel("Idioma do cliente").selectOption({ label: "Português" });
    expect(await text(page).inputValue(), "a draft waits").toBe("Seu código: {code}");
    await button(page, "Salvar texto").click();
    await page.getByText("Texto salvo.").waitFor();

    await button(page, "Voltar ao original").click();
    await dialog(page).getByRole("button", { name: "Voltar ao original" }).click();
    await page.getByText("Texto original de volta.").waitFor();
    expect(await text(page).inputValue()).toBe(original);
  });

  test("of preparation need the link and know no code", async () => {
    const page = await settings("customers", "Mensagens");
    await page.getByLabel("Mensagem").selectOption({ label: "Preparação (passos 1 e 2)" });
    expect(await button(page, "Código {code}").count()).toBe(0);
    await text(page).fill("Oi!");
    await page.getByText("Falta o campo {link}").waitFor();
  });

  test("of the phone code need the code and know no link", async () => {
    const page = await settings("customers", "Mensagens");
    await page.getByLabel("Mensagem").selectOption({ label: "Código por telefone" });
    expect(await button(page, "Link da extensão {link}").count()).toBe(0);
    await text(page).fill("Oi, {name}!");
    await page.getByText("Falta o campo {code}").waitFor();
  });
});

describe("general", () => {
  test("changes the language of everything, and back to the system's", async () => {
    const page = await settings("customers", "Geral");
    await page.getByLabel("Idioma do Ponte").selectOption({ label: "Español" });
    await page.getByText("Idioma cambiado.").waitFor();
    await page.getByLabel("Idioma de Ponte").selectOption({ label: "El mismo del sistema" });
    await page.getByText("Idioma alterado.").waitFor();
  });

  test("enters and leaves practice", async () => {
    const page = await settings("noCustomers", "Geral");
    await button(page, "Praticar").click();
    await page.getByText("Modo de prática").waitFor();
    await page.getByTestId("customer-row").first().waitFor();
    await button(page, "Ajustes").click();
    await button(page, "Geral").click();
    await page.getByRole("main").getByRole("button", { name: "Sair da prática" }).click();
    await page.getByText("Nenhum cliente ainda").waitFor();
  });

  test("refuses an address without https beside its field", async () => {
    const page = await settings("customers", "Geral");
    await page.getByLabel("Endereço da Z-API").fill("http://gateway.example");
    await button(page, "Salvar").click();
    await page.getByText("precisa começar com https://").waitFor();
    await page.getByLabel("Endereço da Z-API").fill("https://gateway.example");
    await button(page, "Salvar").click();
    await page.getByText("Endereço salvo.").waitFor();
  });

  test("leaves an address alone that the environment sets", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.setState({ zapiAddressFixed: true }));
    await button(page, "Ajustes").click();
    await button(page, "Geral").click();
    await page.getByLabel("Idioma do Ponte").selectOption({ label: "Português" });
    await page.getByText("PONTE_ZAPI_URL").waitFor();
    expect(await page.getByLabel("Endereço da Z-API").count()).toBe(0);
  });
});

test("about copies the diagnostic report", async () => {
  const page = await settings("customers", "Sobre");
  await page.getByText("Versão 0.1.0").waitFor();
  await button(page, "Copiar relatório de diagnóstico").click();
  await page.getByText("Relatório copiado.").waitFor();
  expect(await page.evaluate(() => window.fake.clipboard)).toContain("Ponte 0.1.0");
});

test("about opens the guide", async () => {
  const page = await settings("customers", "Sobre");
  await button(page, "Abrir o guia").click();
  expect(await page.evaluate(() => window.fake.calls.includes("openGuide"))).toBe(true);
});

test("the report can be copied, and the data tried again, when the app finds no data", async () => {
  const page = await open("customers");
  await page.addInitScript(() => {
    Object.defineProperty(window, "fake", {
      configurable: true,
      set(fake: Window["fake"]) {
        Object.defineProperty(window, "fake", { value: fake });
        fake.fail("appState", { code: "storeFailed", params: {} });
      },
    });
  });
  await page.reload();
  await page.locator('[data-code="storeFailed"]').waitFor();
  await button(page, "Copiar relatório de diagnóstico").click();
  await page.getByText("Relatório copiado.").waitFor();
  await button(page, "Tentar de novo").click();
  await page.getByTestId("customer-row").first().waitFor();
});

test("the account filter ends with its account", async () => {
  const page = await open("twoAccounts");
  await page.evaluate(async () => {
    for (const row of window.fake.find("", "norte")) await window.fake.removeCustomer(row.id);
  });
  await page.getByLabel("Conta", { exact: true }).selectOption({ label: "Estúdio Norte" });
  await page.getByText("Nada encontrado").waitFor();
  await button(page, "Ajustes").click();
  await button(page, "Remover Estúdio Norte").click();
  await dialog(page).getByRole("button", { name: "Remover conta" }).click();
  await button(page, "Fechar").click();
  await page.getByTestId("customer-row").first().waitFor();
});
