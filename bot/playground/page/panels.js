// What opens beside the channel: a message's payload, the calls the bot made, the faults.

import { ask, el, newId } from "./dom.js";

export async function inspector(message) {
  const query = new URLSearchParams({ channel: message.channel, ts: message.ts });
  const { message: payload, figures } = await ask(`/page/message?${query}`);
  return [
    el("h3", {}, "Slack's limits"),
    el("ul", { class: "figures" }, figures.map(({ name, used, most }) => el("li", { class: used > most ? "over" : used > most * 0.8 ? "near" : "" },
      el("span", {}, name), el("span", { class: "figure" }, `${used.toLocaleString("en")} of ${most.toLocaleString("en")}`), el("meter", { min: 0, max: most, value: Math.min(used, most), "aria-label": name })))),
    el("p", { class: "muted" }, "Slack took this message: every block is within its limits."),
    ...json("What a screen reader says", payload.text || "(no text)"),
    ...json("Payload", payload),
  ];
}

function json(title, value) {
  const words = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const copy = el("button", { type: "button", class: "link-button", onclick: async () => { await navigator.clipboard.writeText(words); copy.textContent = "Copied"; } }, "Copy");
  return [el("h3", {}, title, copy), el("pre", { class: "json", tabindex: "0" }, words)];
}

export function callList(state) {
  if (!state.calls.length) return [el("p", { class: "muted" }, "The bot has not called Slack yet.")];
  return [el("ol", { class: "calls" }, [...state.calls].reverse().map((call) => {
    const details = el("div", { class: "call-details" });
    return el("li", { class: call.error ? "bad" : "" }, el("details", { ontoggle: async (event) => {
      if (!event.target.open || details.childNodes.length) return;
      const known = await ask(`/page/call?number=${call.number}`);
      details.append(...json("Arguments", known.arguments), ...(known.answer ? json("Answer", known.answer) : []));
    } }, el("summary", {}, el("code", {}, call.method), el("span", { class: "call-result" }, call.error || "ok"), el("time", {}, new Date(call.at * 1000).toLocaleTimeString("en"))),
    call.problems.length ? el("ul", { class: "problems" }, call.problems.map((problem) => el("li", {}, problem))) : null, details));
  }))];
}

const FAULTS = [
  ["rate_limited", "429 with Retry-After", { seconds: 2 }],
  ["server_error", "503 Service Unavailable", { status: 503 }],
  ["answer_lost", "Answer lost after the message was accepted", {}],
  ["hang_up", "Hangs up before doing anything", {}],
  ["slow", "Slow answer (5 s)", { seconds: 5 }],
  ["slack_error", "internal_error", { error: "internal_error" }],
];
const REFUSED = ["data_table", "data_visualization", "container", "table", "rich_text", "header", "actions"];
const METHODS = ["", "chat.postMessage", "chat.update", "chat.postEphemeral", "response_url", "views.open"];

export function faultList(state) {
  const method = el("select", { id: newId("method"), class: "select" }, METHODS.map((name) => el("option", { value: name }, name || "every method")));
  const times = el("select", { id: newId("times"), class: "select" }, [["1", "once"], ["3", "3 times"], ["", "until switched off"]].map(([value, name]) => el("option", { value }, name)));
  const left = () => (times.value ? Number(times.value) : null);
  const add = (kind, more) => ask("/page/fault", { kind, method: method.value, left: left(), ...more });
  const active = state.faults.map((fault) => el("li", {}, el("span", {}, nameOf(fault)), el("button", { type: "button", class: "link-button", onclick: () => ask("/page/calm", { id: fault.id }) }, "Switch off")));
  return [
    el("h3", {}, "Going wrong now"),
    active.length ? el("ul", { class: "active-faults" }, active) : el("p", { class: "muted" }, "Nothing: Slack answers as it should."),
    el("p", {}, el("button", { type: "button", class: "link-button", onclick: () => ask("/page/calm", {}) }, "Switch all off, and draw whole messages again")),
    el("h3", {}, "Make it go wrong"),
    el("div", { class: "fault-form" }, el("label", { for: method.id }, "For"), method, el("label", { for: times.id }, "How often"), times),
    el("div", { class: "fault-buttons" }, FAULTS.map(([kind, name, more]) => el("button", { type: "button", class: "button", onclick: () => add(kind, more) }, name))),
    el("h3", {}, "A workspace without these blocks"),
    el("div", { class: "fault-buttons" }, REFUSED.map((block) => {
      const on = state.faults.find((fault) => fault.kind === "refused_blocks" && fault.blocks.includes(block));
      return el("button", { type: "button", class: "button", "aria-pressed": String(Boolean(on)), onclick: () => (on ? ask("/page/calm", { id: on.id }) : ask("/page/fault", { kind: "refused_blocks", blocks: [block], left: null })) }, block);
    })),
  ];
}

function nameOf(fault) {
  const known = FAULTS.find(([kind]) => kind === fault.kind)?.[1] ?? `Refuses ${fault.blocks.join(", ")}`;
  const often = fault.left === null ? "until switched off" : fault.left === 1 ? "once" : `${fault.left} times`;
  return `${known}${fault.method ? `, ${fault.method}` : ""}: ${often}`;
}
