import type { Page } from "playwright-core";
import type { Scenario } from "../src/lib/ipc/fake";
import { choose } from "./stage";

/** Something a window can look like. */
export type State = {
  name: string;
  scenario: Scenario;
  presenter?: true;
  /** What the agent does to get there. */
  reach?: (page: Page) => Promise<unknown>;
};

const ADDRESS =
  "https://api.z-api.io/instances/FAKE0000000000000000000000000900/token/FAKETOKEN000000000000T900/send-text";

const aurora = (page: Page) => choose(page, "Padaria Aurora");
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

async function settings(page: Page, section?: string) {
  await button(page, "Ajustes").click();
  if (section) await button(page, section).click();
}

async function addCustomer(page: Page) {
  await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
  await page.getByRole("dialog").waitFor();
}

async function timeShows(page: Page, text: string, advance: number) {
  await page.evaluate((ms) => window.fake.clock.advance(ms), advance);
  await page.getByTestId("time-left").filter({ hasText: text }).waitFor();
}

/** Every state of every screen; the steps use the words of pt-BR. */
export const states: State[] = [
  { name: "first-run", scenario: "firstRun" },
  {
    name: "account-form",
    scenario: "firstRun",
    reach: (page) => page.getByTestId("add-account").click(),
  },
  {
    name: "account-form-problem",
    scenario: "firstRun",
    reach: async (page) => {
      await page.getByTestId("add-account").click();
      await page.getByLabel("Client-Token (opcional)", { exact: true }).fill(ADDRESS);
      await button(page, "Salvar conta").click();
      await page.getByText("Aqui vai só o token").waitFor();
    },
  },
  {
    name: "account-form-keychain",
    scenario: "firstRun",
    reach: async (page) => {
      await page.evaluate(() => window.fake.fail("addAccount", { code: "keychainLocked", params: {} }));
      await page.getByTestId("add-account").click();
      await page.getByLabel("Nome da conta").fill("Agência Litoral");
      await page.getByLabel("Client-Token (opcional)", { exact: true }).fill("FAKECLIENTTOKEN0001");
      await button(page, "Salvar conta").click();
      await page.getByTestId("error").waitFor();
    },
  },
  { name: "no-customers", scenario: "noCustomers" },
  { name: "customers", scenario: "customers" },
  { name: "customers-many", scenario: "many" },
  { name: "customers-two-accounts", scenario: "twoAccounts" },
  {
    name: "customers-none-found",
    scenario: "customers",
    reach: async (page) => {
      await page.getByTestId("customer-search").fill("farmácia");
      await page.getByText("Nada encontrado").waitFor();
    },
  },
  { name: "customer-form", scenario: "twoAccounts", reach: addCustomer },
  {
    name: "customer-form-address",
    scenario: "customers",
    reach: async (page) => {
      await addCustomer(page);
      await page.getByLabel("Endereço ou ID da instância", { exact: true }).fill(ADDRESS);
      await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
      await page.getByLabel("Número esperado").fill("44 99999-0101");
      await page.getByText("ID e token encontrados").waitFor();
    },
  },
  {
    name: "customer-form-problems",
    scenario: "customers",
    reach: async (page) => {
      await addCustomer(page);
      await page.getByLabel("Endereço ou ID da instância", { exact: true }).fill("https://app.example/login");
      await page.getByLabel("Número esperado").fill("12");
      await page.getByRole("dialog").getByRole("button", { name: "Adicionar cliente" }).click();
      await page.getByText("Falta preencher este campo.").first().waitFor();
    },
  },
  {
    name: "remove-customer",
    scenario: "customers",
    reach: async (page) => {
      await aurora(page);
      await button(page, "Remover cliente").click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "connect-offline",
    scenario: "customers",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("method-extension").waitFor();
    },
  },
  {
    name: "connect-connected",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Mercado São Jorge");
      await page.getByText("Conectado como").waitFor();
    },
  },
  {
    name: "connect-subscription-over",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Ótica Horizonte");
      await page.getByTestId("error").waitFor();
    },
  },
  { name: "checking", scenario: "checking", reach: aurora },
  { name: "preparing", scenario: "preparing", reach: aurora },
  {
    name: "waiting",
    scenario: "waiting",
    reach: async (page) => {
      await aurora(page);
      await timeShows(page, "3:5", 65_000);
    },
  },
  {
    name: "last-minute",
    scenario: "waiting",
    reach: async (page) => {
      await aurora(page);
      await timeShows(page, "0:4", 252_000);
    },
  },
  { name: "trouble", scenario: "trouble", reach: aurora },
  { name: "expired", scenario: "expired", reach: aurora },
  { name: "gave-up", scenario: "gaveUp", reach: aurora },
  { name: "connected", scenario: "connected", reach: aurora },
  { name: "connected-other-number", scenario: "otherNumber", reach: aurora },
  { name: "already-connected", scenario: "alreadyConnected", reach: aurora },
  { name: "failed", scenario: "failed", reach: aurora },
  {
    name: "practice",
    scenario: "practice",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("method-extension").click();
      await page.getByTestId("new-code").click();
      await page.getByTestId("connection-code").waitFor();
    },
  },
  { name: "settings-accounts", scenario: "twoAccounts", reach: (page) => settings(page) },
  {
    name: "settings-accounts-tested",
    scenario: "twoAccounts",
    reach: async (page) => {
      await settings(page);
      await page.evaluate(() =>
        window.fake.verdicts.set("norte", {
          clientToken: { kind: "failed", failure: { code: "clientTokenWrong", params: {} } },
          partnerToken: { kind: "works" },
        }),
      );
      await button(page, "Testar Agência Litoral").click();
      await button(page, "Testar Estúdio Norte").click();
      await page.getByText("Teste de Estúdio Norte concluído.").waitFor();
    },
  },
  { name: "settings-messages", scenario: "customers", reach: (page) => settings(page, "Mensagens") },
  {
    name: "settings-messages-problem",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Mensagens");
      await page.getByLabel("Texto").fill("Oi, {nome}!");
      await page.getByText("não conhece o campo").waitFor();
    },
  },
  { name: "settings-general", scenario: "customers", reach: (page) => settings(page, "Geral") },
  { name: "settings-about", scenario: "customers", reach: (page) => settings(page, "Sobre") },
  { name: "presenter-preparing", scenario: "preparing", presenter: true },
  { name: "presenter-waiting", scenario: "waiting", presenter: true },
  { name: "presenter-expired", scenario: "expired", presenter: true },
  { name: "presenter-connected", scenario: "connected", presenter: true },
  { name: "presenter-over", scenario: "gaveUp", presenter: true },
];
