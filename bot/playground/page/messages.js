// The list of messages in a channel or a thread; only what changed is drawn anew.

import { drawBlocks } from "./blocks.js";
import { ask, el } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

const TOGETHER = 300;

// `desk`: openThread(ts), inspect(message)
export function messageList(place, desk) {
  let drawn = new Map();

  // Show these messages of `state`; `inThread` leaves out what leads to the thread.
  return function show(state, messages, inThread = false) {
    const wasAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
    const next = new Map();
    const nodes = [];
    let before = null;
    for (const message of messages) {
      if (!inThread && !sameDay(before, message)) nodes.push(el("div", { class: "day" }, el("span", {}, dayOf(message))));
      const joined = !inThread && follows(before, message);
      const replies = inThread ? [] : state.messages.filter((other) => other.thread_ts === message.ts && other.ts !== message.ts);
      const reactions = state.reactions.filter(([room, ts]) => room === message.channel && ts === message.ts).map(([, , name]) => name);
      const key = `${message.channel}/${message.ts}`;
      const print = JSON.stringify([message, joined, replies.length, replies.at(-1)?.ts, reactions]);
      const known = drawn.get(key);
      const node = known?.print === print ? known.node : one(message, { state, joined, replies, reactions, inThread, desk });
      next.set(key, { print, node });
      nodes.push(node);
      before = message;
    }
    const added = [...next.keys()].some((key) => !drawn.has(key));
    drawn = next;
    replace(place, nodes);
    if (added && wasAtEnd) place.scrollTop = place.scrollHeight;
  };
}

// Put exactly these nodes in, without moving those that stay (focus and scrolling survive).
function replace(place, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...place.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, at) => { if (place.children[at] !== node) place.insertBefore(node, place.children[at] ?? null); });
}

function one(message, { state, joined, replies, reactions, inThread, desk }) {
  const author = message.by_slack ? { name: "Slackbot", real_name: "Slackbot", is_bot: true } : state.users[message.user] ?? { name: "someone", real_name: "Someone" };
  const context = {
    names: state,
    use: (action) => ask("/page/use", { channel: message.channel, ts: message.ts, user: state.me, action }),
    options: (asking) => ask("/page/options", { channel: message.channel, ts: message.ts, user: state.me, asking }),
    read: () => {},
    before: () => undefined,
  };
  const content = message.blocks?.length ? drawBlocks(message.blocks, context) : [el("div", { class: "text" }, mrkdwn(message.text, state))];
  for (const extra of message.attachments ?? []) content.push(attachment(extra, context));
  if (message.edited) content.at(-1).append(el("small", { class: "edited" }, " (edited)"));
  const name = author.is_bot ? author.name : author.real_name;
  return el("article", { class: `message ${joined ? "joined" : ""} ${message.ephemeral ? "ephemeral" : ""}`, "aria-label": `${name}, ${clock(message.ts)}`, "data-ts": message.ts },
    el("div", { class: "gutter" }, joined ? el("time", { class: "gutter-time" }, clock(message.ts)) : avatar(message.by_slack ? "Slackbot" : message.user, author)),
    el("div", { class: "body" },
      message.ephemeral ? el("p", { class: "only-you" }, "Only visible to you") : null,
      message.broadcast && !inThread ? el("p", { class: "only-you" }, "replied to a thread") : null,
      message.command ? el("p", { class: "command-line" }, `${state.users[state.me].name} used `, el("code", {}, message.command)) : null,
      joined ? null : el("p", { class: "who" }, el("strong", {}, name), author.is_bot && !message.by_slack ? el("span", { class: "app-badge" }, "APP") : null, el("time", {}, clock(message.ts))),
      content,
      reactions.length ? el("p", { class: "reactions" }, reactions.map((reaction) => el("span", {}, emoji(reaction) ?? `:${reaction}:`, " 1"))) : null,
      replies.length ? el("button", { type: "button", class: "replies", onclick: () => desk.openThread(message.ts) }, avatar(replies.at(-1).user, state.users[replies.at(-1).user]), `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`, el("small", {}, `Last at ${clock(replies.at(-1).ts)}`)) : null),
    el("div", { class: "message-tools" },
      inThread || message.ephemeral ? null : el("button", { type: "button", "aria-label": "Reply in thread", title: "Reply in thread", onclick: () => desk.openThread(message.thread_ts || message.ts) }, "Reply"),
      el("button", { type: "button", "aria-label": "Inspect the message", title: "Inspect the message", onclick: () => desk.inspect(message) }, "{ }")));
}

function attachment(extra, context) {
  const node = el("div", { class: "attachment" }, extra.pretext, extra.title ? el("strong", {}, extra.title) : null, extra.text ? el("div", {}, mrkdwn(extra.text, context.names)) : null, extra.blocks ? drawBlocks(extra.blocks, context) : null);
  if (/^#[0-9a-f]{6}$/i.test(extra.color ?? "")) node.style.borderLeftColor = extra.color;
  return node;
}

export function avatar(id, author) {
  if (id === "Slackbot") return el("span", { class: "avatar slackbot", "aria-hidden": "true" }, "S");
  if (author?.is_bot) return el("span", { class: "avatar bot", "aria-hidden": "true" }, el("img", { src: "/page/icon.svg", alt: "" }));
  const letters = (author?.real_name ?? "?").split(" ").map((word) => word[0]).join("").slice(0, 2);
  const hue = [...(author?.name ?? "")].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
  return el("span", { class: `avatar person-${hue}`, "aria-hidden": "true" }, letters);
}

function clock(ts) {
  return new Date(Number(ts) * 1000).toLocaleTimeString("en", { hour: "numeric", minute: "2-digit" });
}

function follows(before, message) {
  const together = before && before.user === message.user && before.by_slack === message.by_slack && !message.command;
  return together && before.ephemeral === message.ephemeral && Number(message.ts) - Number(before.ts) < TOGETHER && !message.blocks?.length && !before.blocks?.length;
}

function sameDay(before, message) {
  return before && dayOf(before) === dayOf(message);
}

function dayOf(message) {
  const date = new Date(Number(message.ts) * 1000);
  return date.toDateString() === new Date().toDateString() ? "Today" : date.toLocaleDateString("en", { weekday: "long", month: "long", day: "numeric" });
}
