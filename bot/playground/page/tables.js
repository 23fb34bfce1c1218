// `table`: as it is, with alignment. `data_table`: sorted, filtered and paged by the reader.

import { el, newId } from "./dom.js";
import { richText, textOf } from "./rich_text.js";

const PAGE = 5;
const LONG = 24; // characters: what names a row and is longer goes over several lines

export function table(block, names) {
  const settings = block.column_settings ?? [];
  const [head, ...body] = block.rows;
  const cell = (tag, content, at) => {
    const { align = "left", is_wrapped: wrapped = false } = settings[at] ?? {};
    return el(tag, { class: `align-${align} ${wrapped ? "wraps" : ""}`, scope: tag === "th" ? "col" : null }, draw(content, names));
  };
  return el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Table" },
    el("table", { class: "table" },
      el("thead", {}, el("tr", {}, head.map((content, at) => cell("th", content, at)))),
      el("tbody", {}, body.map((row) => el("tr", {}, row.map((content, at) => cell("td", content, at)))))));
}

function draw(cell, names, element) {
  if (cell.type === "rich_text") return richText(cell, names);
  if (cell.type === "action_cell") return element ? element(cell.element) : draw(cell.fallback, names);
  return cell.text;
}

export function dataTable(block, names, element) {
  const [head, ...rows] = block.rows;
  const byNumber = head.map((_, at) => rows.every((row) => row[at].type === "raw_number"));
  const size = block.page_size ?? PAGE;
  const named = block.row_header_column_index ?? 0;
  const now = { column: -1, down: false, filter: "", page: 0 };
  const caption = newId("caption");
  const body = el("tbody");
  const status = el("span", { class: "table-status", role: "status" });
  const arrows = head.map(() => el("span", { class: "sort-arrow", "aria-hidden": "true" }));
  const heads = head.map((cell, at) =>
    el("th", { scope: "col", "aria-sort": "none", class: byNumber[at] ? "number" : null }, el("button", { type: "button", class: "sort", onclick: () => sort(at) }, el("span", {}, cell.text), arrows[at])));
  const back = el("button", { type: "button", class: "pager", "aria-label": "Previous page", onclick: () => turn(-1) }, "‹");
  const on = el("button", { type: "button", class: "pager", "aria-label": "Next page", onclick: () => turn(1) }, "›");
  const filter = el("input", { type: "search", class: "filter", placeholder: "Filter", "aria-label": `Filter ${block.caption}`, oninput: () => { now.filter = filter.value; now.page = 0; show(); } });

  function sort(at) {
    now.down = now.column === at ? !now.down : false;
    now.column = at;
    now.page = 0;
    show();
  }

  function turn(by) {
    now.page += by;
    show();
  }

  function ordered() {
    const wanted = now.filter.trim().toLowerCase();
    const kept = rows.filter((row) => !wanted || row.some((cell) => textOf(cell.fallback ?? cell).toLowerCase().includes(wanted)));
    const at = now.column;
    if (at < 0) return kept;
    const compare = byNumber[at]
      ? (one, other) => one[at].value - other[at].value
      : (one, other) => textOf(one[at].fallback ?? one[at]).localeCompare(textOf(other[at].fallback ?? other[at]));
    return [...kept].sort((one, other) => (now.down ? -1 : 1) * compare(one, other));
  }

  function show() {
    const all = ordered();
    const pages = Math.max(1, Math.ceil(all.length / size));
    now.page = Math.min(Math.max(now.page, 0), pages - 1);
    const from = now.page * size;
    body.replaceChildren(...all.slice(from, from + size).map((row) => el("tr", {}, row.map((cell, at) =>
      at === named ? el("th", { scope: "row", class: textOf(cell.fallback ?? cell).length > LONG ? "wraps" : null }, draw(cell, names, element)) : el("td", { class: byNumber[at] ? "number" : null }, draw(cell, names, element))))));
    foot.hidden = rows.length <= size;
    status.textContent = all.length ? `${from + 1}–${Math.min(from + size, all.length)} of ${all.length}` : "No rows";
    back.disabled = now.page === 0;
    on.disabled = now.page >= pages - 1;
    heads.forEach((node, at) => node.setAttribute("aria-sort", at !== now.column ? "none" : now.down ? "descending" : "ascending"));
    arrows.forEach((node, at) => { node.textContent = at !== now.column ? "↕" : now.down ? "↓" : "↑"; });
  }

  const foot = el("div", { class: "data-table-foot" }, status, rows.length > size ? [back, on] : null);
  show();
  return el("div", { class: "data-table" },
    el("div", { class: "data-table-head" }, el("span", { class: "data-table-caption", "aria-hidden": "true" }, block.caption), rows.length > size ? filter : null),
    el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-labelledby": caption },
      el("table", { class: "table" }, el("caption", { id: caption, class: "visually-hidden" }, block.caption), el("thead", {}, el("tr", {}, heads)), body)),
    foot);
}
