// data_visualization: line, area, bar and pie as SVG, with a legend, values on pointing, and the same as a table.

import { el, newId, svg } from "./dom.js";

const WIDEST = 560;
const NARROWEST = 280;
const BESIDE = 110; // what stands left and right of a chart on a phone
const HEIGHT = 230;
const PHONE = { width: 760, height: 160 };
const EDGE = { left: 56, right: 14, top: 12, bottom: 44 };
const UNNAMED = 26; // below an axis without a name

export function chart(block) {
  const { chart: content } = block;
  const title = newId("chart");
  const note = el("div", { class: "chart-note", role: "status" });
  const tell = (words) => { note.textContent = words; };
  const drawing = content.type === "pie" ? pie(content, title, tell) : axes(content, title, tell);
  const numbers = content.type === "pie" ? pieTable(content) : axesTable(content);
  numbers.hidden = true;
  const toggle = el("button", { type: "button", class: "link-button", "aria-expanded": "false", onclick: () => {
    numbers.hidden = !numbers.hidden;
    drawing.hidden = !numbers.hidden;
    toggle.textContent = numbers.hidden ? "Show as table" : "Show as chart";
    toggle.setAttribute("aria-expanded", String(!numbers.hidden));
  } }, "Show as table");
  return el("figure", { class: "chart", "aria-labelledby": title },
    el("figcaption", {}, el("strong", { id: title }, block.title), toggle),
    el("div", { class: "chart-drawing" }, drawing), numbers, note);
}

function legend(names) {
  return el("ul", { class: "legend" }, names.map((name, at) => el("li", {}, el("span", { class: `key s${at}`, "aria-hidden": "true" }), name)));
}

function axes(content, title, tell) {
  const { series, axis_config: config } = content;
  const { categories } = config;
  const bars = content.type === "bar";
  const values = series.flatMap((one) => one.data.map((point) => point.value));
  const ticks = scale(Math.min(...values), Math.max(...values), bars || content.type === "area");
  const low = ticks[0];
  const high = ticks.at(-1);
  const screen = document.documentElement.clientWidth;
  const width = Math.max(NARROWEST, Math.min(WIDEST, screen - BESIDE)); // letters keep their size
  const height = screen < PHONE.width ? PHONE.height : HEIGHT;
  const bottom = config.x_label ? EDGE.bottom : UNNAMED;
  const wide = width - EDGE.left - EDGE.right;
  const tall = height - EDGE.top - bottom;
  const slot = wide / categories.length;
  const x = (at) => EDGE.left + slot * (at + 0.5);
  const y = (value) => EDGE.top + tall * (1 - (value - low) / (high - low));
  const nodes = [
    ...ticks.map((value) => svg("g", {}, svg("line", { class: value === 0 ? "axis" : "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, shorten(value)))),
    ...labels(categories, x, slot, height - bottom + 16),
  ];
  const places = series.map((one) => one.data.map((point, at) => [x(at), y(point.value)]));
  if (bars) nodes.push(...barsOf(series, { x, y, slot, zero: Math.min(Math.max(0, low), high) }, tell));
  else series.forEach((one, at) => nodes.push(...lineOf(one, at, places[at], content.type === "area" ? y(Math.max(low, 0)) : null, tell)));
  if (config.x_label) nodes.push(svg("text", { class: "axis-label", x: EDGE.left + wide / 2, y: height - 4, "text-anchor": "middle" }, config.x_label));
  if (config.y_label) nodes.push(svg("text", { class: "axis-label", x: 0, y: 0, "text-anchor": "middle", transform: `translate(12 ${EDGE.top + tall / 2}) rotate(-90)` }, config.y_label));
  return el("div", {}, svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-labelledby": title }, nodes), series.length > 1 ? legend(series.map((one) => one.name)) : null);
}

function labels(categories, x, slot, y) {
  const every = Math.ceil((Math.max(...categories.map((name) => name.length)) * 6.2 + 8) / slot);
  return categories.map((name, at) => (at % every ? null : svg("text", { class: "tick", x: x(at), y, "text-anchor": "middle" }, name)));
}

function lineOf(one, at, points, floor, tell) {
  const path = points.map(([px, py], step) => `${step ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
  const area = floor === null ? null : svg("path", { class: `area s${at}`, d: `${path}L${points.at(-1)[0]} ${floor}L${points[0][0]} ${floor}Z` });
  return [area, svg("path", { class: `line s${at}`, d: path }), ...points.map(([px, py], step) => mark(svg("circle", { class: `dot s${at}`, cx: px, cy: py, r: 3.5 }), `${one.name}, ${one.data[step].label}: ${one.data[step].value}`, tell))];
}

function barsOf(series, { x, y, slot, zero }, tell) {
  const each = Math.min(44, (slot * 0.78) / series.length);
  return series.flatMap((one, at) => one.data.map((point, step) => {
    const left = x(step) - (each * series.length) / 2 + each * at;
    const top = Math.min(y(point.value), y(zero));
    const tall = Math.max(1, Math.abs(y(point.value) - y(zero)));
    return mark(svg("rect", { class: `bar s${at}`, x: left + 1, y: top, width: Math.max(1, each - 2), height: tall, rx: 2 }), `${one.name}, ${point.label}: ${point.value}`, tell);
  }));
}

// A mark that says its value when pointed at or reached by keyboard.
function mark(node, words, tell) {
  node.append(svg("title", {}, words));
  node.setAttribute("tabindex", "0");
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", words);
  for (const [name, said] of [["pointerenter", words], ["focus", words], ["pointerleave", ""], ["blur", ""]]) node.addEventListener(name, () => tell(said));
  return node;
}

function pie({ segments }, title, tell) {
  const total = segments.reduce((sum, segment) => sum + segment.value, 0);
  let turned = -Math.PI / 2;
  const slices = segments.map((segment, at) => {
    const share = segment.value / total;
    const words = `${segment.label}: ${segment.value} (${(share * 100).toFixed(1)} %)`;
    if (share > 0.9999) return mark(svg("circle", { class: `slice s${at}`, cx: 100, cy: 100, r: 92 }), words, tell);
    const from = turned;
    turned += share * 2 * Math.PI;
    const at1 = [100 + 92 * Math.cos(from), 100 + 92 * Math.sin(from)];
    const at2 = [100 + 92 * Math.cos(turned), 100 + 92 * Math.sin(turned)];
    return mark(svg("path", { class: `slice s${at}`, d: `M100 100L${at1.join(" ")}A92 92 0 ${share > 0.5 ? 1 : 0} 1 ${at2.join(" ")}Z` }), words, tell);
  });
  return el("div", { class: "pie" }, svg("svg", { viewBox: "0 0 200 200", role: "group", "aria-labelledby": title }, slices), legend(segments.map((segment) => `${segment.label} · ${segment.value}`)));
}

// Round numbers that span the values, four to seven of them.
export function scale(least, most, fromZero) {
  let low = fromZero ? Math.min(0, least) : least;
  let high = fromZero ? Math.max(0, most) : most;
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const raw = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((by) => by * size).find((by) => by >= raw);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

function shorten(value) {
  const size = Math.abs(value);
  if (size >= 1e4 || (size > 0 && size < 1e-3)) return new Intl.NumberFormat("en", { notation: size >= 1e4 ? "compact" : "scientific", maximumFractionDigits: 2 }).format(value);
  return String(value);
}

function pieTable({ segments }) {
  return numbersTable(["", "Value"], segments.map((segment) => [segment.label, segment.value]));
}

function axesTable({ series, axis_config: config }) {
  return numbersTable([config.x_label ?? "", ...series.map((one) => one.name)], config.categories.map((name, at) => [name, ...series.map((one) => one.data[at].value)]));
}

function numbersTable(head, rows) {
  return el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "The chart's numbers" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map(([name, ...values]) => el("tr", {}, el("th", { scope: "row" }, name), values.map((value) => el("td", { class: "number" }, String(value))))))));
}
