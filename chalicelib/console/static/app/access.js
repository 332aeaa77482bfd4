// Users, API keys and database users; secrets are shown once.
import { html, useState } from "./dom.js";
import { post, put, remove } from "./api.js";
import { day, moment } from "./format.js";
import { Listing } from "./listing.js";
import { keep } from "./router.js";
import { texts } from "./texts.js";
import { office } from "./texts.office.js";
import { Badge, Button, Dialog, Head, say, Tabs } from "./ui.js";

const t = office.access;
const ROLES = Object.entries(texts.roles).map(([value, title]) => ({ value, title }));
const listed = (said) => (said === undefined || Array.isArray(said) ? said : said ? said.split(",").map((one) => one.trim()).filter(Boolean) : []);
const whole = ({ departments, ...said }) => ({ ...said, ...(departments === undefined ? {} : { departments: listed(departments) }) });

const PERSON = [
  { name: "role", label: t.role, kind: "choice", options: ROLES, required: true },
  { name: "employee_id", label: t.employee, kind: "person", hint: t.employeeHint },
  { name: "departments", label: t.departments, hint: t.departmentsHint },
];
const WHO = [
  { key: "role", title: t.role, cell: (row) => texts.roles[row.role] },
  { key: "full_name", title: t.who, minor: true },
  { key: "departments", title: t.departments, minor: true, cell: (row) => row.departments.join(", ") },
  { key: "last_used_at", title: t.used, minor: true, cell: (row) => moment(row.last_used_at) },
];
const person = (row) => ({ role: row.role, employee_id: row.employee_id, departments: row.departments.join(", ") });
const good = (holds, yes, no) => (holds ? html`<${Badge} tone="green" sign="✓">${yes}<//>` : html`<${Badge} sign="–">${no}<//>`);

export default function Access({ route }) {
  const [secret, show] = useState(null);
  const chosen = route.query.tab || "users";
  const tabs = ["users", "keys", "readers"].map((key) => ({ key, title: t[key] }));
  const List = { users: Users, keys: Keys, readers: Readers }[chosen];
  const told = (answer) => (answer?.password || answer?.key) && show(answer.password || answer.key);
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${chosen} onChoose=${(tab) => keep({ tab })} />
    <${List} key=${chosen} told=${told} />
    ${secret && html`<${Secret} secret=${secret} onClose=${() => show(null)} />`}`;
}

function Secret({ secret, onClose }) {
  const copy = () => navigator.clipboard.writeText(secret).then(() => say(t.copied));
  return html`<${Dialog} title=${t.secret} onClose=${onClose}>
    <p>${t.secretAbout}</p><p class="secret"><code>${secret}</code></p>
    <footer><${Button} onClick=${copy}>${t.copy}<//><${Button} kind="primary" onClick=${onClose}>${texts.close}<//></footer>
  <//>`;
}

function Users({ told }) {
  const at = (row) => `admin/users/${row.user_id}`;
  const columns = [
    { key: "username", title: t.username, wide: true },
    ...WHO,
    { key: "is_active", title: t.state, cell: (row) => good(row.is_active, t.active, t.inactive) },
  ];
  const add = {
    title: t.addUser,
    done: t.saved,
    fields: [{ name: "username", label: t.username, required: true }, { name: "email", label: t.email, kind: "email" }, ...PERSON],
    act: (said) => post("admin/users", whole(said)),
  };
  const deeds = [
    { title: t.change, values: (row) => ({ ...person(row), email: row.email }), nulls: true, done: t.saved,
      fields: [{ name: "email", label: t.email, kind: "email" }, ...PERSON], act: (said, row) => put(at(row), whole(said)) },
    { title: t.reset, when: (row) => row.is_active, ask: t.resetAsk, act: (_, row) => put(at(row), { reset_password: true }) },
    { title: t.stop, when: (row) => row.is_active, ask: t.stopAsk, danger: true, act: (_, row) => remove(at(row)), done: t.saved },
    { title: t.start, when: (row) => !row.is_active, ask: (row) => row.username, act: (_, row) => put(at(row), { is_active: true }), done: t.saved },
  ];
  return html`<${Listing} path="admin/users" columns=${columns} caption=${t.users} rowKey="user_id" add=${add} deeds=${deeds} told=${told} />`;
}

function Keys({ told }) {
  const at = (row) => `admin/api_keys/${row.key_id}`;
  const live = (row) => row.is_live;
  const columns = [
    { key: "name", title: t.name, wide: true },
    ...WHO,
    { key: "expires_at", title: t.ends, minor: true, cell: (row) => moment(row.revoked_at || row.expires_at) },
    { key: "is_live", title: t.state, cell: (row) => good(row.is_live, t.live, t.over) },
  ];
  const add = {
    title: t.addKey,
    done: t.saved,
    fields: [{ name: "name", label: t.name, required: true }, ...PERSON],
    act: (said) => post("admin/api_keys", whole(said)),
  };
  const deeds = [
    { title: t.change, when: live, values: person, nulls: true, fields: PERSON, act: (said, row) => put(at(row), whole(said)), done: t.saved },
    { title: t.rotate, when: live, ask: t.rotateAsk, act: (_, row) => put(at(row), { rotate: true }) },
    { title: t.revoke, when: live, ask: t.revokeAsk, danger: true, act: (_, row) => remove(at(row)), done: t.saved },
  ];
  return html`<${Listing} path="admin/api_keys" columns=${columns} caption=${t.keys} rowKey="key_id" add=${add} deeds=${deeds} told=${told} />`;
}

function Readers({ told }) {
  const at = (row) => `admin/db_users/${row.db_user_id}`;
  const there = (row) => row.is_active;
  const more = [
    { name: "valid_until", label: t.until, kind: "date" },
    { name: "connection_limit", label: t.connections, kind: "number", min: 1, max: 20 },
    { name: "notes", label: t.notes, kind: "area" },
  ];
  const columns = [
    { key: "username", title: t.username, wide: true },
    { key: "full_name", title: t.who, minor: true },
    { key: "valid_until", title: t.until, cell: (row) => day(row.valid_until) },
    { key: "connection_limit", title: t.connections, number: true, minor: true },
    { key: "is_active", title: t.state, cell: (row) => (row.is_missing ? html`<${Badge} tone="amber" sign="!">${t.missing}<//>` : good(row.is_active, t.live, t.dropped)) },
  ];
  const add = {
    title: t.addReader,
    done: t.saved,
    values: () => ({ connection_limit: 3 }),
    fields: [{ name: "username", label: t.name, required: true, hint: t.hint }, { name: "employee_id", label: t.employee, kind: "person" }, ...more],
    act: (said) => post("admin/db_users", said),
  };
  const deeds = [
    { title: t.change, when: (row) => there(row) && !row.is_missing, nulls: true, fields: more, act: (said, row) => put(at(row), said), done: t.saved,
      values: (row) => ({ valid_until: row.valid_until, connection_limit: row.connection_limit, notes: row.notes }) },
    { title: t.rotate, when: there, ask: t.rotateReaderAsk, act: (_, row) => put(at(row), { rotate: true }) },
    { title: t.drop, when: there, ask: t.dropAsk, danger: true, act: (_, row) => remove(at(row)), done: t.saved },
  ];
  return html`<${Listing} path="admin/db_users" columns=${columns} caption=${t.readers} rowKey="db_user_id" add=${add} deeds=${deeds} told=${told} />`;
}
