import type { TestProject } from "vitest/node";
import { serve, startBrowser } from "./stage";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the pages are served. */
    address: string;
    /** Where the one browser of the run can be joined. */
    browser: string;
  }
}

/** One server and one browser for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [{ server, address }, browserServer] = await Promise.all([serve(), startBrowser()]);
  project.provide("address", address);
  project.provide("browser", browserServer.wsEndpoint());
  return async () => {
    await browserServer.close();
    await server.close();
  };
}
