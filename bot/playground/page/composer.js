// The box people type into: Enter sends, Shift+Enter breaks the line, "/" and "@" show what there is.

import { ask, el } from "./dom.js";

const EXAMPLES = { "/": "compare runs: A vs B", "@": "ask in the channel or in a thread" };

// `where()` answers {channel, thread_ts}; `state()` the newest state.
export function composer({ form, area, hints, where, state, report }) {
  let history = [];
  let at = 0;

  function grow() {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 200)}px`;
    hint();
  }

  function hint() {
    if (!hints) return;
    const text = area.value;
    const offers = text.startsWith("/") && !text.includes(" ") ? state().commands : /(^|\s)@\w*$/.test(text) ? ["@mlcompare"] : [];
    const fitting = offers.filter((offer) => offer.startsWith(text.split(/\s/).at(-1)) && offer !== text);
    hints.hidden = !fitting.length;
    hints.replaceChildren(...fitting.map((offer) => el("button", { type: "button", onclick: () => complete(offer) }, el("strong", {}, offer), el("span", {}, EXAMPLES[offer[0]]))));
  }

  function complete(offer) {
    area.value = `${area.value.replace(/\S*$/, "")}${offer} `;
    grow();
    area.focus();
  }

  async function send() {
    const text = area.value.trim();
    if (!text) return;
    history = [...history, text];
    at = history.length;
    area.value = "";
    grow();
    const answer = await ask("/page/say", { text, user: state().me, ...where() });
    if (answer.error && !text.startsWith("/")) report(`The app did not hear this: ${answer.error}`);
    else if (answer.error && !answer.status && /not supported/.test(answer.error)) report(answer.error);
  }

  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && hints && !hints.hidden) {
      event.preventDefault();
      hints.querySelector("button").click();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !area.value && history.length) {
      event.preventDefault();
      at = Math.max(0, at - 1);
      area.value = history[at];
      grow();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}
