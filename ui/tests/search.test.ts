import { expect, it } from "vitest";
import { folded, search } from "../src/lib/search";

const cards = [
  ["O celular pede para criar uma chave de acesso", "passkey, digital", "O cliente pode criar a chave."],
  ["O QR code não aparece", "carregando, em branco", "Sem câmera não adianta."],
  ["O cliente está sem câmera", "QR code", "Use o número."],
];
const found = (typed: string) => search(cards, typed, (card) => card).map((card) => cards.indexOf(card));

it("folds accents and case away", () => {
  expect(folded("CÂMERA não")).toBe("camera nao");
});

it("finds words in any order, whatever their accents and case", () => {
  expect(found("ACESSO chave")).toEqual([0]);
  expect(found("camera cliente")).toEqual([2]);
  expect(found("digital")).toEqual([0]);
});

it("shows everything while nothing is typed", () => {
  expect(found("  ")).toEqual([0, 1, 2]);
});

it("puts what the title says before what the meaning says", () => {
  expect(found("câmera")).toEqual([2, 1]);
});

it("finds by a whole sentence, of which half the words are enough", () => {
  expect(found("ele disse que o celular pede uma chave de acesso")).toEqual([0]);
  expect(found("o carro não pega na chave")).toEqual([]);
});

it("finds by a short word when there is no other", () => {
  expect(found("QR")).toEqual([1, 2]);
});
