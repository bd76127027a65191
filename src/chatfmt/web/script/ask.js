/* Requests to the server. */
export async function ask(call, request) {
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

export function refusalText({ error, where, reason }) {
  const saysWhere = error === "RenderError" || error === "ParseError";
  return where && !saysWhere ? `${where}: ${reason}` : reason;
}
