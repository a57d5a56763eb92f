// Saves a plot as a PNG: its canvas on the page's background, the names of its curves above it.

const LINE = 20;
const MARGIN = 12;

// The picture has name, scale (device pixels of one of the page), curves ({name, stroke, dash}), and two colours.
export function savePicture(canvas, { name, scale, curves, background, text }) {
  const top = (curves.length * LINE + 2 * MARGIN) * scale;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height + top;
  const pen = picture.getContext("2d");
  pen.fillStyle = background;
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.drawImage(canvas, 0, top);
  pen.scale(scale, scale);
  pen.font = "13px system-ui, sans-serif";
  pen.fillStyle = text;
  curves.forEach((curve, number) => writeName(pen, curve, MARGIN + LINE * (number + 0.5)));
  picture.toBlob((blob) => download(blob, name));
}

function writeName(pen, { name, stroke, dash }, y) {
  pen.strokeStyle = stroke;
  pen.lineWidth = 2;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(MARGIN, y);
  pen.lineTo(MARGIN + 36, y);
  pen.stroke();
  pen.fillText(name, MARGIN + 46, y + 4);
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the address over by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
