// The API as pages use it: paths relative to /api, refusals as errors that say everything, and patience.

const PATIENCE = 3;
const LONGEST_WAIT = 10;

let csrf = null;
let lost = () => {};

/** The session's proof for writes, and what to do when it is over. */
export function signedIn(token, whenLost) {
  csrf = token;
  lost = whenLost;
}

/** What the API refused: `status`, `errors` (a sentence each, beginning with its field), `requestId`. */
export class Refusal extends Error {
  constructor(status, body, wait) {
    super(body.error || `HTTP ${status}`);
    this.status = status;
    this.errors = body.errors || [];
    this.requestId = body.request_id;
    this.wait = wait;
  }

  /** The problems of one field, without its name. */
  of(field) {
    return this.errors.filter((one) => fieldOf(one) === field).map((one) => one.slice(field.length + 2));
  }

  /** The problems of no field among these. */
  beside(fields) {
    return this.errors.filter((one) => !fields.includes(fieldOf(one)));
  }
}

const fieldOf = (sentence) => sentence.split(":", 1)[0];

/** A path with its query; what is null, undefined or "" is not asked; lists repeat the name. */
export function address(path, query = {}) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") said.append(name, one);
    }
  }
  const text = said.toString();
  return path.replace(/^\//, "") + (text ? `?${text}` : "");
}

export const get = (path, query, options) => call("GET", address(path, query), undefined, options);
export const post = (path, body = {}, options) => call("POST", address(path), body, options);
export const put = (path, body, options) => call("PUT", address(path), body, options);
export const remove = (path, query, options) => call("DELETE", address(path, query), undefined, options);

async function call(method, target, body, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  // Under one key, sending again does nothing twice.
  const named = method === "POST" && !target.startsWith("auth/");
  if (named) headers["Idempotency-Key"] = crypto.randomUUID();
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  for (let tried = 1; ; tried += 1) {
    const refusal = await attempt(target, { method, headers, body, signal, cache: "no-store" });
    if (!(refusal instanceof Refusal)) return refusal;
    const again = (named || method === "GET") && [429, 503].includes(refusal.status) && tried < PATIENCE;
    if (!again) throw refusal;
    await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(refusal.wait || 1, LONGEST_WAIT)));
    signal?.throwIfAborted();
  }
}

async function attempt(target, request) {
  let answer;
  let said = {};
  try {
    answer = await fetch(target, request);
    said = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    // A refusal of what stands before the API need be no JSON; an answer that was cut short is none.
    if (!answer || answer.ok) throw new Refusal(0, { error: "unreachable" });
  }
  if (answer.ok) return said;
  if (answer.status === 401 && !target.startsWith("auth/")) lost();
  return new Refusal(answer.status, said, Number(answer.headers.get("Retry-After")));
}
