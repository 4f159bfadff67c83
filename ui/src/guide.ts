import { mount } from "svelte";
import Guide from "./screens/Guide.svelte";
import "./styles.css";

// There is no guide in Spanish: it falls back to English, as any other language does.
const language = new URLSearchParams(location.search).get("lang") === "pt-BR" ? "pt-BR" : "en";

mount(Guide, { target: document.getElementById("app")!, props: { language } });
