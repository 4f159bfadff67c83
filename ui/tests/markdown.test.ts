import { expect, it } from "vitest";
import { markdown } from "../markdown";

const convert = (source: string) => {
  const { transform } = markdown() as unknown as { transform: (source: string, file: string) => string };
  return transform(source, "guide.md");
};

it("gives headings the ids that GitHub gives them, and lists them", () => {
  const module = convert("# O guia\n\n## Prepare o cliente, já\n");
  expect(module).toContain('<h2 id=\\"prepare-o-cliente-já\\">');
  expect(module).toContain('{"id":"prepare-o-cliente-já","level":2,"text":"Prepare o cliente, já"}');
});

it("imports the pictures, so that they are bundled", () => {
  const module = convert("![A tela](pictures/one.png)\n\n![Outra](pictures/two.png)\n");
  expect(module).toContain('import picture1 from "./pictures/two.png";');
  expect(module).toContain('<img src=\\"" + picture0 + "\\" alt=\\"A tela\\">');
});

it("keeps the text of a link that leads out, with the address to be typed", () => {
  const module = convert("[aqui](#fim), [o painel](https://app.example/), [em inglês](en.md)\n");
  expect(module).toContain('<a href=\\"#fim\\">aqui</a>, o painel (https://app.example/), em inglês');
});
