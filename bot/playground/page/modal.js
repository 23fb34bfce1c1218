// Views: the modal on top, and the Home tab.

import { drawBlocks } from "./blocks.js";
import { ask, el, newId } from "./dom.js";
import { plain } from "./mrkdwn.js";

// A view's blocks, with what was typed into them readable as `view.state.values`.
export function drawView(view, state) {
  const readers = [];
  const values = () => {
    const all = {};
    for (const [block, item, read] of readers) (all[block.block_id] ??= {})[item.action_id] = read();
    return all;
  };
  const about = () => ({ view: view.id, user: state.me, values: values() });
  const context = {
    names: state,
    use: (action) => ask("/page/use", { ...about(), action }),
    options: (asking) => ask("/page/options", { ...about(), asking }),
    read: (block, item, reader) => readers.push([block, item, reader]),
    before: (block, item) => view.state.values[block.block_id]?.[item.action_id],
  };
  return { nodes: drawBlocks(view.blocks, context), values };
}

export function modals(report) {
  let shown = null;

  function close() {
    shown?.dialog.close();
    shown?.dialog.remove();
    shown = null;
  }

  // Draw the view on top, if it changed.
  return function show(state) {
    const { view } = state;
    if (!view) return close();
    if (shown && shown.id === view.id && shown.hash === view.hash) return undefined;
    const typed = shown?.id === view.id ? shown.values() : {};
    const kept = { ...view, state: { values: { ...view.state.values, ...typed } } };
    close();
    const { nodes, values } = drawView(kept, state);
    const title = newId("modal");
    const body = el("div", { class: "modal-body" }, nodes);
    const dismiss = () => { close(); ask("/page/close", { view: view.id, user: state.me }); };
    const send = el("button", { type: "submit", class: "button primary" }, view.submit ? plain(view.submit) : "Submit");
    const form = el("form", { onsubmit: async (event) => {
      event.preventDefault();
      send.disabled = true;
      const answer = await ask("/page/submit", { view: view.id, user: state.me, values: values() });
      send.disabled = false;
      if (answer.error) report(`The app did not take the form: ${answer.error}`);
      mark(body, answer.errors ?? {});
    } }, el("header", {}, el("h2", { id: title }, plain(view.title)), el("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: dismiss }, "✕")), body,
    el("footer", {}, el("button", { type: "button", class: "button", onclick: dismiss }, view.close ? plain(view.close) : "Cancel"), view.submit ? send : null));
    const dialog = el("dialog", { class: "modal", "aria-labelledby": title }, form);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); dismiss(); });
    document.getElementById("dialogs").append(dialog);
    dialog.showModal();
    shown = { id: view.id, hash: view.hash, dialog, values };
    return undefined;
  };
}

function mark(body, errors) {
  for (const block of body.querySelectorAll("[data-block=input]")) {
    const words = errors[block.dataset.blockId] ?? "";
    const place = block.querySelector(".input-error");
    place.textContent = words;
    place.hidden = !words;
  }
}
