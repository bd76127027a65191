/* The whole page: what it does when it is opened, and what its buttons do. */

import { ask } from "./ask.js";
import { byId, copy, say } from "./dom.js";
import { drawEditor, drawMessage, updateMessages } from "./editor.js";
import { fromFragment, isState, toFragment } from "./link.js";
import { useIds, useJson } from "./paste.js";
import { START, edited, page, refresh, whenChanged } from "./state.js";
import { askForTokens, drawViews } from "./view.js";

function restore() {
  page.state = structuredClone(START);
  const fragment = location.hash.slice(1);
  if (fragment) {
    try {
      const found = fromFragment(fragment);
      if (!isState(found)) throw new Error("another shape");
      for (const name of Object.keys(START)) page.state[name] = found[name] ?? page.state[name];
    } catch {
      say("This link does not hold a conversation, so here is an example.");
    }
  }
  drawEditor();
  drawViews();
  refresh();
}

async function start() {
  const { answer, refused } = await ask("formats");
  if (refused) {
    say(refused.reason);
    return;
  }
  page.known = answer;
  START.views[0].format = answer.first;
  for (const { roles } of page.known.formats) {
    for (const [role, tint] of Object.entries(roles)) page.tints.set(role, tint);
  }
  byId("add").addEventListener("click", () => {
    const last = page.state.messages.at(-1)?.role;
    const message = { role: last === "user" ? "assistant" : "user", content: "" };
    page.state.messages.push(message);
    byId("messages").append(drawMessage(message));
    updateMessages();
    byId("messages").lastElementChild.querySelector(".content").focus();
    edited();
  });
  const toggle = (id, name, changed) => byId(id).addEventListener("change", (event) => {
    page.state[name] = event.target.checked;
    changed();
  });
  toggle("show-prompt", "prompt", edited);
  toggle("prepare", "prepare", () => {
    byId("values-of").hidden = !page.state.prepare;
    edited();
  });
  byId("values").addEventListener("input", (event) => {
    page.state.values = event.target.value;
    edited();
  });
  byId("tools").addEventListener("input", (event) => {
    page.state.tools = event.target.value;
    edited();
  });
  for (const [id, mode] of [["as-conversation", "conversation"], ["as-text", "text"]]) {
    byId(id).addEventListener("change", () => {
      page.state.mode = mode;
      drawEditor();
      updateMessages();
      refresh();
    });
  }
  byId("text").addEventListener("input", (event) => {
    page.state.text = event.target.value;
    refresh();
  });
  toggle("special", "special", refresh);
  toggle("show-raw", "showRaw", refresh);
  toggle("list-ids", "listIds", refresh);
  toggle("show-whitespace", "whitespace", refresh);
  toggle("show-ids", "showIds", refresh);
  toggle("show-weights", "weights", refresh);
  byId("json-use").addEventListener("click", () => useJson());
  byId("json-line-use").addEventListener("click", () => useJson(byId("json-line").valueAsNumber || 1));
  byId("ids-use").addEventListener("click", useIds);
  byId("copy-link").addEventListener("click", () => {
    history.replaceState(null, "", `#${toFragment(page.state)}`);
    copy(location.href, "the link");
  });
  byId("compare").addEventListener("click", () => {
    if (page.state.views.length > 1) page.state.views.pop();
    else page.state.views.push({ format: page.state.views[0].format === "gpt-3.5-turbo" ? "gpt-4o" : "gpt-3.5-turbo", encoding: null });
    drawViews();
    refresh();
  });
  addEventListener("hashchange", restore);
  restore();
}

whenChanged(() => page.views.forEach(askForTokens));
start();
