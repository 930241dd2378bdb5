// What is shown, and which records are selected.

const state = {
  space: null, // of META.spaces, with its arrays: axes uint8[K * n], flat uint16[n * 2]
  colour: null, // of META.columns, with its values
  order: { id: "", rows: [], turned: [] }, // axes from left to right
  hover: -1,
  pin: META.start,
  lasso: null, // corners x, y in turn, in the units of the map
  brushes: new Map(), // row of axes -> [low, high] in codes
  ranges: new Map(), // column -> [low, high]
  hidden: new Map(), // column -> set of categories
};
const selected = new Uint8Array(N).fill(1);
let selectedCount = N;
let storms; // int32[n], the number of each record's storm
const COLUMNS = Object.fromEntries(META.columns.map((column) => [column.id, column]));

const isDark = () => document.documentElement.classList.contains("dark");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const pixels = () => Math.min(2, devicePixelRatio || 1);

function insideLasso(corners, x, y) {
  let inside = false;
  for (let a = 0, b = corners.length - 2; a < corners.length; b = a, a += 2) {
    const [xa, ya, xb, yb] = [corners[a], corners[a + 1], corners[b], corners[b + 1]];
    if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) inside = !inside;
  }
  return inside;
}

// A record is selected if every brush, range, category and the lasso hold it.
function select() {
  selected.fill(1);
  const { axes, flat } = state.space;
  for (const [row, [low, high]] of state.brushes) {
    for (let i = 0, at = row * N; i < N; i++, at++) {
      if (axes[at] < low || axes[at] > high) selected[i] = 0;
    }
  }
  for (const [column, [low, high]] of state.ranges) {
    // Not `v < low || v > high`: a record without a value is in no range.
    column.values.forEach((v, i) => { if (!(v >= low && v <= high)) selected[i] = 0; });
  }
  for (const [column, categories] of state.hidden) {
    column.values.forEach((v, i) => { if (categories.has(v)) selected[i] = 0; });
  }
  if (state.lasso) {
    for (let i = 0; i < N; i++) {
      if (selected[i] && !insideLasso(state.lasso, flat[2 * i], flat[2 * i + 1])) selected[i] = 0;
    }
  }
  selectedCount = selected.reduce((sum, one) => sum + one, 0);
}
const isSelective = () => state.brushes.size + state.ranges.size + state.hidden.size > 0 || !!state.lasso;

function clearSelection() {
  state.lasso = null;
  for (const filter of [state.brushes, state.ranges, state.hidden]) filter.clear();
  changed();
}

// Classes of the records by the present colour: -1 for a record without a value.
function classify(column) {
  const classes = new Int16Array(N);
  for (let i = 0; i < N; i++) {
    const value = column.values[i];
    if (column.kind === "category") classes[i] = value;
    else if (Number.isNaN(value)) classes[i] = -1;
    else for (const edge of column.edges) classes[i] += value >= edge;
  }
  return classes;
}

// Median of each class on each axis, in codes, and eta squared: the share of an axis's variance
// that lies between the classes. Both are of the selected records, from histograms of codes.
function summarise() {
  const { axes, dimensions } = state.space, column = state.colour, kinds = column.names.length;
  const members = new Float64Array(kinds), rows = dimensions.length;
  for (let i = 0; i < N; i++) if (selected[i] && column.classes[i] >= 0) members[column.classes[i]]++;
  const medians = Array.from({ length: kinds }, () => new Uint8Array(rows));
  const eta = new Float32Array(rows), histogram = new Uint32Array(256 * kinds);
  for (let row = 0; row < rows; row++) {
    histogram.fill(0);
    for (let i = 0, at = row * N; i < N; i++, at++) {
      if (selected[i] && column.classes[i] >= 0) histogram[256 * column.classes[i] + axes[at]]++;
    }
    let total = 0, sum = 0, squares = 0, between = 0;
    for (let kind = 0; kind < kinds; kind++) {
      let seen = 0, own = 0, median = -1;
      for (let code = 0; code < 256; code++) {
        const number = histogram[256 * kind + code];
        if (!number) continue;
        seen += number;
        own += number * code;
        squares += number * code * code;
        if (median < 0 && 2 * seen >= members[kind]) median = code;
      }
      medians[kind][row] = Math.max(median, 0);
      total += seen;
      sum += own;
      if (seen) between += (own * own) / seen;
    }
    const all = squares - (sum * sum) / total;
    eta[row] = all > 0 ? Math.max(0, between - (sum * sum) / total) / all : 0;
  }
  const shown = [...members.keys()].filter((kind) => members[kind] > 0);
  state.summary = { medians, eta, members, shown };
}

// Colours of the present column: one per category or per class, and of each record.
function recolour() {
  const column = state.colour, hues = isDark() ? column.dark : column.light;
  column.table = ramp(hues);
  column.index = new Uint8Array(N);
  column.classes ||= classify(column);
  if (column.kind === "category") {
    column.hues = hues;
    column.index.set(column.values);
  } else {
    const cuts = [column.low, ...column.edges, column.high];
    column.hues = column.names.map((_, k) => {
      const share = (place(column, cuts[k]) + place(column, cuts[k + 1])) / 2;
      return inCss(column.table, Math.round(255 * Math.min(1, Math.max(0, share))));
    });
    for (let i = 0; i < N; i++) {
      column.index[i] = Math.round(255 * Math.min(1, Math.max(0, place(column, column.values[i]))));
    }
  }
  // What is rare and high is drawn last, as are categories other than the ones behind; where
  // nothing says who comes first, multiples of the golden ratio shuffle the records.
  const front = column.names.length - column.behind;
  const depth = Float64Array.from({ length: N }, (_, i) => {
    const value = column.values[i], shuffled = (i * 0.618034) % 1;
    if (column.kind === "category") return (value < front) + shuffled;
    return column.id === "time" ? shuffled : value || 0;
  });
  column.drawn = Uint32Array.from({ length: N }, (_, i) => i).sort((a, b) => depth[a] - depth[b]);
}

// The pinned record's storm, in order of time: the positions of its first and last record.
function stormOf(record) {
  let first = record, last = record;
  while (first > 0 && storms[first - 1] === storms[record]) first--;
  while (last < N - 1 && storms[last + 1] === storms[record]) last++;
  return [first, last];
}

async function showSpace(space) {
  [space.axes, space.flat] = await Promise.all([block(`axes-${space.id}`), block(`map-${space.id}`)]);
  state.space = space;
  state.lasso = null;
  state.brushes.clear();
}
