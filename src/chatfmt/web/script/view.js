/* A format's card on the page: it asks for the tokens of the conversation and shows them. */

import { ask, refusalText } from "./ask.js";
import { byId, copy, element, showError } from "./dom.js";
import { markMessage, setMessages, updateMessages } from "./editor.js";
import { chooseFormat, describe, drawChoice, readOwn, reformatted } from "./formats.js";
import { pointAtId } from "./paste.js";
import { compare } from "./compare.js";
import { showPanes } from "./panes.js";
import { point, wirePointing } from "./pointing.js";
import { page, save } from "./state.js";
import { showBlocks } from "./tokens.js";

export function drawViews() {
  page.views.length = 0;
  byId("comparison").hidden = true;
  byId("views").replaceChildren(...page.state.views.map((chosen, index) => {
    const node = byId("view").content.firstElementChild.cloneNode(true);
    const view = { node, chosen, index, answer: null, fields: new Map(), roles: [], asked: 0, shown: [] };
    page.views.push(view);
    node.setAttribute("aria-label", index ? "Second format" : "First format");
    node.querySelector(".format").addEventListener("change", (event) => chooseFormat(view, event.target.value));
    node.querySelector(".encoding").addEventListener("change", (event) => {
      view.chosen.encoding = event.target.value;
      reformatted(view);
    });
    for (const name of ["special-tokens", "roles", "prologue", "ends", "speakers"]) {
      node.querySelector(`.${name}`).addEventListener("input", () => readOwn(view));
    }
    wirePointing(view);
    wireCopies(view);
    drawChoice(view);
    return node;
  }));
  byId("views").classList.toggle("two", page.views.length > 1);
  byId("compare").textContent = page.views.length > 1 ? "Stop comparing" : "Compare formats";
  updateMessages();
}

export async function askForTokens(view) {
  const asked = ++view.asked;
  const request = {
    format: view.chosen.format,
    encoding: view.chosen.encoding ?? null,
    whitespace: page.state.whitespace || page.state.showIds,
  };
  const isText = page.state.mode === "text";
  const reading = !isText && view.index === 0 && page.state.ids !== null;
  if (isText) Object.assign(request, { text: page.state.text, special: page.state.special });
  else if (reading) Object.assign(request, { ids: page.state.ids, strict: !page.state.lenient });
  else Object.assign(request, { messages: page.state.messages, tools: page.state.tools || null, prompt: page.state.prompt ? "assistant" : null, prepare: page.state.prepare ? givenValues() : null });
  const { answer, refused } = await ask(isText ? "text" : reading ? "read" : "show", request);
  if (asked !== view.asked || !page.views.includes(view)) return; // a later request has been sent
  if (view.index === 0) pointAtId(reading ? refused : null);
  setStale(view, Boolean(refused));
  showError(view.node.querySelector(":scope > .error"), refused ? refusalText(refused) : "");
  if (refused) {
    view.answer = null;
    compare();
    if (view.index === 0) markMessage(reading || isText ? null : refused);
    return;
  }
  if (view.index === 0) markMessage(null);
  showAnswer(view, answer);
  if (reading) takeConversation(answer);
  updateMessages();
}

/** The values typed as NAME=VALUE; NAME=VALUE: the first = of each ends its name. */
function givenValues() {
  const parts = page.state.values.split(";").map((part) => part.trim()).filter((part) => part);
  return Object.fromEntries(parts.map((part) => {
    const at = part.includes("=") ? part.indexOf("=") : part.length;
    return [part.slice(0, at).trim(), part.slice(at + 1)];
  }));
}

/** Earlier tokens stay, faintly, so that the page does not jump; they cannot be pointed at or copied. */
function setStale(view, stale) {
  view.node.classList.toggle("stale", stale);
  view.node.querySelector(".blocks").inert = stale;
  for (const name of [".copy-ids", ".copy-python"]) view.node.querySelector(name).disabled = stale;
}

/** Puts the conversation that was read from pasted ids into the editor. */
function takeConversation(answer) {
  page.state.prompt = answer.prompt !== null;
  byId("show-prompt").checked = page.state.prompt;
  if (JSON.stringify(answer.messages) !== JSON.stringify(page.state.messages)) {
    setMessages(answer.messages);
    page.views.slice(1).forEach(askForTokens);
    save();
  }
}

const MOST_NOTES = 20;

function showAnswer(view, answer) {
  const { node } = view;
  view.answer = answer;
  const about = answer.borrowed ? "≈" : ""; // for a count in a vocabulary that is not the model's
  describe(view, answer);
  node.querySelector(".count b").textContent = `${about}${answer.tokens.toLocaleString("en")}`;
  const unit = answer.tokens === 1 ? "token" : "tokens";
  node.querySelector(".count span").textContent = answer.borrowed ? `${unit} of ${answer.encoding}` : unit;
  const created = Object.entries(answer.created).map(([spelling, id]) => `${spelling} ${id}`);
  const notes = [...(answer.open ? ["The last message has not ended."] : []), ...(answer.issues ?? [])];
  if (created.length) notes.unshift(`This vocabulary lacks special tokens of the format, so the page made ids for them: ${created.join(", ")}.`);
  const more = notes.length - MOST_NOTES;
  if (more > 0) notes.splice(MOST_NOTES, more, `… and ${more} more`);
  const note = node.querySelector(".note");
  note.hidden = !notes.length;
  note.textContent = notes.join("\n");
  showChanges(node.querySelector(".changes"), answer.changes ?? []);
  const totals = Object.entries(answer.totals).map(([label, count]) => `${label} ${about}${count}`);
  const trained = page.state.weights ? [`trained ${answer.trained}`] : [];
  node.querySelector(".summary").textContent = [`${about}${answer.tokens} tokens`, ...totals, ...trained].join(" · ");
  point(view, null);
  view.current = null;
  showBlocks(view, answer.blocks, about);
  showPanes(view);
  byId("views").classList.toggle("text", page.state.mode === "text");
  byId("views").classList.toggle("ids", page.state.showIds);
  byId("views").classList.toggle("weights", page.state.weights);
  compare();
}

/** Shows what preparation removed, crossed out, and what it added, highlighted. */
function showChanges(list, changes) {
  const tags = { same: "span", gone: "del", new: "ins" };
  list.hidden = !changes.length;
  list.replaceChildren(...changes.map(({ place, word, runs }) => element("li", {},
    `${place}: `, ...runs.map(([kind, textContent]) => element(tags[kind], { textContent })), ` (${word})`)));
}

function wireCopies(view) {
  const on = (name, text, what) => view.node.querySelector(name).addEventListener("click", () => {
    if (view.answer) copy(text(view.answer), what(view.answer));
  });
  const ids = (answer) => answer.blocks.flatMap((block) => block.pieces.flatMap((piece) => piece.ids));
  on(".copy-ids", (answer) => `[${ids(answer).join(", ")}]`, (answer) => `${answer.tokens} ids`);
  on(".copy-json", () => JSON.stringify({ messages: page.state.messages, ...definitions() }, null, 2), () => "the conversation as JSON");
  on(".copy-python", (answer) => answer.python, () => "the Python code");
}

/** The tool definitions, if there are any. */
function definitions() {
  try {
    const tools = JSON.parse(page.state.tools);
    return Array.isArray(tools) && tools.length ? { tools } : {};
  } catch {
    return {}; // not JSON yet
  }
}
