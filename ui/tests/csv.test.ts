import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Scenario } from "../src/lib/ipc/fake";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const TOKEN = "FAKETOKEN000000000000T901";
const id = (number: number) => `FAKE0000000000000000000000000${number}`;
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const line = (page: Page, number: number) =>
  page.getByTestId("csv-line").filter({ has: page.getByRole("cell", { name: String(number), exact: true }) });
const calls = (page: Page) => page.evaluate(() => window.fake.calls);
const total = (page: Page) => page.evaluate(() => window.fake.find("").length);

/** Two ready, one a customer already, three with mistakes. */
const SHEET = [
  "Cliente;Endereço ou ID;Token;Número;Plano",
  `Floricultura Jasmim;${id(901)};${TOKEN};44 99999-0101;Ouro`,
  "Clínica Vida Plena;FAKE0000000000000000000000000002;;;Ouro",
  `;${id(902)};FAKETOKEN000000000000T902;;Prata`,
  "Mercado Bom Dia;https://app.example/login;;12;Prata",
  `Açougue Boi Gordo;https://api.z-api.io/instances/${id(904)}/token/FAKETOKEN000000000000T904/send-text;;;Ouro`,
  `Jasmim de novo;${id(901)};${TOKEN};;Ouro`,
].join("\r\n");

async function importFile(page: Page): Promise<void> {
  await page.evaluate(() => window.fake.emit({ kind: "menu", action: "importFile" }));
  await page.getByTestId("csv").waitFor();
}

function give(page: Page, bytes: string | Uint8Array): Promise<void> {
  const buffer = Buffer.from(bytes as Uint8Array);
  return page.getByTestId("csv-file").setInputFiles({ name: "clientes.csv", mimeType: "text/csv", buffer });
}

async function previewed(scenario: Scenario = "customers", sheet = SHEET): Promise<Page> {
  const page = await open(scenario);
  await importFile(page);
  await give(page, sheet);
  await page.getByTestId("csv-line").first().waitFor();
  return page;
}

const result = (page: Page) => page.getByTestId("csv-result");

test("an account with a Partner token needs no other", async () => {
  const page = await previewed("twoAccounts", `Nome;ID\nPadaria Boreal;${id(905)}`);
  await line(page, 2).getByText("Token: Falta preencher").waitFor();
  await button(page, "Fechar").click();
  await button(page, "Ajustes").click();
  await button(page, "Importar planilha para Estúdio Norte").click();
  await give(page, `Nome;ID\nPadaria Boreal;${id(905)}`);
  await line(page, 2).getByText("Pronta").waitFor();
  expect(await page.getByLabel("No cofre de senhas").count(), "nothing to keep").toBe(0);
});

describe("a spreadsheet", () => {
  test("is offered by the menu, by the customer's form and by each account", async () => {
    const page = await open("twoAccounts");
    await importFile(page);
    expect(await page.getByLabel("Conta", { exact: true }).last().inputValue()).toBe("litoral");
    await button(page, "Fechar").click();

    await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
    await page.getByRole("dialog").getByTestId("import-file").click();
    await page.getByTestId("csv").waitFor();
    expect(await page.getByRole("dialog").count(), "the form makes room").toBe(0);
    await button(page, "Fechar").click();

    await button(page, "Ajustes").click();
    await button(page, "Importar planilha para Estúdio Norte").click();
    await page.getByTestId("csv").waitFor();
    expect(await page.getByTestId("csv").getByLabel("Conta").inputValue()).toBe("norte");
  });

  test("has a template, which can be found", async () => {
    const page = await open("customers");
    await importFile(page);
    await page.getByTestId("csv-template").click();
    await page.getByText("Salvo como ponte-modelo.csv").waitFor();
    await button(page, "Mostrar na pasta").click();
    expect(await calls(page)).toContain("showSavedFile");
  });

  test.each([
    ["UTF-8", Buffer.from(SHEET, "utf8")],
    ["Windows-1252", Buffer.from(SHEET, "latin1")],
    ["UTF-16", Buffer.from(`\ufeff${SHEET}`, "utf16le")],
  ])("is handed over byte by byte: %s", async (encoding, bytes) => {
    const page = await open("customers");
    await importFile(page);
    await give(page, bytes);
    await page.getByText(`Separado por ponto e vírgula, ${encoding}`).waitFor();
    await line(page, 6).getByText("Açougue Boi Gordo").waitFor();
    expect(await page.getByTestId("csv-file").count(), "and the page has let it go").toBe(0);
  });

  test("can be dropped", async () => {
    const page = await open("customers");
    await importFile(page);
    const dropped = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "clientes.csv", { type: "text/csv" }));
      return data;
    }, SHEET);
    await page.getByTestId("csv-drop").dispatchEvent("drop", { dataTransfer: dropped });
    await page.getByTestId("csv-line").first().waitFor();
  });

  test("that misses its place does not take the page's", async () => {
    const page = await open("customers");
    const refused = await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "clientes.csv"));
      const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector("main")?.dispatchEvent(event);
      return event.defaultPrevented;
    });
    expect(refused).toBe(true);
  });

  test("is told what will become of it, line by line", async () => {
    const page = await previewed();
    await page.getByTestId("csv-count-ready").getByText("2 linhas prontas").waitFor();
    await page.getByTestId("csv-count-known").getByText("1 já é cliente").waitFor();
    await page.getByTestId("csv-count-wrong").getByText("3 com erros").waitFor();
    await line(page, 4).getByText("Nome: Falta preencher este campo.").waitFor();
    await line(page, 5).getByText("Endereço ou ID: Este endereço não é de uma instância").waitFor();
    await line(page, 5).getByText("Número: Este número não existe").waitFor();
    await line(page, 7).getByText("A mesma instância já está na linha 2.").waitFor();
    await line(page, 3).getByText("Já é cliente").waitFor();
    await line(page, 2).getByRole("cell", { name: "sim", exact: true }).waitFor();
    expect(await line(page, 2).getByText("+55 44 99999-0101").count(), "its number, as understood").toBe(2);
    expect(await page.content(), "no token is in the page").not.toContain(TOKEN);
  });

  test("has the columns that the agent says", async () => {
    const page = await previewed(
      "customers",
      ["Loja;Dono;Onde", `Padaria Boreal;João;${id(905)}/x`, `Sorveteria Neve;Ana;${id(906)}`].join("\n"),
    );
    await page.getByTestId("csv-missing").getByText("o nome e o endereço ou ID").waitFor();
    expect(await button(page, "Nada para importar").isDisabled()).toBe(true);
    await page.getByLabel("Loja", { exact: true }).selectOption({ label: "Nome" });
    await page.getByTestId("csv-missing").getByText("está o endereço ou ID").waitFor();
    await page.getByLabel("Onde", { exact: true }).selectOption({ label: "Endereço ou ID" });
    await expect.poll(() => page.getByTestId("csv-missing").count()).toBe(0);
    await line(page, 3).getByText("Token: Falta preencher").waitFor();

    await page.getByLabel("Dono", { exact: true }).selectOption({ label: "Nome" });
    expect(await page.getByLabel("Loja", { exact: true }).inputValue(), "one column has the name").toBe("");
    await line(page, 3).getByText("Ana", { exact: true }).waitFor();
  });

  test("has its columns read in the order of the clicks", async () => {
    const page = await previewed();
    // The answer about the first click comes after the one about the second.
    await page.evaluate(() => {
      const preview = window.fake.previewCsv.bind(window.fake);
      let late: Promise<unknown> | null = null;
      window.fake.previewCsv = async (...asked) => {
        if (late) return preview(...asked);
        late = new Promise((resolve) => window.addEventListener("late", resolve));
        await late;
        return preview(...asked);
      };
    });
    await page.getByLabel("Plano", { exact: true }).selectOption({ label: "Nota" });
    await page.getByLabel("Plano", { exact: true }).selectOption({ label: "Etiquetas" });
    await line(page, 2).getByText("Ouro").waitFor();
    await page.evaluate(async () => {
      dispatchEvent(new Event("late"));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
    expect(await page.getByLabel("Plano", { exact: true }).inputValue()).toBe("labels");
    expect(await line(page, 2).getByText("Ouro").count()).toBe(1);
  });

  test("is imported, and the customers are there", async () => {
    const page = await previewed();
    await page.getByTestId("csv-import").click();
    await result(page).getByRole("heading", { name: "2 clientes adicionados" }).waitFor();
    await result(page).getByText("1 linha já era de um cliente").waitFor();
    await result(page).getByText("3 linhas com erro ficaram de fora").waitFor();
    await button(page, "Concluir").click();
    await choose(page, "Floricultura Jasmim");
    await page.getByRole("heading", { name: "Floricultura Jasmim" }).waitFor();
    const tokens = await page.evaluate(() =>
      [...window.fake.find("jasmim"), ...window.fake.find("boi gordo")].map(({ token }) => token.saved),
    );
    expect(tokens).toEqual(["keychain", "keychain"]);
    expect(await calls(page), "and nothing of the file is kept").toContain("forgetCsv");
  });

  test("has its tokens kept where the agent says", async () => {
    const page = await previewed();
    await page.getByLabel("Só nesta sessão").check();
    await page.getByTestId("csv-import").click();
    await result(page).waitFor();
    expect(await page.evaluate(() => window.fake.find("jasmim")[0]?.token)).toEqual({
      saved: "session",
      lastFour: "T901",
    });
  });

  test("asks nothing about tokens where nothing secret is written", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.setState({ memoryVault: true }));
    await button(page, "Ajustes").click();
    await button(page, "Geral").click();
    await page.getByLabel("Idioma do Ponte").selectOption({ label: "Português" });
    await importFile(page);
    await give(page, SHEET);
    await page.getByText("Nesta instalação nada secreto é gravado").waitFor();
    expect(await page.getByLabel("No cofre de senhas").count()).toBe(0);
  });

  test("shows how far it is, and can be stopped and gone on with", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.csv.hold());
    await importFile(page);
    await give(page, SHEET);
    await page.getByTestId("csv-import").click();
    await page.getByText("0 de 2").waitFor();
    await page.evaluate(() => window.fake.csv.step(1));
    await page.getByText("1 de 2").waitFor();
    expect(await page.getByRole("progressbar").getAttribute("value")).toBe("1");
    await page.getByTestId("csv-cancel").click();
    await result(page).getByRole("heading", { name: "Parou na linha 6" }).waitFor();
    await result(page).getByText("1 cliente adicionado.").waitFor();

    await page.evaluate(() => window.fake.csv.step(10));
    await page.getByTestId("csv-go-on").click();
    await result(page).getByRole("heading", { name: "1 cliente adicionado" }).waitFor();
    await result(page).getByText("2 linhas já eram de clientes").waitFor();
    expect(await total(page), "nobody twice").toBe(14);
  });

  test("says where and why it stopped, and goes on for the session", async () => {
    const page = await previewed();
    await page.evaluate(() => {
      window.fake.csv.stopsAt = { line: 6, failure: { code: "keychainLocked", params: {} } };
    });
    await page.getByTestId("csv-import").click();
    await result(page).getByRole("heading", { name: "Parou na linha 6" }).waitFor();
    await result(page)
      .locator('[data-code="keychainLocked"]')
      .getByText("na próxima vez o Ponte segue")
      .waitFor();
    await button(page, "Guardar só nesta sessão").click();
    await result(page).getByRole("heading", { name: "1 cliente adicionado" }).waitFor();
    const [first, second] = await page.evaluate(() => [
      window.fake.find("jasmim")[0]?.token.saved,
      window.fake.find("boi gordo")[0]?.token.saved,
    ]);
    expect([first, second]).toEqual(["keychain", "session"]);
  });

  test("goes on behind another screen, and its end is told there", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.csv.hold());
    await importFile(page);
    await give(page, SHEET);
    await page.getByTestId("csv-import").click();
    await page.getByText("0 de 2").waitFor();
    await choose(page, "Padaria Aurora");
    await page.getByRole("heading", { name: "Padaria Aurora" }).waitFor();
    await page.getByTestId("csv-behind").getByText("0 de 2").waitFor();
    expect(await calls(page), "the file is still needed").not.toContain("forgetCsv");

    await page.evaluate(() => window.fake.csv.step(10));
    await page.getByTestId("csv-behind").getByText("2 clientes adicionados").waitFor();
    await page.getByTestId("csv-behind").getByRole("button", { name: "Mostrar" }).click();
    await result(page).waitFor();
    await button(page, "Concluir").click();
    expect(await page.getByTestId("csv-behind").count()).toBe(0);
    expect(await calls(page)).toContain("forgetCsv");
  });

  test("keeps the agent in practice, or out of it, while its lines are imported", async () => {
    const page = await open("practice");
    await page.evaluate(() => window.fake.csv.hold());
    await importFile(page);
    await give(page, SHEET);
    await page.getByTestId("csv-import").click();
    await page.getByText("0 de 2").waitFor();
    await button(page, "Ajustes").click();
    await button(page, "Geral").click();
    const leave = button(page, "Sair da prática");
    expect(await leave.count(), "above, and in the settings").toBe(2);
    for (const each of await leave.all()) {
      expect(await each.isDisabled()).toBe(true);
      const reason = await each.getAttribute("aria-describedby");
      await page.locator(`[id="${reason}"]`).getByText("Uma planilha está sendo importada").waitFor();
    }

    await page.evaluate(() => window.fake.csv.step(10));
    await page.getByTestId("csv-behind").getByText("2 clientes adicionados").waitFor();
    expect(await page.getByText("Uma planilha está sendo importada").count()).toBe(0);
    await leave.first().click();
    await page.getByRole("heading", { name: "Boas-vindas ao Ponte" }).waitFor();
    await button(page, "Praticar agora").click();
    await page.getByTestId("customer-row").first().waitFor();
    expect(await page.getByTestId("csv-behind").count(), "what it came to is of other customers").toBe(0);
  });

  test("that cannot be read leaves the choice of another", async () => {
    const page = await open("customers");
    await importFile(page);
    await give(page, "PK\u0003\u0004\0\0");
    await page.locator('[data-code="notATable"]').waitFor();
    await give(page, SHEET);
    await page.getByTestId("csv-line").first().waitFor();
    expect(await page.getByTestId("error").count()).toBe(0);
    await page.getByTestId("csv-another").click();
    await page.getByTestId("csv-template").waitFor();
  });

  test("too large for a list of customers is not even read", async () => {
    const page = await open("customers");
    await importFile(page);
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(20 * 1024 * 1024 + 1)], "clientes.csv"));
      return data;
    });
    await page.getByTestId("csv-drop").dispatchEvent("drop", { dataTransfer: dropped });
    await page.locator('[data-code="fileTooLarge"]').getByText("20 MB").waitFor();
    expect(await calls(page)).not.toContain("readCsv");
  });

  test("whose preview fails can be tried again", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.fail("previewCsv", { code: "storeFailed", params: {} }));
    await importFile(page);
    await give(page, SHEET);
    await page.locator('[data-code="storeFailed"]').waitFor();
    await button(page, "Tentar de novo").click();
    await page.getByTestId("csv-line").first().waitFor();
  });

  test("is left by Escape, unless there is something to lose", async () => {
    const page = await open("customers");
    await importFile(page);
    await page.keyboard.press("Escape");
    await page.getByText("Escolha um cliente para começar").waitFor();
    await importFile(page);
    await give(page, SHEET);
    await page.getByTestId("csv-line").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("csv-line").first().waitFor();
    expect(await page.getByTestId("csv").getAttribute("data-stage")).toBe("preview");
  });
});

test("the list of an account is exported", async () => {
  const page = await open("twoAccounts");
  await button(page, "Ajustes").click();
  const norte = page.getByTestId("account").filter({ hasText: "Estúdio Norte" });
  await norte.getByTestId("export-customers").click();
  await norte.getByText("Salvo como ponte-clientes.csv").waitFor();
  expect(await page.evaluate(() => window.fake.exported)).toMatchObject({
    text: "",
    accountId: "norte",
    status: null,
  });
  await norte.getByRole("button", { name: "Mostrar na pasta" }).click();
  expect(await calls(page)).toContain("showSavedFile");

  await page.evaluate(() => window.fake.fail("exportCustomers", { code: "saveFailed", params: {} }));
  await norte.getByTestId("export-customers").click();
  await norte.locator('[data-code="saveFailed"]').waitFor();
});
