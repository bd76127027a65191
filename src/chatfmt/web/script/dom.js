/* Small helpers for the elements of the page. All text is set as text, never as HTML. */
export const byId = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

export function say(text) {
  byId("notice").textContent = text;
}

export function showError(node, text) {
  node.textContent = text;
  node.hidden = !text;
}

export function replaceOptions(select, options, chosen) {
  const wanted = JSON.stringify([options, chosen]);
  if (select.dataset.options === wanted) return;
  select.dataset.options = wanted;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
  select.value = chosen;
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    say("The browser does not let this page write to the clipboard.");
  }
}
