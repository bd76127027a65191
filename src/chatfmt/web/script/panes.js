/* The text that the ids spell, and the list of ids: each piece is linked with its token. */

import { element } from "./dom.js";
import { entries } from "./tokens.js";
import { page } from "./state.js";

/** Draws the panes that are on. */
export function showPanes(view) {
  const all = view.shown.flatMap((shown) => shown.pieces);
  all.forEach((entry, index) => { entry.index = index; });
  view.all = all;
  draw(view, ".raw", page.state.showRaw, (piece) => [piece.signs?.map(([run, sign]) => (run === "\n" ? run : sign ?? run)).join("") ?? piece.text]);
  draw(view, ".id-list", page.state.listIds, (piece, index) => [piece.ids.join(", "), index < all.length - 1 ? ", " : ""]);
}

function draw(view, name, isOn, texts) {
  const pane = view.node.querySelector(name);
  pane.parentElement.hidden = !isOn;
  if (!isOn) {
    pane.replaceChildren();
    return;
  }
  pane.replaceChildren(...view.all.flatMap(({ piece }, index) => {
    const [text, after] = texts(piece, index);
    const node = element("span", { className: "linked", textContent: text });
    node.dataset.index = index;
    return after ? [node, after] : [node];
  }));
}

/** Highlights a token, and what belongs to it in every pane. */
export function light(view, node) {
  view.node.querySelectorAll(".now").forEach((other) => other.classList.remove("now"));
  const index = node && entries.get(node)?.index;
  if (index == null) return;
  node.classList.add("now");
  view.node.querySelectorAll(`[data-index="${index}"]`).forEach((other) => other.classList.add("now"));
}

/** The token of the piece that is pointed at in a pane. */
export function tokenAt(view, target) {
  const index = target.closest?.("[data-index]")?.dataset.index;
  return index === undefined ? null : view.all[index]?.node ?? null;
}
