// The row of filters above lists: whom it is about, kept in the address so that a page can be linked to.
import { html, useEffect, useState } from "./dom.js";
import { get } from "./api.js";
import { useStill } from "./data.js";
import { Field } from "./form.js";
import { keep } from "./router.js";
import { texts } from "./texts.js";

const kept = new Map();

/** The active values of a dropdown, asked once: department, shift, work_code, ... */
export function useOptions(category) {
  const [values, set] = useState(kept.get(category) || []);
  useEffect(() => {
    if (kept.has(category)) return;
    get("admin/options", { category, is_active: true, limit: 1000, sort: "value" }).then(({ data }) => {
      kept.set(category, data.map((one) => one.value));
      set(kept.get(category));
    }, () => {});
  }, [category]);
  return values;
}

/** Forget what was asked, once an option has changed. */
export const forgetOptions = () => kept.clear();

/**
 * `fields` are descriptions as Field takes them, or the names of the usual ones: department, shift, supervisor, batch,
 * employee_status, search. Values come from the route's query and go back to it.
 */
export function Filters({ fields, query }) {
  const [typed, type] = useState({});
  const still = useStill(typed, 250);
  useEffect(() => {
    if (Object.keys(still).length) keep(still);
  }, [still]);
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    ${fields.map((one) => html`<${Filter} key=${one.name || one} ...${USUAL[one] ? { name: one, ...USUAL[one] } : one}
      value=${typed[one.name || one] ?? query[one.name || one]}
      onInput=${(value) => type((before) => ({ ...before, [one.name || one]: value ?? "" }))} />`)}
  </form>`;
}

function Filter({ of, ...field }) {
  const options = useOptions(of || "department");
  return html`<${Field} ...${field} options=${of ? options : field.options} />`;
}

const USUAL = {
  department: { label: texts.department, kind: "choice", of: "department" },
  shift: { label: texts.shift, kind: "choice", of: "shift" },
  role: { label: texts.role, kind: "choice", of: "role" },
  supervisor: { label: texts.supervisor, kind: "supervisor" },
  batch: { label: texts.batch },
  search: { label: texts.search, kind: "search" },
};

const WAITING = "Pending";
const ALL = "all";

/** The filter of an inbox: what waits unless something else is chosen. `statuses` are the API's, with their words. */
export const statusField = (label, statuses) => ({
  name: "status", label, kind: "choice", required: true,
  options: [...Object.entries(statuses).map(([value, title]) => ({ value, title })), { value: ALL, title: texts.all }],
});

/** An inbox's query as its filters show it, and as the API is asked. */
export const inboxQuery = (query) => {
  const shown = { ...query, status: query.status || WAITING };
  return [shown, { ...shown, status: shown.status === ALL ? "" : shown.status }];
};

/** An inbox's column of statuses, where the filter has not chosen one for all rows. */
export const statusColumn = (query, column) => (query.status ? [] : [{ key: "status", ...column }]);
