/* Pointing at a token shows its facts, and the piece of the format line that wrote it. */

import { element } from "./dom.js";
import { light, tokenAt } from "./panes.js";
import { entries } from "./tokens.js";

function hex(text) {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

const RESTING = "Point at a token to see what it is and where it comes from.";

export function point(view, node, which = null) {
  view.node.querySelectorAll(".lit").forEach((segment) => segment.classList.remove("lit"));
  light(view, node);
  const found = node && entries.get(node);
  const out = view.node.querySelector(".facts");
  if (!found) {
    out.textContent = RESTING;
    return;
  }
  const { piece, block } = found;
  const ids = which === null ? piece.ids : [piece.ids[which]];
  const bytes = piece.bytes ? (which === null ? piece.bytes.join(" · ") : piece.bytes[which]) : hex(piece.text);
  const all = bytes.split(" ");
  const some = all.length <= 16 ? bytes : `${all.slice(0, 12).join(" ")} … (${all.length})`;
  const shown = [...(piece.signs?.map(([run, sign]) => sign ?? run).join("") ?? piece.text)];
  const text = shown.length <= 24 ? shown.join("") : `${shown.slice(0, 20).join("")}…`;
  const place = block.message === null ? piece.part : `messages[${block.message}] (${block.label}), ${piece.part}`;
  out.replaceChildren(
    `${ids.length > 1 ? "ids" : "id"} ${ids.join(" ")}  ·  `,
    element("bdi", { textContent: JSON.stringify(text) }),
    `  ·  bytes ${some}  ·  ${place}  ·  weight ${piece.weight}`,
  );
  const line = view.node.querySelectorAll(".format-line")[block.line];
  for (const segment of line ? piece.segments : []) {
    line.querySelector(`[data-segment="${segment}"]`).classList.add("lit");
  }
}

export function wirePointing(view) {
  const container = view.node.querySelector(".blocks");
  const setCurrent = (node) => {
    view.current?.classList.remove("current");
    view.current = node;
    node?.classList.add("current");
    node?.scrollIntoView({ block: "nearest" });
    point(view, node);
  };
  container.addEventListener("mouseover", (event) => {
    const node = event.target.closest(".token");
    const own = event.target.closest(".bytes");
    const which = own ? [...node.querySelectorAll(".bytes")].indexOf(own) : null;
    point(view, node ?? view.current, node ? which : null);
  });
  container.addEventListener("mouseleave", () => point(view, view.current));
  const panes = view.node.querySelector(".panes");
  panes.addEventListener("mouseover", (event) => point(view, tokenAt(view, event.target) ?? view.current));
  panes.addEventListener("mouseleave", () => point(view, view.current));
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(".token")];
    const at = all.indexOf(view.current);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all.length) return;
    event.preventDefault();
    setCurrent(all[Math.max(0, Math.min(all.length - 1, to))]);
  });
  container.addEventListener("focus", () => {
    view.node.querySelector(".facts").setAttribute("role", "status");
  });
  container.addEventListener("blur", () => {
    view.node.querySelector(".facts").removeAttribute("role");
    setCurrent(null);
  });
}
