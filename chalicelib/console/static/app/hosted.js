// Signing in at the user pool's own page: OAuth 2.0's code flow, with PKCE (RFC 7636) in place of a secret.
import * as api from "./api.js";
import { texts } from "./texts.js";

const KEPT = "opsdb-hosted";

/** Leave for the page; it sends the browser back here with a code. */
export async function leaveFor({ address, client_id }) {
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem(KEPT, JSON.stringify({ verifier, state, address, client_id, hash: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = { response_type: "code", client_id, redirect_uri: here(), scope: "openid email", state };
  const proof = { code_challenge_method: "S256", code_challenge: encoded(new Uint8Array(digest)) };
  location.assign(`${address}/oauth2/authorize?${new URLSearchParams({ ...asked, ...proof })}`);
}

/** Sign in whoever comes back from the page, where somebody does, and have them where they wanted to be. */
export async function comeBack() {
  const said = new URLSearchParams(location.search);
  if (!said.has("state")) return;
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  sessionStorage.removeItem(KEPT);
  history.replaceState(null, "", here() + (kept.hash || ""));
  if (said.get("state") !== kept.state || !said.has("code")) {
    throw new Error(said.get("error_description") || texts.signIn.notBack);
  }
  const form = { grant_type: "authorization_code", client_id: kept.client_id, code: said.get("code") };
  const body = new URLSearchParams({ ...form, redirect_uri: here(), code_verifier: kept.verifier });
  const answer = await fetch(`${kept.address}/oauth2/token`, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) throw new Error(texts.signIn.notBack);
  await api.post("auth/token", { id_token: (await answer.json()).id_token });
}

const here = () => location.origin + location.pathname;
const random = () => encoded(crypto.getRandomValues(new Uint8Array(32)));
const encoded = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
