/* The boxes of a message's fields and tool calls. */

import { element } from "./dom.js";
import { edited } from "./state.js";

const CALL_FIELDS = ["name", "id", "arguments"];

/** The calls of a message: a row of boxes for each. */
export function updateCalls(item, message, number, redraw) {
  const calls = item.querySelector(".calls");
  const wanted = message.tool_calls ?? [];
  if (calls.children.length !== wanted.length) {
    calls.replaceChildren(...wanted.map((call) => drawCall(call, message, redraw)));
  }
  [...calls.children].forEach((row, index) => {
    const which = `call ${index} of message ${number}`;
    [...row.querySelectorAll("textarea")].forEach((box, at) => box.setAttribute("aria-label", `${CALL_FIELDS[at]} of ${which}`));
    row.querySelector(".remove-call").setAttribute("aria-label", `Remove ${which}`);
  });
}

function drawCall(call, message, redraw) {
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
    redraw();
    item.querySelector(".add-call").focus();
    edited();
  });
  const [name, id, given] = boxes;
  return element("div", { className: "call" }, name, id, remove, given);
}

/** A box for one line, which wraps if it is long. */
export function oneLine(placeholder) {
  const box = element("textarea", { placeholder, rows: 1, spellcheck: false });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  return box;
}

/** Connects a box with a field; an empty box means that the message does not have the field. */
export function wireField(input, message, name) {
  input.value = message[name] ?? "";
  input.addEventListener("input", () => {
    if (input.value) message[name] = input.value;
    else delete message[name];
    edited();
  });
  return input;
}
