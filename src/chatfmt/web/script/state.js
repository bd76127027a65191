/* What the page shows: one object that a link can hold, and what the server said of its formats. */

import { toFragment } from "./link.js";

export const OWN = "own"; // the choice of a format line of one's own

export const START = {
  messages: [
    { role: "user", content: "What is 2+2?" },
    { role: "assistant", content: "2+2 = 4" },
    { role: "user", content: "What if it was *?" },
    { role: "assistant", content: "2*2 = 4, same as 2+2!" },
  ],
  mode: "conversation", // or "text": any text as tokens
  text: "",
  special: false, // what spells a special token is one
  tools: "", // definitions of tools, as JSON; only preparing reads them
  ids: null, // ids as they were pasted, for as long as nothing is edited
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
/** What is to be done, a moment later, whenever the state has changed. */
export function whenChanged(call) {
  asking = call;
}

let waiting = 0;
export function refresh() {
  save();
  clearTimeout(waiting);
  waiting = setTimeout(asking, 40);
}

/** The conversation is another one now: pasted ids are no longer its ids. */
export function edited() {
  page.state.ids = null;
  refresh();
}
