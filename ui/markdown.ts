import { Marked } from "marked";
import { getHeadingList, gfmHeadingId } from "marked-gfm-heading-id";
import type { Plugin } from "vite";

/** Stands in the HTML for the picture of that number until its address is known. */
const placeholder = (picture: number) => `picture:${picture}:`;

/**
 * Lets a page import a Markdown file as HTML, its pictures bundled. A window of Ponte leads nowhere: of a link, what
 * leads out of the file stays as text, with the address to be typed.
 */
export function markdown(): Plugin {
  return {
    name: "markdown",
    transform(source, file) {
      if (!file.endsWith(".md")) return;
      const pictures: string[] = [];
      const marked = new Marked(gfmHeadingId(), {
        walkTokens(token) {
          if (token.type === "image") token.href = placeholder(pictures.push(token.href) - 1);
        },
        renderer: {
          link({ href, tokens }) {
            const text = this.parser.parseInline(tokens);
            if (href.startsWith("#")) return `<a href="${href}">${text}</a>`;
            return href.startsWith("http") && text !== href ? `${text} (${href})` : text;
          },
        },
      });
      const html = JSON.stringify(marked.parse(source, { async: false }));
      const headings = getHeadingList().map(({ id, level, raw }) => ({ id, level, text: raw }));
      return [
        ...pictures.map((path, index) => `import picture${index} from ${JSON.stringify(`./${path}`)};`),
        `export const headings = ${JSON.stringify(headings)};`,
        `export const html = ${pictures.reduce(
          (joined, _, index) => joined.replace(placeholder(index), `" + picture${index} + "`),
          html,
        )};`,
      ].join("\n");
    },
  };
}
