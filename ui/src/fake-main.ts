import { mount } from "svelte";
import App from "./App.svelte";
import { FakeBackend, SCENARIOS } from "./lib/ipc/fake";
import "./styles.css";

declare global {
  interface Window {
    /** The backend behind the page, for tests and for the console. */
    fake: FakeBackend;
  }
}

// For the development server and the tests; the app's own build leaves it out: fake.html?scenario=waiting&language=es.
const query = new URLSearchParams(location.search);
const scenario = SCENARIOS.find((each) => each === query.get("scenario"));
window.fake = new FakeBackend(scenario);
window.fake.systemLanguage =
  (["en", "es"] as const).find((each) => each === query.get("language")) ?? "pt-BR";

mount(App, { target: document.getElementById("app")!, props: { backend: window.fake } });
