/* Pasted JSON and pasted ids. */

import { ask, refusalText } from "./ask.js";
import { byId, element, say, showError } from "./dom.js";
import { setMessages } from "./editor.js";
import { edited, page, refresh } from "./state.js";

export async function useJson(line = null) {
  showError(byId("json-error"), "");
  byId("json-found").replaceChildren();
  const { answer, refused } = await ask("import", { text: byId("json-text").value, line });
  if (refused) {
    showError(byId("json-error"), refusalText(refused));
    return;
  }
  const found = answer.conversations;
  byId("json-line-of").hidden = answer.lines < 2;
  byId("json-line").max = answer.lines;
  byId("json-lines").textContent = `Which of the ${answer.lines.toLocaleString("en")} lines?`;
  if (answer.lines > 1 && line === null) {
    byId("json-line").focus();
    return;
  }
  const use = (conversation) => {
    setMessages(structuredClone(conversation.messages));
    page.state.tools = conversation.tools ? JSON.stringify(conversation.tools, null, 2) : "";
    byId("tools").value = page.state.tools;
    if (page.state.tools) byId("definitions").open = true;
    edited();
    const of = line === null ? found.length : answer.lines;
    say(`${conversation.label} of ${of}: ${conversation.messages.length} ${conversation.messages.length === 1 ? "message" : "messages"}.`);
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

export function useIds() {
  const words = byId("ids-text").value.match(/[^\s,;[\]()]+/g) ?? [];
  page.state.ids = words.map((word) => (/^-?\d{1,15}$/.test(word) ? Number(word) : word));
  page.state.lenient = byId("ids-lenient").checked;
  refresh();
}

/** Shows what is wrong with pasted ids, and the wrong id among its neighbours. */
export function pointAtId(refused) {
  showError(byId("ids-error"), refused ? refusalText(refused) : "");
  const excerpt = byId("ids-excerpt");
  if (refused) byId("paste-ids").open = true;
  excerpt.hidden = refused?.index == null;
  if (excerpt.hidden) return;
  const at = refused.index;
  const from = Math.max(0, at - 6);
  excerpt.replaceChildren(
    `${from ? "… " : ""}${page.state.ids.slice(from, at).join(" ")} `,
    element("mark", { textContent: page.state.ids[at] ?? "the end" }),
    ` ${page.state.ids.slice(at + 1, at + 7).join(" ")}${page.state.ids.length > at + 7 ? " …" : ""}`,
  );
}
