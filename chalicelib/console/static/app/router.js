// Where one is: the part of the address behind #, such as #/people/4103?tab=leave. Links are ordinary links.
import { useEffect, useState } from "./dom.js";

export function here() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decodeURIComponent);
  return { page: page || "", rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

export function useRoute() {
  const [route, move] = useState(here);
  useEffect(() => {
    const follow = () => move(here());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return route;
}

export function link(page, ...rest) {
  const last = rest.at(-1);
  const query = last && typeof last === "object" ? new URLSearchParams(filled(rest.pop())).toString() : "";
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

const filled = (query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value));

/** Change the query in place, so that a page can be linked to as it stands. */
export function keep(query) {
  const { page, rest, query: before } = here();
  history.replaceState(null, "", link(page, ...rest, { ...before, ...query }));
  window.dispatchEvent(new Event("hashchange"));
}
