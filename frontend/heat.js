// Tells the value of a heat map under the pointer. The numbers are fetched when they are first asked for:
// they are those of the CSV beside the map. Without this script the server's drawing stays.

const numbers = new WeakMap();

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const [head, ...rows] = (await answer.text()).trim().split(/\r?\n/).map((line) => line.split(","));
  // The corner names both axes: "frame () \ 2θ (°)".
  const [y, x] = head[0].replace(/^"|"$/g, "").split(" \\ ");
  return { x, y, xs: head.slice(1), ys: rows.map((row) => row[0]), values: rows.map((row) => row.slice(1)) };
}

function readoutOf(figure) {
  const found = figure.querySelector(".plot-readout");
  if (found) return found;
  const made = document.createElement("span");
  made.className = "plot-readout";
  figure.querySelector(".plot-tools").prepend(made);
  return made;
}

function place(share, count) {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

function withUnit(axis, value) {
  const [, label, unit] = axis.match(/^(.*) \((.*)\)$/) ?? [null, axis, ""];
  return `${label} ${value} ${unit}`.trim();
}

async function tell(event) {
  const field = event.target.closest?.(".heat-field");
  const figure = field?.closest(".heat");
  if (!figure) return;
  const { clientX, clientY } = event;
  if (!numbers.has(figure)) numbers.set(figure, read(figure.querySelector("[data-heat-values]").href));
  let map;
  try {
    map = await numbers.get(figure);
  } catch {
    numbers.delete(figure); // the next move asks again
    return;
  }
  const box = field.getBoundingClientRect();
  const column = place((clientX - box.left) / box.width, map.xs.length);
  const row = place(1 - (clientY - box.top) / box.height, map.ys.length);
  const value = map.values[row][column];
  const told = value === "" ? "nothing measured" : `${value} ${figure.dataset.unit}`.trim();
  readoutOf(figure).textContent = `${withUnit(map.x, map.xs[column])}, ${withUnit(map.y, map.ys[row])}: ${told}`;
}

document.addEventListener("pointermove", tell);
document.addEventListener("pointerdown", tell);
