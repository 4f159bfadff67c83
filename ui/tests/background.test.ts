import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { useApp } from "./app";

const open = useApp();

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const settings = (page: Page) => page.evaluate(() => window.fake.backgroundSettings());
const isSet = (page: Page) => page.evaluate(() => window.fake.calls.includes("setBackgroundSettings"));

async function background(): Promise<Page> {
  const page = await open("customers");
  await button(page, "Ajustes").click();
  await button(page, "Segundo plano").click();
  await page.getByTestId("notify").waitFor();
  return page;
}

describe("background", () => {
  test("begins as it is, and changes one thing at a time", async () => {
    const page = await background();
    expect(await page.getByTestId("notify").isChecked()).toBe(true);
    expect(await page.getByTestId("autostart").isChecked()).toBe(false);
    expect(await page.getByLabel("Pergunta").isChecked()).toBe(true);
    expect(await isSet(page)).toBe(false);

    await page.getByTestId("quiet").check();
    await page.getByTestId("quiet-from").fill("21:30");
    await page.getByTestId("quiet-from").blur();
    await page.getByText("Salvo.").waitFor();
    await page.getByLabel("Encerra").check();
    await page.getByTestId("autostart").check();
    await expect
      .poll(() => settings(page))
      .toEqual({
        notify: true,
        quiet: { from: "21:30", until: "08:00" },
        onClose: "quit",
        autostart: true,
      });

    await page.getByTestId("notify").uncheck();
    await expect.poll(async () => (await settings(page)).notify).toBe(false);
    expect(await page.getByTestId("quiet").count(), "nothing is told anyway").toBe(0);
    expect((await settings(page)).quiet, "and the hours are kept").not.toBeNull();
    await page.getByLabel("Pergunta").check();
    await expect.poll(async () => (await settings(page)).onClose).toBeNull();
  });

  test("keeps the hours that were typed when silence is turned off and on", async () => {
    const page = await background();
    await page.getByTestId("quiet").check();
    await page.getByTestId("quiet-until").fill("06:15");
    await page.getByTestId("quiet-until").blur();
    await page.getByTestId("quiet").uncheck();
    await page.getByTestId("quiet").check();
    await expect.poll(async () => (await settings(page)).quiet).toEqual({ from: "22:00", until: "06:15" });
  });

  test("tells a time that is none beside its field, and leaves the old one in force", async () => {
    const page = await background();
    await page.getByTestId("quiet").check();
    await page.getByTestId("quiet-until").fill("");
    await page.getByTestId("quiet-until").blur();
    await page.getByText("Use horas e minutos, como 22:00.").waitFor();
    expect(await page.getByTestId("quiet-until").getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByTestId("quiet-from").getAttribute("aria-invalid")).toBeNull();
    expect((await settings(page)).quiet).toEqual({ from: "22:00", until: "08:00" });
    await page.getByTestId("quiet-until").fill("07:00");
    await page.getByTestId("quiet-until").blur();
    await expect.poll(async () => (await settings(page)).quiet?.until).toBe("07:00");
    expect(await page.getByText("Use horas e minutos").count()).toBe(0);
  });

  test("stays as it was when the computer refuses", async () => {
    const page = await background();
    await page.evaluate(() =>
      window.fake.fail("setBackgroundSettings", { code: "autostartFailed", params: {} }),
    );
    await page.getByTestId("autostart").click();
    await page.locator('[data-code="autostartFailed"]').waitFor();
    expect(await page.getByTestId("autostart").isChecked()).toBe(false);

    await page.evaluate(() => window.fake.fail("setBackgroundSettings", { code: "storeFailed", params: {} }));
    await page.getByLabel("Encerra").click();
    await page.locator('[data-code="storeFailed"]').waitFor();
    expect(await page.getByLabel("Pergunta").isChecked()).toBe(true);
    expect(await page.locator('[data-code="autostartFailed"]').count(), "one thing at a time").toBe(0);
  });

  test("can be read again", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.fail("backgroundSettings", { code: "storeFailed", params: {} }));
    await button(page, "Ajustes").click();
    await button(page, "Segundo plano").click();
    await page.locator('[data-code="storeFailed"]').waitFor();
    await button(page, "Tentar de novo").click();
    await page.getByTestId("notify").waitFor();
  });
});

describe("closing the window", () => {
  const closing = (page: Page) => page.evaluate(() => window.fake.emit({ kind: "closing" }));
  const answered = (page: Page) =>
    page.evaluate(() => window.fake.calls.filter((call) => call === "closeMain").length);

  test.each([
    ["close-tray", "tray"],
    ["close-quit", "quit"],
  ])("is asked about once: %s", async (testId, onClose) => {
    const page = await open("customers");
    await closing(page);
    await closing(page);
    expect(await page.getByRole("dialog").count()).toBe(1);
    await page.getByText("Ajustes, Segundo plano").waitFor();
    await page.getByTestId(testId).click();
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    expect((await settings(page)).onClose).toBe(onClose);
  });

  test("keeps watching when Enter is pressed, and stays open on Escape", async () => {
    const page = await open("customers");
    await closing(page);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await answered(page)).toBe(0);
    await closing(page);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await settings(page)).onClose).toBe("tray");
  });

  test("is asked about over an open form, which stays", async () => {
    const page = await open("customers");
    await page.getByRole("complementary").getByRole("button", { name: "Adicionar cliente" }).click();
    await page.getByLabel("Nome do cliente").fill("Floricultura Jasmim");
    await closing(page);
    await page.getByTestId("close-tray").click();
    expect(await page.getByLabel("Nome do cliente").inputValue()).toBe("Floricultura Jasmim");
  });

  test("is asked about before there is an account", async () => {
    const page = await open("firstRun");
    await closing(page);
    await page.getByTestId("close-quit").click();
    expect(await answered(page)).toBe(1);
  });

  test("that fails can be tried again", async () => {
    const page = await open("customers");
    await page.evaluate(() => window.fake.fail("closeMain", { code: "storeFailed", params: {} }));
    await closing(page);
    await page.getByTestId("close-quit").click();
    await page.locator('[data-code="storeFailed"]').waitFor();
    await button(page, "Tentar de novo").click();
    await expect.poll(async () => (await settings(page)).onClose).toBe("quit");
  });
});
