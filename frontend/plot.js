// Turns each server-made plot into an interactive one: several curves, zoom, logarithmic scale, values
// under the cursor, a picture to save. Without this script the server's drawing stays.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import "./heat.js";
import { savePicture } from "./plot_picture.js";

const plots = new Map();
const LINEAR = 1;
const LOGARITHMIC = 3;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function withUnit(label, unit) {
  return unit ? `${label} (${unit})` : label;
}

function shown(value) {
  return value === null || value === undefined ? "–" : Number(value.toPrecision(5)).toString();
}

// Colours and dashes are the style sheet's, so that the legend and the server's drawing agree with ours.
function styleOf(plot, number) {
  const sample = plot.figure.querySelectorAll(".plot-sample line")[number];
  if (!sample) return { stroke: colour("--curve"), dash: [] };
  const { stroke, strokeDasharray } = getComputedStyle(sample);
  const dash = strokeDasharray === "none" ? [] : strokeDasharray.split(",").map(parseFloat);
  return { stroke, dash };
}

// One table of all points: each curve has its own x, and what it does not have there is undefined.
function table(plot) {
  return uPlot.join(
    plot.content.curves.map(({ x, y }) => {
      const scale = plot.isNormalised ? Math.max(...y) || 1 : 1;
      // A logarithm has no place for what is not positive.
      return [x, y.map((value) => (plot.isLogarithmic && value <= 0 ? null : value / scale))];
    }),
  );
}

function axes(content, plot) {
  const line = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--quiet"), grid: line, ticks: line };
  const y = plot.isNormalised ? `${content.y_label} / maximum` : withUnit(content.y_label, content.y_unit);
  return [
    { ...axis, label: withUnit(content.x_label, content.x_unit) },
    { ...axis, label: y, size: 70 },
  ];
}

// The nearest point that the curve has, since the table has those of all others too.
function nearest(u, series, index) {
  const values = u.data[series];
  if (series === 0 || values[index] != null) return index;
  for (let step = 1; step < 200; step++) {
    if (values[index - step] != null) return index - step;
    if (values[index + step] != null) return index + step;
  }
  return index;
}

function tellValues(plot, u) {
  const { content } = plot;
  const { idx, idxs } = u.cursor;
  const values = content.curves.map((_, number) => (idx == null ? null : u.data[number + 1][idxs[number + 1]]));
  const unit = plot.isNormalised ? "" : ` ${content.y_unit}`;
  plot.outputs.forEach((output, number) => (output.textContent = idx == null ? "" : `${shown(values[number])}${unit}`));
  const at = idx == null ? "" : `${content.x_label} ${shown(u.data[0][idx])} ${content.x_unit}`;
  const single = at && content.curves.length === 1 ? `, ${content.y_label} ${shown(values[0])}${unit}` : "";
  plot.readout.textContent = at + single;
}

function draw(plot) {
  const { place, content } = plot;
  plot.styles = content.curves.map((_, number) => styleOf(plot, number));
  const options = {
    width: place.clientWidth,
    height: Math.max(260, Math.min(420, Math.round(place.clientWidth * 0.45))),
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: plot.isLogarithmic ? LOGARITHMIC : LINEAR } },
    axes: axes(content, plot),
    series: [
      {},
      ...content.curves.map(({ name }, number) => ({
        label: name,
        show: !plot.hidden.has(number),
        width: 1.4,
        points: { show: false },
        ...plot.styles[number],
      })),
    ],
    cursor: { drag: { x: true, y: false }, dataIdx: nearest },
    hooks: {
      setCursor: [(u) => tellValues(plot, u)],
      setScale: [(u, key) => key === "x" && (plot.range = [u.scales.x.min, u.scales.x.max])],
    },
  };
  const range = plot.range;
  plot.chart?.destroy();
  place.replaceChildren();
  plot.chart = new uPlot(options, table(plot), place);
  plot.whole = [plot.chart.data[0][0], plot.chart.data[0].at(-1)];
  if (range) plot.chart.setScale("x", { min: range[0], max: range[1] });
}

// Shows another part of the x axis, inside what there is, and says which.
function show(plot, from, to) {
  const [first, last] = plot.whole;
  const width = Math.min(to - from, last - first);
  const min = Math.max(first, Math.min(from, last - width));
  plot.chart.setScale("x", { min, max: min + width });
  const { x_label: label, x_unit: unit } = plot.content;
  plot.told.textContent = `${label} from ${shown(min)} to ${shown(min + width)} ${unit}`;
}

function zoom(plot, factor) {
  const [min, max] = plot.range;
  const half = ((max - min) * factor) / 2;
  show(plot, (min + max) / 2 - half, (min + max) / 2 + half);
}

function move(plot, part) {
  const [min, max] = plot.range;
  show(plot, min + (max - min) * part, max + (max - min) * part);
}

function addButton(tools, label, act, sign) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-outline-secondary";
  button.textContent = sign ?? label;
  if (sign) {
    button.setAttribute("aria-label", label);
    button.title = label;
  }
  button.addEventListener("click", () => act(button));
  tools.insertBefore(button, tools.querySelector("a"));
}

function addSwitch(plot, tools, label, name) {
  addButton(tools, label, (button) => {
    plot[name] = !plot[name];
    button.setAttribute("aria-pressed", plot[name]);
    draw(plot);
  });
  tools.querySelector("button:last-of-type").setAttribute("aria-pressed", "false");
}

function addTools(plot) {
  const tools = plot.figure.querySelector(".plot-tools");
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", "Plot");
  plot.readout = document.createElement("span");
  plot.readout.className = "plot-readout";
  tools.prepend(plot.readout);
  plot.told = document.createElement("span");
  plot.told.className = "visually-hidden";
  plot.told.setAttribute("role", "status");
  tools.append(plot.told);
  addButton(tools, "Zoom in", () => zoom(plot, 0.5), "+");
  addButton(tools, "Zoom out", () => zoom(plot, 2), "−");
  addButton(tools, "Move left", () => move(plot, -0.25), "←");
  addButton(tools, "Move right", () => move(plot, 0.25), "→");
  addButton(tools, "Show all", () => show(plot, ...plot.whole));
  addSwitch(plot, tools, "Log scale", "isLogarithmic");
  if (plot.content.curves.length > 1) addSwitch(plot, tools, "Normalise", "isNormalised");
  addButton(tools, "PNG", () => savePicture(plot.chart.ctx.canvas, picture(plot)));
}

// What stands around the curves in a picture that is saved.
function picture(plot) {
  const { content } = plot;
  return {
    name: `${content.y_label} against ${content.x_label}.png`,
    scale: plot.chart.ctx.canvas.width / plot.chart.width,
    curves: content.curves.map(({ name }, number) => ({ name, ...plot.styles[number] })).filter((_, number) => !plot.hidden.has(number)),
    background: colour("--panel"),
    text: colour("--bs-body-color"),
  };
}

// Each line of the legend becomes a box to tick, with the value under the cursor behind it.
function addLegend(plot) {
  plot.outputs = [...plot.figure.querySelectorAll(".plot-legend li")].map((item, number) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "form-check-input";
    box.checked = true;
    box.addEventListener("change", () => {
      plot.hidden[box.checked ? "delete" : "add"](number);
      plot.chart.setSeries(number + 1, { show: box.checked });
    });
    // Not a live region: it changes with every move of the pointer.
    const output = document.createElement("output");
    output.setAttribute("aria-live", "off");
    label.append(box, ...item.childNodes, output);
    item.append(label);
    return output;
  });
}

function start(place) {
  const content = JSON.parse(document.getElementById(place.dataset.plot).textContent);
  const plot = { place, content, figure: place.closest("figure"), hidden: new Set(), range: null };
  plots.set(place, plot);
  addTools(plot);
  addLegend(plot);
  draw(plot);
}

function startNew() {
  for (const place of plots.keys()) if (!place.isConnected) plots.delete(place);
  for (const place of document.querySelectorAll("[data-plot]")) if (!plots.has(place)) start(place);
}

function drawAll() {
  for (const plot of plots.values()) if (plot.place.isConnected) draw(plot);
}

startNew();
document.addEventListener("htmx:afterSettle", startNew);
document.addEventListener("themechange", drawAll);
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAll, 150);
});
