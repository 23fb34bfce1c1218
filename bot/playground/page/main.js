// The page: the newest state, where the person is in it, and what is drawn of it.

import { composer } from "./composer.js";
import { ask, el } from "./dom.js";
import { avatar, messageList } from "./messages.js";
import { drawView, modals } from "./modal.js";
import { callList, faultList, inspector } from "./panels.js";

const at = (id) => document.getElementById(id);
const here = { channel: "", tab: "messages", panel: "", thread: "", message: null, seen: {} };
const me = new URLSearchParams(location.search).get("as") ?? "";
let state = null;
let homeShown = "";

const showMessages = messageList(at("messages"), { openThread, inspect });
const showModal = modals(report);

function report(words) {
  const toast = el("div", { class: "toast" }, words);
  at("toasts").append(toast);
  setTimeout(() => toast.remove(), 7000);
}

async function refresh() {
  state = await ask(`/page/state${me ? `?as=${encodeURIComponent(me)}` : ""}`);
  if (!here.channel) here.channel = state.channels.find((room) => location.pathname.includes(room.id))?.id ?? state.channels[0].id;
  draw();
}

function draw() {
  drawSidebar();
  drawRoom();
  drawPanel();
  showModal(state);
}

const nameOf = (room) => (room.is_im ? state.users[state.bot].name : room.name);

function drawSidebar() {
  const entry = (room) => {
    const all = state.messages.filter((message) => message.channel === room.id);
    const open = room.id === here.channel;
    if (open) here.seen[room.id] = all.length;
    const unread = all.length - (here.seen[room.id] ?? 0);
    return el("li", {}, el("button", { type: "button", class: unread > 0 ? "unread" : "", "aria-current": open ? "page" : null, onclick: () => go(room.id) },
      room.is_im ? avatar(state.bot, state.users[state.bot]) : el("span", { class: "hash", "aria-hidden": "true" }, "#"), el("span", {}, nameOf(room)), unread > 0 ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null));
  };
  const focused = document.activeElement?.textContent;
  const hadFocus = at("sidebar").contains(document.activeElement);
  at("channels").replaceChildren(...state.channels.filter((room) => !room.is_im).map(entry));
  at("directs").replaceChildren(...state.channels.filter((room) => room.is_im).map(entry));
  if (hadFocus) [...at("sidebar").querySelectorAll("button")].find((node) => node.textContent === focused)?.focus();
  const words = { socket: "Bot connected by Socket Mode", http: "Bot reached over HTTP", "": "No bot is connected" };
  at("connection").textContent = words[state.connection];
  at("connection").className = state.connection ? "on" : "off";
  at("me-avatar").replaceChildren(avatar(state.me, state.users[state.me]));
  at("me-name").textContent = state.users[state.me].real_name;
}

function drawRoom() {
  const room = state.channels.find((one) => one.id === here.channel);
  const name = nameOf(room);
  at("room-name").textContent = room.is_im ? name : `# ${name}`;
  at("room-topic").textContent = room.is_im ? "App" : room.topic.value;
  document.title = `${room.is_im ? name : `#${name}`} · mlcompare playground`;
  at("tabs").hidden = !room.is_im;
  const tab = (id, words) => el("button", { type: "button", role: "tab", "aria-selected": String(here.tab === id), onclick: () => show(id) }, words);
  if (room.is_im) at("tabs").replaceChildren(tab("messages", "Messages"), tab("home", "Home"));
  const home = room.is_im && here.tab === "home";
  at("messages").hidden = home;
  at("composer").hidden = home;
  at("home").hidden = !home;
  const hint = `Message ${room.is_im ? name : `#${name}`}`;
  at("composer-text").placeholder = room.is_im ? `${hint}: A vs B` : `${hint}, or /mlcompare A vs B`;
  at("composer-label").textContent = hint;
  if (home) drawHome();
  const mine = state.messages.filter((message) => message.channel === room.id && (!message.thread_ts || message.thread_ts === message.ts || message.broadcast));
  showMessages(state, mine);
  at("messages").classList.toggle("empty", !mine.length);
  drawExamples(room);
}

let examplesShown = "";

// Lines to begin with: a click puts one into the box, where it can be changed before it is sent.
function drawExamples(room) {
  const lines = state.examples ?? [];
  const print = JSON.stringify([lines, room.is_im]);
  if (print === examplesShown) return;
  examplesShown = print;
  at("examples").hidden = !lines.length;
  at("examples").replaceChildren(...lines.map((line) => {
    const text = room.is_im ? line.replace(/^\/\S+ /, "") : line;
    return el("button", { type: "button", onclick: () => {
      at("composer-text").value = text;
      at("composer-text").dispatchEvent(new Event("input"));
      at("composer-text").focus();
    } }, text.replace(/^\/\S+ /, ""));
  }));
}

function drawHome() {
  const print = JSON.stringify(state.home);
  if (print === homeShown && at("home").childNodes.length) return;
  homeShown = print;
  at("home").replaceChildren(...(state.home ? drawView(state.home, state).nodes : [el("p", { class: "muted" }, "This app has no Home yet.")]));
}

async function show(tab) {
  here.tab = tab;
  draw();
  if (tab !== "home") return;
  const answer = await ask("/page/home", { user: state.me });
  if (answer.error) report(`The app did not open its Home: ${answer.error}`);
}

function go(channel) {
  here.channel = channel;
  here.tab = "messages";
  if (here.panel === "thread") here.panel = "";
  openSidebar(false);
  draw();
  at("messages").scrollTop = at("messages").scrollHeight;
}

function openThread(ts) {
  open("thread", { thread: ts });
}

function inspect(message) {
  open("inspector", { message });
}

let panelShown = "";
let showThread = null;

function open(panel, more = {}) {
  Object.assign(here, { panel, ...more });
  panelShown = "";
  draw();
  if (panel) at("close-panel").focus();
}

function drawPanel() {
  at("panel").hidden = !here.panel;
  at("app").classList.toggle("with-panel", Boolean(here.panel));
  at("show-faults").setAttribute("aria-expanded", String(here.panel === "faults"));
  at("show-calls").setAttribute("aria-expanded", String(here.panel === "calls"));
  at("faults-count").hidden = !state.faults.length;
  at("faults-count").textContent = String(state.faults.length);
  if (!here.panel) return;
  const titles = { thread: "Thread", inspector: "Message", calls: "Calls of the bot", faults: "Faults" };
  at("panel-title").textContent = titles[here.panel];
  if (here.panel === "thread") return drawThread();
  if (here.panel === "inspector") {
    const now = state.messages.find((one) => one.channel === here.message.channel && one.ts === here.message.ts);
    const print = `${here.message.ts}${JSON.stringify(now)}`;
    if (now && print !== panelShown) inspector(now).then((nodes) => at("panel-body").replaceChildren(...nodes));
    panelShown = print;
    return undefined;
  }
  const print = here.panel + JSON.stringify(here.panel === "calls" ? state.calls : state.faults);
  if (print === panelShown) return undefined;
  panelShown = print;
  const focused = at("panel-body").contains(document.activeElement) ? document.activeElement.textContent : null;
  at("panel-body").replaceChildren(...(here.panel === "calls" ? callList(state) : faultList(state)));
  if (focused !== null) [...at("panel-body").querySelectorAll("button")].find((node) => node.textContent === focused)?.focus();
  return undefined;
}

function drawThread() {
  const print = `thread${here.channel}${here.thread}`;
  if (print !== panelShown) {
    const list = el("div", { class: "messages thread", role: "log", "aria-label": "Thread", tabindex: "0" });
    const area = el("textarea", { rows: "1", "aria-label": "Reply", placeholder: "Reply, with @mlcompare to ask" });
    const form = el("form", { class: "composer" }, area, el("button", { type: "submit", class: "send", "aria-label": "Send the reply" }, "➤"));
    at("panel-body").replaceChildren(list, form);
    composer({ form, area, hints: null, state: () => state, report, where: () => ({ channel: here.channel, thread_ts: here.thread }) });
    showThread = messageList(list, { openThread, inspect });
    panelShown = print;
  }
  const inIt = state.messages.filter((message) => message.channel === here.channel && [message.ts, message.thread_ts].includes(here.thread));
  showThread(state, inIt, true);
}

function openSidebar(wanted) {
  at("app").classList.toggle("with-sidebar", wanted);
  at("menu").setAttribute("aria-expanded", String(wanted));
}

at("menu").addEventListener("click", () => openSidebar(!at("app").classList.contains("with-sidebar")));
at("close-panel").addEventListener("click", () => open(""));
for (const name of ["faults", "calls"]) at(`show-${name}`).addEventListener("click", () => open(here.panel === name ? "" : name));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (here.panel) open("");
  openSidebar(false);
});
composer({ form: at("composer"), area: at("composer-text"), hints: at("hints"), state: () => state, report, where: () => ({ channel: here.channel }) });

let asking = false;
let again = false;
async function changed() {
  if (asking) { again = true; return; }
  asking = true;
  do {
    again = false;
    await refresh().catch(() => { again = false; });
  } while (again);
  asking = false;
  document.body.dataset.ready = "yes";
}

const live = new EventSource("/page/live");
live.onmessage = changed;
live.onerror = () => {
  at("connection").textContent = "The playground has ended";
  at("connection").className = "off";
};
