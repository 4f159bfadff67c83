import { mount } from "svelte";
import App from "./App.svelte";
import { tauri } from "./lib/ipc/tauri";
import "./styles.css";

mount(App, { target: document.getElementById("app")!, props: { backend: tauri } });
