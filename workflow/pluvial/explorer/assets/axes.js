// Parallel coordinates: the density of all lines, medians, brushes, and the strip of eta squared.

const lines = find("#axes-lines"), axesOver = find("#axes-over"), axesTip = find("#axes-tip");
const SPACE = { left: 46, right: 12, top: 8, bottom: 34 }; // CSS pixels around the lines
const FEW = 300; // selected records that are drawn one by one
const zoom = { first: 0, last: 1, cursor: -1, dragging: false };
const SEEN = { still: 60000, moving: 6000 }; // lines that the density is taken from
let crowdDensity = null;

const axisCount = () => state.order.rows.length;
const boxWidth = () => lines.width - (SPACE.left + SPACE.right) * pixels();
const boxHeight = () => lines.height - (SPACE.top + SPACE.bottom) * pixels();
const axisX = (p) => SPACE.left * pixels() + ((p - zoom.first) / (zoom.last - zoom.first)) * boxWidth();
const axisAt = (x) => zoom.first + ((x - SPACE.left * pixels()) / boxWidth()) * (zoom.last - zoom.first);
const codeY = (code) => SPACE.top * pixels() + boxHeight() * (1 - code / 255);
const codeAt = (y) => Math.max(0, Math.min(255, 255 * (1 - (y - SPACE.top * pixels()) / boxHeight())));
const turned = (p, code) => (state.order.turned[p] ? 255 - code : code);
const deviations = (code) => state.space.limit * ((2 * code) / 255 - 1);
const visibleAxes = () => [Math.max(0, Math.floor(zoom.first)), Math.min(axisCount() - 1, Math.ceil(zoom.last))];

// Orders: a list of rows of `axes`, and which of them stand on their head. The packed rows lie in
// the order of correlation, those that correlate negatively with their neighbour turned over.
const ORDERS = {
  correlation: "by correlation, signs aligned",
  separation: "by separation of the classes (η²)",
  dimension: "by number, as trained",
};
function orderBy(id) {
  const { dimensions, flipped } = state.space, rows = dimensions.map((_, row) => row);
  if (id === "separation") rows.sort((a, b) => state.summary.eta[b] - state.summary.eta[a]);
  if (id === "dimension") rows.sort((a, b) => dimensions[a] - dimensions[b]);
  state.order = { id, rows, turned: rows.map((row) => id === "dimension" && flipped[row]) };
  crowdDensity = null;
}

// How many of the records' lines touch each pixel. In each column of pixels a line covers the rows
// between its heights at the column's two sides; covers are counted at their ends, then summed.
function density(records, most) {
  const r = pixels(), width = Math.round(boxWidth() / r), height = Math.round(boxHeight() / r);
  const stride = Math.max(1, Math.ceil(records.length / most)), { axes } = state.space;
  const { rows, turned: upside } = state.order, last = Math.max(rows.length - 2, 0);
  const image = new Int32Array(width * (height + 1)), scale = (height - 1) / 255;
  let before = new Uint16Array(records.length), after = new Uint16Array(records.length);
  for (let x = -1; x < width; x++) {
    const p = Math.max(0, Math.min(rows.length - 1, axisAt((SPACE.left + x + 1) * r)));
    const a = Math.min(last, Math.floor(p)), b = Math.min(a + 1, rows.length - 1), share = p - a;
    const weightA = (upside[a] ? share - 1 : 1 - share) * scale, weightB = (upside[b] ? -share : share) * scale;
    const start = 0.5 + 255 * scale * ((upside[a] ? 1 - share : 0) + (upside[b] ? share : 0));
    const fromA = rows[a] * N, fromB = rows[b] * N;
    for (let k = 0; k < records.length; k += stride) {
      const i = records[k], row = start + weightA * axes[fromA + i] + weightB * axes[fromB + i];
      after[k] = row;
      if (x < 0) continue;
      const low = Math.min(before[k], after[k]), high = Math.max(before[k], after[k]);
      image[low * width + x]++;
      image[(high + 1) * width + x]--;
    }
    [before, after] = [after, before];
  }
  for (let k = width; k < width * height; k++) image[k] += image[k - width];
  // The few pixels that most lines share, such as those of all dry windows, set no scale.
  const some = Int32Array.from({ length: (width * height) >> 4 }, (_, k) => image[16 * k]).sort();
  return { image, width, height, densest: Math.max(1, some[Math.floor(0.995 * some.length)]) };
}

function drawLines() {
  const context = lines.getContext("2d", { alpha: false }), r = pixels();
  context.fillStyle = style("--card");
  context.fillRect(0, 0, lines.width, lines.height);
  const most = zoom.dragging ? SEEN.moving : SEEN.still;
  crowdDensity ||= density(everyone, most);
  const some = selectedCount < N;
  const records = some ? everyone.filter((i) => selected[i]) : everyone;
  const few = some && records.length <= FEW;
  const front = some && !few ? density(records, most) : null;
  context.imageSmoothingEnabled = false;
  context.drawImage(paintDensity(crowdDensity, front, some), SPACE.left * r, SPACE.top * r, boxWidth(), boxHeight());
  context.save();
  context.beginPath();
  context.rect((SPACE.left - 12) * r, 0, boxWidth() + 24 * r, lines.height);
  context.clip();
  if (few) {
    context.globalAlpha = Math.max(0.12, Math.min(0.8, 12 / records.length));
    for (const i of records) drawRecord(context, i, style("--accent"), r);
    context.globalAlpha = 1;
  }
  if (find("#medians").ariaPressed === "true") drawMedians(context);
  drawStrip(context);
  context.restore();
  drawScale(context);
}
const everyone = Uint32Array.from({ length: N }, (_, i) => i);

function paintDensity(back, front, some) {
  const canvas = new OffscreenCanvas(back.width, back.height), context = canvas.getContext("2d");
  const image = context.createImageData(back.width, back.height), data = image.data;
  const behind = ramp(isDark() ? ["#182028", "#28343e", "#44535f", "#6b7c8a"] : ["#ffffff", "#eef1f4", "#cfd7de", "#94a2af"]);
  const before = ramp(isDark() ? ["#4a2d1b", "#a8551f", "#ff9a5c", "#ffe7d1"] : ["#ffe8d6", "#fcc39a", "#ee8a50", "#b8430f"]);
  const strength = some ? 0.5 : 1;
  const level = ({ image, densest }, k) => Math.min(255, Math.round(255 * Math.sqrt(image[k] / densest)));
  for (let k = 0, at = 0; k < back.width * back.height; k++) {
    const x = k % back.width, from = (back.height - 1 - (k - x) / back.width) * back.width + x;
    const b = 3 * Math.round(strength * level(back, from)), f = front ? 3 * level(front, from) : 0;
    const share = front && front.image[from] ? Math.min(1, 0.3 + f / 450) : 0;
    for (let c = 0; c < 3; c++) data[at++] = behind[b + c] + (before[f + c] - behind[b + c]) * share;
    data[at++] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function drawLine(context, codeOf, colour, width) {
  const [first, last] = visibleAxes();
  context.beginPath();
  for (let p = first; p <= last; p++) context.lineTo(axisX(p), codeY(turned(p, codeOf(state.order.rows[p]))));
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.stroke();
}
const drawRecord = (context, i, colour, width) =>
  drawLine(context, (row) => state.space.axes[row * N + i], colour, width);
function drawMedians(context) {
  const { medians, shown } = state.summary, r = pixels();
  for (const kind of shown) {
    for (const [colour, width] of [[style("--card"), 3.6], [state.colour.hues[kind], 1.8]]) {
      drawLine(context, (row) => medians[kind][row], colour, width * r);
    }
  }
}
const etaColours = () => ramp(isDark() ? ["#232e38", "#8a5a2b", "#ffd08a"] : ["#f3f5f7", "#f4c86a", "#d95f0e", "#5c1a04"]);
const mostEta = () => Math.max(0.01, ...state.summary.eta);
function drawStrip(context) {
  const r = pixels(), top = lines.height - (SPACE.bottom - 5) * r, table = etaColours(), most = mostEta();
  const [first, last] = visibleAxes(), wide = axisX(1) - axisX(0);
  for (let p = first; p <= last; p++) {
    context.fillStyle = inCss(table, Math.round((255 * state.summary.eta[state.order.rows[p]]) / most));
    context.fillRect(axisX(p) - wide / 2, top, wide + 0.6, 9 * r);
  }
  context.fillStyle = style("--muted");
  context.font = `${10.5 * r}px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "center";
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((one) => one * wide > 34 * r) || 500;
  for (let p = Math.ceil(first / step) * step; p <= last; p += step) {
    const x = axisX(p);
    if (x < (SPACE.left - 6) * r || x > lines.width - SPACE.right * r) continue;
    context.fillText(state.space.dimensions[state.order.rows[p]] + 1, x, lines.height - 6 * r);
  }
}
// Left of the lines: standard deviations, and what the strip is.
function drawScale(context) {
  const r = pixels(), { limit } = state.space, right = (SPACE.left - 9) * r;
  context.fillStyle = style("--muted");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const z of [-limit, 0, limit].map((at) => (at ? at - Math.sign(at) : 0))) {
    const y = codeY(127.5 * (z / limit + 1));
    context.fillText(z > 0 ? `+${z} sd` : z < 0 ? `−${-z} sd` : "mean", right, y);
  }
  context.fillText("η²", right, lines.height - (SPACE.bottom - 10) * r);
  context.fillText("no.", right - 12 * r, lines.height - 9 * r);
  context.textBaseline = "alphabetic";
}

function drawAxesOver() {
  const context = axesOver.getContext("2d"), r = pixels(), focus = style("--focus");
  context.clearRect(0, 0, axesOver.width, axesOver.height);
  context.save();
  context.beginPath();
  context.rect((SPACE.left - 8) * r, 0, boxWidth() + 16 * r, axesOver.height);
  context.clip();
  for (const [row, range] of state.brushes) {
    const p = state.order.rows.indexOf(row);
    const [bottom, top] = range.map((code) => codeY(turned(p, code))).sort((a, b) => b - a);
    context.fillStyle = focus;
    context.globalAlpha = 0.3;
    context.fillRect(axisX(p) - 6 * r, top, 12 * r, bottom - top);
    context.globalAlpha = 1;
    context.strokeStyle = focus;
    context.lineWidth = 1.5 * r;
    context.strokeRect(axisX(p) - 6 * r, top, 12 * r, bottom - top);
  }
  for (const [record, colour] of [[state.pin, "--ink"], [state.hover, "--accent"]]) {
    if (record >= 0) drawRecord(context, record, style(colour), 1.2 * r);
  }
  if (zoom.cursor >= 0) {
    context.fillStyle = focus;
    context.fillRect(axisX(zoom.cursor) - 0.6 * r, SPACE.top * r, 1.2 * r, boxHeight());
  }
  context.restore();
}

const rangeInWords = (p, [low, high]) => {
  const ends = [low, high].map((code) => deviations(turned(p, code)).toFixed(2)).sort((a, b) => a - b);
  return `brushed from ${ends[0]} to ${ends[1]} sd`;
};
function showAxis(p, code) {
  const row = state.order.rows[p], { dimensions, flipped } = state.space;
  const turn = flipped[row] && state.order.id !== "dimension" ? ", turned over" : "";
  const brush = state.brushes.get(row), parts = [`dimension ${dimensions[row] + 1}${turn}`];
  if (code !== undefined) parts.push(`${deviations(code).toFixed(2)} sd`);
  if (brush) parts.push(rangeInWords(p, brush));
  parts.push(`η² ${state.summary.eta[row].toFixed(2)}`);
  axesTip.textContent = parts.join(" · ");
  axesTip.hidden = false;
  const right = axesOver.clientWidth - axesTip.offsetWidth - 4;
  axesTip.style.left = `${Math.max(0, Math.min(right, axisX(p) / pixels() + 10))}px`;
  axesTip.style.top = "4px";
}
function zoomAxes(first, last) {
  const most = axisCount() - 1, span = Math.min(most, Math.max(Math.min(6, most), last - first));
  zoom.first = Math.max(0, Math.min(most - span, first));
  zoom.last = zoom.first + span;
  crowdDensity = null;
  redraw("lines", "axesOver");
}
const wholeAxes = () => zoomAxes(0, axisCount() - 1);
function brush(p, from, to) {
  const ends = [turned(p, from), turned(p, to)].sort((a, b) => a - b);
  state.brushes.set(state.order.rows[p], ends);
}

let stroke = null;
axesOver.addEventListener("pointerdown", (event) => {
  axesOver.setPointerCapture(event.pointerId);
  const [x, y] = placeIn(event, axesOver), axis = Math.round(axisAt(x));
  const p = Math.max(0, Math.min(axisCount() - 1, axis));
  stroke = { p, x, y, moved: false, pan: event.shiftKey, first: zoom.first, last: zoom.last };
});
axesOver.addEventListener("pointermove", (event) => {
  const [x, y] = placeIn(event, axesOver), p = Math.round(axisAt(x));
  if (!stroke) {
    if (p < 0 || p >= axisCount()) return;
    zoom.cursor = p;
    showAxis(p, turned(p, turned(p, codeAt(y))));
    return redraw("axesOver");
  }
  stroke.moved ||= Math.hypot(x - stroke.x, y - stroke.y) > 3 * pixels();
  if (!stroke.moved) return;
  if (stroke.pan) {
    const by = ((x - stroke.x) / boxWidth()) * (stroke.last - stroke.first);
    return zoomAxes(stroke.first - by, stroke.last - by);
  }
  zoom.dragging = true;
  brush(stroke.p, codeAt(stroke.y), codeAt(y));
  showAxis(stroke.p);
  changed();
});
axesOver.addEventListener("pointerup", () => {
  if (stroke && !stroke.moved) state.brushes.delete(state.order.rows[stroke.p]);
  if (stroke && !stroke.pan) {
    zoom.dragging = false;
    changed();
  }
  stroke = null;
});
axesOver.addEventListener("pointerleave", () => {
  zoom.cursor = -1;
  axesTip.hidden = true;
  redraw("axesOver");
});
axesOver.addEventListener("wheel", (event) => {
  event.preventDefault();
  const p = axisAt(placeIn(event, axesOver)[0]), factor = Math.exp(0.0016 * event.deltaY);
  zoomAxes(p - (p - zoom.first) * factor, p + (zoom.last - p) * factor);
}, { passive: false });
axesOver.addEventListener("keydown", (event) => {
  const last = axisCount() - 1, p = Math.max(0, zoom.cursor), row = state.order.rows[p];
  const go = (to) => { zoom.cursor = Math.max(0, Math.min(last, to)); };
  const reach = (low, high) => {
    if (!state.brushes.has(row)) return;
    const [bottom, top] = state.brushes.get(row).map((code) => turned(p, code)).sort((a, b) => a - b);
    const ends = [bottom + low, top + high];
    if (ends[0] >= 0 && ends[1] <= 255 && ends[0] < ends[1]) brush(p, ...ends);
  };
  const wider = (factor) => zoomAxes(p - (p - zoom.first) * factor, p + (zoom.last - p) * factor);
  const actions = {
    ArrowLeft: () => go(p - 1), ArrowRight: () => go(p + 1), Home: () => go(0), End: () => go(last),
    Enter: () => (state.brushes.has(row) ? state.brushes.delete(row) : brush(p, 170, 255)),
    ArrowUp: () => reach(5, 5), ArrowDown: () => reach(-5, -5),
    "[": () => reach(5, -5), "]": () => reach(-5, 5),
    "+": () => wider(0.7), "=": () => wider(0.7), "-": () => wider(1.4), 0: wholeAxes,
  };
  if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  zoom.cursor = p;
  actions[event.key]();
  if (zoom.cursor < zoom.first || zoom.cursor > zoom.last) zoomAxes(zoom.cursor - 3, zoom.cursor - 3 + zoom.last - zoom.first);
  if (/Enter|ArrowUp|ArrowDown|\[|\]/.test(event.key)) changed();
  showAxis(zoom.cursor);
  announce(`${axesTip.textContent}; ${find("#count").textContent}`);
  redraw("axesOver");
});
