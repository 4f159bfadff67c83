import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { markdown } from "./markdown";

export default defineConfig({
  plugins: [svelte(), markdown()],
  clearScreen: false,
  // The fake backend shows the customer's messages that ship with the desk, and the guide is in docs.
  server: { host: "127.0.0.1", port: 5173, strictPort: true, fs: { allow: [".."] } },
  build: {
    // The oldest web views Ponte runs in: macOS 13's, WebView2's, webkit2gtk's.
    target: ["safari16", "chrome120"],
    // fake.html and fake-presenter.html are for tests: only the development server knows them.
    rollupOptions: { input: ["index.html", "presenter.html", "guide.html"] },
  },
});
