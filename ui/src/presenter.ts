import { mount } from "svelte";
import { tauriPresenter } from "./lib/ipc/tauri";
import Presenter from "./screens/Presenter.svelte";
import "./styles.css";

mount(Presenter, { target: document.getElementById("app")!, props: { backend: tauriPresenter } });
