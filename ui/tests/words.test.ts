import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("the words agree with each other and with the sources", () => {
  const script = new URL("../scripts/words.mjs", import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
