// Every block as a Slack user sees it.

import { chart } from "./charts.js";
import { el } from "./dom.js";
import { element, picture } from "./elements.js";
import { markdown } from "./markdown.js";
import { plain, words } from "./mrkdwn.js";
import { richText } from "./rich_text.js";
import { dataTable, table } from "./tables.js";

const DRAWN = {
  header: (block) => el(`h${Math.min((block.level ?? 1) + 2, 6)}`, { class: `header level-${block.level ?? 1}` }, plain(block.text)),
  divider: () => el("hr"),
  section,
  context: (block, context) => el("div", { class: "context" }, block.elements.map((item) => (item.type === "image" ? el("span", { class: "context-image" }, picture(item)) : el("span", {}, words(item, context.names))))),
  actions: (block, context) => el("div", { class: "actions" }, block.elements.map((item) => element(item, block, context))),
  context_actions: (block, context) => el("div", { class: "actions" }, block.elements.map((item) => element(item, block, context))),
  image: (block) => el("figure", { class: "image" }, block.title ? el("figcaption", {}, plain(block.title)) : null, picture(block)),
  rich_text: (block, context) => richText(block, context.names),
  markdown: (block) => markdown(block.text),
  table: (block, context) => table(block, context.names),
  data_table: (block, context) => dataTable(block, context.names, (item) => element(item, block, context)),
  data_visualization: chart,
  container,
  card,
  carousel: (block, context) => el("div", { class: "carousel", role: "group", "aria-label": "Cards", tabindex: "0" }, block.elements.map((one) => card(one, context))),
  alert: (block, context) => el("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, words(block.text, context.names)),
  input,
  task_card: task,
  plan: (block, context) => el("div", { class: "plan" }, el("strong", {}, block.title), (block.tasks ?? []).map((one) => task(one, context))),
  video: (block) => el("div", { class: "card" }, el("strong", {}, plain(block.title)), el("span", {}, block.alt_text)),
};

export function drawBlocks(blocks, context) {
  return blocks.map((block) => {
    const draw = DRAWN[block.type];
    const node = draw ? draw(block, context) : el("div", { class: "unknown" }, `A block this page cannot draw: ${block.type}`);
    node.classList.add("block");
    node.dataset.block = block.type;
    node.dataset.blockId = block.block_id ?? "";
    return node;
  });
}

function section(block, context) {
  return el("div", { class: "section" },
    el("div", { class: "section-main" },
      block.text ? el("div", { class: "section-text" }, words(block.text, context.names)) : null,
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", { class: "field-cell" }, words(field, context.names)))) : null),
    block.accessory ? el("div", { class: "accessory" }, element(block.accessory, block, context)) : null);
}

function container(block, context) {
  const title = el("span", { class: "container-title" }, block.rich_text_title ? richText(block.rich_text_title, context.names) : plain(block.title));
  const head = [block.icon ? el("span", { class: "context-image" }, picture(block.icon)) : null, el("span", { class: "container-words" }, title, block.subtitle ? el("span", { class: "container-subtitle" }, words(block.subtitle, context.names)) : null)];
  const looks = `container width-${block.width ?? "standard"}`;
  const children = el("div", { class: "container-body" }, drawBlocks(block.child_blocks, context));
  if (!block.is_collapsible) return el("section", { class: looks }, el("div", { class: `container-head ${block.has_header_divider ? "ruled" : ""}` }, head), children);
  return el("details", { class: looks, open: !block.default_collapsed }, el("summary", { class: "container-head" }, head), children);
}

function card(block, context) {
  return el("article", { class: "card block", "data-block": "card" },
    block.hero_image ? el("div", { class: "hero" }, picture(block.hero_image)) : null,
    el("div", { class: "card-head" }, block.icon ? el("span", { class: "context-image" }, picture(block.icon)) : null,
      el("div", {}, block.title ? el("div", { class: "card-title" }, words(block.title, context.names)) : null, block.subtitle ? el("div", { class: "card-subtitle" }, words(block.subtitle, context.names)) : null)),
    block.body ? el("div", {}, words(block.body, context.names)) : null,
    block.subtext ? el("small", {}, words(block.subtext, context.names)) : null,
    block.actions ? el("div", { class: "actions" }, block.actions.map((item) => element(item, block, context))) : null);
}

function input(block, context) {
  const label = plain(block.label);
  return el("div", { class: "input" },
    el("div", { class: "input-label", "aria-hidden": "true" }, label, block.optional ? el("small", {}, " (optional)") : null),
    element(block.element, block, { ...context, label }),
    block.hint ? el("small", { class: "hint" }, plain(block.hint)) : null,
    el("p", { class: "input-error", role: "alert", hidden: true }));
}

const SIGNS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function task(block, context) {
  return el("div", { class: "task" }, el("span", { "aria-label": block.status ?? "pending" }, SIGNS[block.status] ?? "○"), el("div", {}, el("span", {}, block.title),
    [block.details, block.output].filter(Boolean).map((text) => richText(text, context.names))));
}
