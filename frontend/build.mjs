// Bundles what the pages load into portal/static/built/, under fixed names (Django adds the hashes).
// licenses.txt is written last: the Makefile takes it as the sign that a build is complete.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { build } from "esbuild";

import { licenceOf, packageFolder } from "./licences.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.join(here, "..", "portal", "static", "built");

// h5web asks the browser whether to be dark; here it follows the pages' own switch.
const PREFERS_DARK = "@media (prefers-color-scheme:dark)";
const followTheme = {
  name: "follow the theme",
  setup({ onLoad }) {
    onLoad({ filter: /@h5web[\\/]app[\\/]dist[\\/]styles\.css$/ }, async ({ path: file }) => {
      const css = await readFile(file, "utf8");
      if (!css.includes(PREFERS_DARK)) throw new Error("h5web's style sheet has no dark mode any more");
      return { contents: css.replaceAll(PREFERS_DARK, '[data-bs-theme="dark"]'), loader: "css" };
    });
  },
};

// The theme is set before the first paint, so it runs as a plain script in the head; the rest are modules.
const bundles = [
  { entryPoints: ["app.css"] },
  { entryPoints: ["theme.js"], format: "iife" },
  { entryPoints: ["plot.js"], format: "esm" },
  { entryPoints: ["select.js"], format: "esm" },
  { entryPoints: ["form.js"], format: "esm" },
  { entryPoints: ["dataset.js"], format: "esm" },
  { entryPoints: ["explore.jsx"], format: "esm", jsx: "automatic", plugins: [followTheme] },
];

await rm(built, { recursive: true, force: true });
await mkdir(built, { recursive: true });
const packages = new Set();
for (const bundle of bundles) {
  const { metafile } = await build({
    ...bundle,
    absWorkingDir: here,
    outdir: built,
    bundle: true,
    minify: true,
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    metafile: true,
    logLevel: "warning",
  });
  for (const folder of Object.keys(metafile.inputs).map(packageFolder)) {
    if (folder) packages.add(folder);
  }
}
const texts = await Promise.all([...packages].sort().map((folder) => licenceOf(path.join(here, folder))));
await writeFile(path.join(built, "licenses.txt"), texts.join("\n\n"));
