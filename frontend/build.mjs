// Bundles what the pages load into portal/static/built/, under fixed names (Django adds the hashes).
// licenses.txt is written last: the Makefile takes it as the sign that a build is complete.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.join(here, "..", "portal", "static", "built");

// The theme is set before the first paint, so it runs as a plain script in the head; the others are modules.
const bundles = [
  { entryPoints: ["app.css"] },
  { entryPoints: ["theme.js"], format: "iife" },
  { entryPoints: ["plot.js"], format: "esm" },
  { entryPoints: ["select.js"], format: "esm" },
  { entryPoints: ["form.js"], format: "esm" },
  { entryPoints: ["dataset.js"], format: "esm" },
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
    metafile: true,
    logLevel: "warning",
  });
  for (const input of Object.keys(metafile.inputs)) {
    const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) packages.add(found[1]);
  }
}
await writeFile(path.join(built, "licenses.txt"), (await licences([...packages].sort())).join("\n\n"));

// The licence text of each bundled package; a package without one fails the build.
async function licences(names) {
  return Promise.all(
    names.map(async (name) => {
      const folder = path.join(here, "node_modules", name);
      const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`${name} has no licence file`);
      const text = await readFile(path.join(folder, file), "utf8");
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    }),
  );
}
