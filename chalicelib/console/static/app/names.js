// Whom records mean by `user:5` or `key:3`.
import { html, useEffect, useState } from "./dom.js";
import { get } from "./api.js";

let asked;

/** The names that people have, by those that records have; asked once. */
export function names() {
  asked ||= get("auth/names").then(({ data }) => new Map(data.map((one) => [one.name, one.called])));
  asked.catch(() => (asked = null));
  return asked;
}

/** Somebody as people call them; as the record does where that is all there is, and besides where it matters (`exact`). */
export function By({ who, exact }) {
  const [known, set] = useState();
  useEffect(() => {
    names().then(set, () => {});
  }, []);
  const called = known?.get(who);
  return called ? html`<span title=${who}>${called}${exact && ` (${who})`}</span>` : who;
}
