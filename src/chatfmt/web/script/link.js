/* The page's state as the part of a link after the #, and back. */

export const HEADER_FIELDS = ["name", "recipient", "channel", "content_type", "call_id"];
export function toFragment(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromFragment(fragment) {
  const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

export function isText(value) {
  return typeof value === "string";
}

function isRecord(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function holdsTexts(value) {
  return value !== null && typeof value === "object" && Object.values(value).every(isText);
}

/** Checks a value from a link, which may hold anything: its author may be hostile. */
export function isState(value) {
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
    ["mode", "text", "tools", "values"].every((name) => isText(value[name] ?? "")) &&
    (value.ids == null || (Array.isArray(value.ids) && value.ids.every(isId))) &&
    Array.isArray(value.views) && [1, 2].includes(value.views.length) && value.views.every(isView);
}
