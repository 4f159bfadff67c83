import { mount } from "svelte";
import { FakeBackend, SCENARIOS, SUBJECT } from "./lib/ipc/fake";
import { FakePresenter } from "./lib/ipc/fake-attempts";
import Presenter from "./screens/Presenter.svelte";
import "./styles.css";

// For the development server and the tests; the app's own build leaves it out: fake-presenter.html?scenario=expired
const scenario = SCENARIOS.find((each) => each === new URLSearchParams(location.search).get("scenario"));
window.fake = new FakeBackend(scenario ?? "waiting");

mount(Presenter, {
  target: document.getElementById("app")!,
  props: { backend: new FakePresenter(window.fake, SUBJECT) },
});
