// Checks the words: the three files have the same keys and the same placeholders, every key is used, and every key
// that is used exists. `host` holds the words of the Rust side, used from its sources.
import { readFileSync, readdirSync } from "node:fs";

const here = (path) => new URL(path, import.meta.url).pathname;
const languages = ["pt-BR", "en", "es"];
const mistakes = [];

/** Sentences by key. A sentence with plural forms counts as one. */
function flatten(node, path = "", found = new Map()) {
  for (const [name, value] of Object.entries(node)) {
    const key = path === "" ? name : `${path}.${name}`;
    if (typeof value === "string") found.set(key, [value]);
    else if (typeof value.other === "string") found.set(key, [value.one, value.other]);
    else flatten(value, key, found);
  }
  return found;
}

const placeholders = (sentence) => [...new Set(sentence.match(/\{\w+\}/g))].sort().join(" ");

function sources(folder, ending) {
  return readdirSync(here(folder), { recursive: true })
    .filter((path) => ending.test(path))
    .map((path) => readFileSync(`${here(folder)}/${path}`, "utf8"))
    .join("\n");
}

const tables = languages.map((language) =>
  flatten(JSON.parse(readFileSync(here(`../src/words/${language}.json`), "utf8"))),
);
const [first] = tables;
for (const [index, table] of tables.entries()) {
  const language = languages[index];
  for (const [key, forms] of table) {
    if (forms.some((form) => typeof form !== "string" || form.trim() === ""))
      mistakes.push(`${language}: ${key} is empty`);
    if (!first.has(key)) mistakes.push(`${language}: ${key} is not in ${languages[0]}`);
  }
  for (const [key, forms] of first) {
    const wanted = placeholders(forms.at(-1));
    if (!table.has(key)) mistakes.push(`${language}: ${key} is missing`);
    else if (placeholders(table.get(key).at(-1)) !== wanted)
      mistakes.push(`${language}: ${key} should hold ${wanted || "no placeholder"}`);
  }
}

const tops = [...new Set([...first.keys()].map((key) => key.split(".")[0]))].filter((top) => top !== "host");
const screens = sources("../src", /\.(svelte|ts)$/);
const literals = [...screens.matchAll(/"([\w-]+(?:\.[\w-]+)+)"/g)]
  .map(([, key]) => key)
  .filter((key) => tops.includes(key.split(".")[0]));
// `failures.${code}.title` uses every key of that shape.
const shapes = [...screens.matchAll(/`([\w-]+\.(?:[\w.-]|\$\{[^{}`]*\})*)`/g)]
  .map(([, shape]) => shape)
  .filter((shape) => shape.includes("${") && tops.includes(shape.split(".")[0]))
  .map((shape) => new RegExp(`^${shape.replaceAll(".", "\\.").replace(/\$\{[^{}]*\}/g, "[\\w-]+")}$`));
const host = sources("../../src-tauri/src", /\.rs$/);

for (const key of new Set(literals)) {
  if (!first.has(key)) mistakes.push(`${key} is used, and not in the words`);
}
for (const shape of shapes) {
  if (![...first.keys()].some((key) => shape.test(key)))
    mistakes.push(`${shape} is used, and matches no words`);
}
for (const key of first.keys()) {
  const used = key.startsWith("host.")
    ? host.includes(`"${key.slice("host.".length)}"`)
    : literals.includes(key) || shapes.some((shape) => shape.test(key));
  if (!used) mistakes.push(`${key} is not used`);
}

for (const mistake of mistakes) console.error(mistake);
console.log(`${first.size} sentences in ${languages.length} languages, ${mistakes.length} mistakes`);
process.exitCode = mistakes.length > 0 ? 1 : 0;
