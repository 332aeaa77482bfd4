// Asking the API from a page: what is there, what is on its way, what went wrong.
import { useCallback, useEffect, useRef, useState } from "./dom.js";
import * as api from "./api.js";

/**
 * {data, error, busy, reload(), learn(data)} of a GET, asked anew when path or query change; the last answer stays
 * meanwhile. What a write has answered is learned without asking.
 */
export function useGet(path, query = {}, { every } = {}) {
  const [found, set] = useState({ data: null, error: null, busy: Boolean(path) });
  const [turn, again] = useState(0);
  const target = path && api.address(path, query);
  useEffect(() => {
    if (!target) return undefined;
    const control = new AbortController();
    set((before) => ({ ...before, busy: true }));
    api.get(target, {}, { signal: control.signal }).then(
      (data) => set({ data, error: null, busy: false }),
      (error) => error.name === "AbortError" || set((before) => ({ ...before, error, busy: false })),
    );
    return () => control.abort();
  }, [target, turn]);
  const reload = useCallback(() => again((one) => one + 1), []);
  useEvery(reload, every);
  useSignedIn(reload);
  const learn = useCallback((data) => set({ data, error: null, busy: false }), []);
  return { ...found, reload, learn };
}

/** Ask anew every so many milliseconds, while somebody may be looking. */
function useEvery(reload, every) {
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [every, reload]);
}

/** A value once it has been still for a moment, so that typing asks once. */
export function useStill(value, wait = 200) {
  const [still, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return still;
}

/** Do something once somebody has signed in again: what was refused meanwhile is asked anew. */
function useSignedIn(reload) {
  useEffect(() => {
    window.addEventListener("signed-in", reload);
    return () => window.removeEventListener("signed-in", reload);
  }, [reload]);
}

const PAGE = 100;
const NEAR = 40;

/**
 * A list of any length, of which only what is looked at is asked: {total, at(index), look(first, last), error, busy}.
 * `answer` is the newest page's whole answer, for what stands beside its rows. reload() asks anew for what is looked
 * at; until it comes the rows stay, so that nobody loses their place.
 */
export function useRows(path, query, { every } = {}) {
  const target = path && api.address(path, query);
  const kept = useRef({});
  const [, show] = useState(0);
  if (kept.current.target !== target) {
    kept.current.control?.abort();
    const { answer = null } = kept.current;
    kept.current = { target, answer, asked: new Set(), pages: new Map(), total: null, error: null, span: [0, 0] };
    kept.current.control = new AbortController();
  }
  const mine = kept.current;
  const ask = (number) => {
    if (!target || mine.asked.has(number)) return;
    const { asked } = mine;
    asked.add(number);
    api
      .get(path, { ...query, limit: PAGE, offset: number * PAGE }, { signal: mine.control.signal })
      .then((answer) => {
        mine.pages.set(number, answer.data);
        Object.assign(mine, { total: answer.total, answer, error: null });
      })
      .catch((error) => {
        asked.delete(number);
        if (error.name !== "AbortError") mine.error = error;
      })
      .finally(() => mine === kept.current && show((one) => one + 1));
  };
  const look = (first, last) => {
    mine.span = [first, last];
    for (let one = Math.floor(Math.max(0, first - NEAR) / PAGE); one <= Math.floor((last + NEAR) / PAGE); one += 1) {
      if (mine.total === null ? one === 0 : one * PAGE < mine.total) ask(one);
    }
  };
  const reload = useCallback(() => {
    kept.current.asked = new Set();
    kept.current.again();
  }, []);
  mine.again = () => (mine.total === 0 ? ask(0) : look(...mine.span));
  useEffect(() => ask(0), [target]);
  useEffect(() => () => kept.current.control.abort(), []);
  useEvery(reload, every);
  useSignedIn(reload);
  return {
    total: mine.total,
    error: mine.error,
    answer: mine.answer,
    busy: mine.total === null && !mine.error,
    at: (index) => mine.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    look,
    reload,
  };
}
