/* The choice of a format and a vocabulary, and the form for a custom format line. */

import { element, replaceOptions } from "./dom.js";
import { updateMessages } from "./editor.js";
import { isText } from "./link.js";
import { OWN, page, refresh } from "./state.js";

function knownFormat(name) {
  return page.known.formats.find((format) => format.name === name);
}

/** Pasted ids that were read are now a conversation, which the new format writes; others are read again. */
export function reformatted(view) {
  if (view.index === 0 && view.answer) page.state.ids = null;
  refresh();
}

export function chooseFormat(view, name) {
  if (name === OWN) {
    const row = (knownFormat(view.chosen.format) ?? page.known.formats[0]).row;
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

/** Draws the choice of a format, and the form for a custom one. */
export function drawChoice(view) {
  const { node, chosen } = view;
  const own = !isText(chosen.format);
  const options = page.known.formats.map((format) => [format.name, format.name]);
  const named = own || knownFormat(chosen.format) ? [] : [[chosen.format, chosen.format]];
  replaceOptions(node.querySelector(".format"), [...options, ...named, [OWN, "Your own line …"]], own ? OWN : chosen.format);
  const form = node.querySelector(".own");
  form.hidden = !own;
  const format = own ? null : knownFormat(chosen.format);
  describe(view, {
    encoding: chosen.encoding ?? format?.encoding ?? page.known.encodings[0],
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
    return element("label", {}, role === null ? "Format line" : `Format line for ${role}`, text);
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

export function readOwn(view) {
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

/** Shows what is the same for every conversation in a format: its roles and lines. */
export function describe(view, { encoding, roles, lines }) {
  const { node } = view;
  view.roles = Object.keys(roles);
  for (const [role, tint] of Object.entries(roles)) page.tints.set(role, tint);
  view.fields = new Map(view.roles.map((role) => {
    const ofRole = lines.filter((line) => line.roles.includes(role));
    return [role, ofRole.flatMap((line) => line.segments.filter(([kind]) => kind === "field").map(([, text]) => text.slice(1, -1)))];
  }));
  replaceOptions(node.querySelector(".encoding"), page.known.encodings.map((name) => [name, name]), encoding);
  const drawn = JSON.stringify(lines);
  if (node.dataset.lines === drawn) return;
  node.dataset.lines = drawn;
  node.querySelector(".lines").replaceChildren(...lines.map((line) => drawLine(line, lines.length)));
}

function drawLine(line, many) {
  const node = element("p", { className: "format-line" });
  if (many > 1) {
    const of = line.roles.length ? line.roles.join(", ") : "prologue";
    node.append(element("span", { className: "of", textContent: `${of}  ` }));
  }
  const titles = { generation: "The model begins to write here", group: "Written only if the field is set" };
  line.segments.forEach(([kind, text], index) => {
    const segment = element("span", { className: kind, textContent: text });
    if (titles[kind]) segment.title = titles[kind];
    segment.dataset.segment = index;
    node.append(element("wbr"), segment);
  });
  return node;
}
