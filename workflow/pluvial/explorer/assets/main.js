// The whole: what is drawn when, the controls, and the first sight of the page.

const drawers = {
  points: drawPoints, lines: drawLines, over: drawOver, axesOver: drawAxesOver,
  record: showRecord,
};
const waiting = new Set();
function redraw(...names) {
  if (!waiting.size) requestAnimationFrame(() => {
    const due = [...waiting];
    waiting.clear();
    for (const name of Object.keys(drawers)) if (due.includes(name)) drawers[name]();
  });
  names.forEach((name) => waiting.add(name));
}
const announce = (words) => { find("#announce").textContent = words; };

// The selection has changed: everything that shows it, and when it rests what costs more.
let resting = 0;
function changed() {
  select();
  const share = `(${percent(selectedCount / N)})`;
  find("#count").innerHTML = isSelective()
    ? `<b>${count(selectedCount)}</b> of ${count(N)} selected ${share}` : `${count(N)} records`;
  find("#clear").disabled = !isSelective();
  redraw("points", "over", "lines", "axesOver");
  clearTimeout(resting);
  if (!zoom.dragging) resting = setTimeout(settle, 60);
}
function settle() {
  summarise();
  histogram();
  classKey();
  if (state.order.id === "separation") orderBy("separation");
  redraw("lines", "axesOver");
}
function classKey() {
  const { members, shown } = state.summary, column = state.colour;
  find("#classes").replaceChildren(...shown.slice(0, 10).map((kind) => {
    const item = element("span", {}, element("i"), `${column.names[kind]} (${count(members[kind])})`);
    item.firstChild.style.background = column.hues[kind];
    return item;
  }));
  const constant = state.space.constant ? ` ${plural(state.space.constant, "dimension")} that do not vary are left out.` : "";
  find("#axes-note").textContent =
    `Standard deviations (sd) from each dimension's mean over all records, cut at ±${state.space.limit}. ` +
    `Strip: η², the share of a dimension's variance between the classes, 0 to ${mostEta().toFixed(2)}. Below: number of the dimension.${constant}`;
}

async function setSpace(id) {
  await showSpace(META.spaces.find((space) => space.id === id));
  summarise();
  orderBy(find("#order").value || "correlation");
  fitMap();
  wholeAxes();
  changed();
  redraw("record");
}
function setColour(id) {
  state.colour = COLUMNS[id];
  recolour();
  summarise();
  legend();
  classKey();
  if (state.order.id === "separation") orderBy("separation");
  redraw("points", "lines", "axesOver");
}
function setTheme(dark) {
  document.documentElement.classList.toggle("dark", dark);
  find("#theme").ariaPressed = dark;
  if (!state.space) return;
  setColour(state.colour.id);
  redraw("points", "lines", "over", "axesOver");
}
function fitCanvases() {
  for (const [back, front] of [[points, over], [lines, axesOver]]) {
    const { clientWidth, clientHeight } = back.parentElement, r = pixels();
    const [width, height] = [clientWidth, clientHeight].map((length) => Math.max(1, Math.round(length * r)));
    for (const canvas of [back, front]) Object.assign(canvas, { width, height });
  }
  fitMap();
  crowdDensity = null;
  redraw(...Object.keys(drawers).slice(0, 4));
}
function saveSelection() {
  const text = (value) => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const rows = [["storm", ...META.columns.map((c) => (c.unit ? `${c.id} (${c.unit})` : c.id))]];
  for (let i = 0; i < N; i++) {
    if (!selected[i]) continue;
    rows.push([storms[i], ...META.columns.map((c) => c.kind === "category" ? c.names[c.values[i]]
      : c.id === "time" ? `${utc(c.values[i]).replace(" ", "T")}Z` : Number.isNaN(c.values[i]) ? "" : c.values[i])]);
  }
  const table = rows.map((row) => row.map((one) => text(String(one))).join(",")).join("\n");
  const link = element("a", { download: `${META.name}-selection.csv`, href: URL.createObjectURL(new Blob([`${table}\n`], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function showTab(name) {
  for (const tab of ["record", "learning"]) {
    const button = find(`#tab-${tab}`), chosen = tab === name;
    button.ariaSelected = chosen;
    button.tabIndex = chosen ? 0 : -1;
    find(`#${tab}`).hidden = !chosen;
  }
}
function listen() {
  for (const [id, set] of [["space", setSpace], ["colour", setColour]]) {
    find(`#${id}`).onchange = (event) => set(event.target.value);
  }
  find("#order").onchange = (event) => { orderBy(event.target.value); redraw("lines", "axesOver"); };
  find("#medians").onclick = ({ target }) => { target.ariaPressed = target.ariaPressed !== "true"; redraw("lines"); };
  find("#lasso").onclick = ({ target }) => { target.ariaPressed = target.ariaPressed !== "true"; };
  for (const id of ["middle", "whole"]) {
    find(`#${id}`).onclick = () => { fitMap(id === "whole"); redraw("points", "over"); };
  }
  find("#clear").onclick = () => { clearSelection(); legend(); };
  find("#save").onclick = saveSelection;
  find("#theme").onclick = () => setTheme(!isDark());
  find("#help").onclick = () => find("#keys").showModal();
  find("#keys-close").onclick = () => find("#keys").close();
  find("#headline").onclick = () => { showTab("learning"); find("#tab-learning").focus(); };
  for (const [tab, other] of [["record", "learning"], ["learning", "record"]]) {
    find(`#tab-${tab}`).onclick = () => showTab(tab);
    find(`#tab-${tab}`).onkeydown = (event) => {
      if (!event.key.startsWith("Arrow")) return;
      showTab(other);
      find(`#tab-${other}`).focus();
    };
  }
  addEventListener("keydown", (event) => {
    if (find("#keys").open) return;
    if (event.key === "Escape" && isSelective()) find("#clear").click();
    if (event.key === "?") find("#help").click();
  });
  for (const card of ["#map .plot", "#axes .plot"]) new ResizeObserver(fitCanvases).observe(find(card));
}

async function start() {
  const ids = META.columns.map((column) => column.id);
  const values = await Promise.all([...ids.map((id) => `column-${id}`), "storm-number"].map(block));
  META.columns.forEach((column, k) => { column.values = values[k]; });
  storms = values.at(-1);
  for (const { id, label } of META.spaces) find("#space").add(new Option(label, id));
  for (const column of META.columns) find("#colour").add(new Option(column.label, column.id));
  for (const [id, words] of Object.entries(ORDERS)) find("#order").add(new Option(words, id));
  document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
  find("#theme").ariaPressed = isDark();
  await showSpace(META.spaces[0]);
  buildRecord();
  setColour(ids[0]);
  fitCanvases();
  listen();
  await setSpace(META.spaces[0].id);
  find("#loading").remove();
  requestAnimationFrame(() => setTimeout(() => { explorer.ready = performance.now(); }));
}

// What scripts can ask the page, such as its tests: where things are, and what is selected.
const explorer = {
  ready: 0, // ms from the start of loading to the first whole picture
  place: (record) => canvasPlace(over, mapX(record), mapY(record)),
  axisPlace: (p, code) => canvasPlace(axesOver, axisX(p), codeY(code)),
  space: () => state.space.id,
  order: () => state.order.rows,
  brushes: () => [...state.brushes],
  lasso: () => state.lasso,
  selected: () => Array.from(everyone.filter((i) => selected[i])),
  pinned: () => state.pin,
  shown: () => state.shown,
  complete: () => state.complete,
  summary: () => ({ medians: state.summary.medians.map((one) => [...one]), eta: [...state.summary.eta] }),
};
function canvasPlace(canvas, x, y) {
  const box = canvas.getBoundingClientRect();
  return [box.left + x / pixels(), box.top + y / pixels()];
}
window.explorer = explorer;
start().catch((error) => {
  find("#loading").textContent = `This page could not be unpacked (${error.message}). It needs a browser of 2023 or newer.`;
  throw error;
});
