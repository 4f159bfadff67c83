import { createContext } from "svelte";
import type { Backend } from "./ipc/backend";

/** The backend every screen below `App` talks to. */
export const [useBackend, provideBackend] = createContext<Backend>();
