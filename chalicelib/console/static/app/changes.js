// Swaps and covers: what waits, what is against each as things stand, and the decision.
import { html, useState } from "./dom.js";
import { post, remove } from "./api.js";
import { useGet, useRows } from "./data.js";
import { Filters, inboxQuery, statusColumn } from "./filters.js";
import { Form } from "./form.js";
import { clock, weekday } from "./format.js";
import { Decided, REASON, STATUS, WHO } from "./leave.js";
import { Deed } from "./listing.js";
import { By } from "./names.js";
import { may } from "./session.js";
import { Exports, Table } from "./table.js";
import { texts } from "./texts.js";
import { inbox, people } from "./texts.people.js";
import { Badge, Button, Dialog, Empty, Facts, Head, Loaded, say } from "./ui.js";

const t = inbox.changes;
const stretch = (one) => (one ? `${weekday(one.nominal_date)} ${clock(one.start_time)}–${clock(one.stop_time)}` : "");
const OVERRIDE = { name: "override_reason", label: t.why, hint: t.whyHint, kind: "area" };

export default function Changes({ me, route }) {
  const [open, set] = useState(null);
  const [shown, query] = inboxQuery(route.query);
  const rows = useRows("schedule_changes", query);
  const columns = [
    { key: "change_type", title: people.kind, cell: (row) => t.kinds[row.change_type] },
    { ...WHO, title: t.gives },
    { key: "shift", title: t.shift, cell: (row) => stretch(row.shift) || weekday(row.schedule_date) },
    { key: "replacement_name", title: t.takes },
    { key: "back", title: t.back, minor: true, cell: (row) => stretch(row.replacement_shift) },
    ...statusColumn(query, { title: inbox.status, cell: (row) => html`<${Decided} status=${row.status} />` }),
    { key: "look", title: texts.actions, cell: (row) => html`<${Button} kind="small" onClick=${() => set(row)}>${inbox.leave.look}<//>` },
  ];
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Filters} fields=${[STATUS, "department", "supervisor"]} query=${shown} />
    <div class="above"><span /><${Exports} path="schedule_changes" query=${query} /></div>
    <${Table} rows=${rows} columns=${columns} caption=${t.title} rowKey="change_id" empty=${html`<${Empty} title=${inbox.empty} />`} />
    ${open && html`<${Change} me=${me} row=${open} onClose=${() => set(null)} onDone=${rows.reload} />`}`;
}

/** One change: while it waits what is against it, and the decision for whoever may; then how it was decided, and why. */
function Change({ me, row, onClose, onDone }) {
  const waits = row.status === "Pending";
  const at = `schedule_changes/${row.change_id}`;
  const found = useGet(waits && at);
  const [open, set] = useState(null);
  const done = () => {
    say(t.decided);
    onClose();
    onDone();
  };
  const reject = { title: t.reject, ask: t.rejectAsk, act: (said) => post(`${at}/reject`, said) };
  const withdraw = { title: t.withdraw, ask: t.withdrawAsk, act: (said) => remove(at, said) };
  if (open) return html`<${Deed} deed=${{ ...open, submit: open.title, fields: [REASON] }} row=${row} onClose=${() => set(null)} onDone=${done} />`;
  const decides = may(me, "change");
  // A rejection also where it cannot be judged any more, since the plan has changed: it would wait for ever.
  const against = (deed) => html`<p><${Button} kind="danger" onClick=${() => set(deed)}>${deed.title}<//></p>`;
  return html`<${Dialog} wide title=${`${t.kinds[row.change_type]}: ${row.full_name} → ${row.replacement_name}`} onClose=${onClose}>
    <p>${stretch(row.shift)} ${row.replacement_shift && html`⇄ ${stretch(row.replacement_shift)}`}</p>
    ${!waits && html`<${Facts} facts=${[[inbox.status, html`<${Decided} status=${row.status} />`], [texts.by, row.decided_by && html`<${By} who=${row.decided_by} />`], [REASON.label, row.reason], [OVERRIDE.label, row.override_reason]]} />`}
    ${waits && html`<${Loaded} found=${found}>${({ findings }) => html`
      <h3>${t.findings}</h3>
      ${findings.length === 0 && html`<p class="muted">${t.nothing}</p>`}
      <ul class="lines">${findings.map((one) => html`<li key=${one.code}><${Badge} tone=${one.refused ? "red" : "amber"} sign=${one.refused ? "×" : "!"}>${one.code.replaceAll("_", " ")}<//> ${one.text}</li>`)}</ul>
      ${decides && html`<${Form} submit=${t.approve} onSubmit=${(said) => post(`${at}/approve`, said).then(done)}
        fields=${[findings.length > 0 && may(me, "override") ? OVERRIDE : REASON]}>${against(reject)}<//>`}`}<//>`}
    ${decides && waits && !found.data && found.error && against(reject)}
    ${decides && row.status === "Approved" && against(withdraw)}
  <//>`;
}
