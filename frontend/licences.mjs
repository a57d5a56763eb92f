// The licence text of each bundled package; one that cannot be had fails the build.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

// The folder of the package that a bundled file belongs to; none for a file of our own.
export function packageFolder(file) {
  return file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/)?.[0];
}

export async function licenceOf(folder) {
  const described = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(path.join(folder, file), "utf8") : permission(described);
  return `${described.name} ${described.version} (${described.license})\n\n${text.trim()}\n`;
}

// Some packages say MIT and ship no text: then it is the standard one, under their authors' names.
function permission({ name, license, author, maintainers = [] }) {
  const authors = [author, ...maintainers].map((person) => person?.name ?? person).filter(Boolean);
  if (license !== "MIT" || !authors.length) throw new Error(`${name} has no licence file`);
  return `The MIT License\n\nCopyright (c) ${authors.join(", ")}\n\n${MIT}`;
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
