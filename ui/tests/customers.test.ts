import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { CustomerPage, CustomerQuery } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose } from "./stage";

declare global {
  interface Window {
    /** Questions that `holdBack` keeps unanswered, in their order. */
    held: { query: CustomerQuery; answer: () => void }[];
    queries: CustomerQuery[];
  }
}

const open = useApp();

const MANY = 100_000;

const list = (page: Page) => page.getByRole("listbox");
const rows = (page: Page) => page.getByTestId("customer-row");
const named = (page: Page, name: string) => rows(page).filter({ hasText: name });
const search = (page: Page) => page.getByTestId("customer-search");
const condition = (page: Page, status: string) =>
  page.locator(`[data-testid="status-filter"][data-status="${status}"]`);
const counted = async (page: Page, status: string) =>
  (await condition(page, status).locator("b").textContent()) ?? "";
const selected = (page: Page) => list(page).locator('[aria-selected="true"] strong').textContent();
const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true }).waitFor();

/** The place in the list of the row that the keys are on, which has to be there. */
async function active(page: Page): Promise<number> {
  return list(page).evaluate((list) => {
    const row = document.getElementById(list.getAttribute("aria-activedescendant") ?? "");
    if (!row || !list.contains(row)) throw new Error("aria-activedescendant leads nowhere");
    return Number(row.getAttribute("aria-posinset"));
  });
}

/** The active row once it is this one, in sight and with somebody in it. */
async function activeIs(page: Page, posinset: number): Promise<void> {
  const row = list(page).locator(
    `[data-active="true"][aria-posinset="${posinset}"][data-testid="customer-row"]`,
  );
  await row.waitFor();
  expect(await active(page)).toBe(posinset);
  const [box, around] = await Promise.all([row.boundingBox(), list(page).locator("..").boundingBox()]);
  expect(box!.y).toBeGreaterThanOrEqual(around!.y);
  expect(box!.y + box!.height).toBeLessThanOrEqual(around!.y + around!.height + 1);
}

/** Names in sight and how far each is from the top, in pixels. */
function inSight(page: Page): Promise<Record<string, number>> {
  return list(page)
    .locator("..")
    .evaluate((scroller) => {
      const { top, bottom } = scroller.getBoundingClientRect();
      const rows = [...scroller.querySelectorAll('[data-testid="customer-row"]')].map((row) => ({
        name: row.querySelector("strong")?.textContent ?? "",
        box: row.getBoundingClientRect(),
      }));
      const there = rows.filter(({ box }) => box.top >= top && box.bottom <= bottom);
      return Object.fromEntries(there.map(({ name, box }) => [name, Math.round(box.top - top)]));
    });
}

/** Keeps every answer about customers back until the test gives it. */
function holdBack(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { fake } = window;
    const ask = fake.customers.bind(fake);
    window.held = [];
    fake.customers = (query) =>
      new Promise<CustomerPage>((resolve, reject) =>
        window.held.push({ query, answer: () => void ask(query).then(resolve, reject) }),
      );
  });
}

/** Writes down what is asked about customers. */
function watch(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { fake } = window;
    const ask = fake.customers.bind(fake);
    window.queries = [];
    fake.customers = (query) => (window.queries.push(query), ask(query));
  });
}

/** The next answer about one customer is of the time of the question, and comes with `releaseRow`. */
function holdRow(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { fake } = window;
    const read = fake.customer.bind(fake);
    fake.customer = async (id) => {
      fake.customer = read;
      const row = await read(id);
      await new Promise((resolve) => addEventListener("late", resolve, { once: true }));
      return row;
    };
  });
}

function releaseRow(page: Page): Promise<void> {
  return page.evaluate(async () => {
    dispatchEvent(new Event("late"));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
}

describe("a hundred thousand customers", () => {
  test("are walked through by keyboard, from the first to the last", async () => {
    const page = await open("many");
    await rows(page).first().waitFor();
    await list(page).focus();
    expect(await active(page)).toBe(1);
    await page.keyboard.press("End");
    await activeIs(page, MANY);
    expect(await list(page).locator('[data-active="true"]').getAttribute("aria-setsize")).toBe(String(MANY));
    await page.keyboard.press("ArrowDown");
    expect(await active(page), "there is nothing below").toBe(MANY);
    await page.keyboard.press("PageUp");
    const before = await active(page);
    expect(before).toBeLessThan(MANY - 2);
    await page.keyboard.press("ArrowUp");
    await activeIs(page, before - 1);
    await page.keyboard.press("PageDown");
    await activeIs(page, MANY - 1);
    const name = await list(page).locator('[data-active="true"] strong').textContent();
    await page.keyboard.press("Enter");
    await heading(page, name ?? "");
    expect(await selected(page)).toBe(name);
    await page.keyboard.press("Home");
    await activeIs(page, 1);
    await page.keyboard.press("ArrowUp");
    expect(await active(page), "nor above").toBe(1);
  });

  test("are drawn a few at a time, wherever one scrolls to, and read in windows", async () => {
    const page = await open("many", { height: 1000 });
    await rows(page).first().waitFor();
    await watch(page);
    const scroller = list(page).locator("..");
    let most = 0;
    for (const part of [0.1, 0.25, 0.5, 0.501, 0.502, 0.75, 1]) {
      await scroller.evaluate((element, part) => {
        element.scrollTop = part * (element.scrollHeight - element.clientHeight);
      }, part);
      await expect.poll(async () => Object.keys(await inSight(page)).length).toBeGreaterThan(7);
      most = Math.max(most, await page.getByRole("option").count());
      await active(page);
    }
    expect(most, "rows in the page").toBeLessThan(40);
    const asked = await page.evaluate(() => window.queries);
    expect(asked.every(({ limit, offset }) => limit === 50 && offset % 50 === 0)).toBe(true);
    expect(asked.length, "no window is asked for twice").toBe(
      new Set(asked.map(({ offset }) => offset)).size,
    );
    expect(asked.length).toBeLessThan(16);
  });

  test("have a place held while they come", async () => {
    const page = await open("many");
    await rows(page).first().waitFor();
    await holdBack(page);
    await list(page).focus();
    await page.keyboard.press("End");
    const coming = page.getByTestId("customer-coming");
    await coming.first().waitFor();
    expect(await active(page)).toBe(MANY);
    expect(await coming.first().getAttribute("aria-label")).toBe("Carregando cliente…");
    await coming.last().click();
    expect(await page.getByRole("heading", { level: 1 }).textContent(), "nobody is chosen").toContain(
      "Escolha",
    );
    await page.evaluate(() => window.held.forEach(({ answer }) => answer()));
    await activeIs(page, MANY);
    await coming.first().waitFor({ state: "detached" });
  });

  test("are found while one types, soon enough", async () => {
    const page = await open("many");
    await rows(page).first().waitFor();
    await watch(page);
    // As the page has it, without the time that the test needs to see it.
    const times = await page.evaluate(async () => {
      const { fake } = window;
      const ask = fake.customers.bind(fake);
      const input = document.querySelector<HTMLInputElement>('[data-testid="customer-search"]')!;
      const row = () => document.querySelector('[role="option"]');
      const { port1, port2 } = new MessageChannel();
      const turn = () =>
        new Promise((resolve) => {
          port1.onmessage = resolve;
          port2.postMessage(null);
        });
      const times: number[] = [];
      for (let end = 1; end <= "padaria cristal".length; end++) {
        let answer: CustomerPage | undefined;
        fake.customers = async (query) => (answer = await ask(query));
        const start = performance.now();
        input.value = "padaria cristal".slice(0, end);
        input.dispatchEvent(new Event("input", { bubbles: true }));
        while (
          row()?.querySelector("strong")?.textContent !== answer?.rows[0]?.name ||
          row()?.getAttribute("aria-setsize") !== String(answer?.total)
        )
          await turn();
        times.push(performance.now() - start);
      }
      fake.customers = ask;
      return times.sort((a, b) => a - b);
    });
    console.log(`keystroke to results: ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
    expect(times[7], "half of them, the fake's own search included").toBeLessThan(200);
    await named(page, "Padaria Cristal").first().waitFor();
    const asked = await page.evaluate(() => window.queries);
    expect(
      asked.every(({ offset }) => offset === 0),
      "only first windows",
    ).toBe(true);
    await search(page).fill("padaria cristal zona");
    await expect.poll(() => rows(page).count()).toBe(1);
  });
});

describe("the search", () => {
  test("never shows the answer to an older question", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await holdBack(page);
    await search(page).fill("padaria");
    await search(page).fill("pizzaria");
    await page.evaluate(() => window.held[1]!.answer());
    await expect.poll(async () => Object.keys(await inSight(page))[0]).toMatch(/^Pizzaria/);
    const found = await counted(page, "all");
    await page.evaluate(() => window.held[0]!.answer());
    // The next answer comes after the late one has been dealt with.
    await search(page).fill("pizzaria ");
    await page.evaluate(() => window.held[2]!.answer());
    await expect.poll(async () => Object.keys(await inSight(page))[0]).toMatch(/^Pizzaria/);
    expect(await counted(page, "all")).toBe(found);
  });

  test("shows the rows of before until the answer is here", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    const before = Object.keys(await inSight(page));
    await holdBack(page);
    await search(page).fill("pizzaria");
    await page.waitForFunction(() => window.held.length === 1);
    expect(Object.keys(await inSight(page))).toEqual(before);
    expect(await page.getByTestId("customer-coming").count()).toBe(0);
  });

  test("chooses with Enter what was typed, though its answer is still to come", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    await holdBack(page);
    await search(page).fill("bella");
    await search(page).press("Enter");
    await page.evaluate(() => window.held[0]!.answer());
    await heading(page, "Pizzaria Bella Massa");
  });

  test("chooses nobody when more was typed after Enter", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    await holdBack(page);
    await search(page).fill("bella");
    await search(page).press("Enter");
    await search(page).fill("aurora");
    await page.evaluate(() => window.held.forEach(({ answer }) => answer()));
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("Escolha");
  });

  test.each([
    ["by half a name, accents and case aside", "OTICA horiz", "Ótica Horizonte"],
    ["by words in any order", "aurora padaria", "Padaria Aurora"],
    ["by a number as people write it", "(11) 98888-0202", "Clínica Vida Plena"],
    ["by the id of the instance", "fake0000000000000000000000000005", "Pet Shop Amigo Fiel"],
  ])("finds %s", async (_, typed, name) => {
    const page = await open("customers");
    await search(page).fill(typed);
    await expect.poll(() => rows(page).count()).toBe(1);
    await named(page, name).waitFor();
    await search(page).press("Escape");
    await expect.poll(() => rows(page).count()).toBe(12);
  });

  test("begins again at its first result", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await list(page).focus();
    await page.keyboard.press("End");
    await activeIs(page, 1_204);
    await page.keyboard.press("/");
    await page.keyboard.type("padaria");
    await named(page, "Padaria").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await activeIs(page, 1);
  });
});

describe("a list that changes behind the agent", () => {
  test("keeps what is in sight where it is, and who is selected", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    const scroller = list(page).locator("..");
    await scroller.evaluate((element) => (element.scrollTop = 20_011));
    await expect.poll(async () => Object.keys(await inSight(page)).length).toBeGreaterThan(5);
    const [second] = Object.keys(await inSight(page)).slice(1);
    await choose(page, second!);
    await heading(page, second!);
    const before = await inSight(page);
    const position = await active(page);

    await page.evaluate(() => {
      window.fake.changeCustomer("customer-1100", { name: "Aaa, a primeira" });
      window.fake.changeCustomer("customer-1101", { name: "Aaa, a segunda" });
    });
    await expect.poll(() => active(page), { timeout: 5_000 }).toBe(position + 2);
    expect(await inSight(page)).toEqual(before);
    expect(await selected(page)).toBe(second);
  });

  test("shows at its beginning what comes there", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await page.evaluate(() => window.fake.changeCustomer("customer-1100", { name: "Aaa, a primeira" }));
    await expect.poll(async () => Object.keys(await inSight(page))[0]).toBe("Aaa, a primeira");
  });

  test("shows the customer that was added, in its place", async () => {
    const page = await open("customers", { height: 600 });
    await rows(page).first().waitFor();
    await page.keyboard.press("Control+n");
    const dialog = page.getByRole("dialog");
    await dialog
      .getByLabel("Endereço ou ID da instância", { exact: true })
      .fill(
        "https://api.z-api.io/instances/FAKE0000000000000000000000000900/token/FAKETOKEN000000000000T900/send-text",
      );
    await dialog.getByLabel("Nome do cliente").fill("Zeladoria Jasmim");
    await dialog.getByRole("button", { name: "Adicionar cliente" }).click();
    await heading(page, "Zeladoria Jasmim");
    await activeIs(page, 13);
    expect(await selected(page)).toBe("Zeladoria Jasmim");
  });

  test("is not read for every single change", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await watch(page);
    await page.evaluate(() => {
      for (let times = 0; times < 200; times++)
        window.fake.changeCustomer("customer-1", { name: `Aaa ${times}` });
    });
    await named(page, "Aaa 199").waitFor();
    expect(await page.evaluate(() => window.queries.length)).toBeLessThan(5);
  });

  test("keeps the rows that come in sight while it is read, until they are read again", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    const scroller = list(page).locator("..");
    const [first] = Object.keys(await inSight(page));
    const second = await rows(page).nth(1).locator("strong").textContent();
    await scroller.evaluate((element) => (element.scrollTop = 20_011));
    await expect.poll(async () => Object.keys(await inSight(page)).length).toBeGreaterThan(5);
    await holdBack(page);
    await page.evaluate((first) => {
      const { id } = window.fake.find(first).find(({ name }) => name === first)!;
      window.fake.changeCustomer(id, { name: `${first} e Filhos` });
    }, first!);
    await page.waitForFunction(() => window.held.length > 0);
    await scroller.evaluate((element) => (element.scrollTop = 0));
    await expect.poll(async () => Object.keys(await inSight(page))[0]).toBe(first);

    const asked = await page.evaluate(() => {
      const { length } = window.held;
      window.held.forEach(({ answer }) => answer());
      return length;
    });
    await page.waitForFunction((asked) => window.held.length > asked, asked);
    expect(await page.getByTestId("customer-coming").count()).toBe(0);
    expect(Object.keys(await inSight(page))[0], "as it was").toBe(first);

    expect(
      await page.evaluate((asked) => window.held.slice(asked).map(({ query }) => query.offset), asked),
    ).toEqual([0]);
    await page.evaluate(() => window.held.at(-1)!.answer());
    await named(page, `${first} e Filhos`).waitFor();
    await named(page, second!).first().waitFor();
    expect(await page.getByTestId("customer-coming").count()).toBe(0);
  });

  test("shows what others changed of the customer on screen, without asking for every single change", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await heading(page, "Padaria Aurora");
    await page.evaluate(() => {
      for (let times = 0; times < 200; times++)
        window.fake.changeCustomer("customer-1", { name: `Padaria ${times}` });
    });
    await heading(page, "Padaria 199");
    expect(
      await page.evaluate(() => window.fake.calls.filter((call) => call === "customer").length),
    ).toBeLessThan(4);
  });

  test("does not take back a status of the customer on screen", async () => {
    const page = await open("customers");
    await choose(page, "Mercado São Jorge");
    await heading(page, "Mercado São Jorge");
    const shown = page.locator("main header").getByText("Offline");
    await holdRow(page);
    await page.evaluate(() => {
      window.fake.changeCustomer("customer-4", { note: "Fecha às segundas" });
    });
    await page.evaluate(() => window.fake.instanceAction("customer-4", "disconnect"));
    await shown.waitFor();
    await releaseRow(page);
    expect(await shown.count()).toBe(1);
    await page.getByText("Fecha às segundas").first().waitFor();
    expect(await shown.count()).toBe(1);
  });

  test("does not bring back a customer who was removed", async () => {
    const page = await open("customers");
    await choose(page, "Padaria Aurora");
    await heading(page, "Padaria Aurora");
    await holdRow(page);
    await page.evaluate(() => window.fake.changeCustomer("customer-1", { note: "Fecha às segundas" }));
    await page.getByRole("button", { name: "Mais ações", exact: true }).click();
    await page.getByTestId("action-remove").click();
    await page.getByRole("dialog").getByRole("button", { name: "Esquecer este cliente" }).click();
    await heading(page, "Escolha um cliente para começar");
    await releaseRow(page);
    await heading(page, "Escolha um cliente para começar");
    expect(await page.getByRole("heading", { name: "Padaria Aurora" }).count()).toBe(0);
  });

  test("tells a status at once, and counts it soon", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    await page.evaluate(() => {
      window.fake.hold("customers");
      void window.fake.instanceAction("customer-4", "disconnect");
    });
    await named(page, "Mercado São Jorge").getByText("Offline").waitFor();
    expect(await counted(page, "connected"), "not counted again yet").toBe("3");
    await page.evaluate(() => window.fake.release("customers"));
    await expect.poll(() => counted(page, "connected")).toBe("2");
  });

  test("says that it could not be read, and keeps the rows that it has", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await page.evaluate(() => {
      window.fake.fail("customers", { code: "storeFailed", params: {} });
      window.fake.emit({ kind: "rosterChanged" });
    });
    const notice = page.locator('[data-code="storeFailed"]');
    await notice.waitFor();
    await rows(page).first().waitFor();
    await notice.getByRole("button", { name: "Tentar de novo" }).click();
    await notice.waitFor({ state: "detached" });
  });

  test("shows no rows of before when what was typed could not be looked for", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await page.evaluate(() => window.fake.fail("customers", { code: "storeFailed", params: {} }));
    await search(page).fill("pizzaria");
    await page.locator('[data-code="storeFailed"]').waitFor();
    expect(await rows(page).count()).toBe(0);
    await page.getByRole("button", { name: "Tentar de novo" }).click();
    await named(page, "Pizzaria").first().waitFor();
  });
});

describe("the status board", () => {
  test("counts everybody, and shows those in one condition", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    expect(await counted(page, "all")).toBe("1.204");
    const offline = await counted(page, "offline");
    await condition(page, "offline").click();
    expect(await condition(page, "offline").getAttribute("aria-pressed")).toBe("true");
    await expect
      .poll(() => list(page).getByRole("option").first().getAttribute("aria-setsize"))
      .toBe(offline);
    expect(await counted(page, "all"), "the others are still counted").toBe("1.204");
    for (const text of await rows(page).allInnerTexts()) expect(text).toContain("Offline");
    await condition(page, "offline").click();
    await expect.poll(() => condition(page, "all").getAttribute("aria-pressed")).toBe("true");
  });

  test("has no place for conditions that nobody is in, but keeps places while the agent types", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    expect(await condition(page, "vanished").count()).toBe(0);
    expect(await condition(page, "subscriptionOver").count()).toBe(1);
    await search(page).fill("aurora");
    await expect.poll(() => counted(page, "all")).toBe("1");
    expect(await counted(page, "subscriptionOver")).toBe("0");
  });

  test("writes numbers as the language does", async () => {
    const page = await open("many", { language: "en" });
    await rows(page).first().waitFor();
    expect(await counted(page, "all")).toBe("100,000");
  });

  test("says in words who is no longer listed", async () => {
    const page = await open("roster");
    await condition(page, "vanished").click();
    await expect.poll(() => rows(page).count()).toBe(Number(await counted(page, "vanished")));
    for (const text of await rows(page).allInnerTexts()) expect(text).toContain("Fora da listagem");
    expect(await page.getByTestId("connect-row").count()).toBe(0);
  });

  test("is what the tray opens, whatever was looked for before", async () => {
    const page = await open("roster");
    await search(page).fill("zzz");
    await page.getByText("Nada encontrado").waitFor();
    await page.evaluate(() => window.fake.emit({ kind: "showOffline" }));
    await expect.poll(() => condition(page, "offline").getAttribute("aria-pressed")).toBe("true");
    expect(await search(page).inputValue()).toBe("");
    await expect.poll(() => list(page).evaluate((list) => document.activeElement === list)).toBe(true);
    await page.keyboard.press("ArrowDown");
    await activeIs(page, 2);
  });

  test("has good news, too", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    await page.evaluate(() => {
      for (const { id } of window.fake.find("")) window.fake.changeCustomer(id, { status: "connected" });
    });
    await condition(page, "offline").click();
    await page.getByText("Ninguém offline").waitFor();
    await page.getByRole("button", { name: "Ver todos" }).click();
    await expect.poll(() => rows(page).count()).toBe(12);
  });
});

describe("filters and order", () => {
  test("narrow the list and say so, until they are cleared", async () => {
    const page = await open("roster");
    await rows(page).first().waitFor();
    await watch(page);
    await page.getByTestId("filters").click();
    await page.getByTestId("filter-type").selectOption("mobile");
    await page.getByTestId("filter-label").selectOption("VIP");
    await page.getByTestId("sort").selectOption("due");
    const last = () => page.evaluate(() => window.queries.at(-1));
    await expect
      .poll(last)
      .toMatchObject({ instanceType: "mobile", label: "VIP", sort: "due", offset: 0, status: null });
    await page.keyboard.press("Escape");
    expect(await page.getByTestId("sort").count()).toBe(0);
    await page.getByRole("button", { name: "Filtrar e ordenar (3 em uso)", exact: true }).waitFor();
    await page.getByText("Mobile · VIP · Por vencimento").waitFor();
    for (const text of await rows(page).allInnerTexts()) expect(text).toMatch(/venc(e|eu) /);
    await page.getByTestId("clear-filters").click();
    await expect.poll(last).toMatchObject({ instanceType: null, label: null, sort: "name" });
    await page.getByRole("button", { name: "Filtrar e ordenar", exact: true }).waitFor();
  });

  test("have no labels to offer where there are none", async () => {
    const page = await open("mobile");
    await page.getByTestId("filters").click();
    await page.getByTestId("sort").waitFor();
    expect(await page.getByTestId("filter-label").count()).toBe(0);
  });

  test("give up a label that nobody has any more", async () => {
    const page = await open("customers");
    await page.getByTestId("filters").click();
    await page.getByTestId("filter-label").selectOption("Matriz");
    await page.keyboard.press("Escape");
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.evaluate(() => window.fake.removeCustomer("customer-2"));
    await page.getByRole("button", { name: "Ajustes" }).click();
    await page.getByRole("button", { name: "Fechar" }).click();
    await expect.poll(() => rows(page).count()).toBe(11);
  });

  test("put those first whose status changed last", async () => {
    const page = await open("customers");
    await page.getByTestId("filters").click();
    await page.getByTestId("sort").selectOption("changed");
    await expect.poll(async () => Object.keys(await inSight(page))[0]).toBe("Studio Bela Forma");
  });

  test("are cleared, with the search, where nothing is found", async () => {
    const page = await open("customers");
    await condition(page, "connected").click();
    await search(page).fill("aurora");
    await page.getByText("Nada encontrado").waitFor();
    await page.getByRole("button", { name: "Limpar busca e filtros" }).click();
    await expect.poll(() => rows(page).count()).toBe(12);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe(
      "customer-search",
    );
  });
});

describe("connecting from a row", () => {
  const started = (page: Page) =>
    page.evaluate(() => window.fake.calls.filter((call) => call === "startAttempt").length);
  const connect = (page: Page, name: string) =>
    page.getByRole("button", { name: `Conectar ${name}`, exact: true });
  const shownQr = (page: Page) =>
    page.locator('[data-testid="attempt-state"][data-method="qrCode"][data-state="waiting"]').waitFor();

  test("is one click, on the row under the pointer", async () => {
    const page = await open("customers");
    await rows(page).first().waitFor();
    expect(await page.getByTestId("connect-row").count(), "nothing to see before").toBe(0);
    await named(page, "Mercado São Jorge").hover();
    expect(await page.getByTestId("connect-row").count(), "connected already").toBe(0);
    await named(page, "Padaria Aurora").hover();
    await connect(page, "Padaria Aurora").click();
    await heading(page, "Padaria Aurora");
    await shownQr(page);
    expect(await selected(page)).toBe("Padaria Aurora");
    expect(await started(page)).toBe(1);
  });

  test("is there on every row of those who are offline", async () => {
    const page = await open("customers");
    await condition(page, "offline").click();
    await expect.poll(() => rows(page).count()).toBe(7);
    await expect
      .poll(() => page.getByTestId("connect-row").count(), { message: "not where the id is wrong" })
      .toBe(6);
    await connect(page, "Barbearia do Porto").click();
    await heading(page, "Barbearia do Porto");
    await shownQr(page);
  });

  test("goes by keyboard, with one stop on the way", async () => {
    const page = await open("customers");
    await condition(page, "offline").click();
    await expect.poll(() => page.getByTestId("connect-row").count()).toBe(6);
    await list(page).focus();
    await page.keyboard.press("ArrowDown");
    const name = await list(page).locator('[data-active="true"] strong').textContent();
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      `Conectar ${name}`,
    );
    await page.keyboard.press("Tab");
    expect(
      await page.evaluate(() => document.activeElement?.closest("footer") !== null),
      "the other rows' buttons are passed over",
    ).toBe(true);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await heading(page, name ?? "");
    expect(await list(page).evaluate((list) => document.activeElement === list)).toBe(true);
  });

  test("shows the keys where it is, on the row that they are on", async () => {
    const page = await open("customers");
    await page.keyboard.press("/");
    await page.keyboard.type("aurora");
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.keyboard.press("ArrowDown");
    await connect(page, "Padaria Aurora").waitFor();
  });

  test("leaves alone what runs already", async () => {
    const page = await open("phoneWaiting");
    await named(page, "Padaria Aurora").hover();
    await connect(page, "Padaria Aurora").click();
    await page.getByTestId("phone-code").waitFor();
    expect(await started(page)).toBe(0);
  });

  test("begins anew what is over", async () => {
    const page = await open("phoneGaveUp");
    await named(page, "Padaria Aurora").hover();
    await connect(page, "Padaria Aurora").click();
    await shownQr(page);
  });

  test("is one click where nobody knows the type of the instance, too", async () => {
    const page = await open("mobile");
    await named(page, "Cafeteria Grão Fino").hover();
    await connect(page, "Cafeteria Grão Fino").click();
    await heading(page, "Cafeteria Grão Fino");
    await shownQr(page);
    expect(await started(page)).toBe(1);
  });

  test("leads to the registration of a mobile instance", async () => {
    const page = await open("mobile");
    await named(page, "Transportes Andorinha").hover();
    await connect(page, "Transportes Andorinha").click();
    await heading(page, "Transportes Andorinha");
    await page.getByTestId("registration").waitFor();
    expect(await started(page)).toBe(0);
  });

  test("says what went wrong, and tries again", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.fail("startAttempt", { code: "storeFailed", params: {} }));
    await named(page, "Padaria Aurora").hover();
    await connect(page, "Padaria Aurora").click();
    await page.locator('[data-code="storeFailed"]').getByRole("button", { name: "Tentar de novo" }).click();
    await shownQr(page);
    expect(await page.locator('[data-code="storeFailed"]').count()).toBe(0);
  });
});

describe("the import", () => {
  const step = (page: Page, change: Parameters<typeof window.fake.stepImport>[1]) =>
    page.evaluate((change) => window.fake.stepImport("litoral", change), change);
  const calls = (page: Page, method: "importCustomers" | "cancelImport") =>
    page.evaluate((method) => window.fake.calls.filter((call) => call === method).length, method);
  const told = (page: Page) => page.getByTestId("import-told");

  test("is one click on an account with a Partner token, and tells how far it is", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    const progress = page.getByTestId("import-progress");
    await progress.getByText("Lendo a listagem…").waitFor();
    expect(await progress.getByRole("progressbar").getAttribute("value"), "no share of nothing").toBeNull();
    await step(page, { read: 312, total: 1_204 });
    await progress.getByText("312 de 1.204").waitFor();
    expect(await progress.getByRole("progressbar").getAttribute("value")).toBe("312");
    expect(await progress.getByRole("progressbar").getAttribute("max")).toBe("1204");
    await expect.poll(() => counted(page, "all"), { message: "those read are there" }).toBe("312");
    await step(page, { state: "done", read: 1_204, vanished: 3, added: 12 });
    await told(page).getByText("1.204 clientes, 12 novos, 3 fora da listagem").waitFor();
    await expect.poll(() => counted(page, "all")).toBe("1.204");
    await page.getByText("Atualizado agora").waitFor();
    await page.getByTestId("dismiss").click();
    await told(page).waitFor({ state: "detached" });
    expect(await calls(page, "importCustomers")).toBe(1);
  });

  test("is not offered without a Partner token", async () => {
    const page = await open("noCustomers");
    await page.getByText("Nenhum cliente ainda").waitFor();
    expect(await page.getByTestId("import").count()).toBe(0);
    expect(await page.getByTestId("refresh").count()).toBe(0);
  });

  test("can be cancelled, and gone on with", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    await step(page, { read: 312, total: 1_204 });
    await page.getByTestId("import-cancel").click();
    await told(page).getByText("Importação interrompida: 312 de 1.204.").waitFor();
    expect(await calls(page, "cancelImport")).toBe(1);
    await page.getByRole("button", { name: "Continuar" }).click();
    await page.getByTestId("import-progress").getByText("312 de 1.204").waitFor();
    expect(await calls(page, "importCustomers")).toBe(2);
  });

  test.each([
    [[3], "A página 3 não pôde ser lida.", "Tentar essa de novo"],
    [[3, 7], "As páginas 3 e 7 não puderam ser lidas.", "Tentar essas de novo"],
    [[1, 2, 3, 4, 5, 6, 7], "As páginas 1, 2, 3, 4 e mais 3 não puderam ser lidas.", "Tentar essas de novo"],
  ])("names the pages %j that could not be read, and tries those again", async (failedPages, text, again) => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    await step(page, { state: "incomplete", failedPages, failure: { code: "timedOut", params: {} } });
    await told(page).getByText(text).waitFor();
    await told(page).getByText("A Z-API demorou demais para responder").waitFor();
    await page.getByRole("button", { name: again }).click();
    await page.getByTestId("import-progress").waitFor();
    expect(await calls(page, "importCustomers")).toBe(2);
  });

  test("that failed says why, and is tried again", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    const failure = { code: "connectionReset" as const, params: {} };
    await step(page, { state: "failed", read: 100, failure });
    const notice = page.locator('[data-code="connectionReset"]');
    await notice.getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByTestId("import-progress").waitFor();
    await step(page, { state: "failed", read: 100, failure });
    await notice.getByRole("button", { name: "Dispensar" }).click();
    await notice.waitFor({ state: "detached" });
    await page.getByTestId("refresh").waitFor();
  });

  test("that could not even begin says why", async () => {
    const page = await open("partner");
    await page.evaluate(() => window.fake.fail("importCustomers", { code: "keychainLocked", params: {} }));
    await page.getByTestId("import").click();
    await page
      .locator('[data-code="keychainLocked"]')
      .getByRole("button", { name: "Tentar de novo" })
      .click();
    await page.getByText("Importando da Z-API…").first().waitFor();
  });

  test("of the desk's own is silent but for its time", async () => {
    const page = await open("roster");
    await page.getByText("Atualizado há 3 min").waitFor();
    await page.evaluate(() => window.fake.refresh("litoral"));
    await step(page, { read: 600, total: 1_204 });
    expect(await page.getByTestId("import-progress").count()).toBe(0);
    await page.getByText("Atualizado há 3 min").waitFor();
    await step(page, { state: "done", read: 1_204 });
    await page.getByText("Atualizado agora").waitFor();
    expect(await told(page).count()).toBe(0);
  });

  test("of the desk's own that failed is told quietly, until one works", async () => {
    const page = await open("roster");
    await page.evaluate(() => window.fake.refresh("litoral"));
    await step(page, { state: "failed", failure: { code: "offline", params: {} } });
    await page.getByText("A última atualização falhou: Sem internet").waitFor();
    await page.getByText("Atualizado há 3 min").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.getByTestId("refresh").click();
    await page.getByTestId("import-progress").waitFor();
    await step(page, { state: "done" });
    await told(page).getByText("nada novo").waitFor();
    expect(await page.getByTestId("refresh-failed").count()).toBe(0);
  });

  test("that was cancelled is told as what the desk's own makes of it", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    await step(page, { read: 312, total: 1_204 });
    await page.getByTestId("import-cancel").click();
    await told(page).getByText("Importação interrompida: 312 de 1.204.").waitFor();
    await page.evaluate(() => window.fake.refresh("litoral"));
    await page.getByTestId("import-progress").getByText("312 de 1.204").waitFor();
    expect(await told(page).count()).toBe(0);
    await step(page, { state: "done", read: 1_204 });
    await page.getByText("Atualizado agora").waitFor();
    expect(await told(page).count()).toBe(0);
    expect(await page.getByTestId("import-progress").count()).toBe(0);
  });

  test("whose end was not heard of is not shown as running for ever", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    await step(page, { read: 312, total: 1_204 });
    await page.getByTestId("import-progress").getByText("312 de 1.204").waitFor();
    await page.evaluate(() => {
      const { fake } = window;
      const emit = fake.emit.bind(fake);
      fake.emit = (event) => event.kind !== "import" && emit(event);
    });
    await step(page, { state: "done", read: 1_204, added: 12 });
    await told(page).getByText("1.204 clientes, 12 novos").waitFor();
    expect(await page.getByTestId("import-progress").count()).toBe(0);
  });

  test("refreshes every account that is listed and can be refreshed", async () => {
    const page = await open("twoAccounts");
    await page.getByText("Atualizado há 3 min").waitFor();
    await page.getByTestId("refresh").click();
    await page.getByTestId("import-progress").getByText("Estúdio Norte").waitFor();
    expect(await calls(page, "importCustomers"), "the other has no Partner token").toBe(1);
  });

  test("that runs when the window opens is shown as well", async () => {
    const page = await open("partner");
    await page.getByTestId("import").click();
    await step(page, { read: 312, total: 1_204 });
    await page.getByRole("button", { name: "Ajustes" }).click();
    await page.getByRole("button", { name: "Geral" }).click();
    await page.getByRole("button", { name: "Praticar" }).click();
    await page.getByRole("button", { name: "Sair da prática" }).first().waitFor();
    expect(await page.getByTestId("import-progress").count(), "not of these customers").toBe(0);
    await page.getByRole("button", { name: "Sair da prática" }).first().click();
    await page.getByTestId("import-progress").waitFor();
  });
});
