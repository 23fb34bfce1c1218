// rich_text blocks: sections, lists, quotes, preformatted text, and every kind of leaf.

import { el, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { channel, formatDate, mention } from "./mrkdwn.js";

const COLOURS = new Set(["gray", "brown", "purple", "indigo", "blue", "green", "yellow", "orange", "red"]);
const STYLES = { bold: "strong", italic: "em", strike: "s", underline: "u", highlight: "mark", code: "code" };

export function richText(block, names) {
  return el("div", { class: "rich-text" }, block.elements.map((element) => part(element, names)));
}

function part(element, names) {
  const leaves = () => element.elements.map((item) => leaf(item, names));
  if (element.type === "rich_text_list") {
    const tag = element.style === "ordered" ? "ol" : "ul";
    const items = element.elements.map((item) => el("li", {}, item.elements.map((each) => leaf(each, names))));
    const start = tag === "ol" && element.offset ? element.offset + 1 : null;
    return el(tag, { class: `indent-${Math.min(element.indent ?? 0, 8)}${element.border ? " bordered" : ""}`, start }, items);
  }
  if (element.type === "rich_text_quote") return el("blockquote", {}, leaves());
  if (element.type === "rich_text_preformatted") return el("pre", { class: "code-block" }, el("code", {}, leaves()));
  return el("div", { class: "rich-section" }, leaves());
}

function leaf(item, names) {
  return styled(bare(item, names), item.style ?? {});
}

function bare(item, names) {
  switch (item.type) {
    case "text": return item.text;
    case "link": return link(item.url, item.text || item.url);
    case "user": return mention(item.user_id, names);
    case "usergroup": return el("span", { class: "mention" }, `@${item.usergroup_id}`);
    case "team": return el("span", { class: "mention" }, item.team_id);
    case "channel": return channel(item.channel_id, names);
    case "emoji": return emoji(item.name) ?? `:${item.name}:`;
    case "broadcast": return el("span", { class: "mention broadcast" }, `@${item.range}`);
    case "color": return colour(item.value);
    case "date": return dated(item);
    case "tag": return el("span", { class: `tag tag-${COLOURS.has(item.color) ? item.color : "gray"}` }, item.text);
    default: return "";
  }
}

function colour(value) {
  const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
  if (/^#[0-9a-f]{3,8}$/i.test(value)) swatch.style.backgroundColor = value;
  return el("span", {}, swatch, value);
}

function dated(item) {
  const shown = el("time", {}, formatDate(item.timestamp, item.format) ?? item.fallback ?? "");
  return item.url ? link(item.url, shown) : shown;
}

function styled(node, style) {
  return Object.entries(STYLES).reduce((inner, [name, tag]) => (style[name] ? el(tag, {}, inner) : inner), node);
}

// What a reader sees, in words: what tables sort and filter by.
export function textOf(value) {
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (value === null || typeof value !== "object") return "";
  if (typeof value.text === "string") return value.text;
  return textOf(value.elements ?? []) || value.name || value.url || value.user_id || "";
}
