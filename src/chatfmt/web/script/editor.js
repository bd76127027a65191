/* The conversation as text boxes. */

import { byId, replaceOptions, showError } from "./dom.js";
import { oneLine, updateCalls, wireField } from "./fields.js";
import { HEADER_FIELDS } from "./link.js";
import { edited, page } from "./state.js";

export function drawEditor() {
  byId("messages").replaceChildren(...page.state.messages.map(drawMessage));
  const isText = page.state.mode === "text";
  byId("as-conversation").checked = !isText;
  byId("as-text").checked = isText;
  byId("conversation-editor").hidden = isText;
  byId("text-editor").hidden = !isText;
  byId("text").value = page.state.text;
  byId("special").checked = page.state.special;
  byId("tools").value = page.state.tools;
  if (page.state.tools) byId("definitions").open = true;
  for (const toggle of document.querySelectorAll(".of-conversation")) toggle.hidden = isText;
  byId("show-raw").checked = page.state.showRaw;
  byId("list-ids").checked = page.state.listIds;
  byId("show-prompt").checked = page.state.prompt;
  byId("prepare").checked = page.state.prepare;
  byId("values").value = page.state.values;
  byId("values-of").hidden = isText || !page.state.prepare;
  byId("show-whitespace").checked = page.state.whitespace;
  byId("show-ids").checked = page.state.showIds;
  byId("show-weights").checked = page.state.weights;
  byId("ids-lenient").checked = page.state.lenient;
  if (page.state.ids) byId("ids-text").value = page.state.ids.join(" ");
}

export function drawMessage(message) {
  const item = byId("message").content.firstElementChild.cloneNode(true);
  const at = () => page.state.messages.indexOf(message);
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
    page.state.messages.splice(from, 1);
    page.state.messages.splice(from + by, 0, message);
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
    page.state.messages.splice(from, 1);
    item.remove();
    updateMessages();
    const next = byId("messages").children[Math.min(from, page.state.messages.length - 1)];
    (next ? next.querySelector(".remove") : byId("add")).focus();
    edited();
  });
  return item;
}

/** Updates what depends on the position of a message, or on the formats. */
export function updateMessages() {
  const roles = new Set(page.views.flatMap((view) => view.roles));
  [...byId("messages").children].forEach((item, index) => {
    const message = page.state.messages[index];
    const number = index; // as in messages[0], and in what the server says
    const inLines = new Set(page.views.flatMap((view) => view.fields.get(message.role) ?? []));
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
    item.querySelector(".down").disabled = index === page.state.messages.length - 1;
    for (const [name, label] of [["reasoning", "Reasoning"], ["tools", "Tools"]]) {
      const box = item.querySelector(`.${name}`);
      box.hidden = !inLines.has(name) && message[name] == null;
      box.setAttribute("aria-label", `${label} of message ${number}`);
    }
    updateCalls(item, message, number, updateMessages);
    item.querySelector(".add-call").hidden = ![...inLines].some((name) => /^call(\.|$)/.test(name));
    const wanted = HEADER_FIELDS.filter((name) => inLines.has(name) || message[name] != null);
    const fields = item.querySelector(".fields");
    if (fields.dataset.names !== wanted.join()) {
      fields.dataset.names = wanted.join();
      fields.classList.toggle("many", wanted.length > 1);
      fields.replaceChildren(...wanted.map((name) => wireField(oneLine(name), message, name)));
    }
    [...fields.children].forEach((input) => input.setAttribute("aria-label", `${input.placeholder} of message ${number}`));
    const tint = page.tints.get(message.role) ?? "other";
    item.className = `message tint-${tint}${item.classList.contains("at-fault") ? " at-fault" : ""}`;
  });
}

export function setMessages(messages) {
  page.state.messages = messages;
  byId("messages").replaceChildren(...page.state.messages.map(drawMessage));
  updateMessages();
}

export function markMessage(refused) {
  const at = /^messages\[(\d+)\]/.exec(refused?.where ?? "");
  [...byId("messages").children].forEach((item, index) => {
    const here = at !== null && Number(at[1]) === index;
    item.classList.toggle("at-fault", here);
    showError(item.querySelector(".error"), here ? refused.reason : "");
  });
}
