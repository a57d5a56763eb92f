// Turns each server-made plot into an interactive one: zoom by dragging, values under the cursor.
// Without this script the server's SVG stays.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const drawn = new Map();

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisLabel(label, unit) {
  return unit ? `${label} (${unit})` : label;
}

function draw(place) {
  const series = JSON.parse(document.getElementById(place.dataset.plot).textContent);
  const first = series[0];
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const options = {
    width: place.clientWidth,
    height: Math.max(240, Math.min(380, Math.round(place.clientWidth * 0.45))),
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: axisLabel(first.x_label, first.x_unit) },
      { ...axis, label: axisLabel(first.y_label, first.y_unit), size: 70 },
    ],
    series: [
      { label: axisLabel(first.x_label, first.x_unit) },
      { label: first.y_label, stroke: colour("--curve"), width: 1.4, points: { show: false } },
    ],
    cursor: { drag: { x: true, y: false } },
  };
  drawn.get(place)?.destroy();
  place.replaceChildren();
  drawn.set(place, new uPlot(options, [first.x, first.y], place));
}

function drawAll() {
  for (const place of drawn.keys()) if (!place.isConnected) drawn.delete(place);
  for (const place of document.querySelectorAll("[data-plot]")) draw(place);
}

drawAll();
document.addEventListener("htmx:afterSettle", drawAll);
document.addEventListener("themechange", drawAll);
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAll, 150);
});
