"use strict";
// What the page carries: a JSON document, and arrays as gzip in base64, unpacked when needed.

const find = (selector) => document.querySelector(selector);
const META = JSON.parse(find("#meta").textContent);
const N = META.records;
const TYPES = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

// The blocks behind this script are there once the whole page has been read.
const wholePage = new Promise((done) => {
  if (document.readyState !== "loading") done();
  else addEventListener("DOMContentLoaded", done, { once: true });
});

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function unpack(name) {
  if (!META.first_blocks.includes(name)) await wholePage;
  const element = document.getElementById(name);
  const packed = new Blob([fromBase64(element.textContent)]).stream();
  const stream = packed.pipeThrough(new DecompressionStream("gzip"));
  return new TYPES[element.dataset.type](await new Response(stream).arrayBuffer());
}

const unpacked = new Map();
function block(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpack(name));
  return unpacked.get(name);
}

// Thumbnails, in blocks of many records of which the last used ones are kept unpacked.
const THUMBS = META.thumbs;
const MISSING = 15;
const RAIN_PIXELS = THUMBS.rain.shape[0] * THUMBS.rain.shape[1];
const DEPTH_PIXELS = THUMBS.depth.shape[0] * THUMBS.depth.shape[1];
const ALL_RAIN = RAIN_PIXELS * THUMBS.rain.channels;
const THUMB_BYTES = (ALL_RAIN + DEPTH_PIXELS * (THUMBS.any_predicted ? 2 : 1) + 1) >> 1;
const KEPT_BLOCKS = 48;
const recent = new Map();

// Classes of a record, a byte per pixel: its rain channels, oldest first, its depth map, and the
// predicted one if there are any.
async function thumbsOf(record) {
  const number = Math.floor(record / THUMBS.per_block);
  if (!recent.has(number)) {
    if (recent.size >= KEPT_BLOCKS) recent.delete(recent.keys().next().value);
    recent.set(number, unpack(`thumbs-${number}`));
  }
  const packed = await recent.get(number);
  const at = (record % THUMBS.per_block) * THUMB_BYTES;
  const classes = new Uint8Array(2 * THUMB_BYTES);
  for (let k = 0; k < THUMB_BYTES; k++) {
    classes[2 * k] = packed[at + k] >> 4;
    classes[2 * k + 1] = packed[at + k] & 15;
  }
  return classes;
}
const channelOf = (classes, k) => classes.subarray(k * RAIN_PIXELS, (k + 1) * RAIN_PIXELS);
const depthOf = (classes) => classes.subarray(ALL_RAIN, ALL_RAIN + DEPTH_PIXELS);
const predictedOf = (classes) => classes.subarray(ALL_RAIN + DEPTH_PIXELS, ALL_RAIN + 2 * DEPTH_PIXELS);

// The largest class of all channels; missing where it is missing in all of them.
function peakOf(classes) {
  const peak = new Uint8Array(RAIN_PIXELS).fill(MISSING);
  for (let k = 0; k < ALL_RAIN; k++) {
    const pixel = k % RAIN_PIXELS, found = classes[k];
    if (found !== MISSING && (peak[pixel] === MISSING || found > peak[pixel])) peak[pixel] = found;
  }
  return peak;
}

// Words.
const count = (number) => number.toLocaleString("en-GB");
const percent = (share) => `${(100 * share).toPrecision(share < 0.0995 ? 2 : 3).replace(/\.?0+$/, "")} %`;
const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
const utc = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 16).replace("T", " ");
function inWords(column, value) {
  if (column.kind === "category") return column.names[value];
  if (Number.isNaN(value)) return column.nothing;
  if (column.id === "time") return utc(value);
  const digits = column.scale === "log" || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${column.unit}`.trim();
}

// Colours.
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
function ramp(colours) {
  const table = new Uint8Array(768), last = colours.length - 1, stops = colours.map(rgb);
  for (let k = 0; k < 256; k++) {
    const place = (k / 255) * last, low = Math.min(Math.floor(place), Math.max(last - 1, 0));
    for (let c = 0; c < 3; c++) {
      const from = stops[low][c], to = stops[Math.min(low + 1, last)][c];
      table[3 * k + c] = Math.round(from + (to - from) * (place - low));
    }
  }
  return table;
}
const inCss = (table, k) => `rgb(${table[3 * k]} ${table[3 * k + 1]} ${table[3 * k + 2]})`;
const SCALES = {
  linear: [(x) => x, (x) => x],
  sqrt: [(x) => Math.sqrt(Math.max(x, 0)), (x) => x * x],
  log1p: [(x) => Math.log1p(Math.max(x, 0)), Math.expm1],
  log: [(x) => Math.log(Math.max(x, 1e-9)), Math.exp],
};
// Place of a value along its scale, 0 to 1 within it; and back.
function place(column, value) {
  const [forward] = SCALES[column.scale], low = forward(column.low);
  return (forward(value) - low) / (forward(column.high) - low);
}
function valueAt(column, share) {
  const [forward, back] = SCALES[column.scale], low = forward(column.low);
  return back(low + share * (forward(column.high) - low));
}
