// The explorer: h5web's viewer on the address of one file's reader. What it opens is in the element's data.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, H5GroveProvider } from "@h5web/app";

import "@h5web/app/styles.css";

const place = document.getElementById("explorer");

// Without a graphics context h5web can draw nothing; the plain view has the same plot from the server.
function hasGraphics() {
  const canvas = document.createElement("canvas");
  return Boolean(canvas.getContext("webgl2"));
}

if (hasGraphics()) {
  const { url, file, path } = place.dataset;
  // Complete, because h5web makes the addresses of its exports from it.
  const reader = new URL(".", new URL(url, location.href)).href.replace(/\/$/, "");
  place.replaceChildren();
  createRoot(place).render(
    <StrictMode>
      <H5GroveProvider url={reader} filepath={file}>
        <App initialPath={path} />
      </H5GroveProvider>
    </StrictMode>,
  );
} else {
  location.replace(place.dataset.plain);
}
