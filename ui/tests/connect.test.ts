import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { FakeBackend } from "../src/lib/ipc/fake";
import type { CustomerStatus, ErrorCode, Failure, Phase } from "../src/lib/ipc/types";
import words from "../src/words/pt-BR.json";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();
const SUBJECT = "customer-1";
const codes = Object.keys(words.failures) as ErrorCode[];

const aurora = (page: Page) => choose(page, "Padaria Aurora");
const state = (page: Page, name: Phase["state"]) =>
  page.locator(`[data-testid="attempt-state"][data-state="${name}"]`);
const clipboard = (page: Page) => page.evaluate(() => window.fake.clipboard);
const calls = (page: Page, method: keyof FakeBackend) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call === name).length, method);

/** Sentences that the polite live region has spoken from now on. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const spoken: string[] = [];
    const region = document.querySelector('[aria-live="polite"]');
    if (!region) throw new Error("no live region");
    new MutationObserver(() => {
      const text = region.textContent?.trim();
      if (text) spoken.push(text);
    }).observe(region, { childList: true, subtree: true, characterData: true });
    Object.assign(window, { spoken });
  });
  return () => page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
}

test("from choosing the customer to connected", async () => {
  const page = await open("customers");
  await aurora(page);
  await page.getByTestId("method-extension").click();

  await page.getByTestId("copy-message").click();
  await page.getByText("Mensagem copiada").waitFor();
  expect(await clipboard(page)).toContain("https://web.whatsapp.com");
  expect(
    await page.getByTestId("connection-code").count(),
    "no code is spent before the customer is ready",
  ).toBe(0);

  await page.getByTestId("new-code").click();
  const code = page.getByTestId("connection-code");
  await code.waitFor();
  expect(await code.textContent()).toContain("FA48-HS63");
  await page.getByText("Vale até 14:32", { exact: true }).waitFor();

  await page.getByTestId("copy-code").click();
  await page.getByText("Código copiado.").waitFor();
  expect(await clipboard(page), "what is copied is what is shown").toBe((await code.textContent())?.trim());
  await page.getByTestId("copy-message").click();
  await page.getByText("Mensagem copiada").waitFor();
  const message = await clipboard(page);
  for (const part of ["Padaria Aurora", "FA48-HS63", "14:32", "chromewebstore"])
    expect(message).toContain(part);

  const spoken = await listen(page);
  await page.evaluate((id) => window.fake.connect(id), SUBJECT);
  await page.getByText("Conectado como +55 44 99999-0101").waitFor();
  await expect.poll(spoken).toEqual(["Conectado."]);
  await page
    .getByTestId("customer-row")
    .filter({ hasText: "Padaria Aurora" })
    .getByText("Conectado")
    .waitFor();
});

test("an expired code cannot be copied, and the one way on is a new one", async () => {
  const page = await open("waiting");
  await aurora(page);
  await page.getByTestId("copy-code").waitFor();
  await page.evaluate(() => window.fake.clock.advance(300_000));
  await state(page, "expired").waitFor();
  expect(await page.getByTestId("copy-code").count()).toBe(0);
  expect(await page.getByTestId("copy-message").count()).toBe(0);
  expect(await page.getByTestId("time-left").textContent()).toContain("0:00");
  const refusal = await page.evaluate(
    (id) => window.fake.copyCode(id).catch((error: Failure) => error.code),
    SUBJECT,
  );
  expect(refusal).toBe("codeNotValid");
  expect(await clipboard(page)).toBeNull();

  await page.getByTestId("new-code").click();
  await page.getByTestId("connection-code").filter({ hasText: "KD27-PM94" }).waitFor();
  await page.getByTestId("copy-code").waitFor();
});

test("a copy that comes too late is refused in words", async () => {
  const page = await open("waiting");
  await aurora(page);
  await page.evaluate(() => window.fake.fail("copyMessage", { code: "codeNotValid", params: {} }));
  await page.getByTestId("copy-message").click();
  await page
    .locator('[data-testid="error"][data-code="codeNotValid"]')
    .getByRole("button", { name: "Novo código" })
    .click();
  await page.getByTestId("connection-code").filter({ hasText: "KD27-PM94" }).waitFor();
});

test("a second click while a code is fetched asks for none", async () => {
  const page = await open("preparing");
  await aurora(page);
  await page.evaluate(() => window.fake.hold("getCode"));
  await page.getByTestId("new-code").click();
  await page.locator('[data-testid="new-code"][aria-disabled="true"]').click({ force: true });
  await page.evaluate(() => window.fake.release("getCode"));
  await page.getByTestId("connection-code").waitFor();
  expect(await calls(page, "getCode")).toBe(1);
});

test("another number than the expected one is told", async () => {
  const page = await open("otherNumber");
  await aurora(page);
  await page.getByText("Conectado como +55 44 99999-0999").waitFor();
  await page.getByText("o número esperado era +55 44 99999-0101").waitFor();
});

test("a customer who is connected already is offered no code", async () => {
  const page = await open("customers");
  await choose(page, "Mercado São Jorge");
  await page.getByText("Conectado como +55 62 96666-0404").waitFor();
  expect(await page.getByTestId("method-extension").count()).toBe(0);
  expect(await page.getByTestId("new-code").count()).toBe(0);
});

describe("the connected number", () => {
  test("that is not the expected one is told of, and nothing is called well", async () => {
    const page = await open("customers");
    await page.evaluate(async (id) => {
      await window.fake.startAttempt(id, "extension");
      window.fake.connect(id);
      await window.fake.endAttempt(id);
    }, "customer-6");
    await choose(page, "Studio Bela Forma");
    await page.getByText("o número esperado era +55 85 94444-0606").waitFor();
    expect(await page.getByText("Está tudo certo").count()).toBe(0);
  });

  test("that could not be read is told of, and nothing is called well", async () => {
    const page = await open("customers");
    await page.evaluate(() => {
      window.fake.customerStatus = async () => ({
        status: "connected",
        identity: null,
        expected: "unknown",
        phoneOnline: null,
        needsRestore: false,
        instanceType: "web",
      });
    });
    await choose(page, "Mercado São Jorge");
    await page.getByText("Não deu para ler o número conectado").waitFor();
    expect(await page.getByText("Está tudo certo").count()).toBe(0);
  });
});

describe("the status", () => {
  test("is the newest one, though an older answer comes later", async () => {
    const page = await open("customers");
    await page.evaluate(() => {
      const answers: ((status: CustomerStatus) => void)[] = [];
      window.fake.customerStatus = () => new Promise((resolve) => answers.push(resolve));
      Object.assign(window, { answers });
    });
    await aurora(page);
    await page.evaluate(async (id) => {
      await window.fake.startAttempt(id, "extension");
      await window.fake.endAttempt(id);
    }, SUBJECT);
    const asked = await page.evaluate(() => {
      const { answers } = window as unknown as { answers: ((status: CustomerStatus) => void)[] };
      const rest = { identity: null, phoneOnline: null, needsRestore: false, instanceType: "web" } as const;
      answers[1]?.({ status: "offline", expected: "notSet", ...rest });
      answers[0]?.({ status: "connected", expected: "matches", ...rest });
      return answers.length;
    });
    expect(asked).toBe(2);
    await page.getByTestId("method-extension").waitFor();
    expect(await page.getByText("Está tudo certo").count()).toBe(0);
  });

  test("is not asked for while an attempt watches it", async () => {
    const joined = await open("waiting");
    await aurora(joined);
    await joined.getByTestId("connection-code").waitFor();
    expect(await calls(joined, "customerStatus")).toBe(0);

    const page = await open("customers");
    await aurora(page);
    await page.getByTestId("method-extension").click();
    await page.getByTestId("new-code").waitFor();
    await page.evaluate(
      (customerId) =>
        window.fake.emit({ kind: "customerStatus", customerId, status: "connected", statusSince: null }),
      SUBJECT,
    );
    await page.locator("header").getByText("Conectado", { exact: true }).waitFor();
    expect(await calls(page, "customerStatus"), "only before it").toBe(1);
    await page.getByRole("button", { name: "Encerrar" }).click();
    await page.getByTestId("method-extension").waitFor();
    expect(await calls(page, "customerStatus"), "and when it is over").toBe(2);
  });

  test.each(["keychainMissing", "keychainLocked", "secretMissing"] as const)(
    "that cannot be read for %s leads to the form",
    async (code) => {
      const page = await open("customers");
      await page.evaluate((failed) => window.fake.fail("customerStatus", { code: failed, params: {} }), code);
      await aurora(page);
      await page
        .locator(`[data-code="${code}"]`)
        .getByRole("button", {
          name: code === "secretMissing" ? "Editar cliente" : "Guardar só nesta sessão",
        })
        .click();
      await page.getByRole("dialog", { name: "Editar cliente" }).waitFor();
    },
  );
});

test("an attempt that cannot be followed is told of, and followed on demand", async () => {
  const page = await open("waiting");
  await page.evaluate(() => window.fake.fail("followAttempt", { code: "internal", params: {} }));
  await aurora(page);
  await page.locator('[data-code="internal"]').getByRole("button", { name: "Tentar de novo" }).click();
  await page.getByTestId("connection-code").waitFor();
  expect(await page.getByTestId("error").count()).toBe(0);
});

test("starting again that fails says why, and works the next time", async () => {
  const page = await open("gaveUp");
  await aurora(page);
  await page.evaluate(() => window.fake.fail("startAttempt", { code: "keychainLocked", params: {} }));
  await page.getByRole("button", { name: "Começar de novo" }).click();
  await page.locator('[data-code="keychainLocked"]').waitFor();
  await state(page, "gaveUp").waitFor();
  await page.getByRole("button", { name: "Começar de novo" }).click();
  await state(page, "preparing").waitFor();
  expect(await page.getByTestId("error").count()).toBe(0);
});

describe("a new code", () => {
  test("that is being fetched leaves the old one uncopied", async () => {
    const page = await open("waiting");
    await aurora(page);
    await page.evaluate(() => window.fake.hold("getCode"));
    await page.getByTestId("new-code").click();
    await page.locator('[data-testid="copy-code"]:disabled').waitFor();
    await page.locator('[data-testid="copy-message"]:disabled').waitFor();
    await page.evaluate(() => window.fake.release("getCode"));
    await page.getByTestId("connection-code").filter({ hasText: "KD27-PM94" }).waitFor();
    await page.locator('[data-testid="copy-message"]:enabled:focus').waitFor();
    await page.locator('[data-testid="copy-code"]:enabled').waitFor();
  });

  test.each([
    ["timedOut", true],
    ["connectionReset", true],
    ["truncatedAnswer", true],
    ["tooOften", false],
  ] as const)("refused with %s leaves the old one in doubt: %s", async (code, doubtful) => {
    const page = await open("waiting");
    await aurora(page);
    await page.evaluate((failed) => window.fake.fail("getCode", { code: failed, params: {} }), code);
    await page.getByTestId("new-code").click();
    const notice = page.locator(`[data-code="${code}"]`);
    await notice.waitFor();
    expect(await notice.getByText("O código anterior pode não valer mais.").count()).toBe(doubtful ? 1 : 0);
  });

  test("that failed is no news once the customer is connected", async () => {
    const page = await open("waiting");
    await aurora(page);
    await page.evaluate(() => window.fake.fail("getCode", { code: "timedOut", params: {} }));
    await page.getByTestId("new-code").click();
    await page.locator('[data-code="timedOut"]').waitFor();
    await page.evaluate((id) => window.fake.connect(id), SUBJECT);
    await state(page, "connected").waitFor();
    expect(await page.getByTestId("error").count()).toBe(0);
  });

  test("that fails after the customer connected is no news either", async () => {
    const page = await open("waiting");
    await aurora(page);
    await page.evaluate(() => {
      window.fake.hold("getCode");
      window.fake.fail("getCode", { code: "timedOut", params: {} });
    });
    await page.getByTestId("new-code").click();
    await page.locator('[data-testid="new-code"][aria-disabled="true"]').waitFor();
    await page.evaluate((id) => window.fake.connect(id), SUBJECT);
    await state(page, "connected").waitFor();
    await page.evaluate(() => window.fake.release("getCode"));
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await page.getByTestId("error").count()).toBe(0);
  });
});

test("a code whose clock time is corrected is the same code", async () => {
  const page = await open("waiting");
  await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 10_000)));
  await aurora(page);
  await page.getByTestId("time-left").filter({ hasText: ":" }).waitFor();
  const spoken = await listen(page);
  const before = await calls(page, "timeLeft");
  await page.evaluate(
    (id) =>
      window.fake.followAttempt(
        id,
        (attempt) => {
          const phase = attempt?.phase;
          if (phase?.state !== "waiting" || phase.code.kind !== "connection") return;
          if (phase.code.validUntil === "14:31") return;
          window.fake.setPhase(id, { ...phase, code: { ...phase.code, validUntil: "14:31" } });
        },
        () => {},
      ),
    SUBJECT,
  );
  await page.getByText("Vale até 14:31", { exact: true }).waitFor();
  expect(await spoken()).toEqual([]);
  expect(await calls(page, "timeLeft"), "the countdown goes on as it was").toBe(before);
});

test("the focus goes to the heading of what comes next", async () => {
  const page = await open("customers");
  const press = (name: string) => page.getByRole("button", { name, exact: true }).press("Enter");
  const focused = (heading: string) =>
    expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent), { message: heading })
      .toBe(heading);
  await aurora(page);
  await press("Conectar pela extensão");
  await focused("Primeiro, prepare o cliente");
  await press("Encerrar");
  await focused("QR code");
  await press("Conectar pela extensão");
  await focused("Primeiro, prepare o cliente");
  await page.evaluate((id) => window.fake.setPhase(id, { state: "gaveUp" }), SUBJECT);
  await press("Começar de novo");
  await focused("Primeiro, prepare o cliente");
  await page.evaluate((id) => window.fake.connect(id), SUBJECT);
  await press("Concluir");
  await focused("Conectado como +55 44 99999-0101");
  await press("Mais ações");
  await press("Esquecer este cliente");
  await page.getByRole("dialog").getByRole("button", { name: "Esquecer este cliente" }).press("Enter");
  await focused("Escolha um cliente para começar");
});

test("trouble is shown while the attempt goes on, and goes when it works again", async () => {
  const page = await open("trouble");
  await aurora(page);
  await page.locator('[data-testid="error"][data-code="offline"]').waitFor();
  await page.getByTestId("connection-code").waitFor();
  await page.evaluate((id) => window.fake.setTrouble(id, null), SUBJECT);
  await page.getByTestId("error").waitFor({ state: "detached" });
});

describe("the countdown", () => {
  test("is recomputed, never decremented", async () => {
    const page = await open("waiting");
    await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 60_000)));
    await aurora(page);
    const shown = page.getByTestId("time-left");
    const left = async () => {
      const [minutes, seconds] = ((await shown.textContent()) ?? "").trim().split(":").map(Number);
      return (minutes ?? 0) * 60 + (seconds ?? 0);
    };
    const truth = () =>
      page.evaluate(async (id) => Math.floor(((await window.fake.timeLeft(id)) ?? 0) / 1000), SUBJECT);
    await shown.filter({ hasText: ":" }).waitFor();

    await page.evaluate(() => window.fake.clock.advance(100_000));
    await page.clock.runFor(1_001);
    await expect.poll(left, { message: "a jump forward is shown at the next tick" }).toBe(await truth());
    await page.evaluate(() => window.fake.clock.advance(-30_000));
    await page.clock.runFor(1_001);
    await expect.poll(left, { message: "so is one backward" }).toBe(await truth());
    await page.evaluate(() => window.fake.clock.advance(-1));
    await page.clock.runFor(10_010);
    await expect
      .poll(left, { message: "and ten seconds of ticks agree with the deadline" })
      .toBe(await truth());
  });

  test("asks nothing while the window is hidden, and at once when it is seen again", async () => {
    const page = await open("waiting");
    await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 10_000)));
    await aurora(page);
    await page.getByTestId("time-left").filter({ hasText: ":" }).waitFor();
    const hide = (hidden: boolean) =>
      page.evaluate((now) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: now });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);

    await hide(true);
    const before = await calls(page, "timeLeft");
    await page.clock.runFor(30_000);
    expect(await calls(page, "timeLeft")).toBe(before);
    await hide(false);
    expect(await calls(page, "timeLeft"), "without waiting for a tick").toBe(before + 1);
  });
});

test("the live region speaks five sentences and no other", async () => {
  const page = await open("preparing");
  await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 10_000)));
  await aurora(page);
  await state(page, "preparing").waitFor();
  const spoken = await listen(page);
  const tick = async (advance: number, shown: string) => {
    await page.evaluate((ms) => window.fake.clock.advance(ms), advance);
    await page.clock.runFor(1_001);
    await page.getByTestId("time-left").filter({ hasText: shown }).waitFor();
  };
  await page.getByTestId("new-code").click();
  await page.getByTestId("copy-code").click();
  await page.getByText("Código copiado.").waitFor();
  await tick(60_000, "3:5");
  await tick(180_000, "0:5");
  await tick(30_000, "0:2");
  await page.evaluate(() => window.fake.clock.advance(30_000));
  await state(page, "expired").waitFor();
  await page.evaluate((id) => window.fake.connect(id), SUBJECT);
  await state(page, "connected").waitFor();
  await expect
    .poll(spoken)
    .toEqual([
      "Novo código de conexão: F A 4 8, H S 6 3",
      "Falta um minuto.",
      "Faltam 30 segundos.",
      "O código venceu.",
      "Conectado.",
    ]);
});

describe.each(["pt-BR", "en", "es"] as const)("every failure has words in %s", (language) => {
  test("a title, a next step, and no placeholder left", async () => {
    const page = await open("waiting", { language });
    await aurora(page);
    const notice = page.getByTestId("error");
    expect(codes.length).toBeGreaterThan(40);
    const params = {
      retryAfterSeconds: "30",
      status: "502",
      address: "192.0.2.7",
      field: "name",
      problem: "missing",
      customerName: "Padaria",
    };
    const seen = new Set<string>();
    for (const code of codes) {
      for (const known of [{}, params]) {
        await page.evaluate(([id, failure]) => window.fake.setTrouble(id, failure), [
          SUBJECT,
          { code, params: known },
        ] as const);
        await page.locator(`[data-testid="error"][data-code="${code}"]`).waitFor();
        const title = (await notice.locator("strong").textContent()) ?? "";
        const next = (await notice.locator("p").textContent()) ?? "";
        expect(title.trim(), `title of ${code}`).not.toBe("");
        expect(next.trim(), `next step of ${code}`).not.toBe("");
        expect(`${title} ${next}`, code).not.toMatch(/[{}]|undefined|https?:|failures\./);
        seen.add(title);
      }
    }
    expect(seen.size, "nearly every code has a title of its own").toBeGreaterThan(30);
  });
});

test("the whole main job by keyboard", async () => {
  const page = await open("customers");
  const press = (key: string) => page.keyboard.press(key);
  const tabTo = async (testId: string) => {
    for (let presses = 0; presses < 40; presses++) {
      if (await page.evaluate((id) => document.activeElement?.getAttribute("data-testid") === id, testId))
        return;
      await press("Tab");
    }
    throw new Error(`Tab does not reach ${testId}`);
  };
  await press("/");
  await page.keyboard.type("aurora");
  await page.getByTestId("customer-row").nth(1).waitFor({ state: "detached" });
  await press("Enter");
  await page.getByTestId("method-extension").waitFor();
  await tabTo("method-extension");
  await press("Enter");
  await page.getByTestId("copy-message").waitFor();
  await tabTo("copy-message");
  await press("Enter");
  await page.getByText("Mensagem copiada").waitFor();
  await tabTo("new-code");
  await press("Enter");
  await page.getByTestId("connection-code").waitFor();
  await tabTo("copy-message");
  await press(" ");
  await page.getByText("Mensagem copiada").waitFor();
  expect(await clipboard(page)).toContain("FA48-HS63");
  await page.evaluate((id) => window.fake.connect(id), SUBJECT);
  await page.getByText("Conectado como").waitFor();
});
