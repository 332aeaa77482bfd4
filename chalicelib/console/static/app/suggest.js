// A field that suggests while one types: somebody by name, or a name that is in use. The keys are those of a combobox.
import { classes, html, useEffect, useId, useLayoutEffect, useRef, useState } from "./dom.js";
import { get } from "./api.js";
import { useStill } from "./data.js";
import { names } from "./names.js";
import { texts } from "./texts.js";

const AT_ONCE = 8;
const ID = /^\s*\d+\s*$/;

const search = (q, become) => (q ? get("employees/search", { q, limit: AT_ONCE }).then(({ data }) => data.map(become)) : []);

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const among = (rows, q) => rows.filter((one) => folded(one.text).includes(folded(q)));

let leads;

/** Who is somebody's supervisor, asked once. */
async function supervisors() {
  leads ||= (await get("reports/employees", { group_by: "supervisor", limit: 1000 })).data.map((one) => one.supervisor).filter(Boolean);
  return leads;
}

/** For each kind of field: what it suggests ({value, text, more}), and what is meant by what was typed. */
const KINDS = {
  person: {
    ask: (q) => search(q, (one) => ({ value: one.employee_id, text: `${one.full_name} · ${one.employee_id}`, more: one.department })),
    meant: (text) => (ID.test(text) ? Number(text) : null),
  },
  name: {
    ask: (q) => search(q, (one) => ({ value: one.full_name, text: one.full_name, more: `${one.employee_id} ${one.department ?? ""}` })),
    meant: (text) => text || null,
  },
  supervisor: {
    ask: async (q) => among((await supervisors()).map((one) => ({ value: one, text: one })), q),
    meant: (text) => text || null,
  },
  identity: {
    ask: async (q) => among([...(await names())].map(([value, called]) => ({ value, text: called, more: value })), q),
    meant: (text) => text || null,
  },
};

/** What Field's kinds are that this file knows. */
export const suggests = (kind) => kind in KINDS;

/**
 * The input of a field of such a kind. A person is meant by id: `onInput` gets that, or null until somebody is chosen;
 * otherwise it gets what is typed, which need not be among what is suggested.
 */
export function Suggest({ kind, value, onInput, ...shared }) {
  const { ask, meant } = KINDS[kind];
  const [said, say] = useState({ text: "", value: null });
  const [found, find] = useState({ q: null, rows: [] });
  const [active, point] = useState(-1);
  const [open, set] = useState(false);
  const input = useRef();
  const list = useRef();
  const id = useId();
  const current = value || null;
  const text = said.value === current ? said.text || String(current ?? "") : String(current ?? "");
  const q = text.trim();
  const still = useStill(q);
  useEffect(() => {
    if (!open) return undefined;
    let wanted = true;
    Promise.resolve(ask(still)).then((rows) => {
      if (!wanted) return;
      find({ q: still, rows });
      point(rows.length > 0 && still && meant(still) === null ? 0 : -1);
    }, () => {});
    return () => {
      wanted = false;
    };
  }, [open, still]);
  // An id that stands there says whose it is, once that is known.
  useEffect(() => {
    if (kind !== "person" || current === null) return;
    ask(String(current)).then((rows) => {
      const one = rows.find((each) => String(each.value) === String(current));
      if (one) say((before) => (before.text ? before : { ...one, value: current }));
    }, () => {});
  }, []);
  const rows = open ? found.rows : [];
  const shown = rows.length > 0;
  usePlace(input, list, shown, rows);
  useLayoutEffect(() => list.current.children[active]?.scrollIntoView({ block: "nearest" }), [active]);

  const type = (event) => {
    const next = { text: event.currentTarget.value, value: meant(event.currentTarget.value) };
    say(next);
    set(true);
    point(-1);
    onInput(next.value);
  };
  const take = (one) => {
    say(one);
    set(false);
    find({ q: null, rows: [] });
    onInput(one.value);
  };
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      set(true);
      if (shown) point((at) => (at < 0 && step < 0 ? rows.length - 1 : (at + step + rows.length) % rows.length));
    } else if (event.key === "Enter" && rows[active]) {
      take(rows[active]);
    } else if (event.key === "Escape" && shown) {
      set(false);
      event.stopPropagation();
    } else {
      return;
    }
    event.preventDefault();
  };
  // Whoever goes on has meant the only one that there is.
  const leave = () => {
    set(false);
    if (q && current === null && found.q === q && found.rows.length === 1) take(found.rows[0]);
  };
  return html`<input ...${shared} ref=${input} type="text" role="combobox" autocomplete="off" aria-autocomplete="list" value=${text}
      aria-expanded=${shown} aria-controls=${id} aria-activedescendant=${rows[active] ? `${id}-${active}` : null}
      placeholder=${kind === "person" ? texts.nameOrId : null} onInput=${type} onKeyDown=${press} onClick=${() => set(true)} onBlur=${leave} />
    <ul ref=${list} id=${id} class="suggestions" popover="manual" role="listbox" aria-label=${texts.suggestions} onPointerDown=${(event) => event.preventDefault()}>
      ${rows.map((one, index) => html`<li key=${index} id=${`${id}-${index}`} role="option" aria-selected=${index === active} class=${classes({ active: index === active })}
        onClick=${() => take(one)}>${one.text}${one.more && html` <span class="muted small">${one.more}</span>`}</li>`)}</ul>`;
}

/** What is suggested stands above everything, beside its input wherever that scrolls to. */
function usePlace(input, list, shown, rows) {
  useLayoutEffect(() => {
    if (!shown) return undefined;
    const { current: box } = list;
    const place = () => {
      const { left, top, bottom, width } = input.current.getBoundingClientRect();
      const above = window.innerHeight - bottom < box.offsetHeight && top > box.offsetHeight;
      const room = document.documentElement.clientWidth - 4;
      Object.assign(box.style, { left: `${Math.max(4, Math.min(left, room - box.offsetWidth))}px`, top: `${above ? top - box.offsetHeight : bottom}px`, minWidth: `${width}px` });
    };
    box.showPopover();
    place();
    window.addEventListener("scroll", place, true);
    window.addEventListener("resize", place);
    return () => {
      window.removeEventListener("scroll", place, true);
      window.removeEventListener("resize", place);
      if (box.isConnected) box.hidePopover();
    };
  }, [shown, rows]);
}
