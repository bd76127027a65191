"use strict";
/* The page asks the server for tokens and shows them. What it shows is text: no HTML is made. */

const byId = (id) => document.getElementById(id);
const OWN = "own"; // the choice of a format line of one's own
const HEADER_FIELDS = ["name", "recipient", "channel", "content_type", "call_id"];
const CALL_FIELDS = ["name", "id", "arguments"];

let known = { formats: [], encodings: [] };
const tints = new Map(); // role -> the role whose colours it has
let state = null;
const views = []; // what is on the page for each entry of state.views

const START = {
  messages: [
    { role: "user", content: "What is 2+2?" },
    { role: "assistant", content: "2+2 = 4" },
    { role: "user", content: "What if it was *?" },
    { role: "assistant", content: "2*2 = 4, same as 2+2!" },
  ],
  ids: null, // ids as they were pasted, for as long as nothing is edited
  lenient: false,
  prompt: false,
  prepare: false,
  values: "",
  whitespace: false,
  showIds: false,
  weights: false,
  views: [{ format: "gpt-4o", encoding: null }],
};

// ---- small helpers

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function say(text) {
  byId("notice").textContent = text;
}

function showError(node, text) {
  node.textContent = text;
  node.hidden = !text;
}

function replaceOptions(select, options, chosen) {
  const wanted = JSON.stringify([options, chosen]);
  if (select.dataset.options === wanted) return;
  select.dataset.options = wanted;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
  select.value = chosen;
}

async function ask(call, request) {
  let response;
  try {
    response = await fetch(`/api/${call}`, request && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
  } catch {
    return { refused: { reason: "The server does not answer. Is chatfmt serve still running?" } };
  }
  try {
    const answer = await response.json();
    return response.ok ? { answer } : { refused: answer };
  } catch {
    return { refused: { reason: `The server failed (status ${response.status}).` } };
  }
}

function refusalText({ error, where, reason }) {
  const saysWhere = error === "RenderError" || error === "ParseError";
  return where && !saysWhere ? `${where}: ${reason}` : reason;
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    say("The browser does not let this page write to the clipboard.");
  }
}

// ---- the state, and the link that holds it

function toFragment(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromFragment(fragment) {
  const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

function isText(value) {
  return typeof value === "string";
}

function isRecord(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function holdsTexts(value) {
  return value !== null && typeof value === "object" && Object.values(value).every(isText);
}

/** A link may hold anything: whoever made it need not be a friend. */
function isState(value) {
  const isMessage = (message) =>
    isRecord(message) && isText(message.role) && isText(message.content ?? "") &&
    [...HEADER_FIELDS, "reasoning", "tools"].every((field) => isText(message[field] ?? "")) &&
    Array.isArray(message.tool_calls ?? []) && (message.tool_calls ?? []).every((call) =>
      isRecord(call) && isText(call.name) && isText(call.arguments ?? "") && isText(call.id ?? ""));
  const isRow = (row) =>
    isRecord(row) && (isText(row.template) || (isRecord(row.template) && holdsTexts(row.template) && Object.keys(row.template).length)) &&
    Array.isArray(row.special_tokens) && holdsTexts(row.special_tokens) && holdsTexts(row.roles ?? []) &&
    isText(row.prologue ?? "") && isRecord(row.ends ?? {}) && holdsTexts(row.ends ?? {});
  const isView = (view) => isRecord(view) && (isText(view.format) || isRow(view.format)) && isText(view.encoding ?? "");
  const isId = (id) => isText(id) || typeof id === "number";
  return isRecord(value) && Array.isArray(value.messages) && value.messages.every(isMessage) &&
    isText(value.values ?? "") &&
    (value.ids == null || (Array.isArray(value.ids) && value.ids.every(isId))) &&
    Array.isArray(value.views) && [1, 2].includes(value.views.length) && value.views.every(isView);
}

function restore() {
  state = structuredClone(START);
  const fragment = location.hash.slice(1);
  if (fragment) {
    try {
      const found = fromFragment(fragment);
      if (!isState(found)) throw new Error("another shape");
      for (const name of Object.keys(START)) state[name] = found[name] ?? state[name];
    } catch {
      say("This link does not hold a conversation; here is another one.");
    }
  }
  drawEditor();
  drawViews();
  refresh();
}

let saving = 0;
function save() {
  clearTimeout(saving);
  saving = setTimeout(() => history.replaceState(null, "", `#${toFragment(state)}`), 250);
}

/** The conversation is another one now: pasted ids are no longer its ids. */
function edited() {
  state.ids = null;
  refresh();
}

// ---- the conversation

function drawEditor() {
  byId("messages").replaceChildren(...state.messages.map(drawMessage));
  byId("show-prompt").checked = state.prompt;
  byId("prepare").checked = state.prepare;
  byId("values").value = state.values;
  byId("values-of").hidden = !state.prepare;
  byId("show-whitespace").checked = state.whitespace;
  byId("show-ids").checked = state.showIds;
  byId("show-weights").checked = state.weights;
  byId("ids-lenient").checked = state.lenient;
  if (state.ids) byId("ids-text").value = state.ids.join(" ");
}

function drawMessage(message) {
  const item = byId("message").content.firstElementChild.cloneNode(true);
  const at = () => state.messages.indexOf(message);
  const content = item.querySelector(".content");
  content.value = message.content ?? "";
  content.addEventListener("input", () => {
    message.content = content.value;
    edited();
  });
  for (const name of ["reasoning", "tools"]) wireField(item.querySelector(`.${name}`), message, name);
  item.querySelector(".add-call").addEventListener("click", () => {
    (message.tool_calls ??= []).push({ name: "f", arguments: "{}" });
    updateMessages();
    item.querySelector(".call:last-child textarea").focus();
    edited();
  });
  item.querySelector(".role").addEventListener("change", (event) => {
    message.role = event.target.value;
    edited();
  });
  const move = (by, name) => {
    const from = at();
    state.messages.splice(from, 1);
    state.messages.splice(from + by, 0, message);
    const items = byId("messages").children;
    byId("messages").insertBefore(item, by < 0 ? items[from - 1] : items[from + 1].nextSibling);
    updateMessages();
    const button = item.querySelector(name);
    (button.disabled ? item.querySelector(".remove") : button).focus();
    edited();
  };
  item.querySelector(".up").addEventListener("click", () => move(-1, ".up"));
  item.querySelector(".down").addEventListener("click", () => move(1, ".down"));
  item.querySelector(".remove").addEventListener("click", () => {
    const from = at();
    state.messages.splice(from, 1);
    item.remove();
    updateMessages();
    const next = byId("messages").children[Math.min(from, state.messages.length - 1)];
    (next ? next.querySelector(".remove") : byId("add")).focus();
    edited();
  });
  return item;
}

/** What depends on the place of a message, or on the formats. */
function updateMessages() {
  const roles = new Set(views.flatMap((view) => view.roles));
  [...byId("messages").children].forEach((item, index) => {
    const message = state.messages[index];
    const number = index; // as in messages[0], and in what the server says
    const inLines = new Set(views.flatMap((view) => view.fields.get(message.role) ?? []));
    const role = item.querySelector(".role");
    replaceOptions(role, [...new Set([...roles, message.role])].map((name) => [name, name]), message.role);
    role.setAttribute("aria-label", `Role of message ${number}`);
    item.querySelector(".content").setAttribute("aria-label", `Content of message ${number}`);
    item.querySelector(".hint").hidden = !(message.content ?? "").includes("\r");
    const buttons = { up: "Move up", down: "Move down", remove: "Remove" };
    for (const [name, text] of Object.entries(buttons)) {
      item.querySelector(`.${name}`).setAttribute("aria-label", `${text} message ${number}`);
      item.querySelector(`.${name}`).title = text;
    }
    item.querySelector(".up").disabled = index === 0;
    item.querySelector(".down").disabled = index === state.messages.length - 1;
    for (const [name, label] of [["reasoning", "Reasoning"], ["tools", "Tools"]]) {
      const box = item.querySelector(`.${name}`);
      box.hidden = !inLines.has(name) && message[name] == null;
      box.setAttribute("aria-label", `${label} of message ${number}`);
    }
    updateCalls(item, message, number);
    item.querySelector(".add-call").hidden = ![...inLines].some((name) => /^call(\.|$)/.test(name));
    const wanted = HEADER_FIELDS.filter((name) => inLines.has(name) || message[name] != null);
    const fields = item.querySelector(".fields");
    if (fields.dataset.names !== wanted.join()) {
      fields.dataset.names = wanted.join();
      fields.classList.toggle("many", wanted.length > 1);
      fields.replaceChildren(...wanted.map((name) => wireField(oneLine(name), message, name)));
    }
    [...fields.children].forEach((input) => input.setAttribute("aria-label", `${input.placeholder} of message ${number}`));
    const tint = tints.get(message.role) ?? "other";
    item.className = `message tint-${tint}${item.classList.contains("at-fault") ? " at-fault" : ""}`;
  });
}

/** The calls of a message: a row of boxes for each. */
function updateCalls(item, message, number) {
  const calls = item.querySelector(".calls");
  const wanted = message.tool_calls ?? [];
  if (calls.children.length !== wanted.length) {
    calls.replaceChildren(...wanted.map((call) => drawCall(call, message)));
  }
  [...calls.children].forEach((row, index) => {
    const which = `call ${index} of message ${number}`;
    [...row.querySelectorAll("textarea")].forEach((box, at) => box.setAttribute("aria-label", `${CALL_FIELDS[at]} of ${which}`));
    row.querySelector(".remove-call").setAttribute("aria-label", `Remove ${which}`);
  });
}

function drawCall(call, message) {
  const boxes = CALL_FIELDS.map((name) => {
    const box = name === "arguments" ? element("textarea", { placeholder: name, rows: 1, spellcheck: false }) : oneLine(`call ${name}`);
    box.classList.add(name);
    if (name === "id") return wireField(box, call, name);
    box.value = call[name] ?? "";
    box.addEventListener("input", () => {
      call[name] = box.value; // an empty name, or no arguments at all, is for the server to judge
      edited();
    });
    return box;
  });
  const remove = element("button", { type: "button", className: "remove-call", title: "Remove this call", textContent: "✕" });
  remove.addEventListener("click", () => {
    const item = remove.closest(".message");
    message.tool_calls.splice(message.tool_calls.indexOf(call), 1);
    if (!message.tool_calls.length) delete message.tool_calls;
    remove.closest(".calls").replaceChildren();
    updateMessages();
    item.querySelector(".add-call").focus();
    edited();
  });
  const [name, id, given] = boxes;
  return element("div", { className: "call" }, name, id, remove, given);
}

/** A box for one line that wraps where it is long. */
function oneLine(placeholder) {
  const box = element("textarea", { placeholder, rows: 1, spellcheck: false });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  return box;
}

/** An empty field is one that the message does not have. */
function wireField(input, message, name) {
  input.value = message[name] ?? "";
  input.addEventListener("input", () => {
    if (input.value) message[name] = input.value;
    else delete message[name];
    edited();
  });
  return input;
}

function setMessages(messages) {
  state.messages = messages;
  byId("messages").replaceChildren(...state.messages.map(drawMessage));
  updateMessages();
}

// ---- pasting

async function useJson() {
  showError(byId("json-error"), "");
  byId("json-found").replaceChildren();
  const { answer, refused } = await ask("import", { text: byId("json-text").value });
  if (refused) {
    showError(byId("json-error"), refusalText(refused));
    return;
  }
  const found = answer.conversations;
  const use = (conversation) => {
    setMessages(structuredClone(conversation.messages));
    edited();
    say(`${conversation.label} of ${found.length}: ${conversation.messages.length} messages.`);
  };
  if (!found.length) {
    showError(byId("json-error"), "There is no conversation in this JSON.");
    return;
  }
  if (found.length > 1) {
    byId("json-found").append(...found.map((conversation) => {
      const button = element("button", { type: "button", textContent: conversation.label });
      button.addEventListener("click", () => use(conversation));
      return button;
    }));
  }
  use(found[0]);
}

function useIds() {
  const words = byId("ids-text").value.match(/[^\s,;[\]()]+/g) ?? [];
  state.ids = words.map((word) => (/^-?\d{1,15}$/.test(word) ? Number(word) : word));
  state.lenient = byId("ids-lenient").checked;
  refresh();
}

/** Shows what is wrong with pasted ids, and the id at fault among its neighbours. */
function pointAtId(refused) {
  showError(byId("ids-error"), refused ? refusalText(refused) : "");
  const excerpt = byId("ids-excerpt");
  if (refused) byId("paste-ids").open = true;
  excerpt.hidden = refused?.index == null;
  if (excerpt.hidden) return;
  const at = refused.index;
  const from = Math.max(0, at - 6);
  excerpt.replaceChildren(
    `${from ? "… " : ""}${state.ids.slice(from, at).join(" ")} `,
    element("mark", { textContent: state.ids[at] ?? "the end" }),
    ` ${state.ids.slice(at + 1, at + 7).join(" ")}${state.ids.length > at + 7 ? " …" : ""}`,
  );
}

// ---- formats

function knownFormat(name) {
  return known.formats.find((format) => format.name === name);
}

function drawViews() {
  views.length = 0;
  byId("views").replaceChildren(...state.views.map((chosen, index) => {
    const node = byId("view").content.firstElementChild.cloneNode(true);
    const view = { node, chosen, index, answer: null, fields: new Map(), roles: [], asked: 0, shown: [] };
    views.push(view);
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
  byId("views").classList.toggle("two", views.length > 1);
  byId("compare").textContent = views.length > 1 ? "One format" : "Compare formats";
  updateMessages();
}

/** Ids that could be read become a conversation, which the new format writes; others are tried again. */
function reformatted(view) {
  if (view.index === 0 && view.answer) state.ids = null;
  refresh();
}

function chooseFormat(view, name) {
  if (name === OWN) {
    const row = (knownFormat(view.chosen.format) ?? known.formats[0]).row;
    view.chosen.encoding = view.node.querySelector(".encoding").value;
    view.chosen.format = { ...structuredClone(row), name: "custom" };
  } else {
    view.chosen.format = name;
    view.chosen.encoding = null;
  }
  drawChoice(view);
  updateMessages();
  reformatted(view);
}

/** The choice of a format, and the form for one of one's own. */
function drawChoice(view) {
  const { node, chosen } = view;
  const own = !isText(chosen.format);
  const options = known.formats.map((format) => [format.name, format.name]);
  const named = own || knownFormat(chosen.format) ? [] : [[chosen.format, chosen.format]];
  replaceOptions(node.querySelector(".format"), [...options, ...named, [OWN, "Your own line …"]], own ? OWN : chosen.format);
  const form = node.querySelector(".own");
  form.hidden = !own;
  const format = own ? null : knownFormat(chosen.format);
  describe(view, {
    encoding: chosen.encoding ?? format?.encoding ?? known.encodings[0],
    roles: format?.roles ?? {},
    lines: format?.lines ?? [],
  });
  if (!own) return;
  const row = chosen.format;
  const several = !isText(row.template);
  const lines = several ? Object.entries(row.template) : [[null, row.template]];
  node.querySelector(".templates").replaceChildren(...lines.map(([role, line]) => {
    const text = element("textarea", { value: line, rows: 1, spellcheck: false, className: "template" });
    if (role !== null) text.dataset.role = role;
    text.addEventListener("input", () => readOwn(view));
    return element("label", {}, role === null ? "Format line" : `Format line of ${role}`, text);
  }));
  node.querySelector(".special-tokens").value = row.special_tokens.join(" ");
  node.querySelector(".prologue").value = row.prologue ?? "";
  node.querySelector(".ends").value = Object.entries(row.ends ?? {}).map((pair) => pair.join("=")).join(" ");
  node.querySelector(".speakers").value = (row.speakers ?? []).join(" ");
  const roles = node.querySelector(".roles");
  roles.parentElement.hidden = several;
  const pairs = Array.isArray(row.roles) ? row.roles : Object.entries(row.roles ?? {}).map((pair) => pair.join("="));
  roles.value = pairs.join(" ");
}

function readOwn(view) {
  const words = (name) => view.node.querySelector(name).value.split(/\s+/).filter(Boolean);
  const texts = [...view.node.querySelectorAll(".template")];
  const row = view.chosen.format;
  if (texts[0].dataset.role) {
    row.template = Object.fromEntries(texts.map((text) => [text.dataset.role, text.value]));
  } else {
    row.template = texts[0].value;
    const roles = words(".roles");
    const spelled = roles.some((role) => role.includes("="));
    row.roles = spelled ? Object.fromEntries(roles.map((role) => role.includes("=") ? role.split("=", 2) : [role, role])) : roles;
  }
  row.special_tokens = words(".special-tokens");
  row.prologue = view.node.querySelector(".prologue").value;
  row.ends = Object.fromEntries(words(".ends").map((word) => {
    const at = word.lastIndexOf("="); // a token may have one, too
    return at < 0 ? [word, "stop"] : [word.slice(0, at), word.slice(at + 1)];
  }));
  row.speakers = words(".speakers");
  reformatted(view);
}

// ---- asking for tokens

let waiting = 0;
function refresh() {
  save();
  clearTimeout(waiting);
  waiting = setTimeout(() => views.forEach(askForTokens), 40);
}

async function askForTokens(view) {
  const asked = ++view.asked;
  const request = {
    format: view.chosen.format,
    encoding: view.chosen.encoding ?? null,
    whitespace: state.whitespace || state.showIds,
  };
  const reading = view.index === 0 && state.ids !== null;
  if (reading) Object.assign(request, { ids: state.ids, strict: !state.lenient });
  else Object.assign(request, { messages: state.messages, prompt: state.prompt ? "assistant" : null, prepare: state.prepare ? givenValues() : null });
  const { answer, refused } = await ask(reading ? "read" : "show", request);
  if (asked !== view.asked || !views.includes(view)) return; // there is a later question
  if (view.index === 0) pointAtId(reading ? refused : null);
  setStale(view, Boolean(refused));
  showError(view.node.querySelector(":scope > .error"), refused ? refusalText(refused) : "");
  if (refused) {
    view.answer = null;
    if (view.index === 0) markMessage(reading ? null : refused);
    return;
  }
  if (view.index === 0) markMessage(null);
  showAnswer(view, answer);
  if (reading) takeConversation(answer);
  updateMessages();
}

/** What stands after the first = of each part is its value. */
function givenValues() {
  const parts = state.values.split(";").map((part) => part.trim()).filter((part) => part);
  return Object.fromEntries(parts.map((part) => {
    const at = part.includes("=") ? part.indexOf("=") : part.length;
    return [part.slice(0, at).trim(), part.slice(at + 1)];
  }));
}

/** Tokens of an earlier question stay, faintly, so that the page does not jump; nobody can use them. */
function setStale(view, stale) {
  view.node.classList.toggle("stale", stale);
  view.node.querySelector(".blocks").inert = stale;
  for (const name of [".copy-ids", ".copy-python"]) view.node.querySelector(name).disabled = stale;
}

/** The conversation that pasted ids are goes into the editor. */
function takeConversation(answer) {
  state.prompt = answer.prompt !== null;
  byId("show-prompt").checked = state.prompt;
  if (JSON.stringify(answer.messages) !== JSON.stringify(state.messages)) {
    setMessages(answer.messages);
    views.slice(1).forEach(askForTokens);
    save();
  }
}

function markMessage(refused) {
  const at = /^messages\[(\d+)\]/.exec(refused?.where ?? "");
  [...byId("messages").children].forEach((item, index) => {
    const here = at !== null && Number(at[1]) === index;
    item.classList.toggle("at-fault", here);
    showError(item.querySelector(".error"), here ? refused.reason : "");
  });
}

// ---- showing tokens

/** What is the same for every conversation in a format: its roles, its lines. */
function describe(view, { encoding, roles, lines }) {
  const { node } = view;
  view.roles = Object.keys(roles);
  for (const [role, tint] of Object.entries(roles)) tints.set(role, tint);
  view.fields = new Map(view.roles.map((role) => {
    const ofRole = lines.filter((line) => line.roles.includes(role));
    return [role, ofRole.flatMap((line) => line.segments.filter(([kind]) => kind === "field").map(([, text]) => text.slice(1, -1)))];
  }));
  replaceOptions(node.querySelector(".encoding"), known.encodings.map((name) => [name, name]), encoding);
  const drawn = JSON.stringify(lines);
  if (node.dataset.lines === drawn) return;
  node.dataset.lines = drawn;
  node.querySelector(".lines").replaceChildren(...lines.map((line) => drawLine(line, lines.length)));
}

const MOST_NOTES = 20;

function showAnswer(view, answer) {
  const { node } = view;
  view.answer = answer;
  describe(view, answer);
  node.querySelector(".count b").textContent = answer.tokens.toLocaleString("en");
  node.querySelector(".count span").textContent = answer.tokens === 1 ? "token" : "tokens";
  const created = Object.entries(answer.created).map(([spelling, id]) => `${spelling} ${id}`);
  const notes = [...(answer.open ? ["The last message is not ended."] : []), ...(answer.issues ?? [])];
  if (created.length) notes.unshift(`This vocabulary lacks special tokens of the format. Made for this page: ${created.join(", ")}.`);
  const more = notes.length - MOST_NOTES;
  if (more > 0) notes.splice(MOST_NOTES, more, `… and ${more} more`);
  const note = node.querySelector(".note");
  note.hidden = !notes.length;
  note.textContent = notes.join("\n");
  showChanges(node.querySelector(".changes"), answer.changes ?? []);
  const totals = Object.entries(answer.totals).map(([label, count]) => `${label} ${count}`);
  const trained = state.weights ? [`trained ${answer.trained}`] : [];
  node.querySelector(".summary").textContent = [`${answer.tokens} tokens`, ...totals, ...trained].join(" · ");
  showBlocks(view, answer.blocks);
  byId("views").classList.toggle("ids", state.showIds);
  byId("views").classList.toggle("weights", state.weights);
}

/** What preparation took is crossed out, what it added stands out. */
function showChanges(list, changes) {
  const tags = { same: "span", gone: "del", new: "ins" };
  list.hidden = !changes.length;
  list.replaceChildren(...changes.map(({ place, word, runs }) => element("li", {},
    `${place}: `, ...runs.map(([kind, textContent]) => element(tags[kind], { textContent })), ` (${word})`)));
}

function drawLine(line, many) {
  const node = element("p", { className: "format-line" });
  if (many > 1) {
    const of = line.roles.length ? line.roles.join(", ") : "prologue";
    node.append(element("span", { className: "of", textContent: `${of}  ` }));
  }
  const titles = { generation: "Here a model begins to write", group: "Written where the field is set" };
  line.segments.forEach(([kind, text], index) => {
    const segment = element("span", { className: kind, textContent: text });
    if (titles[kind]) segment.title = titles[kind];
    segment.dataset.segment = index;
    node.append(element("wbr"), segment);
  });
  return node;
}

function showBlocks(view, blocks) {
  const container = view.node.querySelector(".blocks");
  point(view, null);
  view.current = null;
  while (view.shown.length > blocks.length) view.shown.pop().node.remove();
  blocks.forEach((block, index) => {
    let shown = view.shown[index];
    if (!shown) {
      const title = element("h3", { className: "title" });
      const tokens = element("p", { className: "tokens" });
      shown = { node: element("section", {}, title, tokens), title, tokens, pieces: [] };
      view.shown.push(shown);
      container.append(shown.node);
    }
    shown.node.className = `block tint-${block.tint}`;
    const weights = [...new Set(block.pieces.map((piece) => piece.weight))].filter((weight) => weight !== 0 && weight !== 1);
    const facts = [block.name, `${block.tokens} token${block.tokens === 1 ? "" : "s"}`, ...(state.weights ? [`trained ${block.trained}`, ...weights.map((weight) => `weight ${weight}`)] : [])];
    shown.title.replaceChildren(element("b", { textContent: block.label }), ` ${facts.filter((fact) => fact !== null).join(" · ")}`);
    showPieces(shown, block);
  });
}

/** Keeps the tokens that look the same at both ends, so that typing touches few of them. */
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

const entries = new WeakMap(); // node of a token -> its piece and block

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

// ---- pointing at tokens

function hex(text) {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

const RESTING = "Point at a token to see what it is and where it comes from.";

function point(view, node, which = null) {
  view.node.querySelectorAll(".lit").forEach((segment) => segment.classList.remove("lit"));
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

function wirePointing(view) {
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

function wireCopies(view) {
  const on = (name, text, what) => view.node.querySelector(name).addEventListener("click", () => {
    if (view.answer) copy(text(view.answer), what(view.answer));
  });
  const ids = (answer) => answer.blocks.flatMap((block) => block.pieces.flatMap((piece) => piece.ids));
  on(".copy-ids", (answer) => `[${ids(answer).join(", ")}]`, (answer) => `${answer.tokens} ids`);
  on(".copy-json", () => JSON.stringify({ messages: state.messages }, null, 2), () => "the conversation as JSON");
  on(".copy-python", (answer) => answer.python, () => "the Python code");
}

// ---- all of it

async function start() {
  const { answer, refused } = await ask("formats");
  if (refused) {
    say(refused.reason);
    return;
  }
  known = answer;
  for (const { roles } of known.formats) {
    for (const [role, tint] of Object.entries(roles)) tints.set(role, tint);
  }
  byId("add").addEventListener("click", () => {
    const last = state.messages.at(-1)?.role;
    const message = { role: last === "user" ? "assistant" : "user", content: "" };
    state.messages.push(message);
    byId("messages").append(drawMessage(message));
    updateMessages();
    byId("messages").lastElementChild.querySelector(".content").focus();
    edited();
  });
  const toggle = (id, name, changed) => byId(id).addEventListener("change", (event) => {
    state[name] = event.target.checked;
    changed();
  });
  toggle("show-prompt", "prompt", edited);
  toggle("prepare", "prepare", () => {
    byId("values-of").hidden = !state.prepare;
    edited();
  });
  byId("values").addEventListener("input", (event) => {
    state.values = event.target.value;
    edited();
  });
  toggle("show-whitespace", "whitespace", refresh);
  toggle("show-ids", "showIds", refresh);
  toggle("show-weights", "weights", refresh);
  byId("json-use").addEventListener("click", useJson);
  byId("ids-use").addEventListener("click", useIds);
  byId("copy-link").addEventListener("click", () => {
    history.replaceState(null, "", `#${toFragment(state)}`);
    copy(location.href, "the link");
  });
  byId("compare").addEventListener("click", () => {
    if (state.views.length > 1) state.views.pop();
    else state.views.push({ format: state.views[0].format === "gpt-3.5-turbo" ? "gpt-4o" : "gpt-3.5-turbo", encoding: null });
    drawViews();
    refresh();
  });
  addEventListener("hashchange", restore);
  restore();
}

start();
