import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { FakeBackend } from "../src/lib/ipc/fake";
import type { ErrorCode } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const calls = (page: Page, method: keyof FakeBackend) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call === name).length, method);
const dialogButton = (page: Page, name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true });

async function more(page: Page, name: string) {
  await page.getByRole("button", { name: "Mais ações" }).click();
  await page.getByTestId(`action-${name}`).click();
}

describe("the queue", () => {
  test("is told of before an attempt, and emptied only after asking", async () => {
    const page = await open("customers");
    await choose(page, "Pizzaria Bella Massa");
    await page.getByText("75 mensagens esperam na fila.").waitFor();
    await page.getByTestId("empty-queue").click();
    await page.getByRole("dialog").getByText("75 mensagens são apagadas").waitFor();
    await dialogButton(page, "Cancelar").click();
    expect(await calls(page, "emptyQueue")).toBe(0);
    await page.getByTestId("empty-queue").click();
    await dialogButton(page, "Esvaziar a fila").click();
    await page.getByText("Fila esvaziada.").waitFor();
    expect(await page.getByTestId("empty-queue").count()).toBe(0);
    expect(await calls(page, "emptyQueue")).toBe(1);
  });

  test("is not counted to its end", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.setQueue("customer-10", 5_000));
    await choose(page, "Pizzaria Bella Massa");
    await page.getByText("Mais de 300 mensagens esperam na fila.").waitFor();
  });

  test("that is empty, or cannot be read, is in nobody's way", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await page.getByTestId("method-qr").waitFor();
    expect(await page.getByTestId("empty-queue").count()).toBe(0);
    await page.evaluate(() => window.fake.fail("queue", { code: "timedOut", params: {} }));
    await choose(page, "Pizzaria Bella Massa");
    await page.getByText("Não deu para ver se há mensagens na fila").waitFor();
    await page.getByTestId("method-qr").waitFor();
    await page.getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByTestId("empty-queue").waitFor();
  });
});

describe("a subscription that is over", () => {
  test("is renewed after naming who pays, and the attempt goes on by itself", async () => {
    const page = await open("subscriptionOverPartner");
    const row = page.getByTestId("customer-row").filter({ hasText: "Padaria Aurora" });
    await row.getByText("Assinatura vencida").waitFor();
    await choose(page, "Padaria Aurora");
    await page.getByTestId("subscribe-again").click();
    await page.getByRole("dialog").getByText("cobra da conta de parceiro Agência Litoral").waitFor();
    await dialogButton(page, "Cancelar").click();
    expect(await calls(page, "subscribeAgain")).toBe(0);
    await page.getByTestId("subscribe-again").click();
    await dialogButton(page, "Assinar e pagar").click();
    await page.locator('[data-testid="attempt-state"][data-state="preparing"]').waitFor();
    expect(await calls(page, "startAttempt"), "by itself").toBe(0);
  });

  test("says why it could not be renewed", async () => {
    const page = await open("subscriptionOverPartner");
    await choose(page, "Padaria Aurora");
    await page.evaluate(() => window.fake.fail("subscribeAgain", { code: "partnerTokenWrong", params: {} }));
    await page.getByTestId("subscribe-again").click();
    await dialogButton(page, "Assinar e pagar").click();
    await page.locator('[data-code="partnerTokenWrong"]').waitFor();
    await page.getByTestId("subscription-over").waitFor();
  });

  test("may be asked for again where it surely was not renewed", async () => {
    const page = await open("subscriptionOverPartner");
    await choose(page, "Padaria Aurora");
    await page.evaluate(() => window.fake.fail("subscribeAgain", { code: "offline", params: {} }));
    await page.getByTestId("subscribe-again").click();
    await dialogButton(page, "Assinar e pagar").click();
    await page.getByTestId("error").getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByRole("dialog").waitFor();
  });

  test.each(["timedOut", "connectionReset", "truncatedAnswer", "gatewayTrouble", "subscriptionRequested"])(
    "is not asked for twice: after %s it is checked",
    async (code) => {
      const page = await open("subscriptionOverPartner");
      await choose(page, "Padaria Aurora");
      await page.evaluate(
        (code) => window.fake.fail("subscribeAgain", { code: code as ErrorCode, params: {} }),
        code,
      );
      await page.getByTestId("subscribe-again").click();
      await dialogButton(page, "Assinar e pagar").click();
      const notice = page.locator(`[data-testid="error"][data-code="${code}"]`);
      await notice.getByText("olhe no painel antes de pedir outra vez").waitFor();
      expect(await notice.getByRole("button").allTextContents()).toEqual(["Verificar de novo"]);
      await notice.getByRole("button").click();
      await expect.poll(() => calls(page, "customerStatus")).toBe(1);
      expect(await page.getByRole("dialog").count()).toBe(0);
      expect(await calls(page, "subscribeAgain")).toBe(1);
    },
  );

  test.each(["Verificar de novo", "Voltar"])("ends the attempt at %s, and begins none", async (name) => {
    const page = await open("subscriptionOverPartner");
    await choose(page, "Padaria Aurora");
    await page.getByTestId("attempt-state").getByRole("button", { name, exact: true }).click();
    await page.getByTestId("attempt-state").waitFor({ state: "detached" });
    await page.getByTestId("subscription-over").waitFor();
    expect(await calls(page, "customerStatus"), "the status is read").toBe(1);
    expect(await calls(page, "startAttempt")).toBe(0);
  });

  test("is the same whether the status says so or its refusal", async () => {
    const page = await open("customers");
    await page.evaluate(() => {
      window.fake.customerStatus = async () => ({
        status: "subscriptionOver",
        identity: null,
        expected: "notSet",
        phoneOnline: null,
        needsRestore: false,
        instanceType: "web",
      });
    });
    await choose(page, "Padaria Aurora");
    await page.getByTestId("subscription-over").waitFor();
    expect(await page.getByTestId("error").count()).toBe(0);
  });

  test("leads to the panel where there is no Partner token, and is checked again", async () => {
    const page = await open("customers");
    await choose(page, "Ótica Horizonte");
    await page.getByText("Renove no painel da Z-API").waitFor();
    expect(await page.getByTestId("subscribe-again").count()).toBe(0);
    expect(await page.getByTestId("method-qr").count(), "no method leads anywhere").toBe(0);
    await page.evaluate(() => window.fake.renew("customer-3"));
    await page.getByRole("button", { name: "Verificar de novo" }).click();
    await page.getByTestId("method-qr").waitFor();
  });
});

describe("the instance", () => {
  test("is restarted, and says so", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await page.getByText("Conectado como").waitFor();
    await more(page, "restart");
    await page.getByText("Instância reiniciada.").waitFor();
    await page.getByText("Conectado como").waitFor();
  });

  test("is disconnected after asking, with the number", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await page.getByText("Conectado como").waitFor();
    await more(page, "disconnect");
    await page.getByRole("dialog", { name: "Desconectar +55 62 96666-0404?" }).waitFor();
    await dialogButton(page, "Cancelar").click();
    expect(await calls(page, "instanceAction")).toBe(0);
    await more(page, "disconnect");
    await dialogButton(page, "Desconectar").click();
    await page.getByTestId("method-qr").waitFor();
    await page.getByText("Desconectado.").waitFor();
  });

  test("cannot be disconnected when it is not connected", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await page.getByRole("button", { name: "Mais ações" }).click();
    await page.getByTestId("action-restart").waitFor();
    expect(await page.getByTestId("action-disconnect").count()).toBe(0);
  });

  test("takes another number only after saying what happens to this one", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await page.getByTestId("move").click();
    await page.getByRole("dialog").getByText("corrigir o número esperado").waitFor();
    await page
      .getByRole("dialog", { name: "Conectar outro número no lugar de +55 62 96666-0404?" })
      .waitFor();
    expect(await calls(page, "instanceAction")).toBe(0);
    await dialogButton(page, "Desconectar e continuar").click();
    await page.getByTestId("method-qr").waitFor();
  });

  test("restores a session without a code", async () => {
    const page = await open("customers");
    await choose(page, "Oficina Dois Irmãos");
    await page.getByTestId("restore-session").click();
    await page.getByText("Conectado como +55 81 99000-1212").waitFor();
  });

  test("that refuses an action says why, and can be asked again", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await page.getByText("Conectado como").waitFor();
    await page.evaluate(() => window.fake.fail("instanceAction", { code: "timedOut", params: {} }));
    await more(page, "restart");
    await page.locator('[data-code="timedOut"]').getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByText("Instância reiniciada.").waitFor();
    expect(await page.getByTestId("error").count()).toBe(0);
  });

  test("whose phone is offline is told of quietly", async () => {
    const page = await open("customers");
    await choose(page, "Floricultura Primavera");
    await page.getByText("O celular do cliente está sem internet.").waitFor();
    expect(await page.getByTestId("error").count()).toBe(0);
    await choose(page, "Mercado São Jorge");
    await page.getByText("Conectado como +55 62").waitFor();
    expect(await page.getByText("sem internet").count()).toBe(0);
  });
});

describe("the menu of actions", () => {
  test("closes with Escape and gives the focus back, and closes when one goes elsewhere", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    const button = page.getByRole("button", { name: "Mais ações" });
    await button.press("Enter");
    await page.keyboard.press("Tab");
    await page.locator('[data-testid="action-restart"]:focus').waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("action-restart").waitFor({ state: "detached" });
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
    await button.click();
    await page.getByRole("heading", { name: "Padaria Aurora" }).click();
    await page.getByTestId("action-restart").waitFor({ state: "detached" });
  });
});

test("a customer is forgotten only after saying what goes", async () => {
  const page = await open("customers");
  await choose(page, "Padaria Aurora");
  await more(page, "remove");
  await page.getByRole("dialog").getByText("as credenciais e todo o histórico").waitFor();
  await dialogButton(page, "Cancelar").click();
  expect(await calls(page, "removeCustomer")).toBe(0);
  await more(page, "remove");
  await dialogButton(page, "Esquecer este cliente").click();
  await page.getByText("Escolha um cliente para começar").waitFor();
  expect(await page.getByTestId("customer-row").filter({ hasText: "Padaria Aurora" }).count()).toBe(0);
});

test("a customer of the listing is told to come back before being forgotten", async () => {
  const page = await open("roster");
  await page.getByTestId("customer-row").first().click();
  await more(page, "remove");
  await page.getByRole("dialog").getByText("ele volta, sem esses dados").waitFor();
});

test("the last connection is told of, where there was one", async () => {
  const page = await open("customers");
  await page.evaluate(() => {
    const { history } = window.fake;
    window.fake.history = async (query) => {
      const found = await history.call(window.fake, query);
      return query.customerId === "customer-1" ? found : { ...found, rows: [] };
    };
  });
  await choose(page, "Padaria Aurora");
  await page.getByText(/^Última conexão há .*, em \d+\s/).waitFor();
  await choose(page, "Clínica Vida Plena");
  await page.getByTestId("method-qr").waitFor();
  expect(await page.getByTestId("last-connection").count()).toBe(0);
});

test("who is connected is so since the last connection", async () => {
  const page = await open("customers");
  for (const name of ["Mercado São Jorge", "Pet Shop Amigo Fiel", "Floricultura Primavera"]) {
    await choose(page, name);
    const pill = page.locator("header").getByText(/^Conectado/);
    const since = /há .*/.exec((await pill.locator("..").textContent()) ?? "")?.[0].trim();
    await page
      .getByTestId("last-connection")
      .filter({ hasText: `Última conexão ${since} ` })
      .waitFor();
  }
});

test("the history opens from the list, from a customer and from the menu, and closes again", async () => {
  const page = await open("customers");
  await page.getByRole("complementary").getByRole("button", { name: "Histórico" }).click();
  await page.getByRole("heading", { name: "Histórico" }).first().waitFor();
  await choose(page, "Padaria Aurora");
  await page.getByTestId("method-qr").waitFor();
  await page.getByRole("button", { name: "Histórico deste cliente" }).click();
  await page.getByRole("heading", { name: "Histórico" }).first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("method-qr").waitFor();
  await page.evaluate(() => window.fake.emit({ kind: "menu", action: "history" }));
  await page.getByRole("heading", { name: "Histórico" }).first().waitFor();
});
