// The script of a page: sorts tables, dims series, names what is under the pointer, and zooms. Without it the page is whole.

/**
 * Plain JavaScript for current browsers. It reads only what the page shows: the legend of a figure gives names to colors, and
 * the label of a mark is the text of its tooltip.
 */
export const script = String.raw`(() => {
"use strict";
const number = (text) => {
  const match = /^[-+\u2212]?[\d,]*\.?\d+(?:e[-+]?\d+)?/i.exec(text.trim());
  return match === null ? NaN : Number(match[0].replace(/,/g, "").replace("\u2212", "-"));
};
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? a.localeCompare(b) : x - y;
};
for (const table of document.querySelectorAll("table")) {
  const heads = table.tHead === null ? [] : [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  if (body === undefined || body.rows.length < 3) continue;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => compare(a.cells[column].textContent, b.cells[column].textContent));
      body.append(...(up ? rows : rows.reverse()));
    });
  });
}
/* Paper cannot unfold: the trials are printed, further numbers stay in their files. */
addEventListener("beforeprint", () => {
  for (const trials of document.querySelectorAll("details.trials")) trials.open = true;
});
const colorOf = (element) => {
  const colors = ["stroke", "fill"].map((name) => element.getAttribute(name));
  return colors.find((color) => color !== null && /^#/.test(color)) ?? null;
};
/* Fields of a mark that place it and mean nothing to a reader. */
const drawing = new Set(["dash", "left", "right", "top", "bottom", "order", "weight", "high"]);
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
(document.querySelector("main") ?? document.body).append(tip);
for (const plate of document.querySelectorAll(".plate")) {
  const svg = plate.querySelector("svg");
  if (svg === null) continue;
  const names = new Map();
  for (const entry of svg.querySelectorAll(".role-legend-entry")) {
    const symbols = [...entry.querySelectorAll(".role-legend-symbol path")];
    const labels = [...entry.querySelectorAll(".role-legend-label text")];
    symbols.forEach((symbol, index) => {
      const [color, label] = [colorOf(symbol), labels[index]];
      if (color === null || label === undefined) return;
      names.set(color, label.textContent);
      for (const part of [symbol, label]) {
        part.classList.add("switch");
        part.addEventListener("click", (event) => {
          event.stopPropagation();
          const off = label.classList.toggle("off");
          symbol.classList.toggle("off", off);
          for (const mark of svg.querySelectorAll('[stroke="' + color + '"], [fill="' + color + '"]'))
            if (mark.closest(".role-legend") === null) mark.classList.toggle("dimmed", off);
        });
      }
    });
  }
  const textOf = (element) => {
    if (element.closest(".role-legend, .role-axis, .role-title") !== null) return null;
    const name = names.get(colorOf(element)) ?? null;
    const label = element.getAttribute("aria-label");
    // The label of a line or an area belongs to its first point alone.
    if (label === null || element.closest(".mark-line, .mark-area") !== null) return name;
    const lines = label.split("; ").flatMap((entry) => {
      const [, key, value] = /^(.*?): (.*)$/.exec(entry) ?? [null, "", entry];
      if (drawing.has(key)) return [];
      const isLong = /^[-\u2212]?\d+\.\d{5,}$/.test(value);
      const text = isLong ? String(Number(Number(value.replace("\u2212", "-")).toPrecision(4))) : value;
      return key === "variant" || key === "part" || key === "" ? [text] : [key + ": " + text];
    });
    return lines.length === 0 ? name : lines.join("\n");
  };
  plate.addEventListener("pointermove", (event) => {
    const text = event.target instanceof Element ? textOf(event.target) : null;
    tip.hidden = text === null;
    if (text === null) return;
    tip.textContent = text;
    const right = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(8, right) + "px";
    tip.style.top = event.clientY + 16 + "px";
  });
  plate.addEventListener("pointerleave", () => { tip.hidden = true; });
  const whole = svg.getAttribute("viewBox");
  if (whole === null) continue;
  const [, , width, height] = whole.split(" ").map(Number);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "zoom";
  button.textContent = "Zoom in";
  let factor = 1;
  let center = [width / 2, height / 2];
  const show = () => {
    const [w, h] = [width / factor, height / factor];
    center = [Math.min(Math.max(center[0], w / 2), width - w / 2), Math.min(Math.max(center[1], h / 2), height - h / 2)];
    svg.setAttribute("viewBox", [center[0] - w / 2, center[1] - h / 2, w, h].join(" "));
    button.textContent = factor < 4 ? "Zoom in" : "Whole figure";
    svg.classList.toggle("zoomed", factor > 1);
  };
  const place = (event) => {
    const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
    const box = svg.getBoundingClientRect();
    return [x + ((event.clientX - box.left) / box.width) * w, y + ((event.clientY - box.top) / box.height) * h];
  };
  button.addEventListener("click", () => { factor = factor < 4 ? factor * 2 : 1; show(); });
  svg.addEventListener("dblclick", (event) => {
    event.preventDefault();
    center = place(event);
    factor = factor < 8 ? factor * 2 : 1;
    show();
  });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { if (factor > 1) held = place(event); });
  svg.addEventListener("pointermove", (event) => {
    if (held === null || event.buttons === 0) return;
    const now = place(event);
    center = [center[0] + held[0] - now[0], center[1] + held[1] - now[1]];
    show();
  });
  svg.addEventListener("pointerup", () => { held = null; });
  plate.after(button);
}
})();`;
