// The legend is a filter too: two sliders under a histogram, or a button per category.

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function legend() {
  const column = state.colour, box = find("#legend");
  box.replaceChildren(element("h3", { textContent: column.label }));
  if (column.kind === "category") box.append(...column.names.map(categoryButton));
  else box.append(...rangeFilter(column));
  box.append(element("p", { id: "outside", className: "note" }));
  const { neighbours, min_dist, seed } = META.umap;
  box.append(element("p", {
    className: "note",
    textContent: `UMAP: axes without unit; cosine distance, ${neighbours} neighbours, min_dist ${min_dist}, seed ${seed}; labels unseen. Line: the pinned record's storm.`,
  }));
  histogram();
}

function categoryButton(name, category) {
  const column = state.colour, filtered = state.hidden.get(column) || new Set();
  const records = column.values.reduce((sum, one) => sum + (one === category), 0);
  const button = element("button", { type: "button", className: "category" },
    element("i"), name, element("b", { textContent: count(records) }));
  button.firstChild.style.background = column.hues[category];
  button.ariaPressed = !filtered.has(category);
  button.onclick = () => {
    if (!filtered.delete(category)) filtered.add(category);
    if (filtered.size) state.hidden.set(column, filtered);
    else state.hidden.delete(column);
    button.ariaPressed = !filtered.has(category);
    changed();
  };
  return button;
}

function rangeFilter(column) {
  const ticks = element("div", { className: "ticks" }, ...column.ticks.map(([value, words]) => {
    const tick = element("span", { textContent: words });
    tick.style.left = `${100 * place(column, value)}%`;
    return tick;
  }));
  const ends = ["least", "most"].map((which, end) => {
    const slider = element("input", { type: "range", min: 0, max: 200, step: 1 });
    slider.ariaLabel = `${which}, ${column.label}`;
    const range = state.ranges.get(column);
    const share = range && Number.isFinite(range[end]) ? place(column, range[end]) : end;
    slider.value = Math.round(200 * share);
    return slider;
  });
  const filter = () => {
    const [low, high] = ends.map((slider) => Number(slider.value));
    // At its end a slider lets through what lies beyond the scale.
    const range = [low > 0 ? valueAt(column, low / 200) : -Infinity, high < 200 ? valueAt(column, high / 200) : Infinity];
    if (low > 0 || high < 200) state.ranges.set(column, range);
    else state.ranges.delete(column);
    ends.forEach((slider) => { slider.ariaValueText = inWords(column, valueAt(column, slider.value / 200)); });
    changed();
  };
  ends.forEach((slider) => { slider.oninput = filter; });
  const canvas = element("canvas", { role: "img" });
  canvas.ariaLabel = `Histogram of ${column.label}, root scale`;
  return [canvas, ticks, element("div", { className: "range" }, ...ends)];
}

// Square roots of the numbers of all records (grey) and of the selected (in colour), and the scale.
function histogram() {
  const canvas = find("#legend canvas"), column = state.colour, bins = 48;
  if (!canvas) return;
  const all = new Uint32Array(bins), chosen = new Uint32Array(bins);
  column.values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(bins * place(column, value))));
    all[bin]++;
    chosen[bin] += selected[i];
  });
  const r = pixels(), context = canvas.getContext("2d");
  canvas.width = canvas.clientWidth * r;
  canvas.height = canvas.clientHeight * r;
  const inset = 7 * r, wide = (canvas.width - 2 * inset) / bins, height = canvas.height - 12 * r;
  const unit = height / Math.sqrt(Math.max(...all, 1));
  for (let bin = 0; bin < bins; bin++) {
    const x = inset + bin * wide, colour = inCss(column.table, Math.round((255 * (bin + 0.5)) / bins));
    for (const [number, fill] of [[all[bin], style("--soft")], [chosen[bin], colour]]) {
      context.fillStyle = fill;
      context.fillRect(x, height - Math.sqrt(number) * unit, wide - 0.5 * r, Math.sqrt(number) * unit);
    }
    context.fillStyle = colour;
    context.fillRect(x, height + 3 * r, wide + 0.5, 8 * r);
  }
}
