// People: the list, and one person's page with all that is known beside it.
import { html, useState } from "./dom.js";
import { address, post, put, remove } from "./api.js";
import { useGet } from "./data.js";
import { Filters } from "./filters.js";
import { Form } from "./form.js";
import { clock, day, hours, minutes, moment, plus, today, weekday } from "./format.js";
import { By } from "./names.js";
import { keep, link } from "./router.js";
import { Editable, read } from "./inplace.js";
import { Deed } from "./listing.js";
import { Gone, Reviews, useFacts } from "./newcomers.js";
import { may } from "./session.js";
import { Table } from "./table.js";
import { texts } from "./texts.js";
import { newcomers, people as t } from "./texts.people.js";
import { Badge, Button, Code, Dialog, Empty, Facts, Head, Loaded, say, Tabs, Trouble } from "./ui.js";

const TONES = { Active: ["green", "✓"], "On Leave": ["violet", "P"], Inactive: ["grey", "–"] };
const Status = ({ status }) => html`<${Badge} tone=${TONES[status]?.[0]} sign=${TONES[status]?.[1]}>${status}<//>`;

const COLUMNS = [
  { key: "full_name", title: t.name, sort: "full_name", wide: true, cell: (row) => html`<a href=${link("people", row.employee_id)}>${row.full_name}</a>` },
  { key: "department", title: texts.department, sort: "department" },
  { key: "supervisor", title: texts.supervisor, sort: "supervisor", minor: true },
  { key: "shift", title: texts.shift, sort: "shift", minor: true },
  { key: "batch", title: texts.batch, sort: "batch", minor: true },
  { key: "hire_date", title: t.hired, sort: "hire_date", minor: true, cell: (row) => day(row.hire_date) },
  { key: "point_balance", title: t.points, sort: "point_balance", number: true, minor: true },
  { key: "status", title: t.status, cell: (row) => html`<${Status} status=${row.status} />` },
];

export default function People({ me, route }) {
  const [id] = route.rest;
  return id ? html`<${Person} key=${id} me=${me} id=${id} tab=${route.query.tab} />` : html`<${Lists} me=${me} query=${route.query} />`;
}

/** Who works here, who waits to, and who went. */
function Lists({ me, query: { tab = "everybody", ...query } }) {
  const own = may(me, "people");
  const tabs = ["everybody", own && "reviews", "gone"].filter(Boolean).map((key) => ({ key, title: newcomers[key] }));
  const List = { everybody: Everybody, reviews: Reviews, gone: Gone }[tab];
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen, status: "" })} />
    <${List} key=${tab} me=${me} query=${query} own=${own} />`;
}

function Everybody({ me, query }) {
  const facts = useFacts();
  const [adding, add] = useState(false);
  const save = async (said) => {
    const made = await post("employees", said);
    say(t.added);
    location.hash = link("people", made.employee_id);
  };
  const statuses = { name: "status", label: t.status, kind: "choice", options: t.statuses };
  return html`<${Filters} fields=${["search", "department", "shift", "supervisor", statuses]} query=${query} />
    ${may(me, "people") && html`<p class="actions"><${Button} kind="primary" onClick=${() => add(true)}>${t.add}<//></p>`}
    <${Table} path="employees" query=${query} sort=${{ sort: "full_name", order: "asc" }} columns=${COLUMNS} caption=${t.title} rowKey="employee_id"
      empty=${html`<${Empty} title=${t.nobody}>${t.teach}<//>`} />
    ${adding && html`<${Dialog} title=${t.add} onClose=${() => add(false)}>
      <${Form} onSubmit=${save} onCancel=${() => add(false)} fields=${[{ name: "employee_id", label: t.id, kind: "number", required: true }, ...facts]} /><//>`}`;
}

function Person({ me, id, tab = "schedule" }) {
  const found = useGet(`employees/${id}`);
  const [open, set] = useState(null);
  const tabs = Object.entries(t.tabs).filter(([key]) => key !== "audit" || may(me, "administer")).map(([key, title]) => ({ key, title }));
  return html`<${Loaded} found=${found}>${(one) => html`
    <p><a href=${link("people")}>← ${t.back}</a></p>
    <${Head} title=${one.full_name} about=${[one.role, one.department].filter(Boolean).join(" · ")}>
      ${(may(me, "people") || may(me, "change")) && html`<${Button} onClick=${() => set("feed")}>${t.feed}<//>`}
      ${may(me, "people") && html`<a class="button" href=${address(`employees/${id}/export`)} download=${`${id}.json`}>${t.held}</a>
        ${one.status === "Inactive" && html`<${Button} onClick=${() => set("again")}>${t.again}<//>`}
        <${Button} onClick=${() => set("remove")}>${t.toHistory}<//>`}
      ${may(me, "administer") && one.status === "Inactive" && html`<${Button} kind="danger" onClick=${() => set("erase")}>${t.erase}<//>`}
    <//>
    <${Known} me=${me} one=${one} learn=${found.learn} />
    <${Tabs} label=${one.full_name} tabs=${tabs} chosen=${tab} onChoose=${(key) => keep({ tab: key })} />
    <${Record} key=${TELLING.includes(tab) ? tab + one.updated_at : tab} id=${id} tab=${tab} />
    ${open === "feed" && html`<${Feed} id=${id} onClose=${() => set(null)} />`}
    ${open === "again" && html`<${Deed} deed=${hireAgain(found.learn)} row=${one} onClose=${() => set(null)} onDone=${() => set(null)} />`}
    ${open === "remove" && html`<${Dialog} title=${t.toHistory} onClose=${() => set(null)}><p>${t.toHistoryAsk(one)}</p>
      <${Form} submit=${t.toHistory} onCancel=${() => set(null)} fields=${[{ name: "reason", label: t.reason, kind: "area" }]}
        onSubmit=${async (said) => { await remove(`employees/${id}`, said); say(t.gone); location.hash = link("people", { tab: "gone" }); }} /><//>`}
    ${open === "erase" && html`<${Erase} one=${one} onClose=${() => (set(null), found.reload())} />`}`}<//>`;
}

/** Another stay here, of somebody who had left. */
const hireAgain = (learn) => ({
  title: t.again,
  submit: t.again,
  ask: t.againAsk,
  fields: [{ name: "hire_date", label: t.hired, kind: "date", required: true }],
  values: () => ({ hire_date: today() }),
  act: async (said, one) => {
    learn(await put(`employees/${one.employee_id}`, { ...said, status: "Active", attrition_date: null }));
    say(t.hiredAgain);
  },
});

const ASSIGNED = ["department", "role", "shift", "supervisor", "manager", "tier"];
const STAYS = { name: "status", label: t.status, kind: "choice", required: true, options: ["Active", "On Leave"] };
const LEFT = { name: "attrition_date", label: t.lastDay, kind: "date", hint: t.lastDayHint };
const SINCE = { name: "effective_date", label: t.since, kind: "date", hint: t.sinceHint };
const TELLING = ["where", "audit"]; // records of each change of a fact

/** The facts of somebody; whoever may edits each where it stands, and where they belong from a day on. */
function Known({ me, one, learn }) {
  const own = may(me, "people");
  const moves = own && one.status !== "Inactive";
  const fields = [moves && STAYS, ...useFacts(), LEFT].filter(Boolean);
  const save = async (said) => {
    const now = await put(`employees/${one.employee_id}`, said);
    learn(now);
    return now;
  };
  const fixed = [[t.id, one.employee_id], !moves && [t.status, html`<${Status} status=${one.status} />`], [t.points, one.point_balance]].filter(Boolean);
  return html`<section class="panel" aria-label=${one.full_name}>
    <${Facts} facts=${own ? fixed : [...fixed, ...fields.map((field) => [field.label, read(field, one)])]}>
      ${own && fields.map((field) => html`<${Editable} key=${field.name} field=${field} along=${ASSIGNED.includes(field.name) ? [SINCE] : []}
        values=${{ ...one, effective_date: today() }} onSave=${save} />`)}
    <//>
  </section>`;
}

/** The end of what is known of somebody; where something may still be is told afterwards. */
function Erase({ one, onClose }) {
  const [done, set] = useState(null);
  const fields = [{ name: "confirm", label: t.eraseConfirm, required: true, hint: one.full_name }, { name: "reason", label: t.reason, kind: "area", required: true }];
  return html`<${Dialog} title=${t.erase} onClose=${onClose}>
    ${done ? html`<p>${t.erased}</p><ul class="lines">${[...done.left, ...done.sheets.map((each) => `${each.bucket}/${each.key}`)].map((each) => html`<li key=${each}>${each}</li>`)}</ul>`
      : html`<p class="warning">${t.eraseAsk}</p><${Form} submit=${t.erase} fields=${fields} onCancel=${onClose} onSubmit=${async (said) => set(await post(`employees/${one.employee_id}/erase`, said))} />`}
  <//>`;
}

function Feed({ id, onClose }) {
  const [state, set] = useState({});
  const make = () => post(`employees/${id}/calendar`, {}).then((made) => set({ made }), (error) => set({ error }));
  const at = state.made && new URL(state.made.path.replace(/^\/(api\/)?/, ""), location.href).href;
  return html`<${Dialog} title=${t.feed} onClose=${onClose}>
    <p>${state.made ? t.feedMade : t.feedAsk}</p><${Trouble} error=${state.error} />
    ${at && html`<p class="secret"><code>${at}</code></p>`}
    <footer>${!state.made && html`<${Button} kind="primary" onClick=${make}>${t.feed}<//>`}</footer>
  <//>`;
}

const plan = [
  { key: "nominal_date", title: t.day, sort: "nominal_date", cell: (row) => weekday(row.nominal_date) },
  { key: "hours", title: t.hours, cell: hours },
  { key: "work_code", title: texts.code, cell: (row) => html`<${Code} code=${row.work_code} of=${row.work_class} />` },
];
const SPAN = 14;

/** What is on record of somebody, by tab: path, query and columns. */
const RECORDS = {
  schedule: () => ["schedules", { start_date: plus(today(), -SPAN), end_date: plus(today(), 2 * SPAN), sort: "nominal_date" }, plan],
  attendance: () => ["attendances", { sort: "date", order: "desc" }, [
    { key: "date", title: t.day, cell: (row) => weekday(row.date) },
    { key: "check_in", title: t.came, cell: (row) => clock(row.check_in) },
    { key: "check_out", title: t.went, cell: (row) => clock(row.check_out) },
    { key: "late_minutes", title: t.late, number: true, cell: (row) => (row.late_minutes ? minutes(row.late_minutes) : "") },
    { key: "exception_type", title: t.mark },
  ]],
  leave: () => ["leave_requests", { sort: "start_date", order: "desc" }, [
    { key: "leave_type", title: t.kind },
    { key: "start_date", title: t.from, cell: (row) => day(row.start_date) },
    { key: "end_date", title: t.to, cell: (row) => day(row.end_date) },
    { key: "status", title: t.status },
    { key: "reason", title: t.reason, wide: true, minor: true },
  ]],
  exceptions: () => ["exceptions", { sort: "start_date", order: "desc" }, [
    { key: "exception_type", title: t.what },
    { key: "start_date", title: t.from, cell: (row) => day(row.start_date) },
    { key: "end_date", title: t.to, cell: (row) => day(row.end_date) },
    { key: "work_code", title: texts.code },
    { key: "status", title: t.status },
  ]],
  points: () => ["rewards/awards", { sort: "date_awarded", order: "desc" }, [
    { key: "date_awarded", title: t.day, cell: (row) => day(row.date_awarded) },
    { key: "reason", title: t.reason, wide: true },
    { key: "points", title: t.points, number: true },
  ]],
  audit: () => ["admin/audit", { sort: "at", order: "desc" }, [
    { key: "at", title: t.day, cell: (row) => moment(row.at) },
    { key: "actor", title: t.name, cell: (row) => html`<${By} who=${row.actor} />` },
    { key: "action", title: t.what },
    { key: "table_name", title: t.kind },
  ]],
};

function Record({ id, tab }) {
  const empty = html`<${Empty} title=${t.none} />`;
  if (tab === "where") return html`<${Where} id=${id} />`;
  const [path, query, columns] = RECORDS[tab]();
  return html`<${Table} path=${path} query=${{ ...query, employee_id: id }} columns=${columns} caption=${t.tabs[tab]} empty=${empty} />`;
}

function Where({ id }) {
  const found = useGet(`employees/${id}/assignments`, { limit: 100 });
  return html`<${Loaded} found=${found}>${({ data }) => html`<div class="scroller short" tabindex="0" role="region" aria-label=${t.tabs.where}><table>
    <thead><tr>${[t.since, t.until, texts.department, texts.supervisor, texts.shift, t.tier].map((title) => html`<th scope="col" key=${title}>${title}</th>`)}</tr></thead>
    <tbody>${data.map((one) => html`<tr key=${one.valid_from}><td>${day(one.valid_from)}</td><td>${day(one.valid_to)}</td><td>${one.department}</td><td>${one.supervisor}</td><td>${one.shift}</td><td>${one.tier}</td></tr>`)}</tbody>
  </table></div>`}<//>`;
}
