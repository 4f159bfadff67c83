import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { FakeBackend, Scenario } from "../src/lib/ipc/fake";
import type { Method, Phase, TriageNext } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();
const SUBJECT = "customer-1";

const aurora = (page: Page) => choose(page, "Padaria Aurora");
const at = (page: Page, method: Method, state: Phase["state"]) =>
  page.locator(`[data-testid="attempt-state"][data-method="${method}"][data-state="${state}"]`).waitFor();
const advance = (page: Page, ms: number) => page.evaluate((by) => window.fake.clock.advance(by), ms);
const clipboard = (page: Page) => page.evaluate(() => window.fake.clipboard);
const calls = (page: Page, method: keyof FakeBackend) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call === name).length, method);

describe("the QR code", () => {
  test("is renewed by itself, stops after the third, and begins anew on demand", async () => {
    const page = await open("customers");
    await aurora(page);
    await page.getByTestId("method-qr").click();
    const picture = page.getByRole("img", { name: "QR code para conectar o WhatsApp de Padaria Aurora" });
    await picture.waitFor();
    await page.getByText("Código 1 de 3").waitFor();
    const first = await picture.getAttribute("src");
    await advance(page, 15_000);
    await page.getByText("Código 2 de 3").waitFor();
    expect(await picture.getAttribute("src"), "the second is another one").not.toBe(first);
    await advance(page, 15_000);
    await page.getByText("Código 3 de 3").waitFor();
    await advance(page, 20_000);
    await at(page, "qrCode", "expired");
    expect(await page.getByTestId("copy-picture").count(), "a dead picture is not handed over").toBe(0);
    expect(await calls(page, "getCode"), "nothing was asked for by hand").toBe(0);

    await page.getByTestId("new-code").click();
    await page.getByText("Código 1 de 3").waitFor();
  });

  test("is shown dimmed when one comes back to it dead, and when nobody watches any more", async () => {
    const page = await open("qrExpired");
    await aurora(page);
    await page.getByTestId("qr-code").waitFor();
    await choose(page, "Clínica Vida Plena");
    await page.getByTestId("method-qr").waitFor();
    await aurora(page);
    await page.getByTestId("qr-code").waitFor();
    await advance(page, 90_000);
    await at(page, "qrCode", "gaveUp");
    await page.getByTestId("qr-code").waitFor();
    await page.getByTestId("new-code").click();
    await at(page, "qrCode", "waiting");
    expect(await calls(page, "startAttempt"), "the old attempt was over").toBe(1);
  });

  test("that nobody watches any more says so, and there is a way back", async () => {
    const page = await open("qrGaveUp");
    await aurora(page);
    await page.getByText("ninguém mais está de olho").waitFor();
    await page.getByTestId("new-code").waitFor();
    await page.getByRole("button", { name: "Voltar", exact: true }).click();
    await page.getByTestId("method-qr").waitFor();
    expect(await calls(page, "startAttempt")).toBe(0);
  });

  test.each([
    [800, 600, 260],
    [1280, 800, 340],
    [1600, 1000, 390],
  ])("takes the room that a window of %i × %i has", async (width, height, least) => {
    const page = await open("qrWaiting", { width, height });
    await aurora(page);
    const frame = await page.getByTestId("qr-code").locator("..").boundingBox();
    expect(frame?.width).toBeGreaterThanOrEqual(least);
    expect(frame?.height).toBe(frame?.width);
    const side = await page.getByTestId("copy-picture").boundingBox();
    expect(side?.width, "the buttons stay beside it").toBeGreaterThanOrEqual(140);
    expect(side?.x).toBeGreaterThan((frame?.x ?? 0) + (frame?.width ?? 0));
  });

  test("is copied as it is shown, and saved where it can be found", async () => {
    const page = await open("qrWaiting");
    await aurora(page);
    await page.getByTestId("copy-picture").click();
    await page.getByText("ela vale 20 segundos").waitFor();
    expect(await clipboard(page)).toBe(await page.getByTestId("qr-code").getAttribute("src"));
    expect(await page.getByRole("button", { name: "Mostrar na pasta" }).count()).toBe(0);
    await page.getByTestId("save-picture").click();
    await page.getByText("ponte-qr-code.png").waitFor();
    await page.getByRole("button", { name: "Mostrar na pasta" }).click();
    await expect.poll(() => calls(page, "showSavedFile")).toBe(1);
  });

  test("that does not come is asked for again by hand", async () => {
    const page = await open("qrFetching");
    await aurora(page);
    await page.getByText("Buscando o QR code…").waitFor();
    expect(await page.getByTestId("new-code").count(), "not while it may come").toBe(0);
    await page.evaluate((id) => {
      window.fake.fail("getCode", { code: "timedOut", params: {} });
      return window.fake.getCode(id, null).catch(() => {});
    }, SUBJECT);
    await page.getByTestId("new-code").click();
    await page.getByText("Código 1 de 3").waitFor();
  });

  test("that cannot be saved says why", async () => {
    const page = await open("qrWaiting");
    await aurora(page);
    await page.evaluate(() => window.fake.fail("savePicture", { code: "saveFailed", params: {} }));
    await page.getByTestId("save-picture").click();
    await page.locator('[data-code="saveFailed"]').waitFor();
  });

  test("is spoken of when it appears, expires or meets a passkey, not each time it is renewed", async () => {
    const page = await open("qrFetching");
    await aurora(page);
    await at(page, "qrCode", "preparing");
    await page.evaluate(() => {
      const spoken: string[] = [];
      const region = document.querySelector('[aria-live="polite"]');
      if (!region) throw new Error("no live region");
      new MutationObserver(() => spoken.push(region.textContent?.trim() ?? "")).observe(region, {
        childList: true,
        subtree: true,
      });
      Object.assign(window, { spoken });
    });
    await page.evaluate((id) => window.fake.getCode(id, null), SUBJECT);
    await page.getByText("Código 1 de 3").waitFor();
    await advance(page, 15_000);
    await page.getByText("Código 2 de 3").waitFor();
    await advance(page, 45_000);
    await at(page, "qrCode", "expired");
    await page.evaluate((id) => window.fake.setPhase(id, { state: "passkey" }), SUBJECT);
    await at(page, "qrCode", "passkey");
    const spoken = () => page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
    await expect
      .poll(spoken)
      .toEqual(["QR code na tela.", "O código venceu.", "O WhatsApp está pedindo uma chave de acesso."]);
  });
});

describe("a passkey", () => {
  test("is noticed after the code was read, and the extension takes over", async () => {
    const page = await open("qrWaiting");
    await aurora(page);
    await page.getByTestId("code-read").click();
    await page.getByText("Aguardando o WhatsApp.").waitFor();
    expect(await page.getByTestId("copy-picture").count(), "a code that was read is not handed over").toBe(0);
    await advance(page, 40_000);
    await at(page, "qrCode", "passkey");
    await page.getByRole("heading", { name: "O WhatsApp está pedindo uma chave de acesso" }).waitFor();
    await page.getByTestId("connect-extension").click();
    await at(page, "extension", "preparing");
    await page.evaluate((id) => window.fake.connect(id), SUBJECT);
    await page.getByText("Conectado como +55 44 99999-0101").waitFor();
  });

  test("is reset by starting over, which may fail in words", async () => {
    const page = await open("qrPasskey");
    await aurora(page);
    await page.evaluate(() => window.fake.fail("startOver", { code: "startOverFailed", params: {} }));
    await page.getByTestId("start-over").click();
    await page
      .locator('[data-code="startOverFailed"]')
      .getByRole("button", { name: "Tentar de novo" })
      .click();
    await at(page, "qrCode", "waiting");
    expect(await page.getByTestId("error").count()).toBe(0);
  });

  test("leaves a QR code at one click, a phone code behind its number", async () => {
    const qr = await open("qrPasskey");
    await aurora(qr);
    await qr.getByTestId("new-code").click();
    await at(qr, "qrCode", "waiting");

    const page = await open("phonePasskey");
    await aurora(page);
    await page.getByTestId("new-code").click();
    expect(await calls(page, "getCode"), "nothing before the number was seen").toBe(0);
    await page.getByRole("dialog").getByTestId("get-phone-code").click();
    await at(page, "phoneCode", "waiting");
  });
});

describe("the phone code", () => {
  test("is asked for by number, shown, copied, and connects", async () => {
    const page = await open("customers");
    await aurora(page);
    await page.getByTestId("method-phone").click();
    expect(await page.getByTestId("phone-number").inputValue(), "the expected number").toBe(
      "(44) 99999-0101",
    );
    await page.getByTestId("get-phone-code").click();
    const code = page.getByTestId("phone-code");
    await code.waitFor();
    expect((await code.textContent())?.trim(), "exactly as received").toBe("A1B2C3D4");
    await page.getByText("Código por telefone para +55 44 99999-0101").waitFor();
    expect(await page.getByRole("timer").count(), "nobody says how long it lives").toBe(0);
    await page.getByTestId("copy-code").click();
    await page.getByText("Código copiado.").waitFor();
    expect(await clipboard(page)).toBe("A1B2C3D4");
    await page.getByTestId("copy-message").click();
    await page.getByText("Mensagem copiada").waitFor();
    for (const part of ["Padaria Aurora", "+55 44 99999-0101", "A1B2C3D4"])
      expect(await clipboard(page)).toContain(part);
    await page.getByTestId("code-read").click();
    await page.getByText("Aguardando o WhatsApp.").waitFor();
    await page.evaluate((id) => window.fake.connect(id), SUBJECT);
    await page.getByText("Conectado como").waitFor();
  });

  test("is not replaced by a slip", async () => {
    const page = await open("phoneWaiting");
    await aurora(page);
    await page.getByTestId("new-code").click();
    const dialog = page.getByRole("dialog", { name: "Gerar outro código?" });
    await dialog.getByText("deixa de valer").waitFor();
    await dialog.getByRole("button", { name: "Cancelar" }).click();
    expect(await calls(page, "getCode")).toBe(0);
    expect((await page.getByTestId("phone-code").textContent())?.trim()).toBe("A1B2C3D4");
    await page.getByTestId("new-code").click();
    await dialog.getByTestId("get-phone-code").click();
    await page.getByTestId("phone-code").filter({ hasText: "E5F6G7H8" }).waitFor();
    expect(await dialog.count()).toBe(0);
  });

  test("that is refused says so beside the number, or below it", async () => {
    const page = await open("phonePreparing");
    await aurora(page);
    await page.getByTestId("phone-number").fill("");
    await page.getByTestId("get-phone-code").click();
    await page.getByText("Falta preencher este campo.").waitFor();
    expect(await calls(page, "getCode"), "an empty number is not sent").toBe(0);
    await page.getByTestId("phone-number").fill("12");
    await page.getByTestId("get-phone-code").click();
    await page.getByText("Este número não existe").waitFor();
    await page.getByTestId("phone-number").fill("44999990101");
    await page.evaluate(() => window.fake.fail("getCode", { code: "tooOften", params: {} }));
    await page.getByTestId("get-phone-code").click();
    await page.locator('[data-code="tooOften"]').getByRole("button", { name: "Tentar de novo" }).click();
    await at(page, "phoneCode", "waiting");
  });
});

describe("the number", () => {
  test("is formatted as it is typed, and can be deleted again", async () => {
    const page = await open("phonePreparing");
    await aurora(page);
    const field = page.getByTestId("phone-number");
    await field.fill("");
    await field.pressSequentially("11988880202");
    expect(await field.inputValue()).toBe("(11) 98888-0202");
    for (let presses = 0; presses < 14; presses++) await field.press("Backspace");
    expect(await field.inputValue()).toBe("(");
  });

  test.each([
    ["+1 212 555 0123", "US", "(212) 555-0123"],
    ["0034 612 34 56 78", "ES", "612 34 56 78"],
    ["5511988880202", "BR", "(11) 98888-0202"],
  ])("is understood when %s is pasted", async (pasted, country, shown) => {
    const page = await open("phonePreparing");
    await aurora(page);
    await page.getByTestId("phone-number").fill(pasted);
    expect(await page.getByLabel("País").inputValue()).toBe(country);
    expect(await page.getByTestId("phone-number").inputValue()).toBe(shown);
  });

  test("is sent with its country", async () => {
    const page = await open("phonePreparing");
    await aurora(page);
    await page.getByLabel("País").selectOption("PT");
    await page.getByTestId("phone-number").fill("912345678");
    await page.getByTestId("get-phone-code").click();
    await page.getByText("+351912345678").first().waitFor();
  });

  test("has its countries in the agent's language", async () => {
    const page = await open("phonePreparing", { language: "en" });
    await aurora(page);
    const countries = page.getByLabel("Country").locator("option");
    await expect.poll(() => countries.count()).toBeGreaterThan(200);
    expect(await countries.allTextContents()).toContain("Germany +49");
  });
});

test("another method takes the place of the one that runs", async () => {
  const page = await open("waiting");
  await aurora(page);
  await page.getByTestId("method-phone").click();
  await at(page, "phoneCode", "preparing");
  await page.getByTestId("method-qr").click();
  await at(page, "qrCode", "waiting");
  await page.getByTestId("method-qr").click();
  expect(await calls(page, "startAttempt"), "the one that runs is not started again").toBe(2);
  await page.getByTestId("method-extension").click();
  await at(page, "extension", "preparing");
});

describe("triage", () => {
  test("leads from the methods to what a card says", async () => {
    const page = await open("customers");
    await aurora(page);
    await page.getByTestId("open-triage").click();
    await page.getByTestId("triage").waitFor();
    expect(await page.getByTestId("method-qr").count(), "one thing at a time").toBe(0);
    await page.getByTestId("triage-card").getByRole("button").first().click();
    await page.getByTestId("triage-next").first().click();
    await page.getByTestId("attempt-state").waitFor();
    expect(await page.getByTestId("triage").count()).toBe(0);
  });

  test.each(["customers", "qrWaiting"] as const)(
    "gives the focus back to where it began (%s)",
    async (scenario) => {
      const page = await open(scenario);
      await aurora(page);
      const began = page.getByTestId("open-triage");
      const focused = () =>
        expect
          .poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-testid")))
          .toBe("open-triage");
      await began.press("Enter");
      await page.getByTestId("triage-card").first().waitFor();
      await page.keyboard.press("Escape");
      await focused();
      await began.press("Enter");
      await page.getByRole("button", { name: "Fechar a triagem" }).press("Enter");
      await focused();
    },
  );

  test("is closed by the connection", async () => {
    const page = await open("phoneWaiting");
    await aurora(page);
    await page.getByTestId("open-triage").click();
    await page.getByTestId("triage").waitFor();
    await page.evaluate((id) => window.fake.connect(id), SUBJECT);
    await page.getByText("Conectado como").waitFor();
    expect(await page.getByTestId("triage").count()).toBe(0);
  });
});

describe("the next action of a card", () => {
  /** What is under way. The running one that is no extension shows a QR code. */
  const SCENARIOS = {
    none: "customers",
    running: "waiting",
    other: "qrWaiting",
    over: "gaveUp",
  } satisfies Record<string, Scenario>;
  type UnderWay = keyof typeof SCENARIOS;
  const everywhere = (...asked: string[]): Record<UnderWay, string[]> => ({
    none: asked,
    running: asked,
    other: asked,
    over: asked,
  });
  const ASKED: Record<TriageNext, Record<UnderWay, string[]>> = {
    qrCode: everywhere("startAttempt qrCode"),
    phoneCode: everywhere("startAttempt phoneCode"),
    extension: everywhere("startAttempt extension"),
    newCode: { ...everywhere("startAttempt extension"), running: ["getCode"] },
    startOver: { ...everywhere("startOver"), none: ["startAttempt qrCode"] },
    openStore: everywhere("openLink"),
    checkStatus: { none: ["customerStatus"], running: [], other: [], over: ["endAttempt", "customerStatus"] },
  };
  const rows = Object.entries(ASKED).flatMap(([next, asked]) =>
    Object.entries(asked).map(
      ([underWay, calls]) => [next, underWay, calls] as [TriageNext, UnderWay, string[]],
    ),
  );

  test.each(rows)("%s, with an attempt: %s", async (next, underWay, wanted) => {
    const page = await open(SCENARIOS[underWay]);
    await page.evaluate((next) => {
      const { fake } = window;
      const triage = fake.triage.bind(fake);
      fake.triage = async (id) => {
        const { cards, unreadable } = await triage(id);
        return { cards: cards.map((card) => ({ ...card, next })), unreadable };
      };
    }, next);
    await aurora(page);
    await page.getByTestId("open-triage").click();
    await page.getByTestId("triage-card").first().getByRole("button").click();
    const before = await page.evaluate(() => {
      const { fake } = window;
      const start = fake.startAttempt.bind(fake);
      const asked: string[] = [];
      fake.startAttempt = (id, method) => (asked.push(method), start(id, method));
      Object.assign(window, { asked });
      return fake.calls.length;
    });
    await page.getByTestId("triage-next").click();
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.matches("h1, h2")), { message: "the focus" })
      .toBe(true);
    const asked = await page.evaluate((from) => {
      const methods = (window as unknown as { asked: string[] }).asked.values();
      return window.fake.calls
        .slice(from)
        .filter((call) => !["timeLeft", "queue", "history"].includes(call))
        .map((call) => (call === "startAttempt" ? `${call} ${methods.next().value}` : call));
    }, before);
    expect(asked).toEqual(wanted);
  });
});

describe("the presenter", () => {
  test("shows the QR code and what comes after it", async () => {
    const page = await open("qrWaiting", { presenter: true });
    await page.getByRole("img", { name: "QR code para conectar o seu WhatsApp" }).waitFor();
    await page.getByTestId("time-left").waitFor();
    await page.evaluate((id) => window.fake.codeRead(id), SUBJECT);
    await page.getByText("Agora é com o WhatsApp").waitFor();
    expect(await page.getByTestId("qr-code").count()).toBe(0);
    await advance(page, 40_000);
    await page.getByText("O WhatsApp pediu uma chave de acesso").waitFor();
  });

  test("shows the phone code, of whose life nobody knows", async () => {
    const page = await open("phoneWaiting", { presenter: true });
    expect((await page.getByTestId("phone-code").textContent())?.trim()).toBe("A1B2C3D4");
    expect(await page.getByRole("timer").count()).toBe(0);
    expect(await calls(page, "timeLeft")).toBe(0);
  });
});
