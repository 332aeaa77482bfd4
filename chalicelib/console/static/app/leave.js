// Leave: an inbox with what matters beside each request, and the decisions.
import { html, useState } from "./dom.js";
import { post, remove } from "./api.js";
import { useGet } from "./data.js";
import { Filters, useOptions } from "./filters.js";
import { day } from "./format.js";
import { Listing } from "./listing.js";
import { link } from "./router.js";
import { may } from "./session.js";
import { texts } from "./texts.js";
import { inbox, people } from "./texts.people.js";
import { Badge, Button, Dialog, Empty, Facts, Head, Loaded } from "./ui.js";

const t = inbox.leave;
export const TONES = { Pending: ["amber", "…"], Approved: ["green", "✓"], Rejected: ["red", "×"], Cancelled: ["grey", "–"] };
export const Decided = ({ status }) => html`<${Badge} tone=${TONES[status][0]} sign=${TONES[status][1]}>${inbox.statuses[status]}<//>`;
export const STATUS = { name: "status", label: inbox.status, kind: "choice", options: Object.entries(inbox.statuses).map(([value, title]) => ({ value, title })) };
export const WHO = { key: "full_name", title: people.name, wide: true, cell: (row) => html`<a href=${link("people", row.employee_id)}>${row.full_name || row.employee_id}</a>` };
const REASON = { name: "reason", label: people.reason, kind: "area" };

export default function Leave({ me, route }) {
  const types = useOptions("leave_type");
  const [looking, look] = useState(null);
  const query = { status: "Pending", ...route.query };
  const own = may(me, "leave");
  const columns = [
    WHO,
    { key: "department", title: texts.department, minor: true },
    { key: "leave_type", title: people.kind },
    { key: "start_date", title: people.from, cell: (row) => day(row.start_date) },
    { key: "end_date", title: people.to, cell: (row) => day(row.end_date) },
    { key: "status", title: inbox.status, cell: (row) => html`<${Decided} status=${row.status} />` },
    { key: "look", title: t.cost, minor: true, cell: (row) => html`<${Button} kind="small" onClick=${() => look(row)}>${t.look}<//>` },
  ];
  const decide = (name, danger) => ({
    title: t[name], danger, submit: t[name], ask: t.approveAsk, fields: [REASON], done: t.decided, when: (row) => row.status === "Pending",
    act: (said, row) => post(`leave_requests/${row.leave_id}/${name}`, said),
  });
  const withdraw = { title: t.cancel, ask: t.approveAsk, danger: true, when: (row) => row.status === "Approved", done: t.decided, act: (_, row) => remove(`leave_requests/${row.leave_id}`) };
  const add = {
    title: t.ask,
    done: t.asked,
    fields: [
      { name: "employee_id", label: people.id, kind: "number", required: true },
      { name: "leave_type", label: people.kind, kind: "choice", options: types, required: true },
      { name: "start_date", label: people.from, kind: "date", required: true },
      { name: "end_date", label: people.to, kind: "date", required: true },
      REASON,
    ],
    act: (said) => post("leave_requests", said),
  };
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Filters} fields=${[STATUS, "department", "supervisor"]} query=${query} />
    <${Listing} path="leave_requests" query=${query} sort=${{ sort: "start_date", order: "asc" }} columns=${columns} caption=${t.title} rowKey="leave_id"
      add=${own && add} deeds=${own ? [decide("approve"), decide("reject", true), withdraw] : []} empty=${html`<${Empty} title=${inbox.empty} />`} />
    ${looking && html`<${Beside} row=${looking} onClose=${() => look(null)} />`}`;
}

/** What matters when deciding: what it costs, what there is, and who else is away. */
function Beside({ row, onClose }) {
  const found = useGet(`leave_requests/${row.leave_id}`);
  return html`<${Dialog} title=${`${row.full_name}: ${row.leave_type}`} onClose=${onClose}>
    <${Loaded} found=${found}>${(one) => html`
      <${Facts} facts=${[[t.days, one.days], [t.unknown, one.unknown_days || null], ...one.allowances.map((each) => [`${t.allowance} ${each.year}`, t.used(each.used, each.days)])]} />
      <h3>${t.away} <span class="count">${one.also_away.length}</span></h3>
      <ul class="lines">${one.also_away.map((each) => html`<li key=${`${each.employee_id} ${each.start_date}`}>${each.full_name} <span class="muted">${day(each.start_date)} – ${day(each.end_date)}</span></li>`)}</ul>`}<//>
  <//>`;
}
