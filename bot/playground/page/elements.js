// What can be pressed, chosen or typed into: buttons, menus, inputs; each tells the bot, and can be read in a view.

import { el, link, newId } from "./dom.js";
import { plain, words } from "./mrkdwn.js";

const PICKS = { users_select: "selected_user", channels_select: "selected_channel", conversations_select: "selected_conversation" };
const DATES = { datepicker: ["date", "selected_date", "initial_date"], timepicker: ["time", "selected_time", "initial_time"] };
const TYPED = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "number", rich_text_input: "text" };

// `context`: names, use(action), options(asking), read(block, element, reader), before(block, element), label
export function element(item, block, context) {
  const kind = item.type;
  if (kind === "button" || kind === "workflow_button" || kind === "icon_button") return button(item, block, context);
  if (kind === "feedback_buttons") return feedback(item, block, context);
  if (kind === "overflow") return overflow(item, block, context);
  if (kind === "image") return picture(item);
  if (kind === "checkboxes" || kind === "radio_buttons") return boxes(item, block, context);
  if (kind === "external_select" || kind === "multi_external_select") return searched(item, block, context);
  if (kind.endsWith("select")) return menu(item, block, context);
  if (kind in DATES || kind === "datetimepicker") return dated(item, block, context);
  if (kind in TYPED) return typed(item, block, context);
  return el("span", { class: "unknown" }, kind);
}

function about(item, block) {
  return { type: item.type, action_id: item.action_id, block_id: block.block_id };
}

async function tell(node, item, block, context, chosen) {
  if (block.type === "input" && !block.dispatch_action) return;
  if (item.confirm && !(await agreed(item.confirm, context.names))) return;
  node.classList.add("waiting");
  node.setAttribute("aria-busy", "true");
  const answer = await context.use({ ...about(item, block), ...chosen });
  node.classList.remove("waiting");
  node.removeAttribute("aria-busy");
  node.classList.toggle("failed", Boolean(answer.error));
  node.title = answer.error ? `The app did not take this: ${answer.error}` : "";
}

function button(item, block, context) {
  const label = item.text ? plain(item.text) : item.icon;
  const chosen = {};
  for (const name of ["text", "value", "style", "url"]) if (item[name] !== undefined) chosen[name] = item[name];
  const looks = { class: `button ${item.style ?? ""}`, "aria-label": item.accessibility_label, "data-action": item.action_id };
  if (item.url) {
    const node = link(item.url, label);
    for (const [name, value] of Object.entries(looks)) if (value) node.setAttribute(name, value);
    node.addEventListener("click", () => tell(node, { ...item, confirm: null }, block, context, chosen));
    return node;
  }
  const node = el("button", { type: "button", ...looks, onclick: () => tell(node, item, block, context, chosen) }, label);
  return node;
}

function feedback(item, block, context) {
  const one = (choice, sign) => {
    const node = el("button", { type: "button", class: "button", "aria-label": choice.accessibility_label ?? plain(choice.text), onclick: () => tell(node, item, block, context, { text: choice.text, value: choice.value }) }, sign);
    return node;
  };
  return el("span", { class: "feedback" }, one(item.positive_button, "👍"), one(item.negative_button, "👎"));
}

function overflow(item, block, context) {
  const node = el("details", { class: "overflow" }, el("summary", { class: "button", "aria-label": "More actions" }, "⋯"),
    el("div", { class: "overflow-list" }, item.options.map((option) => el("button", { type: "button", onclick: () => {
      node.open = false;
      tell(node, item, block, context, { selected_option: option });
      if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
    } }, words(option.text, context.names), option.description ? el("small", {}, words(option.description, context.names)) : null))));
  node.addEventListener("toggle", () => {
    node.classList.remove("upward", "leftward");
    if (!node.open) return;
    const list = node.querySelector(".overflow-list").getBoundingClientRect();
    const room = (node.closest(".messages, .home, .panel-body, .modal-body") ?? document.body).getBoundingClientRect();
    node.classList.toggle("upward", list.bottom > room.bottom && list.height < node.getBoundingClientRect().top - room.top);
    node.classList.toggle("leftward", list.right > room.right);
  });
  node.addEventListener("keydown", (event) => { if (event.key === "Escape") node.open = false; });
  node.addEventListener("focusout", (event) => { if (!node.contains(event.relatedTarget)) node.open = false; });
  return node;
}

export function picture(item) {
  const file = item.slack_file?.id;
  if (file) return el("img", { src: `/files/${encodeURIComponent(file)}`, alt: item.alt_text, loading: "lazy" });
  const url = item.image_url ?? "";
  const here = /^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?\//.test(url) || url.startsWith("data:image/");
  if (here) return el("img", { src: url, alt: item.alt_text, loading: "lazy" });
  const where = url ? `Image at ${url.split("/")[2] ?? "another address"}` : "Image uploaded to Slack";
  return el("span", { class: "image-away", role: "img", "aria-label": item.alt_text }, el("span", { class: "image-alt" }, item.alt_text), url ? link(url, where) : el("small", {}, where));
}

function boxes(item, block, context) {
  const radio = item.type === "radio_buttons";
  const name = newId("choice");
  const before = context.before(block, item);
  const picked = (before ? before.selected_options ?? [before.selected_option] : item.initial_options ?? [item.initial_option]).filter(Boolean).map((option) => option.value);
  const inputs = item.options.map((option) => [option, el("input", { type: radio ? "radio" : "checkbox", name, checked: picked.includes(option.value), onchange: () => tell(node, item, block, context, state()) })]);
  const chosen = () => inputs.filter(([, input]) => input.checked).map(([option]) => option);
  const state = () => (radio ? { selected_option: chosen()[0] ?? null } : { selected_options: chosen() });
  const node = el("fieldset", { class: "boxes" }, el("legend", { class: "visually-hidden" }, context.label ?? "Choices"),
    inputs.map(([option, input]) => el("label", {}, input, el("span", {}, words(option.text, context.names), option.description ? el("small", {}, words(option.description, context.names)) : null))));
  context.read(block, item, () => ({ type: item.type, ...state() }));
  return node;
}

function menu(item, block, context) {
  const several = item.type.startsWith("multi_");
  const kind = item.type.replace("multi_", "");
  const groups = kind === "static_select" ? item.option_groups ?? [{ options: item.options }] : [{ options: people(kind, context.names) }];
  const all = groups.flatMap((group) => group.options);
  const field = PICKS[kind];
  const before = context.before(block, item) ?? {};
  const initial = field ? before[field] ?? item[field.replace("selected", "initial")] : (before.selected_option ?? item.initial_option)?.value;
  const many = (before.selected_options ?? item.initial_options ?? []).map((option) => option.value);
  const option = (each) => el("option", { value: each.value, selected: several ? many.includes(each.value) : each.value === initial }, plain(each.text));
  const node = el("select", { class: "select", multiple: several, "aria-label": context.label ?? (item.placeholder ? plain(item.placeholder) : "Choose"), "data-action": item.action_id, onchange: () => tell(node, item, block, context, state()) },
    several ? null : el("option", { value: "" }, item.placeholder ? plain(item.placeholder) : "Choose an option"),
    groups.map((group) => (group.label ? el("optgroup", { label: plain(group.label) }, group.options.map(option)) : group.options.map(option))));
  const state = () => {
    const values = [...node.selectedOptions].map((each) => each.value).filter(Boolean);
    if (field) return several ? { [`${field}s`]: values } : { [field]: values[0] ?? null };
    const chosen = values.map((value) => all.find((each) => each.value === value));
    return several ? { selected_options: chosen } : { selected_option: chosen[0] ?? null };
  };
  context.read(block, item, () => ({ type: item.type, ...state() }));
  return node;
}

function people(kind, names) {
  if (kind === "users_select") return Object.entries(names.users).map(([id, user]) => ({ value: id, text: { text: user.real_name } }));
  return names.channels.filter((room) => room.name).map((room) => ({ value: room.id, text: { text: `#${room.name}` } }));
}

// A select whose options the bot is asked for while the person types.
function searched(item, block, context) {
  const several = item.type.startsWith("multi_");
  const before = context.before(block, item) ?? {};
  let chosen = several ? before.selected_options ?? item.initial_options ?? [] : [before.selected_option ?? item.initial_option].filter(Boolean);
  let offered = [];
  let active = -1;
  let asked = 0;
  const listId = newId("options");
  const picked = el("span", { class: "picked" });
  const list = el("ul", { class: "options", id: listId, role: "listbox", hidden: true });
  const input = el("input", { type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list", "aria-label": context.label ?? "Search", "data-action": item.action_id, placeholder: item.placeholder ? plain(item.placeholder) : "Search" });
  const node = el("div", { class: "search-select" }, picked, input, list);
  const state = () => (several ? { selected_options: chosen } : { selected_option: chosen[0] ?? null });

  function show(open, note) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    list.replaceChildren(...(note ? [el("li", { class: "note" }, note)] : offered.map((option, at) =>
      el("li", { role: "option", id: `${listId}-${at}`, "aria-selected": String(at === active), onpointerdown: (event) => { event.preventDefault(); pick(option); } }, plain(option.text), option.description ? el("small", {}, plain(option.description)) : null))));
    input.setAttribute("aria-activedescendant", active < 0 ? "" : `${listId}-${active}`);
  }

  function pick(option) {
    chosen = several ? [...chosen.filter((other) => other.value !== option.value), option] : [option];
    input.value = several ? "" : plain(option.text);
    paint();
    show(false);
    tell(node, item, block, context, state());
  }

  function paint() {
    picked.replaceChildren(...(several ? chosen.map((option) => el("button", { type: "button", class: "chip", "aria-label": `Remove ${plain(option.text)}`, onclick: () => { chosen = chosen.filter((other) => other !== option); paint(); } }, plain(option.text), " ✕")) : []));
  }

  async function load() {
    const typedIn = !several && chosen[0] && input.value === plain(chosen[0].text) ? "" : input.value;
    if (typedIn.length < (item.min_query_length ?? 3)) return show(false);
    const turn = (asked += 1);
    show(true, "Loading …");
    const answer = await context.options({ action_id: item.action_id, block_id: block.block_id, value: typedIn });
    if (turn !== asked) return undefined;
    offered = answer.options ?? (answer.option_groups ?? []).flatMap((group) => group.options);
    active = offered.length ? 0 : -1;
    return show(true, answer.error ? `No options: ${answer.error}` : offered.length ? "" : "No results");
  }

  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 200); });
  input.addEventListener("focus", load);
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      active = Math.min(Math.max(active + (event.key === "ArrowDown" ? 1 : -1), 0), offered.length - 1);
      show(true);
    } else if (event.key === "Enter" && !list.hidden && offered[active]) pick(offered[active]);
    else if (event.key === "Escape" && !list.hidden) { show(false); event.stopPropagation(); } else return;
    event.preventDefault();
  });
  if (!several && chosen[0]) input.value = plain(chosen[0].text);
  paint();
  context.read(block, item, () => ({ type: item.type, ...state() }));
  return node;
}

function dated(item, block, context) {
  const before = context.before(block, item) ?? {};
  const [type, field, initial] = DATES[item.type] ?? ["datetime-local", "selected_date_time", "initial_date_time"];
  const stored = before[field] ?? item[initial] ?? "";
  const shown = type === "datetime-local" && stored ? new Date(stored * 1000 - new Date(stored * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : stored;
  const node = el("input", { type, class: "field", value: shown, "aria-label": context.label ?? "Date", onchange: () => tell(node, item, block, context, state()) });
  const state = () => ({ [field]: !node.value ? null : type === "datetime-local" ? Math.floor(new Date(node.value).getTime() / 1000) : node.value });
  context.read(block, item, () => ({ type: item.type, ...state() }));
  return node;
}

function typed(item, block, context) {
  const before = context.before(block, item);
  const value = before?.value ?? (typeof item.initial_value === "string" ? item.initial_value : "");
  const looks = { class: "field", placeholder: item.placeholder ? plain(item.placeholder) : null, "aria-label": context.label, maxlength: item.max_length, "data-action": item.action_id };
  const node = item.multiline || item.type === "rich_text_input" ? el("textarea", { ...looks, rows: 4 }, value) : el("input", { ...looks, type: TYPED[item.type] === "number" ? "text" : TYPED[item.type], inputmode: item.type === "number_input" ? "decimal" : null, value });
  node.addEventListener("keydown", (event) => { if (event.key === "Enter" && node.tagName === "INPUT") tell(node, item, block, context, { value: node.value }); });
  context.read(block, item, () => ({ type: item.type, value: node.value || null }));
  return node;
}

// Slack's question before an action: true when the person goes on.
function agreed(confirm, names) {
  return new Promise((done) => {
    const end = (answer) => { dialog.close(); dialog.remove(); done(answer); };
    const title = newId("confirm");
    const dialog = el("dialog", { class: "modal confirm", "aria-labelledby": title },
      el("h2", { id: title }, plain(confirm.title)), el("div", { class: "modal-body" }, words(confirm.text, names)),
      el("footer", {}, el("button", { type: "button", class: "button", onclick: () => end(false) }, plain(confirm.deny)),
        el("button", { type: "button", class: `button ${confirm.style ?? "primary"}`, onclick: () => end(true) }, plain(confirm.confirm))));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    document.getElementById("dialogs").append(dialog);
    dialog.showModal();
  });
}
