// Who is signed in, and what they may do (the roles of docs/api.md; the API decides, this only spares refusals).
import * as api from "./api.js";
import { atSite } from "./format.js";

const LEADS = ["supervisor", "duty_lead", "admin"];
const MAY = {
  mark: LEADS,
  note: [...LEADS, "planner"],
  change: LEADS,
  leave: [...LEADS, "hr"],
  except: [...LEADS, "planner"],
  reward: [...LEADS, "hr"],
  plan: ["planner", "admin"],
  people: ["hr", "admin"],
  reasons: ["hr", "admin"],
  bring: ["planner", "hr", "admin", "supervisor", "duty_lead"],
  administer: ["admin"],
  override: ["duty_lead", "admin"],
};

/** Whether somebody's role lets them do this; the names are those of MAY. */
export const may = (me, deed) => Boolean(me) && MAY[deed].includes(me.role);

/** The session that the browser has, else null. */
export async function current() {
  try {
    return entered(await api.get("auth/me"));
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

export async function signIn(username, password) {
  await api.post("auth/login", { username, password });
  return current();
}

export async function signOut() {
  await api.post("auth/logout");
  location.hash = "";
  location.reload();
}

function entered(me) {
  atSite(me.site);
  api.signedIn(me.csrf_token, () => window.dispatchEvent(new Event("signed-out")));
  return me;
}
