// Slack's mrkdwn, drawn as nodes: bold, italic, strike, code, quotes, links, mentions, dates, emoji.

import { el, link } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };

export function mrkdwn(text, names) {
  const parts = text.split(/```([\s\S]+?)```/);
  return parts.flatMap((part, at) =>
    at % 2 ? [el("pre", { class: "code-block" }, el("code", {}, preformatted(part.replace(/^\n|\n$/g, ""), names)))] : quotes(part, at, names),
  );
}

// Text as it is, with emoji: what a plain_text object shows.
export function plain(object) {
  return object.emoji === false ? object.text : withEmoji(object.text);
}

export function words(object, names) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, names) : [el("span", { class: "plain" }, plain(object))];
}

function quotes(text, at, names) {
  let rest = text;
  if (at > 0) rest = rest.replace(/^\n/, "");
  if (!rest) return [];
  const nodes = [];
  let quoted = [];
  let free = [];
  const flush = () => {
    if (quoted.length) nodes.push(el("blockquote", {}, lines(quoted, names)));
    if (free.length) nodes.push(el("span", { class: "lines" }, lines(free, names)));
    quoted = [];
    free = [];
  };
  for (const line of rest.split("\n")) {
    const quote = /^(?:&gt;|>) ?/.exec(line);
    if (quote) {
      if (free.length) flush();
      quoted.push(line.slice(quote[0].length));
    } else {
      if (quoted.length) flush();
      free.push(line);
    }
  }
  flush();
  return nodes;
}

function lines(all, names) {
  return all.flatMap((line, at) => (at ? [el("br"), ...inline(line, names)] : inline(line, names)));
}

const SPECIAL = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]+):|(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?'")\]}])|([*_~])/gi;

// One line. A style opens at the start of a word and closes at the end of one.
function inline(line, names) {
  const nodes = [];
  let done = 0;
  SPECIAL.lastIndex = 0;
  for (let found = SPECIAL.exec(line); found; found = SPECIAL.exec(line)) {
    const [whole, code, tag, short, url, mark] = found;
    const from = found.index;
    let node = null;
    let end = from + whole.length;
    if (code !== undefined) node = el("code", {}, preformatted(code, names));
    else if (tag !== undefined) node = tagged(tag, names);
    else if (short !== undefined) node = emoji(short);
    else if (url !== undefined) node = link(unescaped(url), unescaped(url));
    else {
      const close = closing(line, from, mark);
      if (close > 0) {
        node = el(STYLES[mark], {}, inline(line.slice(from + 1, close), names));
        end = close + 1;
      }
    }
    if (node === null) {
      SPECIAL.lastIndex = short === undefined ? from + 1 : from + whole.length - 1;
      continue;
    }
    nodes.push(unescaped(line.slice(done, from)), node);
    done = end;
    SPECIAL.lastIndex = end;
  }
  nodes.push(unescaped(line.slice(done)));
  return nodes.filter((node) => node !== "");
}

const WORD = /[\p{L}\p{N}]/u;

function closing(line, from, mark) {
  if (from > 0 && WORD.test(line[from - 1])) return -1;
  if (!line[from + 1] || /\s/.test(line[from + 1]) || line[from + 1] === mark) return -1;
  for (let at = from + 2; at < line.length; at += 1) {
    if (line[at] === "`" || line[at] === "<") {
      const end = line.indexOf(line[at] === "`" ? "`" : ">", at + 1);
      if (end > 0) at = end;
    } else if (line[at] === mark && !/\s/.test(line[at - 1]) && !(line[at + 1] && WORD.test(line[at + 1]))) return at;
  }
  return -1;
}

function preformatted(text, names) {
  return text.split(/<([^<>\n]+)>/).map((part, at) => (at % 2 ? tagged(part, names) : unescaped(part)));
}

export function unescaped(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

function tagged(tag, names) {
  const bar = tag.indexOf("|");
  const target = bar < 0 ? tag : tag.slice(0, bar);
  const label = bar < 0 ? "" : unescaped(tag.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), names, label);
  if (target.startsWith("#")) return channel(target.slice(1), names, label);
  if (target.startsWith("!date^")) return dated(target.slice(1), label);
  if (/^!(here|channel|everyone)$/.test(target)) return el("span", { class: "mention broadcast" }, `@${target.slice(1)}`);
  if (target.startsWith("!")) return el("span", { class: "mention" }, label || target);
  const url = unescaped(target);
  return link(url, label || url.replace(/^mailto:/, ""));
}

export function mention(id, names, label = "") {
  const known = names.users[id];
  return el("span", { class: id === names.me ? "mention of-me" : "mention" }, `@${known ? known.name : label || id}`);
}

export function channel(id, names, label = "") {
  const known = names.channels.find((room) => room.id === id);
  return el("span", { class: "mention" }, `#${known?.name ?? (label || id)}`);
}

function dated(target, fallback) {
  const [, stamp, format = "{date} {time}", url] = target.split("^");
  const shown = formatDate(Number(stamp), unescaped(format)) ?? fallback;
  const time = el("time", { title: fallback }, shown);
  return url ? link(unescaped(url), time) : time;
}

export function formatDate(seconds, format) {
  const date = new Date(seconds * 1000);
  if (!Number.isFinite(date.getTime())) return null;
  const day = (options) => date.toLocaleDateString("en", options);
  const long = { month: "long", day: "numeric", year: "numeric" };
  const short = { month: "short", day: "numeric", year: "numeric" };
  const pretty = (options) => near(date) ?? day(options);
  const values = {
    date_num: date.toLocaleDateString("sv"),
    date: day(long),
    date_short: day(short),
    date_long: day({ ...long, weekday: "long" }),
    date_pretty: pretty(long),
    date_short_pretty: pretty(short),
    date_long_pretty: pretty({ ...long, weekday: "long" }),
    time: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit" }),
    time_secs: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: ago(date),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function near(date) {
  const days = Math.round((midnight(date) - midnight(new Date())) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [Infinity, "day", 86400]];
  const [, unit, size] = steps.find(([most]) => Math.abs(seconds) < most);
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
