// The audit log: who did what, with what changed beside each entry, and the way back.
import { html, useState } from "./dom.js";
import { post } from "./api.js";
import { Filters } from "./filters.js";
import { beginning, moment, plus } from "./format.js";
import { By } from "./names.js";
import { Table } from "./table.js";
import { texts } from "./texts.js";
import { office } from "./texts.office.js";
import { Button, Confirm, Dialog, Empty, Facts, Head, say, Trouble, Waiting } from "./ui.js";

const t = office.audit;
const FIELDS = [
  { name: "actor", label: t.actor, kind: "identity" },
  { name: "table_name", label: t.table },
  { name: "row_id", label: t.row },
  { name: "employee_id", label: t.employee, kind: "person" },
  { name: "at_min", label: t.from, kind: "date" },
  { name: "at_max", label: t.to, kind: "date" },
];

export default function Audit({ route }) {
  const [open, set] = useState(null);
  const { at_min, at_max, ...asked } = route.query;
  const query = { ...asked, at_min: at_min && beginning(at_min), at_max: at_max && beginning(plus(at_max, 1)) };
  const columns = [
    { key: "at", title: t.at, sort: "at", cell: (row) => moment(row.at) },
    { key: "actor", title: t.actor, sort: "actor", cell: (row) => html`<${By} who=${row.actor} />` },
    { key: "action", title: t.action, sort: "action" },
    { key: "table_name", title: t.table, sort: "table_name" },
    { key: "row_id", title: t.row, minor: true },
    { key: "row_count", title: t.count, number: true, minor: true },
    { key: "look", title: texts.actions, cell: (row) => html`<${Button} kind="small" onClick=${() => set(row)}>${t.look}<//>` },
  ];
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Filters} fields=${FIELDS} query=${route.query} />
    <${Table} path="admin/audit" query=${query} sort=${{ sort: "at", order: "desc" }} columns=${columns} caption=${t.title} rowKey="audit_id"
      empty=${html`<${Empty} title=${t.empty} />`} />
    ${open && html`<${Entry} row=${open} onClose=${() => set(null)} />`}`;
}

function Entry({ row, onClose }) {
  const [asking, ask] = useState(false);
  const names = [...new Set([...Object.keys(row.before || {}), ...Object.keys(row.after || {})])];
  const changed = names.filter((name) => shown(row.before?.[name]) !== shown(row.after?.[name]));
  return html`<${Dialog} wide title=${`${row.action} ${row.table_name} ${row.row_id || ""}`} onClose=${onClose}>
    <${Facts} facts=${[[t.at, moment(row.at)], [t.actor, html`<${By} exact who=${row.actor} />`], [t.acting, row.acting], [t.request, row.request_id], [t.upload, row.upload_id], [t.count, row.row_count]]} />
    ${changed.length > 0 && html`<div class="scroller short" tabindex="0" role="region" aria-label=${t.changed}><table>
      <thead><tr><th scope="col">${t.field}</th><th scope="col">${t.before}</th><th scope="col">${t.after}</th></tr></thead>
      <tbody>${changed.map((name) => html`<tr key=${name}><th scope="row">${name}</th><td>${shown(row.before?.[name])}</td><td>${shown(row.after?.[name])}</td></tr>`)}</tbody></table></div>`}
    <footer>${row.request_id && html`<${Button} onClick=${() => ask(true)}>${t.undo}<//>`}<${Button} kind="primary" onClick=${onClose}>${texts.close}<//></footer>
    ${asking && html`<${Undo} work=${{ request_id: row.request_id }} onClose=${() => ask(false)} />`}
  <//>`;
}

const shown = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What taking something back would do, told first; then it is done. `path` is where it is asked. */
export function Undo({ work, path = "undo", onClose, onDone }) {
  const found = useDry(path, work);
  const act = async () => {
    await post(path, { ...work, dry_run: false });
    say(t.undone);
    onDone?.();
  };
  if (found.error) return html`<${Dialog} title=${t.undo} onClose=${onClose}><${Trouble} error=${found.error} /><//>`;
  if (!found.data) return html`<${Dialog} title=${t.undo} onClose=${onClose}><${Waiting} /><//>`;
  const { tables, kept } = found.data;
  return html`<${Confirm} title=${t.undo} yes=${t.undo} danger onClose=${onClose} onYes=${act}>
    <p>${t.undoAsk}</p><ul>${tables.map((one) => html`<li key=${one.table_name}>${t.line(one)}</li>`)}</ul>
    ${kept.length > 0 && html`<p>${t.kept(kept.length)}</p><ul>${kept.slice(0, 20).map((one) => html`<li>${one.table_name} ${one.row_id}: ${one.why}</li>`)}</ul>`}
  <//>`;
}

function useDry(path, work) {
  const [found, set] = useState({});
  if (!found.asked) {
    found.asked = true;
    post(path, { ...work, dry_run: true }).then((data) => set({ asked: true, data }), (error) => set({ asked: true, error }));
  }
  return found;
}
