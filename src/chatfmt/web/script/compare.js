/* Two formats side by side: which messages belong together, and where their tokens differ. */

import { byId } from "./dom.js";
import { isText } from "./link.js";
import { page } from "./state.js";

const LARGEST = 1_000_000; // cells of the table by which two sequences are compared

/** Pairs of equal items of two sequences, by the longest sequence that is in both. */
function common(one, other) {
  const pairs = [];
  let head = 0;
  while (head < one.length && head < other.length && one[head] === other[head]) pairs.push([head, head++]);
  let tail = 0;
  const most = Math.min(one.length, other.length) - head;
  while (tail < most && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  const [rows, columns] = [one.length - tail - head, other.length - tail - head];
  if (rows && columns) pairs.push(...middle(one, other, head, rows, columns));
  for (let back = tail; back > 0; back--) pairs.push([one.length - back, other.length - back]);
  return pairs;
}

function middle(one, other, head, rows, columns) {
  if (rows * columns > LARGEST) return byPlace(one, other, head, rows, columns);
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const at = row * width + column;
      longest[at] = one[head + row] === other[head + column]
        ? longest[at + width + 1] + 1
        : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const pairs = [];
  let [row, column] = [0, 0];
  while (row < rows && column < columns) {
    const at = row * width + column;
    if (one[head + row] === other[head + column]) pairs.push([head + row++, head + column++]);
    else if (longest[at + width] >= longest[at + 1]) row++;
    else column++;
  }
  return pairs;
}

/** For long texts: only equal items that begin at the same character are a pair. */
function byPlace(one, other, head, rows, columns) {
  const places = new Map();
  for (let column = 0, at = 0; column < columns; column++) {
    places.set(at, column);
    at += other[head + column].length;
  }
  const pairs = [];
  for (let row = 0, at = 0; row < rows; row++) {
    const column = places.get(at);
    if (column !== undefined && one[head + row] === other[head + column]) pairs.push([head + row, head + column]);
    at += one[head + row].length;
  }
  return pairs;
}

/** The rows of blocks: those of the same message side by side, where both formats write it. */
function rows(one, other) {
  const key = ({ block }) => JSON.stringify([block.label, block.pieces.filter((piece) => piece.part === "content").map((piece) => piece.text).join("")]);
  const found = [];
  let [left, right] = [0, 0];
  for (const [nextLeft, nextRight] of [...common(one.map(key), other.map(key)), [one.length, other.length]]) {
    // Between two rows of equal messages, blocks of the same role belong together.
    while (left < nextLeft || right < nextRight) {
      const pair = left < nextLeft && right < nextRight;
      const alike = pair && one[left].block.label === other[right].block.label;
      const leftAlone = pair && !alike && nextLeft - left >= nextRight - right;
      if (alike) found.push([one[left++], other[right++]]);
      else if (pair ? leftAlone : left < nextLeft) found.push([one[left++], null]);
      else found.push([null, other[right++]]);
    }
    if (nextLeft < one.length) found.push([one[left++], other[right++]]);
  }
  return found;
}

function mark(shown, same) {
  shown.pieces.forEach(({ node }, index) => node.classList.toggle("differs", !same.has(index)));
}

function signed(number) {
  return number > 0 ? `+${number.toLocaleString("en")}` : number < 0 ? `−${(-number).toLocaleString("en")}` : "±0";
}

function name(view, beside) {
  const { format } = view.chosen;
  const own = isText(format) ? format : "your own line";
  return format === beside.chosen.format ? `${own} with ${view.answer.encoding}` : own;
}

/** Marks differences, or removes the marks if there is nothing to compare. */
export function compare() {
  const [one, other] = page.views;
  const note = byId("comparison");
  const both = other !== undefined && one.answer && other.answer;
  note.hidden = !both;
  if (!both) {
    for (const view of page.views) {
      for (const shown of view.shown) mark(shown, new Set(shown.pieces.keys()));
      view.node.querySelectorAll(".difference").forEach((node) => { node.textContent = ""; });
    }
    level([]);
    return;
  }
  const more = other.answer.tokens - one.answer.tokens;
  const about = one.answer.borrowed || other.answer.borrowed ? "about " : "";
  const size = Math.abs(more).toLocaleString("en");
  const unit = size === "1" ? "token" : "tokens";
  const counts = more === 0 ? `Both take ${about ? "about " : ""}the same number of tokens.` : `${name(other, one)} takes ${about}${size} ${more > 0 ? "more" : "fewer"} ${unit} than ${name(one, other)}.`;
  note.textContent = `${counts} Underlined tokens are not in the other one.`;
  const text = ({ piece }) => (piece.kind === "unknown" ? `id ${piece.ids[0]}` : piece.text);
  const aligned = rows(one.shown, other.shown);
  for (const [left, right] of aligned) {
    const pairs = left && right ? common(left.pieces.map(text), right.pieces.map(text)) : [];
    if (left) mark(left, new Set(pairs.map(([at]) => at)));
    if (right) mark(right, new Set(pairs.map(([, at]) => at)));
    if (left) left.title.querySelector(".difference").textContent = right ? "" : " · only here";
    if (right) right.title.querySelector(".difference").textContent = left ? ` · ${signed(right.block.tokens - left.block.tokens)}` : " · only here";
  }
  level(aligned);
}

const wide = matchMedia("(min-width: 75rem)");
let drawn = [];

/** Lines up the blocks of each row, by adding space above the higher one. */
function level(aligned) {
  drawn = aligned;
  const nodes = page.views.flatMap((view) => [view.node.querySelector(".blocks"), ...view.shown.map(({ node }) => node)]);
  for (const node of nodes) node.style.marginTop = "";
  if (!aligned.length || page.views.length < 2 || !wide.matches) return;
  const top = (node) => node.getBoundingClientRect().top;
  const gap = (one, other) => {
    const lower = top(one) - top(other);
    if (Math.abs(lower) > 0.5) (lower > 0 ? other : one).style.marginTop = `${Math.abs(lower)}px`;
  };
  gap(...page.views.map((view) => view.node.querySelector(".blocks")));
  for (const [left, right] of aligned) {
    if (left && right) gap(left.node, right.node);
  }
}

let width = 0;
new ResizeObserver(([{ contentRect }]) => {
  if (contentRect.width === width) return;
  width = contentRect.width;
  level(drawn);
}).observe(byId("views"));
