/* The tokens of a view, block by block. Typing redraws few of them: those that look the same stay. */

import { element } from "./dom.js";
import { page } from "./state.js";

export const entries = new WeakMap(); // node of a token -> its piece and block

export function showBlocks(view, blocks, about) {
  const container = view.node.querySelector(".blocks");
  while (view.shown.length > blocks.length) view.shown.pop().node.remove();
  blocks.forEach((block, index) => {
    let shown = view.shown[index];
    if (!shown) {
      const title = element("h3", { className: "title" });
      const tokens = element("pre", { className: "tokens" });
      shown = { node: element("section", {}, title, tokens), title, tokens, pieces: [] };
      view.shown.push(shown);
      container.append(shown.node);
    }
    shown.node.className = `block tint-${block.tint}`;
    const weights = [...new Set(block.pieces.map((piece) => piece.weight))].filter((weight) => weight !== 0 && weight !== 1);
    const facts = [block.name, `${about}${block.tokens} token${block.tokens === 1 ? "" : "s"}`, ...(page.state.weights ? [`trained ${block.trained}`, ...weights.map((weight) => `weight ${weight}`)] : [])];
    const more = element("span", { className: "difference" }); // filled when formats are compared
    shown.title.replaceChildren(element("b", { textContent: block.label }), ` ${facts.filter((fact) => fact !== null).join(" · ")}`, more);
    shown.block = block;
    showPieces(shown, block);
  });
}

/** Keeps the tokens at both ends that look the same, so that typing redraws few of them. */
function showPieces(shown, block) {
  const old = shown.pieces;
  const pieces = block.pieces;
  const most = Math.min(old.length, pieces.length);
  let head = 0;
  while (head < most && looksSame(old[head].piece, pieces[head])) head++;
  let tail = 0;
  while (tail < most - head && looksSame(old[old.length - 1 - tail].piece, pieces[pieces.length - 1 - tail])) tail++;
  const fresh = pieces.slice(head, pieces.length - tail).map((piece) => ({ node: drawPiece(piece), piece, block }));
  const gone = old.splice(head, old.length - tail - head, ...fresh);
  for (const { node } of gone) node.remove();
  const fragment = document.createDocumentFragment();
  for (const entry of fresh) {
    entries.set(entry.node, entry);
    fragment.append(entry.node);
  }
  shown.tokens.insertBefore(fragment, tail ? old[head + fresh.length].node : null);
  old.forEach((entry, index) => {
    entry.piece = pieces[index];
    entry.block = block;
  });
}

/** Text and ids decide the bytes; signs depend on whether white space is shown, too. */
function looksSame(one, other) {
  return one.text === other.text && one.part === other.part && one.kind === other.kind && one.weight === other.weight &&
    one.signs?.length === other.signs?.length && one.ids.length === other.ids.length &&
    one.ids.every((id, index) => id === other.ids[index]);
}

function drawPiece(piece) {
  const node = document.createElement("span");
  const several = piece.ids.length > 1;
  node.className = `token part-${piece.part} ${piece.kind}${piece.weight ? "" : " untrained"}${several ? " group" : ""}`;
  if (piece.signs) {
    for (const [run, sign] of piece.signs) {
      if (sign === null) node.append(run);
      else {
        node.append(element("i", { textContent: sign }));
        if (run === "\n") node.append(element("br"));
      }
    }
  } else {
    node.textContent = piece.text;
  }
  if (several) {
    piece.ids.forEach((id, index) => {
      const bytes = element("span", { className: "bytes" });
      bytes.dataset.id = id;
      bytes.dataset.bytes = piece.bytes[index];
      node.append(bytes);
    });
  } else {
    node.dataset.id = piece.ids[0];
  }
  return node;
}
