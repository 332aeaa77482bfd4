// Who comes and who went: the review queue of roster sheets, and the history with its way back.
import { html } from "./dom.js";
import { post, put } from "./api.js";
import { Filters, inboxQuery, statusField, useOptions } from "./filters.js";
import { day } from "./format.js";
import { Listing } from "./listing.js";
import { link } from "./router.js";
import { texts } from "./texts.js";
import { newcomers as t, people } from "./texts.people.js";
import { Badge, Empty } from "./ui.js";

const TONES = { Pending: ["amber", "…"], Verified: ["green", "✓"], Rejected: ["red", "×"] };
const STATUS = statusField(people.status, t.statuses);

const FACTS = [
  { name: "first_name", label: people.first, required: true },
  { name: "last_name", label: people.last, required: true },
  { name: "company_email", label: people.email, kind: "email" },
  { name: "department", label: texts.department },
  { name: "role", label: texts.role },
  { name: "shift", label: texts.shift },
  { name: "supervisor", label: texts.supervisor, kind: "name" },
  { name: "manager", label: people.manager, kind: "name" },
  { name: "tier", label: people.tier, kind: "number" },
  { name: "batch", label: texts.batch },
  { name: "ruex_id", label: people.login },
  { name: "agent_id", label: people.agent },
  { name: "axonify_id", label: people.axonify },
  { name: "access_card", label: people.accessCard },
  { name: "token_serial", label: people.token },
  { name: "building_card", label: people.buildingCard },
  { name: "hire_date", label: people.hired, kind: "date" },
  ...[1, 2, 3].map((phase) => ({ name: `phase_${phase}_date`, label: people.phase(phase), kind: "date" })),
];

/** What is said of a person who joins, and may be corrected, with what there is to choose from. */
export function useFacts() {
  const chosen = { department: useOptions("department"), role: useOptions("role"), shift: useOptions("shift") };
  return FACTS.map((one) => (chosen[one.name] ? { ...one, kind: "choice", options: chosen[one.name] } : one));
}

/** New people from rosters, who wait for HR: corrected, given their id, or turned away. */
export function Reviews({ query: said }) {
  const [shown, query] = inboxQuery(said);
  const facts = useFacts();
  const approval = [
    { name: "employee_id", label: people.id, kind: "number", required: true, hint: t.idHint },
    { name: "company_email", label: people.email, kind: "email" },
  ];
  const at = (row) => `employees/reviews/${row.review_id}`;
  const waits = (row) => row.status === "Pending";
  const changed = (given, row) => Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== row[name]));
  const deeds = [
    { title: t.approve, when: waits, fields: approval, values: (row) => ({ employee_id: row.employee_id, company_email: row.company_email }), submit: t.approve, done: t.approved, act: (given, row) => post(`${at(row)}/approve`, given) },
    { title: t.change, when: waits, fields: facts, values: (row) => Object.fromEntries(facts.map(({ name }) => [name, row[name]])), nulls: true, done: t.changed, act: (given, row) => put(at(row), changed(given, row)) },
    { title: t.reject, when: waits, ask: t.rejectAsk, danger: true, done: t.rejected, act: (_, row) => post(`${at(row)}/reject`) },
  ];
  const columns = [
    { key: "name", title: people.name, wide: true, cell: (row) => [row.first_name, row.last_name].join(" ") },
    { key: "sheet_number", title: t.number },
    { key: "department", title: texts.department },
    { key: "supervisor", title: texts.supervisor, minor: true },
    { key: "shift", title: texts.shift, minor: true },
    { key: "hire_date", title: people.hired, minor: true, cell: (row) => day(row.hire_date) },
    { key: "notes", title: t.notes, minor: true },
    { key: "status", title: people.status, cell: (row) => html`<${Badge} tone=${TONES[row.status][0]} sign=${TONES[row.status][1]}>${t.statuses[row.status]}<//>` },
  ];
  return html`<${Filters} fields=${[STATUS]} query=${shown} />
    <${Listing} path="employees/reviews" query=${{ status: query.status }} columns=${columns} caption=${t.reviews} rowKey="review_id" deeds=${deeds}
      empty=${html`<${Empty} title=${t.none}>${t.teach}<//>`} />`;
}

/** Who was taken off the list, with the schedule that went along. */
export function Gone({ query: { department }, own }) {
  const columns = [
    { key: "full_name", title: people.name, wide: true },
    { key: "employee_id", title: people.id },
    { key: "department", title: texts.department },
    { key: "archived_date", title: t.since, cell: (row) => day(row.archived_date) },
    { key: "reason", title: people.reason, minor: true },
  ];
  const back = {
    title: t.restore, ask: t.restoreAsk, done: t.restored,
    act: async (_, row) => {
      await post(`employees/${row.employee_id}/restore`);
      location.hash = link("people", row.employee_id);
    },
  };
  return html`<${Filters} fields=${["department"]} query=${{ department }} />
    <${Listing} path="employees/history" query=${{ department }} sort=${{ sort: "archived_date", order: "desc" }} columns=${columns} caption=${t.gone} rowKey="history_id" deeds=${own ? [back] : []}
      empty=${html`<${Empty} title=${t.nobodyGone} />`} />`;
}
