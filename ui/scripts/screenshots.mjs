// Pictures of every state, in light and dark and in two window sizes, for docs/screenshots; and of some, in two
// languages, for docs/guide.
// `npm run screenshots` makes all of them, `npm run screenshots -- waiting` those whose name holds "waiting".
// Needs ImageMagick (apt install imagemagick): with a palette the pictures are a third as large.
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { runnerImport } from "vite";

const here = (path) => new URL(path, import.meta.url).pathname;
const only = process.argv[2] ?? "";
const folder = here("../../docs/screenshots/");
const sizes = [
  [1280, 800],
  [800, 600],
];

// The guide's picture: the state that it is of.
const guide = {
  "first-run": "first-run",
  connect: "connect-offline",
  "qr-code": "qr-waiting",
  "phone-code": "phone-waiting",
  passkey: "qr-passkey",
  triage: "triage",
  "extension-preparing": "preparing",
  "extension-waiting": "waiting",
  connected: "connected",
  history: "history",
  roster: "customers-offline",
  spreadsheet: "csv-preview",
  "registration-ways": "registration-ways-wait",
};

const { module: stage } = await runnerImport(here("../tests/stage.ts"));
const { module: list } = await runnerImport(here("../tests/states.ts"));

const made = [];

await mkdir(folder, { recursive: true });
const { server, address } = await stage.serve();
const browserServer = await stage.startBrowser();
const browser = await stage.joinBrowser(browserServer.wsEndpoint());
for (const [width, height] of sizes) {
  const context = await stage.openWindow(browser, width, height);
  const page = await context.newPage();
  for (const state of list.states.filter(({ name }) => name.includes(only))) {
    await stage.visit(page, address, state.scenario, "pt-BR", list.fileOf(state));
    await state.reach?.(page);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const path = `${folder}${state.name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path, caret: "hide" });
      made.push(path);
    }
    await page.emulateMedia({ colorScheme: "light" });
  }
  await context.close();
}
for (const language of ["pt-BR", "en"]) {
  const pictures = here(`../../docs/guide/pictures/${language}/`);
  await mkdir(pictures, { recursive: true });
  const context = await stage.openWindow(browser, 1000, 640);
  const page = await context.newPage();
  for (const [name, wanted] of Object.entries(guide).filter(([, wanted]) => wanted.includes(only))) {
    const state = list.states.find((state) => state.name === wanted);
    await stage.visit(page, address, state.scenario, language);
    await state.reach?.(page);
    const path = `${pictures}${name}.png`;
    await page.screenshot({ path, caret: "hide" });
    made.push(path);
  }
  await context.close();
}
await browser.close();
await browserServer.close();
await server.close();

const palette = ["-strip", "+dither", "-colors", "128", "-define", "png:color-type=3"];
const packing = ["-define", "png:compression-filter=0", "-define", "png:compression-level=9"];
execFileSync("mogrify", [...palette, ...packing, ...made], { stdio: "inherit" });
console.log(`${made.length} pictures`);
