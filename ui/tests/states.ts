import type { Page } from "playwright-core";
import type { Scenario } from "../src/lib/ipc/fake";
import type { Import, Step } from "../src/lib/ipc/types";
import { choose, type File } from "./stage";

/** Something a window can look like. */
export type State = {
  name: string;
  scenario: Scenario;
  presenter?: true;
  /** It needs no scenario: it shows what is written in docs/guide. */
  guide?: true;
  /** What the agent does to get there. */
  reach?: (page: Page) => Promise<unknown>;
};

/** The page that the state is of. */
export function fileOf({ presenter, guide }: State): File {
  return presenter ? "fake-presenter.html" : guide ? "guide.html" : "fake.html";
}

const ADDRESS =
  "https://api.z-api.io/instances/FAKE0000000000000000000000000900/token/FAKETOKEN000000000000T900/send-text";

const aurora = (page: Page) => choose(page, "Padaria Aurora");
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

async function settings(page: Page, section?: string) {
  await button(page, "Ajustes").click();
  if (section) await button(page, section).click();
}

async function triage(page: Page) {
  await aurora(page);
  await page.getByTestId("open-triage").click();
  await page.getByTestId("triage-card").first().waitFor();
}

async function history(page: Page) {
  // Also pictured for the English guide.
  await page.getByRole("button", { name: /^(Histórico|History)$/ }).click();
  await page.getByTestId("history-row").first().waitFor();
}

/** Only the customers in one condition. */
async function condition(page: Page, status: string) {
  const filter = page.locator(`[data-testid="status-filter"][data-status="${status}"]`);
  await filter.click();
  await filter.and(page.locator('[aria-pressed="true"]')).waitFor();
}

/** An import that has read a part. */
async function importing(page: Page) {
  await page.getByTestId("import").click();
  await page.evaluate(() => window.fake.stepImport("litoral", { read: 312, total: 1_204 }));
  await page.getByTestId("customer-row").first().waitFor();
}

/** An import's end. */
async function imported(page: Page, end: Partial<Import>) {
  await page.evaluate((end) => window.fake.stepImport("litoral", end), end);
  await page.getByTestId("import-told").waitFor();
}

async function addCustomer(page: Page) {
  await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
  await page.getByRole("dialog").waitFor();
}

/** Lines of a spreadsheet: two to be added, one of a customer, four with mistakes. */
const SHEET = [
  "Cliente;Endereço ou ID;Token;Número;Etiquetas;Plano",
  "Floricultura Jasmim;FAKE0000000000000000000000000901;FAKETOKEN000000000000T901;44 99999-0101;VIP, Matriz;Ouro",
  "Clínica Vida Plena;FAKE0000000000000000000000000002;;11 98888-0202;;Ouro",
  ";FAKE0000000000000000000000000902;FAKETOKEN000000000000T902;;;Prata",
  "Padaria do Bairro;https://app.example/login;;;;Prata",
  "Mercado Bom Dia;FAKE0000000000000000000000000903;;12;;Prata",
  `Açougue Boi Gordo;${ADDRESS};;;Filial;Ouro`,
  "Floricultura Jasmim 2;FAKE0000000000000000000000000901;FAKETOKEN000000000000T901;;;Ouro",
].join("\r\n");

async function csv(page: Page) {
  await page.evaluate(() => window.fake.emit({ kind: "menu", action: "importFile" }));
  await page.getByTestId("csv-template").waitFor();
}

async function csvChosen(page: Page, text = SHEET) {
  await csv(page);
  const file = { name: "clientes.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await page.getByTestId("csv-file").setInputFiles(file);
}

async function csvPreviewed(page: Page) {
  await csvChosen(page);
  await page.getByTestId("csv-line").first().waitFor();
}

async function csvImported(page: Page) {
  await csvPreviewed(page);
  await page.getByTestId("csv-import").click();
}

/** The form for a customer who gets an instance. */
async function newInstance(page: Page) {
  await addCustomer(page);
  await page.getByLabel("Criar uma nova").check();
}

/** One of the actions behind the three dots. */
async function more(page: Page, name: string) {
  await button(page, "Mais ações").click();
  await page.getByTestId(`action-${name}`).click();
  await page.getByRole("dialog").waitFor();
}

async function timeShows(page: Page, text: string, advance: number) {
  await page.evaluate((ms) => window.fake.clock.advance(ms), advance);
  await page.getByTestId("time-left").filter({ hasText: text }).waitFor();
}

/** A registration of the customer with this name, as it stands before the number is checked. */
async function registration(page: Page, name: string) {
  await choose(page, name);
  await page.getByTestId("registration").waitFor();
}

const registrationAt = (page: Page, step: Step["step"]) =>
  page.locator(`[data-testid="registration"][data-step="${step}"]`).waitFor();

/** The number is checked. */
async function registrationChecked(page: Page, name: string) {
  await registration(page, name);
  await page.getByTestId("registration-confirm").check();
  await page.getByTestId("registration-check").click();
}

/** A code is asked for by SMS. */
async function registrationAsked(page: Page, name: string) {
  await registrationChecked(page, name);
  await page.getByTestId("way-sms").click();
}

/** The first code that the customer receives is confirmed. */
async function registrationConfirmed(page: Page, name: string) {
  await registrationAsked(page, name);
  await page.getByTestId("registration-code").fill("123456");
  await page.getByTestId("send-code").click();
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
  { name: "customers-roster", scenario: "roster" },
  {
    name: "customers-offline",
    scenario: "roster",
    reach: (page) => condition(page, "offline"),
  },
  {
    name: "customers-subscription-over",
    scenario: "roster",
    reach: (page) => condition(page, "subscriptionOver"),
  },
  {
    name: "customers-vanished",
    scenario: "roster",
    reach: (page) => condition(page, "vanished"),
  },
  {
    name: "customers-none-offline",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => {
        for (const { id } of window.fake.find("")) window.fake.changeCustomer(id, { status: "connected" });
      });
      await condition(page, "offline");
      await page.getByText("Ninguém offline").waitFor();
    },
  },
  {
    name: "customers-filters",
    scenario: "roster",
    reach: async (page) => {
      await page.getByTestId("filters").click();
      await page.getByTestId("filter-label").selectOption("VIP");
      await page.getByTestId("sort").selectOption("due");
    },
  },
  {
    name: "customers-filtered",
    scenario: "roster",
    reach: async (page) => {
      await page.getByTestId("filters").click();
      await page.getByTestId("filter-label").selectOption("VIP");
      await page.getByTestId("sort").selectOption("due");
      await page.keyboard.press("Escape");
    },
  },
  {
    name: "customers-connect-row",
    scenario: "customers",
    reach: async (page) => {
      await page.getByTestId("customer-row").filter({ hasText: "Clínica Vida Plena" }).hover();
      await page.getByTestId("connect-row").waitFor();
    },
  },
  {
    name: "customers-coming",
    scenario: "many",
    reach: async (page) => {
      await page.getByRole("listbox").focus();
      await page.evaluate(() => window.fake.hold("customers"));
      await page.keyboard.press("End");
      await page.getByTestId("customer-coming").first().waitFor();
    },
  },
  {
    name: "customers-trouble",
    scenario: "roster",
    reach: async (page) => {
      await page.evaluate(() => window.fake.fail("customers", { code: "storeFailed", params: {} }));
      await page.getByTestId("customer-search").fill("padaria");
      await page.locator('[data-code="storeFailed"]').waitFor();
    },
  },
  { name: "import", scenario: "partner" },
  {
    name: "import-begins",
    scenario: "partner",
    reach: async (page) => {
      await page.getByTestId("import").click();
      await page.getByTestId("import-progress").waitFor();
    },
  },
  { name: "import-running", scenario: "partner", reach: importing },
  {
    name: "import-done",
    scenario: "partner",
    reach: async (page) => {
      await importing(page);
      await imported(page, { state: "done", read: 1_204, vanished: 3 });
      await page.locator('[data-status="all"]').getByText("1.204").waitFor();
    },
  },
  {
    name: "import-cancelled",
    scenario: "partner",
    reach: async (page) => {
      await importing(page);
      await page.getByTestId("import-cancel").click();
      await page.getByTestId("import-again").waitFor();
    },
  },
  {
    name: "import-incomplete",
    scenario: "partner",
    reach: async (page) => {
      await importing(page);
      const failure = { code: "timedOut" as const, params: {} };
      await imported(page, { state: "incomplete", read: 1_004, failedPages: [3, 7], failure });
    },
  },
  {
    name: "import-failed",
    scenario: "partner",
    reach: async (page) => {
      await importing(page);
      const failure = { code: "partnerTokenWrong" as const, params: {} };
      await page.evaluate(
        (failure) => window.fake.stepImport("litoral", { state: "failed", failure }),
        failure,
      );
      await page.locator('[data-code="partnerTokenWrong"]').waitFor();
    },
  },
  {
    name: "refresh-failed",
    scenario: "roster",
    reach: async (page) => {
      await page.evaluate(() => {
        window.fake.refresh("litoral");
        window.fake.stepImport("litoral", { state: "failed", failure: { code: "offline", params: {} } });
      });
      await page.getByTestId("refresh-failed").waitFor();
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
  { name: "customer-form-partner", scenario: "roster", reach: addCustomer },
  {
    name: "customer-form-listed",
    scenario: "roster",
    reach: async (page) => {
      await page.getByTestId("customer-row").first().click();
      await button(page, "Editar cliente").click();
      await page.getByText("Vem com a listagem").waitFor();
      await page.getByText("Entendi: +55").waitFor();
    },
  },
  { name: "new-instance", scenario: "roster", reach: newInstance },
  {
    name: "new-instance-cost",
    scenario: "roster",
    reach: async (page) => {
      await newInstance(page);
      await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
      await page.getByTestId("labels").fill("VIP, ma");
      await page.getByTestId("confirm-cost").check();
    },
  },
  {
    name: "new-instance-maybe",
    scenario: "roster",
    reach: async (page) => {
      await page.evaluate(() =>
        window.fake.fail("createInstance", { code: "instanceMaybeCreated", params: {} }),
      );
      await newInstance(page);
      await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
      await page.getByTestId("confirm-cost").check();
      await page.getByTestId("create-instance").click();
      await page.getByTestId("error").waitFor();
    },
  },
  {
    name: "connect-noted",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() =>
        window.fake.changeCustomer("customer-1", {
          labels: ["VIP", "Matriz", "Em implantação"],
          note: "Falar com a Dona Lúcia, que cuida do caixa, antes das 18h. O celular da loja fica com o entregador até o meio-dia, então combine o horário.\nO genro ajuda com o computador.",
          due: window.fake.clock.now() + 5 * 86_400_000,
        }),
      );
      await aurora(page);
      await page.getByTestId("method-extension").waitFor();
      await page.getByTestId("customer-note").waitFor();
    },
  },
  {
    name: "connect-vanished",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() =>
        window.fake.changeCustomer("customer-1", {
          vanished: true,
          due: window.fake.clock.now() - 3 * 86_400_000,
        }),
      );
      await aurora(page);
      await page.getByTestId("method-extension").waitFor();
    },
  },
  {
    name: "remove-customer",
    scenario: "customers",
    reach: async (page) => {
      await aurora(page);
      await more(page, "remove");
    },
  },
  {
    name: "connect-offline",
    scenario: "customers",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("method-extension").waitFor();
      await page.getByTestId("last-connection").waitFor();
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
    name: "connect-actions",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Mercado São Jorge");
      await page.getByText("Conectado como").waitFor();
      await button(page, "Mais ações").click();
    },
  },
  {
    name: "connect-disconnect",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Mercado São Jorge");
      await page.getByText("Conectado como").waitFor();
      await more(page, "disconnect");
    },
  },
  {
    name: "connect-move",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Mercado São Jorge");
      await page.getByTestId("move").click();
    },
  },
  {
    name: "connect-phone-offline",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Floricultura Primavera");
      await page.getByText("sem internet").waitFor();
    },
  },
  {
    name: "connect-needs-restore",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Oficina Dois Irmãos");
      await page.getByTestId("restore-session").waitFor();
    },
  },
  {
    name: "connect-queue",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Pizzaria Bella Massa");
      await page.getByTestId("empty-queue").waitFor();
    },
  },
  {
    name: "connect-queue-empty",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Pizzaria Bella Massa");
      await page.getByTestId("empty-queue").click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "connect-subscription-over",
    scenario: "customers",
    reach: async (page) => {
      await choose(page, "Ótica Horizonte");
      await page.getByTestId("subscription-over").waitFor();
    },
  },
  { name: "subscription-over", scenario: "subscriptionOverPartner", reach: aurora },
  {
    name: "subscribe-again",
    scenario: "subscriptionOverPartner",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("subscribe-again").click();
      await page.getByRole("dialog").waitFor();
    },
  },
  { name: "qr-fetching", scenario: "qrFetching", reach: aurora },
  {
    name: "qr-waiting",
    scenario: "qrWaiting",
    reach: async (page) => {
      await aurora(page);
      await timeShows(page, "0:1", 3_000);
    },
  },
  {
    name: "qr-saved",
    scenario: "qrWaiting",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("save-picture").click();
      await page.getByText("Mostrar na pasta").waitFor();
    },
  },
  { name: "qr-read", scenario: "qrRead", reach: aurora },
  { name: "qr-expired", scenario: "qrExpired", reach: aurora },
  { name: "qr-gave-up", scenario: "qrGaveUp", reach: aurora },
  { name: "qr-passkey", scenario: "qrPasskey", reach: aurora },
  {
    name: "qr-practice",
    scenario: "practice",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("method-qr").click();
      await page.getByTestId("practice-readsQr").waitFor();
    },
  },
  { name: "phone-preparing", scenario: "phonePreparing", reach: aurora },
  {
    name: "phone-problem",
    scenario: "phonePreparing",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("phone-number").fill("12");
      await page.getByTestId("get-phone-code").click();
      await page.getByText("Este número não existe").waitFor();
    },
  },
  { name: "phone-waiting", scenario: "phoneWaiting", reach: aurora },
  {
    name: "phone-another",
    scenario: "phoneWaiting",
    reach: async (page) => {
      await aurora(page);
      await page.getByTestId("new-code").click();
      await page.getByRole("dialog").waitFor();
    },
  },
  { name: "phone-read", scenario: "phoneRead", reach: aurora },
  { name: "phone-passkey", scenario: "phonePasskey", reach: aurora },
  { name: "phone-gave-up", scenario: "phoneGaveUp", reach: aurora },
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
  { name: "triage", scenario: "customers", reach: triage },
  {
    name: "triage-card",
    scenario: "customers",
    reach: async (page) => {
      await triage(page);
      await page.getByTestId("triage-search").fill("chave de acesso");
      await page.getByTestId("triage-search").press("Enter");
      await page.getByTestId("triage-next").waitFor();
    },
  },
  {
    name: "triage-none",
    scenario: "customers",
    reach: async (page) => {
      await triage(page);
      await page.getByTestId("triage-search").fill("xyzzy");
      await page.getByText("Nenhuma situação parecida").waitFor();
    },
  },
  {
    name: "triage-unreadable",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => {
        const triage = window.fake.triage.bind(window.fake);
        window.fake.triage = async (id) => ({ ...(await triage(id)), unreadable: ["pt-BR.json"] });
      });
      await triage(page);
      await page.getByTestId("triage-search").fill("chrome");
      await page.getByText("pt-BR.json").waitFor();
    },
  },
  { name: "history", scenario: "twoAccounts", reach: history },
  {
    name: "history-exported",
    scenario: "customers",
    reach: async (page) => {
      await aurora(page);
      await button(page, "Histórico deste cliente").click();
      await page.getByTestId("export-history").click();
      await page.getByText("Salvo como").waitFor();
    },
  },
  {
    name: "history-none",
    scenario: "customers",
    reach: async (page) => {
      await history(page);
      await page.getByLabel("Resultado", { exact: true }).selectOption({ label: "Em andamento" });
      await page.getByText("Nenhuma tentativa com estes filtros").waitFor();
    },
  },
  {
    name: "connect-unknown-type",
    scenario: "mobile",
    reach: async (page) => {
      await choose(page, "Cafeteria Grão Fino");
      await page.getByTestId("is-mobile").waitFor();
    },
  },
  {
    name: "registration-number",
    scenario: "mobile",
    reach: (page) => registration(page, "Transportes Andorinha"),
  },
  {
    name: "registration-checking",
    scenario: "mobile",
    reach: async (page) => {
      await page.evaluate(() => window.fake.hold("checkRegistration"));
      await registrationChecked(page, "Transportes Andorinha");
      await page.getByText("Verificando o número…").waitFor();
    },
  },
  {
    name: "registration-trouble",
    scenario: "mobile",
    reach: async (page) => {
      await page.evaluate(() => window.fake.fail("checkRegistration", { code: "offline", params: {} }));
      await registrationChecked(page, "Transportes Andorinha");
      await page.getByTestId("error").waitFor();
    },
  },
  {
    name: "registration-ways",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Transportes Andorinha");
      await page.locator('[data-testid="way-sms"]:enabled').waitFor();
    },
  },
  {
    name: "registration-ways-wait",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Lavanderia Brisa");
      await page
        .getByTestId("wait-sms")
        .filter({ hasText: /\d:\d\d/ })
        .waitFor();
    },
  },
  {
    name: "registration-ways-closed",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Gráfica Ponto e Linha");
      await page.getByText("Fechado para este número").waitFor();
    },
  },
  {
    name: "registration-ways-too-many",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Imobiliária Novo Lar");
      for (let tries = 0; tries < 3; tries++) {
        await page.getByTestId("registration-code").fill(`00000${tries}`);
        await page.getByTestId("send-code").click();
      }
      await page.getByTestId("rejected").waitFor();
    },
  },
  {
    name: "registration-captcha",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Farmácia Santa Luzia");
      await page.getByTestId("captcha-picture").waitFor();
    },
  },
  {
    name: "registration-captcha-wrong",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Farmácia Santa Luzia");
      await page.getByTestId("captcha-answer").fill("999999");
      await page.getByTestId("send-captcha").click();
      await page.getByText("A resposta não confere").first().waitFor();
    },
  },
  {
    name: "registration-code",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Transportes Andorinha");
      await registrationAt(page, "code");
    },
  },
  {
    name: "registration-code-wrong",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Transportes Andorinha");
      await page.getByTestId("registration-code").fill("000-000");
      await page.getByTestId("send-code").click();
      await page.getByText("Este código está errado").first().waitFor();
    },
  },
  {
    name: "registration-pin",
    scenario: "mobile",
    reach: async (page) => {
      await registrationConfirmed(page, "Hotel Mirante");
      await registrationAt(page, "pin");
    },
  },
  {
    name: "registration-pin-forgotten",
    scenario: "mobile",
    reach: async (page) => {
      await registrationConfirmed(page, "Escola Pequeno Passo");
      await page.getByTestId("forgot-pin").click();
      await page.getByText("manda ao cliente um e-mail").waitFor();
    },
  },
  {
    name: "registration-phone-confirm",
    scenario: "mobile",
    reach: async (page) => {
      await registrationConfirmed(page, "Viveiro Terra Boa");
      await registrationAt(page, "phoneConfirm");
    },
  },
  {
    name: "registration-phone-confirm-asked",
    scenario: "mobile",
    reach: async (page) => {
      await registrationConfirmed(page, "Viveiro Terra Boa");
      await page.evaluate(() =>
        window.fake.setRegistration("customer-17", { step: { step: "phoneConfirm", watching: false } }),
      );
      await page.getByTestId("check-transfer").waitFor();
    },
  },
  {
    name: "registration-not-available",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Papelaria Arco-Íris");
      await registrationAt(page, "notAvailable");
    },
  },
  {
    name: "registration-blocked",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Academia Vigor");
      await registrationAt(page, "blocked");
    },
  },
  {
    name: "registration-in-review",
    scenario: "mobile",
    reach: async (page) => {
      await registrationChecked(page, "Academia Vigor");
      await page.getByTestId("appeal").fill("Usamos o número para marcar aulas com os alunos.");
      await page.getByTestId("send-appeal").click();
      await page.getByTestId("appeal-state").waitFor();
    },
  },
  {
    name: "registration-blocked-for-good",
    scenario: "mobile",
    reach: async (page) => {
      await registrationAsked(page, "Sorveteria Polar");
      await registrationAt(page, "blocked");
    },
  },
  {
    name: "registration-unfinished",
    scenario: "mobile",
    reach: async (page) => {
      await page.evaluate(() => window.fake.setRegistration("customer-13", { step: { step: "registered" } }));
      await registration(page, "Transportes Andorinha");
    },
  },
  {
    name: "registration-connected",
    scenario: "mobile",
    reach: async (page) => {
      await registrationConfirmed(page, "Transportes Andorinha");
      await page.getByText("Conectado como").waitFor();
    },
  },
  { name: "csv-file", scenario: "twoAccounts", reach: csv },
  {
    name: "csv-template-saved",
    scenario: "customers",
    reach: async (page) => {
      await csv(page);
      await page.getByTestId("csv-template").click();
      await page.getByText("Salvo como").waitFor();
    },
  },
  {
    name: "csv-not-a-table",
    scenario: "customers",
    reach: async (page) => {
      await csvChosen(page, "PK\0\0");
      await page.locator('[data-code="notATable"]').waitFor();
    },
  },
  { name: "csv-preview", scenario: "customers", reach: csvPreviewed },
  {
    name: "csv-preview-columns",
    scenario: "customers",
    reach: async (page) => {
      await csvPreviewed(page);
      await page.getByLabel("Endereço ou ID", { exact: true }).selectOption("note");
      await page.getByTestId("csv-missing").waitFor();
    },
  },
  {
    name: "csv-importing",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => window.fake.csv.hold());
      await csvImported(page);
      await page.evaluate(() => window.fake.csv.step(1));
      await page.getByText("1 de 2").waitFor();
    },
  },
  {
    name: "csv-behind",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => window.fake.csv.hold());
      await csvImported(page);
      await aurora(page);
      await page.getByTestId("csv-behind").waitFor();
      await page.getByTestId("method-extension").waitFor();
    },
  },
  {
    name: "csv-result",
    scenario: "customers",
    reach: async (page) => {
      await csvImported(page);
      await page.getByTestId("csv-result").waitFor();
    },
  },
  {
    name: "csv-stopped",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => window.fake.csv.hold());
      await csvImported(page);
      await page.evaluate(() => window.fake.csv.step(1));
      await page.getByTestId("csv-cancel").click();
      await page.getByTestId("csv-result").waitFor();
    },
  },
  {
    name: "csv-failed",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => {
        window.fake.csv.stopsAt = { line: 7, failure: { code: "keychainLocked", params: {} } };
      });
      await csvImported(page);
      await page.getByTestId("csv-result").waitFor();
    },
  },
  {
    name: "closing",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() => window.fake.emit({ kind: "closing" }));
      await page.getByTestId("close-tray").waitFor();
    },
  },
  {
    name: "link-not-found",
    scenario: "customers",
    reach: async (page) => {
      const text = "5544999990900";
      await page.evaluate(
        (text) =>
          window.fake.emit({ kind: "linkProblem", text, failure: { code: "notFound", params: { text } } }),
        text,
      );
      await page.getByTestId("link-problem").waitFor();
    },
  },
  {
    name: "link-not-understood",
    scenario: "customers",
    reach: async (page) => {
      await page.evaluate(() =>
        window.fake.emit({
          kind: "linkProblem",
          text: "",
          failure: { code: "linkNotUnderstood", params: {} },
        }),
      );
      await page.getByTestId("link-problem").waitFor();
    },
  },
  {
    name: "link-asks",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Mensagens");
      await page.getByLabel("Texto").fill("Oi, {name}! {code}");
      await page.evaluate(() =>
        window.fake.emit({ kind: "showCustomer", customer: window.fake.find("aurora")[0]! }),
      );
      await page.getByTestId("asked").waitFor();
    },
  },
  { name: "recovered", scenario: "recovered" },
  { name: "recovered-empty", scenario: "recoveredEmpty" },
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
  {
    name: "settings-accounts-exported",
    scenario: "customers",
    reach: async (page) => {
      await settings(page);
      await page.getByTestId("export-customers").click();
      await page.getByText("Salvo como").waitFor();
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
  {
    name: "settings-background",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Segundo plano");
      await page.getByTestId("notify").waitFor();
    },
  },
  {
    name: "settings-background-quiet",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Segundo plano");
      await page.getByTestId("quiet").check();
      await page.evaluate(() =>
        window.fake.fail("setBackgroundSettings", {
          code: "invalidInput",
          params: { field: "time", problem: "notATime" },
        }),
      );
      await page.getByTestId("quiet-from").fill("23:30");
      await page.getByTestId("quiet-from").blur();
      await page.getByText("Use horas e minutos").waitFor();
    },
  },
  {
    name: "settings-background-failed",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Segundo plano");
      await page.evaluate(() =>
        window.fake.fail("setBackgroundSettings", { code: "autostartFailed", params: {} }),
      );
      await page.getByTestId("autostart").click();
      await page.locator('[data-code="autostartFailed"]').waitFor();
    },
  },
  { name: "settings-general", scenario: "customers", reach: (page) => settings(page, "Geral") },
  {
    name: "settings-history-shorter",
    scenario: "customers",
    reach: async (page) => {
      await settings(page, "Geral");
      await page.getByLabel("Guardar o histórico por").selectOption({ label: "30 dias" });
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "settings-practice-importing",
    scenario: "practice",
    reach: async (page) => {
      await page.evaluate(() => window.fake.csv.hold());
      await csvImported(page);
      await page.getByText("0 de 2").waitFor();
      await settings(page, "Geral");
      await button(page, "Sair da prática").last().scrollIntoViewIfNeeded();
    },
  },
  { name: "settings-about", scenario: "customers", reach: (page) => settings(page, "Sobre") },
  { name: "presenter-preparing", scenario: "preparing", presenter: true },
  { name: "presenter-waiting", scenario: "waiting", presenter: true },
  { name: "presenter-qr", scenario: "qrWaiting", presenter: true },
  { name: "presenter-phone", scenario: "phoneWaiting", presenter: true },
  { name: "presenter-read", scenario: "qrRead", presenter: true },
  { name: "presenter-passkey", scenario: "qrPasskey", presenter: true },
  { name: "presenter-expired", scenario: "expired", presenter: true },
  { name: "presenter-connected", scenario: "connected", presenter: true },
  { name: "presenter-over", scenario: "gaveUp", presenter: true },
  { name: "guide", scenario: "customers", guide: true },
];
