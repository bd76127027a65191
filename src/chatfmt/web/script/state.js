/* The state of the page: one object that a link can hold, and what the server says about its formats. */

import { toFragment } from "./link.js";

export const OWN = "own"; // the choice of a custom format line

export const START = {
  messages: [
    { role: "user", content: "What is 2+2?" },
    { role: "assistant", content: "2+2 = 4" },
    { role: "user", content: "What if it was *?" },
    { role: "assistant", content: "2*2 = 4, same as 2+2!" },
  ],
  mode: "conversation", // or "text": any text as tokens
  text: "",
  special: false, // whether the spelling of a special token is read as that token
  tools: "", // tool definitions, as JSON text; only preparation reads them
  ids: null, // pasted ids, until something is edited
  lenient: false,
  prompt: false,
  prepare: false,
  values: "",
  whitespace: false,
  showIds: false,
  weights: false,
  showRaw: false,
  listIds: false,
  views: [{ format: "gpt-4o", encoding: null }],
};

export const page = {
  state: null,
  known: { formats: [], encodings: [] },
  views: [], // what is on the page for each entry of state.views
  tints: new Map(), // role -> the role whose colours it has
};

let saving = 0;
export function save() {
  clearTimeout(saving);
  saving = setTimeout(() => history.replaceState(null, "", `#${toFragment(page.state)}`), 250);
}

let asking = () => {};
/** Sets what to call, a moment later, whenever the state has changed. */
export function whenChanged(call) {
  asking = call;
}

let waiting = 0;
export function refresh() {
  save();
  clearTimeout(waiting);
  waiting = setTimeout(asking, 40);
}

/** To be called when the conversation has changed: pasted ids are no longer its ids. */
export function edited() {
  page.state.ids = null;
  refresh();
}
