// The map: points in one image, and what changes with the pointer on a canvas over it.

const points = find("#map-points"), over = find("#map-over"), mapTip = find("#map-tip");
const view = { scale: 1, x: 0, y: 0, whole: 1 };
const REACH = 14; // pixels within which the pointer finds a record
const mapX = (i) => view.x + state.space.flat[2 * i] * view.scale;
const mapY = (i) => view.y - state.space.flat[2 * i + 1] * view.scale;
const toMap = (x, y) => [(x - view.x) / view.scale, (view.y - y) / view.scale];

// Shows the middle of the map, without the farthest few at each side, or the whole of it.
const FARTHEST = 0.04; // share of the records
function fitMap(whole = false) {
  const sides = [0, 1].map((k) => {
    const along = Uint16Array.from({ length: N }, (_, i) => state.space.flat[2 * i + k]).sort();
    const ends = whole ? [0, N - 1] : [Math.floor(FARTHEST * N), Math.ceil((1 - FARTHEST) * N) - 1];
    return ends.map((end) => along[end]);
  });
  const [[left, right], [bottom, top]] = sides, room = 0.94;
  view.scale = room * Math.min(points.width / (right - left || 1), points.height / (top - bottom || 1));
  view.whole = view.scale;
  view.x = (points.width - (left + right) * view.scale) / 2;
  view.y = (points.height + (bottom + top) * view.scale) / 2;
}
function zoomMap(x, y, factor) {
  const scale = Math.min(80 * view.whole, Math.max(0.2 * view.whole, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  redraw("points", "over");
}

// How much of each pixel a disc of that radius covers; points let a little shine through.
const OPAQUE = 220; // of 256
function disc(radius) {
  const reach = Math.ceil(radius), side = 2 * reach + 1;
  const cover = Uint16Array.from({ length: side * side }, (_, k) => {
    const distance = Math.hypot((k % side) - reach, Math.floor(k / side) - reach);
    return OPAQUE * Math.max(0, Math.min(1, radius + 0.5 - distance));
  });
  return { reach, side, cover };
}

function drawPoints() {
  const { width, height } = points, context = points.getContext("2d", { alpha: false });
  const image = context.createImageData(width, height), data = image.data;
  const ground = rgb(style("--card")), crowd = rgb(style("--crowd")), column = state.colour;
  new Uint32Array(data.buffer).fill((255 << 24) | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
  const closer = Math.min(2, Math.max(1, (view.scale / view.whole) ** 0.35));
  const radius = Math.max(1, Math.min(3, Math.sqrt((width * height) / N) * 0.16)) * closer;
  const large = disc(isSelective() ? 1.35 * radius : radius), small = disc(0.8 * radius);
  const put = (i, { reach, side, cover }, red, green, blue) => {
    const left = Math.round(mapX(i)) - reach, top = Math.round(mapY(i)) - reach;
    if (left < 0 || top < 0 || left + side > width || top + side > height) return;
    for (let row = 0, k = 0; row < side; row++) {
      let at = 4 * ((top + row) * width + left);
      for (let col = 0; col < side; col++, k++, at += 4) {
        const share = cover[k];
        data[at] += ((red - data[at]) * share) >> 8;
        data[at + 1] += ((green - data[at + 1]) * share) >> 8;
        data[at + 2] += ((blue - data[at + 2]) * share) >> 8;
      }
    }
  };
  for (let i = 0; i < N; i++) if (!selected[i]) put(i, small, ...crowd);
  const { table, index, values, drawn } = column;
  const hues = column.kind === "category" ? column.hues.map(rgb) : null;
  for (const i of drawn) {
    if (!selected[i]) continue;
    if (hues) put(i, large, ...hues[values[i]]);
    else if (Number.isNaN(values[i])) put(i, small, ...crowd);
    else put(i, large, table[3 * index[i]], table[3 * index[i] + 1], table[3 * index[i] + 2]);
  }
  context.putImageData(image, 0, 0);
  const outside = everyone.filter((i) => mapX(i) < 0 || mapY(i) < 0 || mapX(i) > width || mapY(i) > height);
  find("#outside").textContent = outside.length ? `${plural(outside.length, "record")} outside this view` : "";
}

// The pinned storm's track, the lasso, and rings around the pinned and the hovered record.
function drawOver() {
  const context = over.getContext("2d"), r = pixels();
  context.clearRect(0, 0, over.width, over.height);
  context.lineJoin = "round";
  if (state.lasso) {
    context.beginPath();
    for (let k = 0; k < state.lasso.length; k += 2) {
      context.lineTo(view.x + state.lasso[k] * view.scale, view.y - state.lasso[k + 1] * view.scale);
    }
    context.closePath();
    context.strokeStyle = style("--accent");
    context.lineWidth = 1.5 * r;
    context.stroke();
  }
  if (state.pin >= 0) drawTrack(context, r);
  for (const [record, colour] of [[state.pin, "--ink"], [state.hover, "--accent"]]) {
    if (record < 0) continue;
    for (const [name, width] of [["--card", 4.5], [colour, 2.2]]) {
      context.beginPath();
      context.arc(mapX(record), mapY(record), 6.5 * r, 0, 7);
      context.strokeStyle = style(name);
      context.lineWidth = width * r;
      context.stroke();
    }
  }
}
function drawTrack(context, r) {
  const [first, last] = stormOf(state.pin), times = COLUMNS.time.values;
  const steps = [];
  for (let i = first + 1; i <= last; i++) steps.push(times[i] - times[i - 1]);
  const usual = steps.slice().sort((a, b) => a - b)[steps.length >> 1];
  context.beginPath();
  for (let i = first; i <= last; i++) {
    // A longer gap than usual has no line over it.
    const joined = i > first && steps[i - first - 1] <= 3 * usual;
    context[joined ? "lineTo" : "moveTo"](mapX(i), mapY(i));
  }
  for (const [colour, width, alpha] of [["--card", 3, 0.7], ["--ink", 1.1, 0.75]]) {
    context.strokeStyle = style(colour);
    context.lineWidth = width * r;
    context.globalAlpha = alpha;
    context.stroke();
  }
  context.globalAlpha = 1;
}

// The selected record nearest to a place, within reach; -1 if there is none.
function recordAt(x, y) {
  let nearest = -1, least = (REACH * pixels()) ** 2;
  for (let i = 0; i < N; i++) {
    if (!selected[i]) continue;
    const distance = (mapX(i) - x) ** 2 + (mapY(i) - y) ** 2;
    if (distance < least) [nearest, least] = [i, distance];
  }
  return nearest;
}

function hover(record, x, y) {
  if (record !== state.hover) {
    state.hover = record;
    redraw("over", "axesOver", "record");
  }
  mapTip.hidden = record < 0;
  if (record < 0) return;
  mapTip.textContent = `${utc(COLUMNS.time.values[record])} · ${inWords(state.colour, state.colour.values[record])}`;
  const right = over.clientWidth - mapTip.offsetWidth - 4;
  mapTip.style.left = `${Math.max(0, Math.min(right, x / pixels() + 14))}px`;
  mapTip.style.top = `${Math.max(2, y / pixels() - 30)}px`;
}
function pin(record, spoken = false) {
  if (record < 0) return;
  state.pin = record;
  state.hover = -1;
  mapTip.hidden = true;
  redraw("over", "axesOver", "record");
  if (spoken) announce(`${utc(COLUMNS.time.values[record])}, storm ${storms[record]}, ${["flooded", "rain"].map((id) => `${COLUMNS[id].short} ${inWords(COLUMNS[id], COLUMNS[id].values[record])}`).join(", ")}`);
}

// Selects what lies within a circle around the pinned record, as a lasso of many corners.
let circle = 0.06;
function selectAround(factor) {
  if (factor === 1 && state.lasso) state.lasso = null;
  else {
    circle = Math.min(0.7, Math.max(0.005, circle * factor));
    const radius = (circle * over.height) / view.whole;
    const [x, y] = [0, 1].map((k) => state.space.flat[2 * state.pin + k]);
    state.lasso = Array.from({ length: 96 }, (_, k) => {
      const angle = (Math.PI * (k >> 1)) / 24;
      return k % 2 ? y + radius * Math.sin(angle) : x + radius * Math.cos(angle);
    });
  }
  changed();
  announce(find("#count").textContent);
}

const placeIn = (event, canvas) => {
  const box = canvas.getBoundingClientRect(), r = pixels();
  return [(event.clientX - box.left) * r, (event.clientY - box.top) * r];
};
let drag = null;
over.addEventListener("pointerdown", (event) => {
  over.setPointerCapture(event.pointerId);
  const [x, y] = placeIn(event, over), lasso = event.shiftKey || find("#lasso").ariaPressed === "true";
  drag = { x, y, viewX: view.x, viewY: view.y, moved: false, lasso };
});
over.addEventListener("pointermove", (event) => {
  const [x, y] = placeIn(event, over);
  if (!drag) return hover(recordAt(x, y), x, y);
  if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < 4) return;
  if (drag.lasso) {
    if (!drag.moved) state.lasso = toMap(drag.x, drag.y);
    state.lasso.push(...toMap(x, y));
    redraw("over");
  } else {
    view.x = drag.viewX + x - drag.x;
    view.y = drag.viewY + y - drag.y;
    redraw("points", "over");
  }
  drag.moved = true;
});
over.addEventListener("pointerup", (event) => {
  if (drag?.lasso && drag.moved) changed();
  else if (drag && !drag.moved) pin(recordAt(...placeIn(event, over)));
  drag = null;
});
over.addEventListener("pointercancel", () => { drag = null; });
over.addEventListener("pointerleave", () => hover(-1));
over.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomMap(...placeIn(event, over), Math.exp(-0.0016 * event.deltaY));
}, { passive: false });
over.addEventListener("keydown", (event) => {
  const [first, last] = stormOf(state.pin);
  const actions = {
    ArrowLeft: () => pin(Math.max(first, state.pin - 1), true),
    ArrowRight: () => pin(Math.min(last, state.pin + 1), true),
    ArrowUp: () => pin(first > 0 ? stormOf(first - 1)[0] : first, true),
    ArrowDown: () => pin(last < N - 1 ? last + 1 : state.pin, true),
    Enter: () => selectAround(1),
    "[": () => selectAround(1 / 1.3),
    "]": () => selectAround(1.3),
    "+": () => zoomMap(mapX(state.pin), mapY(state.pin), 1.5),
    "=": () => zoomMap(mapX(state.pin), mapY(state.pin), 1.5),
    "-": () => zoomMap(mapX(state.pin), mapY(state.pin), 1 / 1.5),
    0: () => { fitMap(true); redraw("points", "over"); },
  };
  if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  actions[event.key]();
});
