// Exceptions: days off the normal schedule, processed one by one or together, with what would happen shown first.
import { html, useEffect, useState } from "./dom.js";
import { get, post } from "./api.js";
import { Filters, inboxQuery, statusColumn, statusField, useOptions } from "./filters.js";
import { day } from "./format.js";
import { Listing } from "./listing.js";
import { By } from "./names.js";
import { may } from "./session.js";
import { personColumn } from "./table.js";
import { texts } from "./texts.js";
import { exceptions as t } from "./texts.day.js";
import { Badge, Button, Dialog, Empty, Head, say, Trouble, Waiting } from "./ui.js";

const TONES = { Pending: ["amber", "…"], Completed: ["green", "✓"], Rejected: ["red", "×"] };
const STATUS = statusField(t.status, t.statuses);
const MOST = 1000;

export default function Exceptions({ me, route }) {
  const types = useOptions("exception_type");
  const codes = useOptions("work_code");
  const [many, ask] = useState(false);
  const [turn, again] = useState(0);
  const own = may(me, "except");
  const [shown, query] = inboxQuery(route.query);
  const columns = [
    personColumn(t.person),
    { key: "department", title: texts.department, minor: true },
    { key: "exception_type", title: t.type },
    { key: "start_date", title: t.from, cell: (row) => day(row.start_date) },
    { key: "end_date", title: t.to, cell: (row) => day(row.end_date) },
    { key: "work_code", title: t.code, minor: true },
    ...statusColumn(query, { title: t.status, cell: (row) => html`<${Badge} tone=${TONES[row.status][0]} sign=${TONES[row.status][1]}>${t.statuses[row.status]}<//>` }),
    { key: "processed_by", title: texts.by, minor: true, cell: (row) => html`<${By} who=${row.processed_by} />` },
    { key: "notes", title: t.notes, minor: true },
  ];
  const deed = (name, status, danger) => ({
    title: t[name], danger, ask: t[`${name}Ask`], done: t.done, when: (row) => row.status === status,
    act: (_, row) => post(`exceptions/${row.exception_id}/${name}`),
  });
  const process = {
    title: t.process, when: (row) => row.status === "Pending",
    dialog: ({ row, ...rest }) => html`<${Process} title=${t.process} find=${async () => [row]} ...${rest} />`,
  };
  const add = {
    title: t.add,
    done: t.added,
    fields: [
      { name: "employee_id", label: t.employee, kind: "person", required: true },
      { name: "exception_type", label: t.type, kind: "choice", options: types, required: true },
      { name: "start_date", label: t.from, kind: "date", required: true },
      { name: "end_date", label: t.to, kind: "date", required: true },
      { name: "work_code", label: t.code, kind: "choice", options: codes },
      { name: "notes", label: t.notes, kind: "area" },
    ],
    act: (said) => post("exceptions", said),
  };
  const pending = { ...query, status: "Pending", limit: MOST, sort: "start_date" };
  const waiting = async () => (await get("exceptions", pending)).data;
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Filters} fields=${[STATUS, "department", "supervisor"]} query=${shown} />
    <${Listing} key=${turn} path="exceptions" query=${query} sort=${{ sort: "start_date", order: "asc" }} columns=${columns} caption=${t.title} rowKey="exception_id"
      add=${own && add} deeds=${own ? [process, deed("reject", "Pending", true), deed("revert", "Completed", true)] : []}
      empty=${html`<${Empty} title=${t.none}>${t.teach}<//>`}>
      ${own && html`<${Button} onClick=${() => ask(true)}>${t.many}<//>`}
    <//>
    ${many && html`<${Process} title=${t.many} about=${t.manyAbout} find=${waiting} onClose=${() => ask(false)} onDone=${() => again((one) => one + 1)} />`}`;
}

/** Those that `find` gives, one or all that wait: what would become of each, then the same for good. */
function Process({ title, about, find, onClose, onDone }) {
  const [state, set] = useState({});
  const send = async (rows, dry_run) => post("exceptions/process", { exception_ids: rows.map((one) => one.exception_id), dry_run });
  useEffect(() => {
    find()
      .then(async (rows) => set({ rows, said: rows.length ? await send(rows, true) : { processed: 0, refused: 0, data: [] } }))
      .catch((error) => set({ error }));
  }, []);
  const { rows, said } = state;
  const act = async () => {
    set({ ...state, busy: true });
    try {
      const good = rows.filter((one) => said.data.some((each) => each.exception_id === one.exception_id && each.problems.length === 0));
      const became = await send(good, false);
      if (became.processed > 0) {
        say(t.processed(became.processed));
        onDone();
      }
      // What somebody else did since stands here, and leaves nothing to be sent.
      if (became.refused > 0) set({ rows, said: { ...became, processed: 0 } });
      else onClose();
    } catch (error) {
      set({ ...state, busy: false, error });
    }
  };
  const of = (one) => rows.find((row) => row.exception_id === one.exception_id);
  const list = (title, some) => some.length > 0 && html`<h3>${title} <span class="count">${some.length}</span></h3>
      <ul class="lines">${some.map((one) => html`<li key=${one.exception_id}><strong>${of(one).full_name}</strong> ${of(one).exception_type} ${day(of(one).start_date)}
        <span class="muted">${one.problems.join(" ")}</span></li>`)}</ul>`;
  return html`<${Dialog} title=${title} onClose=${onClose} wide>
    ${about && html`<p class="muted">${about}</p>`}<${Trouble} error=${state.error} />
    ${!said && !state.error && html`<${Waiting} />`}
    ${said?.processed === 1 && rows.length === 1 && html`<p>${t.processAsk(rows[0])}</p>`}
    ${said && list(t.refused, said.data.filter((one) => one.problems.length > 0))}
    ${said?.processed > 0 && rows.length > 1 && list(t.good, said.data.filter((one) => one.problems.length === 0))}
    ${said && html`<footer><${Button} onClick=${onClose}>${texts.cancel}<//>
      ${said.processed > 0 && html`<${Button} kind="primary" busy=${state.busy} onClick=${act}>${t.would(said.processed)}<//>`}</footer>`}
  <//>`;
}
