// One record: its rain, its depth map, what it retrieves, and its like in other storms.

const PAIRS = META.pairs;
const CLASS_COLOURS = { rain: THUMBS.rain.colours.map(rgb), depth: THUMBS.depth.colours.map(rgb) };
const MOST_ACROSS = 9;
const tiles = {};

function thumbnail(kind) {
  const [rows, cols] = THUMBS[kind].shape;
  const canvas = element("canvas", { width: cols, height: rows, role: "img" });
  canvas.style.aspectRatio = `${cols} / ${rows}`;
  return canvas;
}
function paint(canvas, kind, classes) {
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  classes.forEach((found, k) => {
    // Missing is hatched: two colours in turn along the diagonals, unlike any class.
    const gap = (Math.floor(k / canvas.width) + k % canvas.width) % 3 ? [243, 239, 230] : [181, 170, 148];
    image.data.set([...(found === MISSING ? gap : CLASS_COLOURS[kind][found]), 255], 4 * k);
  });
  context.putImageData(image, 0, 0);
}
function tileRow(name, kind, words, number) {
  const row = element("div", { className: "tiles", id: name });
  tiles[name] = Array.from({ length: number }, () => {
    const button = element("button", { type: "button", className: "tile" }, thumbnail(kind), element("span"));
    row.append(button);
    return button;
  });
  return [element("h3", { id: `${name}-title`, textContent: words }), row];
}
function scale(kind) {
  const { colours, edges, unit } = THUMBS[kind];
  const steps = edges.map((edge, k) => {
    const step = element("span", {}, element("i"), String(edge).replace(/^0\./, "."));
    step.firstChild.style.background = colours[k + 1];
    return step;
  });
  const bar = element("div", { className: "scale" }, ...steps, element("span", { className: "unit", textContent: unit }));
  if (THUMBS.any_missing) bar.append(element("span", { className: "unit" }, element("i", { className: "missing" }), "missing"));
  return bar;
}
const back = (minutes) => (minutes % 60 === 0 && minutes ? `${minutes / 60} h` : `${minutes} min`);

function buildRecord() {
  const { rain, depth, lead_minutes } = THUMBS, shown = META.shown;
  const channels = element("div", { className: "tiles", id: "channels" });
  // More channels than stand side by side go into lines of one length.
  const across = Math.ceil(rain.channels / Math.ceil(rain.channels / MOST_ACROSS));
  channels.style.grid = `auto-flow / repeat(${across}, minmax(0, 1fr))`;
  tiles.channels = rain.starts.map((start, k) => {
    const words = `rain from ${back(start)} to ${back(rain.ends[k])} before NOW`;
    const tile = element("figure", { className: "tile", title: words }, thumbnail("rain"), `−${back(start)}`);
    tile.firstChild.ariaLabel = words;
    channels.append(tile);
    return tile;
  });
  const maps = ["simulated", ...(THUMBS.any_predicted ? ["predicted"] : [])];
  tiles.maps = maps.map((words) => {
    const map = element("figure", { className: "tile" }, thumbnail("depth"), maps.length > 1 ? words : "");
    map.firstChild.ariaLabel = `${words} water depth`;
    return map;
  });
  const pooled = { max: "peak", mean: "mean" }[THUMBS.pooling];
  const span = back(rain.starts[0]);
  find("#record").append(
    element("h2", { id: "record-title" }),
    element("h3", { textContent: `Rain (mm/h): ${pooled} from each start to the next, up to NOW` }),
    channels, scale("rain"),
    element("h3", { textContent: `Water depth ${lead_minutes} min after NOW (m)` }),
    element("div", { id: "depths", className: maps.length > 1 ? "pair both" : "pair" }, ...tiles.maps, element("dl", { className: "values", id: "values" })),
    scale("depth"),
  );
  if (PAIRS) {
    find("#record").append(
      ...tileRow("rain_to_depth", "depth", "Depth maps that this rain retrieves", shown + 1),
      ...tileRow("depth_to_rain", "rain", `Rain that this depth map retrieves (${pooled === "peak" ? "peak" : "largest mean"} of ${span})`, shown + 1),
      element("p", { id: "asked", className: "key" }),
    );
  }
  find("#record").append(...tileRow("near", "depth", "", shown), element("p", { className: "key", id: "near-key" }));
}

// A button that pins a record: its thumbnail, a caption, and a frame.
async function fill(button, record, kind, caption, frame) {
  button.style.visibility = record < 0 ? "hidden" : "visible";
  if (record < 0) return;
  const classes = await thumbsOf(record);
  paint(button.firstChild, kind, kind === "depth" ? depthOf(classes) : peakOf(classes));
  button.lastChild.textContent = caption;
  button.className = `tile ${frame}`;
  const time = utc(COLUMNS.time.values[record]);
  button.ariaLabel = `${caption}: pin the record of ${time}`;
  button.title = time;
  button.onclick = () => pin(record, true);
}

let wanted = -1, soon = 0;
async function showRecord() {
  const record = state.hover >= 0 ? state.hover : state.pin;
  wanted = record;
  const classes = await thumbsOf(record);
  if (wanted !== record) return;
  tiles.channels.forEach((tile, k) => paint(tile.firstChild, "rain", channelOf(classes, k)));
  paint(tiles.maps[0].firstChild, "depth", depthOf(classes));
  if (THUMBS.any_predicted) {
    const [, map] = tiles.maps, found = predictedOf(classes), none = found.every((one) => one === MISSING);
    paint(map.firstChild, "depth", none ? found.map(() => 0) : found);
    map.lastChild.textContent = none ? "not predicted" : "predicted";
  }
  const pinned = record === state.pin ? " (pinned)" : "";
  find("#record-title").textContent = `Record of ${utc(COLUMNS.time.values[record])} UTC, storm ${storms[record]}${pinned}`;
  find("#values").replaceChildren(...META.columns.filter((column) => !["time", "storm"].includes(column.id)).flatMap((column) =>
    [element("dt", { textContent: column.short }), element("dd", { textContent: inWords(column, column.values[record]) })]));
  state.shown = record;
  // The rows below cost more to fill: they wait until the pointer rests.
  clearTimeout(soon);
  soon = setTimeout(() => showLike(record), pinned ? 0 : 90);
}

// 14 Feb; or Feb 2020 where the records span more than a year.
const LONG = COLUMNS.time.high - COLUMNS.time.low > 365 * 86400;
const DAY = { timeZone: "UTC", month: "short", ...(LONG ? { year: "numeric" } : { day: "numeric" }) };
const day = (record) => new Date(1000 * COLUMNS.time.values[record]).toLocaleDateString("en-GB", DAY);
async function showLike(record) {
  const space = state.space, shown = META.shown, jobs = [];
  const near = await block(`near-${space.id}`);
  find("#near-title").textContent = `Nearest ${space.id} vectors, one per other storm (depth maps)`;
  find("#near-key").textContent = near[record * shown] < 0 ? "There is no other storm." : "Tiles are buttons: they pin their record.";
  tiles.near.forEach((button, k) => {
    const found = near[record * shown + k];
    jobs.push(fill(button, found, "depth", found < 0 ? "" : day(found), ""));
  });
  if (PAIRS) {
    const answers = await block("answers"), answer = answers[record];
    for (const direction of ["rain_to_depth", "depth_to_rain"]) {
      const best = await block(`best-${direction}`), rank = COLUMNS[direction].values[record];
      tiles[direction].forEach((button, k) => {
        const found = k < shown ? best[record * shown + k] : answer;
        const frame = found < 0 ? "" : found === answer ? "true" : storms[found] === storms[record] ? "same" : "";
        const caption = k === shown ? `true: ${rank}` : found < 0 ? "" : day(found);
        jobs.push(fill(button, found, direction === "rain_to_depth" ? "depth" : "rain", caption, frame));
      });
    }
    find("#asked").replaceChildren(...askedWords(answer));
  }
  await Promise.all(jobs);
  if (state.shown === record) state.complete = record;
}
function askedWords(answer) {
  const { candidates, spacing_minutes, tolerance_minutes, split } = PAIRS;
  const frame = (name) => { const made = element("b"); made.style.borderColor = `var(--${name})`; return made; };
  const truth = answer < 0
    ? "This record has no true pair among them. "
    : `the true pair (within ${tolerance_minutes} min; its rank under the last tile)`;
  return [
    ...(answer < 0 ? [truth] : [frame("true"), truth]), frame("same"), "the same storm. ",
    `Among ${count(candidates)} records of the ${split} split with rain, at least ${spacing_minutes} min apart.`,
  ];
}
