import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { FakeBackend } from "../src/lib/ipc/fake";
import type { Rejection, Step, Way } from "../src/lib/ipc/types";
import { useApp } from "./app";
import { choose } from "./stage";

const open = useApp();

const PLAIN = "Transportes Andorinha";
const PLAIN_ID = "customer-13";
const CODE = "123456";
const WAYS: Way[] = ["sms", "voice", "oldPhone"];

const at = (page: Page, step: Step["step"]) =>
  page.locator(`[data-testid="registration"][data-step="${step}"]`).waitFor();
const advance = (page: Page, ms: number) => page.evaluate((by) => window.fake.clock.advance(by), ms);
const calls = (page: Page, method: keyof FakeBackend) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call === name).length, method);
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim());
const problem = (page: Page, text: string) =>
  page.getByTestId("registration").locator(".problem").filter({ hasText: text }).waitFor();

async function check(page: Page, name: string): Promise<void> {
  await choose(page, name);
  await page.getByTestId("registration-confirm").check();
  await page.getByTestId("registration-check").click();
}

async function request(page: Page, name: string, way: Way = "sms"): Promise<void> {
  await check(page, name);
  await page.getByTestId(`way-${way}`).click();
}

async function type(page: Page, field: "code" | "pin" | "captcha", text: string): Promise<void> {
  await page.getByTestId(field === "captcha" ? "captcha-answer" : `registration-${field}`).fill(text);
  await page.getByTestId(`send-${field}`).click();
}

describe("the wizard", () => {
  test("is for mobile instances alone, and a type that nobody knows can be chosen and taken back", async () => {
    const web = await open("customers");
    await choose(web, "Padaria Aurora");
    await web.getByTestId("method-qr").waitFor();
    expect(await web.getByTestId("is-mobile").count(), "of a web instance nobody asks").toBe(0);

    const page = await open("mobile");
    await choose(page, "Cafeteria Grão Fino");
    await page.getByTestId("is-mobile").click();
    await at(page, "number");
    expect(await page.getByTestId("method-qr").count()).toBe(0);
    await page.getByTestId("is-web").click();
    await page.getByTestId("method-qr").waitFor();
    expect(await page.getByTestId("is-mobile").count()).toBe(0);
  });

  test("says what is done and what comes next, and brings the focus and the voice along", async () => {
    const page = await open("mobile");
    await choose(page, PLAIN);
    const now = page.locator('[data-testid="station"][aria-current="step"]');
    await at(page, "number");
    expect(await now.textContent()).toContain("Número");
    await page.getByTestId("registration-confirm").check();
    await page.getByTestId("registration-check").click();
    await at(page, "ways");
    expect(await now.textContent()).toContain("Como receber");
    expect(await page.getByTestId("station").filter({ hasText: "(feito)" }).count()).toBe(2);
    const title = "Como o cliente vai receber o código?";
    await expect.poll(() => focused(page)).toBe(title);
    expect(await page.getByTestId("registration").locator('[aria-live="polite"]').textContent()).toContain(
      title,
    );
  });

  test("leads from the number to the connection by the keyboard alone", async () => {
    const page = await open("mobile");
    await choose(page, PLAIN);
    await at(page, "number");
    const reach = async (testId: string) => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press("Tab");
        const here = await page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
        if (here === testId) return;
      }
      throw new Error(`${testId} is not reached`);
    };
    await reach("registration-confirm");
    await page.keyboard.press("Space");
    await reach("registration-check");
    await page.keyboard.press("Enter");
    await at(page, "ways");
    await page.locator('[data-testid="way-sms"]:enabled').waitFor();
    await reach("way-sms");
    await page.keyboard.press("Space");
    await at(page, "code");
    await reach("registration-code");
    await page.keyboard.type(CODE);
    await page.keyboard.press("Enter");
    await page.getByText("Conectado como +55 44 99999-1301").waitFor();
    await expect.poll(() => focused(page)).toBe("Conectado como +55 44 99999-1301");
  });

  test("stands where it stood when one comes back to it", async () => {
    const page = await open("mobile");
    await request(page, PLAIN);
    await at(page, "code");
    await choose(page, "Hotel Mirante");
    await at(page, "number");
    await choose(page, PLAIN);
    await at(page, "code");
    await page.getByTestId("start-again").click();
    await at(page, "number");
    expect(await page.getByTestId("registration-confirm").isChecked(), "to be confirmed anew").toBe(false);
  });

  test("lets nothing else be done while something is under way, and says what", async () => {
    const page = await open("mobile");
    await request(page, PLAIN);
    await page.evaluate(() => window.fake.hold("confirmRegistrationCode"));
    await type(page, "code", CODE);
    await page.getByText("Conferindo o código…").waitFor();
    for (const name of ["send-code", "another-way", "start-again", "copy-message"]) {
      const button = page.getByTestId(name);
      expect(await button.getAttribute("aria-disabled"), name).toBe("true");
      // It answers to no click, so it is clicked without waiting for it to be ready.
      await button.dispatchEvent("click");
    }
    await page.getByTestId("registration-code").press("Enter");
    expect(await calls(page, "confirmRegistrationCode")).toBe(1);
    expect(await calls(page, "anotherWay")).toBe(0);
    expect(await calls(page, "startRegistrationAgain")).toBe(0);
    await page.evaluate(() => window.fake.release("confirmRegistrationCode"));
    await page.getByText("Conectado como").waitFor();
  });

  test("tells of trouble once, and goes on after it", async () => {
    const page = await open("mobile");
    await page.evaluate(() => window.fake.fail("checkRegistration", { code: "offline", params: {} }));
    await check(page, PLAIN);
    await page.locator('[data-code="offline"]').waitFor();
    expect(await page.getByTestId("error").count()).toBe(1);
    await page.getByTestId("registration-check").click();
    await at(page, "ways");
    expect(await page.getByTestId("error").count()).toBe(0);
  });

  test("that cannot be opened is opened by another try", async () => {
    const page = await open("mobile");
    await page.evaluate(() => window.fake.fail("followRegistration", { code: "storeFailed", params: {} }));
    await choose(page, PLAIN);
    await page.locator('[data-code="storeFailed"]').getByRole("button", { name: "Tentar de novo" }).click();
    await at(page, "number");
  });

  test("has a message for the customer to copy at each step", async () => {
    const page = await open("mobile");
    await request(page, PLAIN, "voice");
    await at(page, "code");
    await page.getByTestId("copy-message").click();
    await page.getByText("Mensagem copiada").waitFor();
    expect(await page.evaluate(() => window.fake.clipboard)).toContain("uma ligação do WhatsApp");
  });

  test("that is registered and not yet connected is asked about again", async () => {
    const page = await open("mobile");
    await page.evaluate((id) => window.fake.setRegistration(id, { step: { step: "registered" } }), PLAIN_ID);
    await choose(page, PLAIN);
    await at(page, "registered");
    const before = await calls(page, "customerStatus");
    await page.getByTestId("registration").getByRole("button", { name: "Verificar de novo" }).click();
    await expect.poll(() => calls(page, "customerStatus")).toBeGreaterThan(before);
  });
});

describe("the number", () => {
  test("is the expected one, and is checked only once the loss was confirmed", async () => {
    const page = await open("mobile");
    await choose(page, PLAIN);
    expect(await page.getByTestId("phone-number").inputValue()).toBe("(44) 99999-1301");
    expect(await page.getByTestId("registration-check").isDisabled()).toBe(true);
    await page.getByTestId("phone-number").press("Enter");
    expect(await calls(page, "checkRegistration"), "nor by Enter").toBe(0);
    await page.getByTestId("registration-confirm").check();
    await page.getByTestId("phone-number").fill("12");
    await page.getByTestId("registration-check").click();
    await problem(page, "Este número não existe");
    await at(page, "number");
  });

  test("that is not available shows the reason as it came, and can be checked again", async () => {
    const page = await open("mobile");
    await check(page, "Papelaria Arco-Íris");
    await at(page, "notAvailable");
    expect(await page.getByTestId("reason").textContent()).toBe("unknown_reason_42");
    await page.getByTestId("check-again").click();
    await at(page, "ways");
  });

  test("that is not available for no reason says so", async () => {
    const page = await open("mobile");
    await choose(page, PLAIN);
    const step = { step: "notAvailable", reason: null } as const;
    await page.evaluate(([id, now]) => window.fake.setRegistration(id, { step: now }), [
      PLAIN_ID,
      step,
    ] as const);
    await page.getByText("não disse o motivo").waitFor();
  });
});

describe("a way", () => {
  test("that must wait can be asked for neither by click nor by key, until its time has come", async () => {
    const page = await open("mobile");
    await check(page, "Lavanderia Brisa");
    await page.getByText("Pode pedir em 2:0").first().waitFor();
    for (const way of WAYS) {
      const button = page.getByTestId(`way-${way}`);
      expect(await button.isDisabled(), way).toBe(true);
      await button.dispatchEvent("click");
      await button.evaluate((element) => element.focus());
      await page.keyboard.press("Enter");
      await page.keyboard.press("Space");
      const reason = await button.getAttribute("aria-describedby");
      expect(await page.locator(`[id="${reason}"]`).textContent()).toContain("Pode pedir em");
    }
    expect(await calls(page, "requestRegistrationCode")).toBe(0);
    await at(page, "ways");
    await advance(page, 115_000);
    await page.getByText("Pode pedir em 0:").first().waitFor();
    expect(await page.getByTestId("way-sms").isDisabled(), "seconds early").toBe(true);
    await advance(page, 10_000);
    await page.locator('[data-testid="way-sms"]:enabled').waitFor();
    await page.getByTestId("way-sms").click();
    await at(page, "code");
  });

  test("that is closed says so, and the old phone is not shown when it cannot be had", async () => {
    const page = await open("mobile");
    await check(page, "Gráfica Ponto e Linha");
    await page.locator('[data-testid="way-sms"]:enabled').waitFor();
    expect(await page.getByTestId("wait-voice").textContent()).toContain("Fechado para este número");
    await advance(page, 3_600_000);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    expect(await page.getByTestId("way-voice").isDisabled()).toBe(true);
    expect(await page.getByTestId("card-oldPhone").count()).toBe(0);
  });

  test("stays shut while nobody can tell when it may be asked for", async () => {
    const page = await open("mobile");
    await page.evaluate(() => window.fake.fail("registrationWaits", { code: "storeFailed", params: {} }));
    await page.evaluate(() => window.fake.hold("registrationWaits"));
    await check(page, PLAIN);
    await at(page, "ways");
    expect(await page.getByTestId("way-sms").isDisabled(), "not asked yet").toBe(true);
    await page.evaluate(() => window.fake.release("registrationWaits"));
    await page.locator('[data-testid="way-sms"]:enabled').waitFor();
  });

  test("that the desk refuses for its wait says how long", async () => {
    const page = await open("mobile");
    await page.evaluate(() =>
      window.fake.fail("requestRegistrationCode", {
        code: "wayMustWait",
        params: { retryAfterSeconds: "40" },
      }),
    );
    await request(page, PLAIN);
    await page.locator('[data-code="wayMustWait"]').getByText("Espere 40 s").waitFor();
    await at(page, "ways");
  });

  test("may be changed, under the waits that go on", async () => {
    const page = await open("mobile");
    await request(page, PLAIN);
    await page.getByTestId("another-way").click();
    await at(page, "ways");
    await page.getByText("Pode pedir em 2:0").first().waitFor();
    for (const way of WAYS) expect(await page.getByTestId(`way-${way}`).isDisabled(), way).toBe(true);
  });
});

describe("the captcha", () => {
  test("is answered wrong, then right, and the code is not asked for again", async () => {
    const page = await open("mobile");
    await request(page, "Farmácia Santa Luzia");
    await at(page, "captcha");
    const picture = await page.getByTestId("captcha-picture").boundingBox();
    expect(picture?.height, "enlarged").toBeGreaterThan(80);
    await type(page, "captcha", "111111");
    await problem(page, "A resposta não confere");
    const field = page.getByTestId("captcha-answer");
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type("407258");
    expect(await field.inputValue(), "the wrong one is typed over").toBe("407258");
    await page.keyboard.press("Enter");
    await at(page, "code");
    expect(await calls(page, "requestRegistrationCode")).toBe(1);
  });
});

describe("the code", () => {
  test("is pasted with its separators, and refused when it is no code", async () => {
    const page = await open("mobile");
    await request(page, PLAIN);
    const field = page.getByTestId("registration-code");
    expect(await field.getAttribute("inputmode")).toBe("numeric");
    expect(await field.getAttribute("autocomplete")).toBe("one-time-code");
    await type(page, "code", "");
    await problem(page, "Falta preencher");
    await type(page, "code", "12 34");
    await problem(page, "São seis dígitos");
    expect(await calls(page, "confirmRegistrationCode"), "nothing was sent").toBe(0);
    await type(page, "code", " 123-456 ");
    await page.getByText("Conectado como").waitFor();
  });

  test("that is wrong may be typed again", async () => {
    const page = await open("mobile");
    await request(page, PLAIN);
    await type(page, "code", "000000");
    await problem(page, "Este código está errado");
    const voice = page.getByTestId("registration").locator('[aria-live="polite"]');
    await voice.getByText("Este código está errado").waitFor({ state: "attached" });
    await page.getByTestId("registration-code").fill("12");
    expect(await page.locator(".problem").count(), "it was about what was sent").toBe(0);
    await type(page, "code", CODE);
    await page.getByText("Conectado como").waitFor();
  });

  test("that came too late, or was guessed too often, leads back to the ways", async () => {
    const late = await open("mobile");
    await request(late, PLAIN);
    await advance(late, 3_600_000);
    await type(late, "code", CODE);
    await at(late, "ways");
    await late.getByTestId("rejected").getByText("O código venceu").waitFor();

    const page = await open("mobile");
    await request(page, "Imobiliária Novo Lar");
    for (const guess of ["000000", "000001", "000002"]) await type(page, "code", guess);
    await at(page, "ways");
    await page.getByTestId("rejected").getByText("tentativas demais").waitFor();
  });

  test.each<[Rejection, string]>([
    ["wrong", "Este código está errado"],
    ["expired", "Este código venceu"],
    ["tooMany", "tentativas demais"],
    ["unsaid", "O código não foi aceito"],
  ])("that is %s says so to whoever comes back to it", async (rejection, text) => {
    const page = await open("mobile");
    await request(page, PLAIN);
    await at(page, "code");
    await page.evaluate(([id, why]) => window.fake.setRegistration(id, { rejection: why }), [
      PLAIN_ID,
      rejection,
    ] as const);
    await problem(page, text);
  });

  test("comes as the way says", async () => {
    for (const [way, text] of [
      ["sms", "Ele chega por SMS em +55 44 99999-1301."],
      ["voice", "Uma ligação para +55 44 99999-1301"],
      ["oldPhone", "dentro do WhatsApp, no celular que tem +55 44 99999-1301"],
    ] as const) {
      const page = await open("mobile");
      await request(page, PLAIN, way);
      await page.getByText(text).waitFor();
    }
  });
});

describe("the PIN", () => {
  test("is hidden while it is typed, may be wrong, and connects", async () => {
    const page = await open("mobile");
    await request(page, "Hotel Mirante");
    await type(page, "code", CODE);
    await at(page, "pin");
    const field = page.getByTestId("registration-pin");
    expect(await field.getAttribute("type")).toBe("password");
    expect(await field.getAttribute("autocomplete")).toBe("off");
    await page.getByRole("button", { name: "Mostrar: PIN" }).click();
    expect(await field.getAttribute("type")).toBe("text");
    await type(page, "pin", "111111");
    await problem(page, "Este PIN está errado");
    await type(page, "pin", "135790");
    await page.getByText("Conectado como").waitFor();
  });

  test("that is forgotten is reset by e-mail", async () => {
    const page = await open("mobile");
    await request(page, "Escola Pequeno Passo");
    await type(page, "code", CODE);
    await page.getByTestId("forgot-pin").click();
    await page.getByText("manda ao cliente um e-mail").waitFor();
    await page.getByTestId("practice-resetsPin").click();
    await page.getByTestId("practice-received").getByText("246801").waitFor();
    await type(page, "pin", "246801");
    await page.getByText("Conectado como").waitFor();
  });
});

describe("the old phone", () => {
  test("is asked by itself until it has confirmed", async () => {
    const page = await open("mobile");
    await request(page, "Viveiro Terra Boa");
    await type(page, "code", CODE);
    await page.getByText("Ponte pergunta a cada poucos segundos").waitFor();
    expect(await page.getByTestId("check-transfer").count()).toBe(0);
    await page.getByTestId("practice-confirmsTransfer").click();
    await page.getByText("Conectado como").waitFor();
  });

  test("is asked by hand once nobody asks any more, and there is a way out", async () => {
    const page = await open("mobile");
    await request(page, "Viveiro Terra Boa");
    await type(page, "code", CODE);
    await at(page, "phoneConfirm");
    await page.evaluate(() =>
      window.fake.setRegistration("customer-17", { step: { step: "phoneConfirm", watching: false } }),
    );
    await page.getByTestId("check-transfer").click();
    await expect.poll(() => calls(page, "checkTransfer")).toBe(1);
    await at(page, "phoneConfirm");
    await page.getByTestId("start-again").click();
    await at(page, "number");
  });

  test("that is asked every few seconds does not keep the agent from going away", async () => {
    const page = await open("mobile");
    await request(page, "Viveiro Terra Boa");
    await type(page, "code", CODE);
    await at(page, "phoneConfirm");
    await page.evaluate(() => window.fake.setRegistration("customer-17", { busy: true }));
    expect(await page.getByTestId("start-again").getAttribute("aria-disabled")).toBe(null);
  });
});

describe("a block", () => {
  test("is appealed against, and checked again only when asked", async () => {
    const page = await open("mobile");
    await check(page, "Academia Vigor");
    await at(page, "blocked");
    await page.getByTestId("send-appeal").click();
    await problem(page, "Falta preencher");
    await page.getByTestId("appeal").fill("Usamos o número para marcar aulas.");
    await page.getByTestId("send-appeal").click();
    await page.getByTestId("appeal-state").getByText("Em análise.").waitFor();
    expect(await page.getByTestId("appeal").count(), "not twice").toBe(0);
    await page.getByTestId("practice-appealAccepted").click();
    await advance(page, 3_600_000);
    expect(await calls(page, "checkRegistrationAgain")).toBe(0);
    await page.getByTestId("check-again").click();
    await at(page, "ways");
  });

  test.each([
    ["unbanned", "Liberado.", 0],
    ["other", "Resposta desconhecida.", 1],
  ] as const)("whose appeal came to %s says so", async (appeal, text, forms) => {
    const page = await open("mobile");
    await choose(page, PLAIN);
    const step = { step: "blocked", canAppeal: true, appeal } as const;
    await page.evaluate(([id, now]) => window.fake.setRegistration(id, { step: now }), [
      PLAIN_ID,
      step,
    ] as const);
    await page.getByTestId("appeal-state").getByText(text).waitFor();
    expect(await page.getByTestId("send-appeal").count()).toBe(forms);
  });

  test("that shows only when the code is asked for leaves no appeal", async () => {
    const page = await open("mobile");
    await request(page, "Sorveteria Polar");
    await at(page, "blocked");
    expect(await page.getByTestId("appeal").count()).toBe(0);
    await page.getByText("não dá para pedir a revisão agora").waitFor();
    await page.getByTestId("start-again").click();
    await at(page, "number");
  });
});

test("the practice customer says the code that came", async () => {
  const page = await open("mobile");
  await request(page, PLAIN);
  const said = page.getByTestId("practice-received");
  await said.getByText(CODE).waitFor();
  expect(await said.evaluate((element) => getComputedStyle(element).userSelect)).toBe("text");
});

test("every message of a registration can be edited", async () => {
  const page = await open("mobile");
  await page.getByRole("button", { name: "Ajustes", exact: true }).click();
  await page.getByRole("button", { name: "Mensagens", exact: true }).click();
  await page.getByLabel("Mensagem", { exact: true }).selectOption({ label: "Registro: código por SMS" });
  await page.getByLabel("Texto").fill("Manda o código, {name}");
  await page.getByRole("button", { name: "Salvar texto" }).click();
  await page.getByText("Texto salvo").waitFor();
  await page.getByRole("button", { name: "Fechar", exact: true }).click();
  await request(page, PLAIN);
  await page.getByText("Manda o código, Transportes Andorinha").waitFor();
});
