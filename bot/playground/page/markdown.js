// The basics of Markdown for `markdown` blocks: headings, lists, quotes, code, emphasis, links.

import { el, link } from "./dom.js";
import { withEmoji } from "./emoji.js";

export function markdown(text) {
  const node = el("div", { class: "markdown" });
  const rows = text.split("\n");
  for (let at = 0; at < rows.length; ) at = take(rows, at, node);
  return node;
}

function take(rows, at, node) {
  const row = rows[at];
  const collect = (pattern, strip) => {
    const found = [];
    while (at < rows.length && pattern.test(rows[at])) found.push(rows[at++].replace(strip, ""));
    return found;
  };
  if (/^```/.test(row)) {
    const end = rows.findIndex((line, index) => index > at && /^```/.test(line));
    const last = end < 0 ? rows.length : end;
    node.append(el("pre", { class: "code-block" }, el("code", {}, rows.slice(at + 1, last).join("\n"))));
    return last + 1;
  }
  const heading = /^(#{1,6})\s+(.*)/.exec(row);
  if (heading) {
    node.append(el(`h${Math.min(heading[1].length + 2, 6)}`, {}, inline(heading[2])));
    return at + 1;
  }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(row)) {
    node.append(el("hr"));
    return at + 1;
  }
  if (/^\s*[-*+]\s+/.test(row)) {
    node.append(el("ul", {}, collect(/^\s*[-*+]\s+/, /^\s*[-*+]\s+/).map((item) => el("li", {}, inline(item)))));
    return at;
  }
  if (/^\s*\d+[.)]\s+/.test(row)) {
    node.append(el("ol", { start: Number.parseInt(row.trim(), 10) }, collect(/^\s*\d+[.)]\s+/, /^\s*\d+[.)]\s+/).map((item) => el("li", {}, inline(item)))));
    return at;
  }
  if (/^>/.test(row)) {
    node.append(el("blockquote", {}, collect(/^>/, /^>\s?/).flatMap((line, index) => (index ? [el("br"), ...inline(line)] : inline(line)))));
    return at;
  }
  if (row.trim()) node.append(el("p", {}, inline(row)));
  return at + 1;
}

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^\s*](?:.*?[^\s*])?)\*|\b_([^\s_](?:.*?[^\s_])?)_\b|\[([^\]]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]}])/;

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return text ? [withEmoji(text)] : [];
  const [whole, , code, bold, bold2, struck, italic, italic2, label, url, bare] = found;
  const node = code !== undefined ? el("code", {}, code)
    : bold ?? bold2 ? el("strong", {}, inline(bold ?? bold2))
    : struck ? el("s", {}, inline(struck))
    : italic ?? italic2 ? el("em", {}, inline(italic ?? italic2))
    : label ? link(url, ...inline(label)) : link(bare, bare);
  return [withEmoji(text.slice(0, found.index)), node, ...inline(text.slice(found.index + whole.length))];
}
