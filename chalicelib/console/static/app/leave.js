// Leave: an inbox with what matters beside each request, and the decisions; allowances and holidays.
import { html, useState } from "./dom.js";
import { post, remove } from "./api.js";
import { useGet } from "./data.js";
import { Filters, inboxQuery, statusColumn, statusField, useOptions } from "./filters.js";
import { clock, day, number, plus, weekday } from "./format.js";
import { Field } from "./form.js";
import { Listing } from "./listing.js";
import { By } from "./names.js";
import { keep } from "./router.js";
import { may } from "./session.js";
import { personColumn } from "./table.js";
import { texts } from "./texts.js";
import { inbox, people } from "./texts.people.js";
import { Coverage } from "./today.js";
import { Badge, Button, Dialog, Empty, Facts, Head, Loaded, Tabs } from "./ui.js";

const t = inbox.leave;
export const TONES = { Pending: ["amber", "…"], Approved: ["green", "✓"], Rejected: ["red", "×"], Cancelled: ["grey", "–"] };
export const Decided = ({ status }) => html`<${Badge} tone=${TONES[status][0]} sign=${TONES[status][1]}>${inbox.statuses[status]}<//>`;
export const STATUS = statusField(inbox.status, inbox.statuses);
export const WHO = personColumn(people.name);
export const REASON = { name: "reason", label: people.reason, kind: "area" };

export default function Leave({ me, route }) {
  const { tab = "requests", ...query } = route.query;
  const tabs = Object.entries(t.tabs).map(([key, title]) => ({ key, title }));
  const Shown = { requests: Requests, allowances: Allowances, holidays: Holidays }[tab];
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen })} />
    <${Shown} key=${tab} me=${me} said=${query} />`;
}

function Requests({ me, said: { department, supervisor, status } }) {
  const types = useOptions("leave_type");
  const [shown, query] = inboxQuery({ status, department, supervisor });
  const own = may(me, "leave");
  const columns = [
    WHO,
    { key: "department", title: texts.department, minor: true },
    { key: "leave_type", title: people.kind },
    { key: "start_date", title: people.from, cell: (row) => [day(row.start_date), clock(row.start_time)].join(" ") },
    { key: "end_date", title: people.to, cell: (row) => [day(row.end_date), clock(row.end_time)].join(" ") },
    ...statusColumn(query, { title: inbox.status, cell: (row) => html`<${Decided} status=${row.status} />` }),
  ];
  const decide = (name, danger) => ({
    title: t[name], danger, submit: t[name], ask: t.approveAsk, fields: [REASON], done: t.decided, when: (row) => row.status === "Pending",
    act: (said, row) => post(`leave_requests/${row.leave_id}/${name}`, said),
  });
  const withdraw = {
    title: t.cancel, danger: true, submit: t.cancel, ask: t.approveAsk, fields: [REASON], done: t.decided, when: (row) => row.status === "Approved",
    act: (said, row) => remove(`leave_requests/${row.leave_id}`, said),
  };
  const add = {
    title: t.ask,
    done: t.asked,
    fields: [
      { name: "employee_id", label: people.who, kind: "person", required: true },
      { name: "leave_type", label: people.kind, kind: "choice", options: types, required: true },
      { name: "start_date", label: people.from, kind: "date", required: true },
      { name: "end_date", label: people.to, kind: "date", required: true },
      { name: "start_time", label: t.partFrom, kind: "time", hint: t.partHint },
      { name: "end_time", label: t.partTo, kind: "time" },
      REASON,
    ],
    act: (said) => post("leave_requests", said),
  };
  return html`<${Filters} fields=${[STATUS, "department", "supervisor"]} query=${shown} />
    <${Listing} path="leave_requests" query=${query} sort=${{ sort: "start_date", order: "asc" }} columns=${columns} caption=${t.title} rowKey="leave_id"
      add=${own && add} deeds=${[{ title: t.look, dialog: (rest) => html`<${Beside} ...${rest} />` }, ...(own ? [decide("approve"), decide("reject", true), withdraw] : [])]} empty=${html`<${Empty} title=${inbox.empty}>${t.teach}<//>`} />`;
}

const LONGEST = 31;

/** What matters when deciding: what it costs, what there is, who else is away, and how the floor stands then. */
function Beside({ row, onClose }) {
  const found = useGet(`leave_requests/${row.leave_id}`);
  return html`<${Dialog} title=${`${row.full_name}: ${row.leave_type}`} onClose=${onClose} wide>
    <${Loaded} found=${found}>${(one) => html`
      <${Facts} facts=${[[texts.by, one.leave.approved_by && html`<${By} who=${one.leave.approved_by} />`], [REASON.label, one.leave.reason], [t.days, one.days], [t.unknown, one.unknown_days || null], ...one.allowances.map((each) => [`${t.allowance} ${each.year}`, t.used(each.used, each.days)])]} />
      <h3>${t.away} <span class="count">${one.also_away.length}</span></h3>
      <ul class="lines">${one.also_away.map((each) => html`<li key=${`${each.employee_id} ${each.start_date}`}>${each.full_name} <span class="muted">${each.kind}, ${day(each.start_date)} – ${day(each.end_date)}</span></li>`)}</ul>`}<//>
    <${Covered} row=${row} />
  <//>`;
}

/** The person's department on one of the days. */
function Covered({ row }) {
  const [on, choose] = useState(row.start_date);
  const found = useGet("schedules/coverage", { date: on, department: row.department, interval: 30 });
  const days = [];
  for (let one = row.start_date; one <= row.end_date && days.length < LONGEST; one = plus(one, 1)) days.push({ value: one, title: weekday(one) });
  return html`<h3>${t.floor(row.department)}</h3>
    ${days.length > 1 && html`<${Field} name="on" label=${t.on} kind="choice" required options=${days} value=${on} onInput=${(said) => choose(said || row.start_date)} />`}
    <${Loaded} found=${found}>${(said) => (said.data.length ? html`<${Coverage} rows=${said.data} />` : html`<p class="muted">${t.unplanned(day(on))}</p>`)}<//>`;
}

/** What each has in a year, and what approved leave has used of it. */
function Allowances({ me, said: { department, supervisor, year } }) {
  const types = useOptions("leave_type");
  const query = { department, supervisor, year };
  const columns = [
    WHO,
    { key: "department", title: texts.department, minor: true },
    { key: "leave_type", title: people.kind },
    { key: "year", title: t.year },
    { key: "days", title: t.has, number: true, cell: (row) => number(row.days, 1) },
    { key: "used", title: t.usedUp, number: true },
    { key: "left", title: t.left, number: true, cell: (row) => (row.used > row.days ? html`<${Badge} tone="red" sign="!">${number(row.days - row.used, 1)}<//>` : number(row.days - row.used, 1)) },
  ];
  const days = { name: "days", label: t.has, kind: "number", required: true, min: 0, max: 366, step: 0.5 };
  const add = {
    title: t.state,
    done: t.stated,
    fields: [
      { name: "employee_id", label: people.who, kind: "person", required: true },
      { name: "leave_type", label: people.kind, kind: "choice", options: types, required: true },
      { name: "year", label: t.year, kind: "number", required: true },
      days,
    ],
    act: (said) => post("leave_allowances", said),
  };
  const change = {
    title: t.change,
    done: t.stated,
    fields: [days],
    values: (row) => ({ days: row.days }),
    act: (said, row) => post("leave_allowances", { employee_id: row.employee_id, leave_type: row.leave_type, year: row.year, ...said }),
  };
  const own = may(me, "people");
  return html`<${Filters} fields=${[{ name: "year", label: t.year, kind: "number" }, "department", "supervisor"]} query=${query} />
    <${Listing} path="leave_allowances" query=${query} columns=${columns} caption=${t.tabs.allowances} rowKey="allowance_id"
      add=${own && add} deeds=${own ? [change] : []} empty=${html`<${Empty} title=${t.noAllowance}>${t.noAllowanceTeach}<//>`} />`;
}

/** Days that are flagged wherever days are shown; they change no shift. */
function Holidays({ me, said: { department, start_date, end_date } }) {
  const departments = useOptions("department");
  const query = { department, start_date, end_date };
  const columns = [
    { key: "date", title: t.on, cell: (row) => `${weekday(row.date)} ${row.date.slice(0, 4)}` },
    { key: "name", title: t.holiday, wide: true },
    { key: "department", title: texts.department, cell: (row) => row.department || t.everybody },
  ];
  const add = {
    title: t.addHoliday,
    done: t.stated,
    fields: [
      { name: "date", label: t.on, kind: "date", required: true },
      { name: "name", label: t.holiday, required: true },
      { name: "department", label: texts.department, kind: "choice", options: departments, hint: t.everybodyHint },
    ],
    act: (said) => post("holidays", said),
  };
  const away = { title: t.remove, danger: true, ask: t.removeAsk, done: t.removed, act: (_, row) => remove(`holidays/${row.holiday_id}`) };
  const own = may(me, "people");
  return html`<${Filters} fields=${[{ name: "start_date", label: people.from, kind: "date" }, { name: "end_date", label: people.to, kind: "date" }, "department"]} query=${query} />
    <${Listing} path="holidays" query=${query} columns=${columns} caption=${t.tabs.holidays} rowKey="holiday_id"
      add=${own && add} deeds=${own ? [away] : []} empty=${html`<${Empty} title=${t.noHoliday}>${t.noHolidayTeach}<//>`} />`;
}
