// Uploads: a sheet is looked at first (new, changed, failed, each with its cell), then written; failed rows come back.
import { html, useRef, useState } from "./dom.js";
import { address, post, send } from "./api.js";
import { Undo } from "./audit.js";
import { useGet, useRows } from "./data.js";
import { Field } from "./form.js";
import { moment } from "./format.js";
import { may } from "./session.js";
import { Table } from "./table.js";
import { texts } from "./texts.js";
import { uploads as t } from "./texts.uploads.js";
import { Badge, Button, Confirm, Dialog, Empty, Facts, Head, Loaded, Progress, say, Tabs, Trouble } from "./ui.js";

const LARGEST = 4_000_000;
const ROUTES = {
  employees: { path: "employees/batch", roles: ["hr", "admin"] },
  roster: { path: "employees/batch", roles: ["hr", "admin"] },
  schedules: { path: "schedules/batch", roles: ["planner", "admin"] },
  attendances: { path: "attendances/batch", roles: ["supervisor", "duty_lead", "admin"] },
  exceptions: { path: "exceptions/batch", roles: ["planner", "admin"] },
  rewards: { path: "rewards/award/batch", roles: ["hr", "admin"] },
  forecast: { path: "forecasts/batch", roles: ["planner", "admin"] },
  requirement: { path: "requirements/batch", roles: ["planner", "admin"] },
};
const OPTIONS = {
  employees: ["update_existing", "add_options", "all_or_nothing"],
  schedules: ["override_local", "replace_period", "correct_past", "confirm", "all_or_nothing"],
  exceptions: ["update_existing", "all_or_nothing"],
  attendances: ["update_existing", "all_or_nothing"],
};
const TONES = { waiting: "blue", running: "amber", done: "green", done_with_errors: "amber", failed: "red", cancelled: "grey", undone: "violet" };
const SIGNS = { waiting: "…", running: "…", done: "✓", done_with_errors: "!", failed: "×", cancelled: "–", undone: "↩" };
const OUTCOMES = { new: "green", changed: "blue", removed: "violet", unchanged: "grey", duplicate: "amber", kept: "violet", disappeared: "amber", failed: "red" };
const LIVE = ["waiting", "running"];

export default function Uploads({ me }) {
  const [open, set] = useState(null);
  const rows = useRows("uploads", {}, { every: 10000 });
  const kinds = Object.keys(ROUTES).filter((kind) => ROUTES[kind].roles.includes(me.role));
  const columns = [
    { key: "created_at", title: t.at, cell: (row) => moment(row.created_at) },
    { key: "kind", title: t.kind, cell: (row) => t.kinds[row.kind] || row.kind },
    { key: "filename", title: t.file, wide: true },
    { key: "state", title: t.state, cell: (row) => html`<${State} upload=${row} />` },
    { key: "rows_read", title: t.rows, number: true, minor: true },
    { key: "error_count", title: t.failed, number: true },
    { key: "uploaded_by", title: t.by, minor: true },
    { key: "open", title: texts.actions, cell: (row) => html`<${Button} kind="small" onClick=${() => set(row.upload_id)}>${t.open}<//>` },
  ];
  return html`<${Head} title=${t.title} about=${t.about} />
    ${kinds.length > 0 && html`<${Bring} kinds=${kinds} onDone=${rows.reload} />`}
    <${Table} rows=${rows} columns=${columns} caption=${t.title} rowKey="upload_id" empty=${html`<${Empty} title=${t.empty}>${t.emptyAbout}<//>`} />
    ${open && html`<${Upload} me=${me} id=${open} onClose=${() => set(null)} onDone=${rows.reload} />`}`;
}

const State = ({ upload }) =>
  html`<${Badge} tone=${TONES[upload.state]} sign=${SIGNS[upload.state]}>${t.states[upload.state]}<//>${upload.dry_run && html` <span class="muted small">${t.dry}</span>`}`;

function Bring({ kinds, onDone }) {
  const [said, say] = useState({ kind: kinds[0] });
  const [state, move] = useState({});
  const options = OPTIONS[said.kind] || ["all_or_nothing"];
  const choose = (file) => {
    if (!file) return;
    const named = kinds.find((kind) => file.name.toLowerCase().includes(kind));
    say((before) => ({ ...before, file, kind: named || before.kind }));
    move(file.size > LARGEST ? { error: { message: t.tooLarge } } : {});
  };
  const run = async (dry_run) => {
    move((before) => ({ ...before, busy: true, error: null }));
    const form = new FormData();
    form.append("file", said.file, said.file.name);
    const asked = Object.fromEntries(options.filter((one) => said[one]).map((one) => [one, true]));
    try {
      const ran = await send(ROUTES[said.kind].path, form, { ...asked, dry_run });
      move({ ran, dry_run });
    } catch (error) {
      move((before) => ({ ...before, busy: false, error }));
    }
    onDone();
  };
  const again = () => {
    say({ kind: said.kind });
    move({});
  };
  return html`<section class="panel" aria-label=${t.bring}><h2>${t.bring}</h2>
    <${Drop} file=${said.file} onFile=${choose} />
    <div class="fields">
      <${Field} name="kind" label=${t.kind} kind="choice" required value=${said.kind} onInput=${(kind) => say({ ...said, kind })}
        options=${kinds.map((value) => ({ value, title: t.kinds[value] }))} />
      <p class="small"><a href=${`templates/${said.kind}.xlsx`} download>${t.template(t.kinds[said.kind])}</a></p>
    </div>
    <details><summary>${t.more}</summary><div class="fields">${options.map((name) => html`<${Field} key=${name} name=${name} kind="check" label=${t.options[name]}
      value=${said[name]} onInput=${(value) => say({ ...said, [name]: value })} />`)}</div></details>
    <${Trouble} error=${state.error} />
    ${state.busy && html`<${Progress} share=${null} label=${texts.loading} />`}
    ${state.ran && html`<${Result} ran=${state.ran} dry=${state.dry_run} />`}
    <footer class="actions">
      ${state.ran && html`<${Button} onClick=${again}>${t.another}<//>`}
      <${Button} kind=${state.ran ? "plain" : "primary"} busy=${state.busy} disabled=${!said.file || said.file.size > LARGEST} onClick=${() => run(true)}>${t.look}<//>
      ${state.ran && state.dry_run && html`<${Button} kind="primary" busy=${state.busy} onClick=${() => run(false)}>${t.write}<//>`}
    </footer>
  </section>`;
}

function Drop({ file, onFile }) {
  const input = useRef();
  const [over, set] = useState(false);
  const drop = (event) => {
    event.preventDefault();
    set(false);
    onFile(event.dataTransfer.files[0]);
  };
  return html`<div class=${over ? "drop over" : "drop"} onDragOver=${(event) => (event.preventDefault(), set(true))} onDragLeave=${() => set(false)} onDrop=${drop}>
    <label>${file ? html`<strong>${file.name}</strong>` : t.drop} <span class="hint">${t.fileHint}</span>
      <input ref=${input} type="file" accept=".xlsx,.xls,.ods,.csv" onChange=${() => onFile(input.current.files[0])} /></label>
  </div>`;
}

function Result({ ran, dry }) {
  return html`<div class="panel" role="status"><h3>${dry ? t.would : t.happened}</h3><p>${ran.message}</p></div>
    <${Outcomes} id=${ran.upload_id} failed=${ran.error_count} />`;
}

/** What became of the rows, by outcome, each failure beside its cell. */
function Outcomes({ id, failed }) {
  const [chosen, choose] = useState(failed ? "errors" : "");
  const tabs = [
    { key: "errors", title: t.findings },
    { key: "", title: t.rows },
    ...Object.keys(OUTCOMES).map((key) => ({ key, title: t.outcomes[key] })),
  ];
  const found = [
    { key: "row_number", title: t.row, number: true },
    { key: "finding", title: t.finding, minor: true },
    { key: "column_name", title: t.column },
    { key: "value", title: t.value },
    { key: "reason", title: t.reason, wide: true },
  ];
  const became = [
    { key: "row_number", title: t.row, number: true },
    { key: "outcome", title: t.state, cell: (row) => html`<${Badge} tone=${OUTCOMES[row.outcome]}>${t.outcomes[row.outcome] || row.outcome}<//>` },
    { key: "key", title: t.key },
    { key: "changes", title: t.changes, wide: true, cell: (row) => (row.changes || []).map((one) => `${one.field}: ${one.old ?? "–"} → ${one.new ?? "–"}`).join("; ") },
    { key: "reason", title: t.why, wide: true, minor: true },
  ];
  const empty = html`<${Empty} title=${t.none} />`;
  return html`<${Tabs} label=${t.state} tabs=${tabs} chosen=${chosen} onChoose=${choose} />
    ${chosen === "errors"
      ? html`<${Table} path=${`uploads/${id}/errors`} columns=${found} caption=${t.findings} exports=${false} empty=${empty} />`
      : html`<${Table} path=${`uploads/${id}/rows`} query=${{ outcome: chosen }} columns=${became} caption=${t.rows} empty=${empty} />`}
    ${failed > 0 && html`<p><a href=${address(`uploads/${id}/errors`, { format: "xlsx" })} download>${t.fix}</a></p>`}`;
}

function Upload({ me, id, onClose, onDone }) {
  const found = useGet(`uploads/${id}`, {}, { every: 3000 });
  const [asking, ask] = useState(null);
  const act = (name) => async () => {
    await post(`uploads/${id}/${name}`);
    say(t.asked);
    found.reload();
    onDone();
  };
  return html`<${Dialog} wide title=${found.data?.filename || t.title} onClose=${onClose}>
    <${Loaded} found=${found}>${(one) => html`
      <${Facts} facts=${[[t.kind, t.kinds[one.kind] || one.kind], [t.state, html`<${State} upload=${one} />`], [t.at, moment(one.created_at)], [t.by, one.uploaded_by], [t.rows, one.rows_read], [t.failed, one.error_count]]} />
      ${LIVE.includes(one.state) && html`<${Progress} share=${one.rows_total ? one.rows_read / one.rows_total : null} label=${t.states[one.state]} />`}
      ${one.message && html`<p>${one.message}</p>`}
      ${!LIVE.includes(one.state) && html`<${Outcomes} key=${one.state} id=${id} failed=${one.error_count} />`}
      <footer class="actions">
        ${one.state === "failed" && may(me, "bring") && html`<${Button} onClick=${() => ask("retry")}>${t.retry}<//>`}
        ${LIVE.includes(one.state) && may(me, "bring") && html`<${Button} onClick=${() => ask("cancel")}>${t.cancel}<//>`}
        ${["done", "done_with_errors"].includes(one.state) && !one.dry_run && may(me, "administer") && html`<${Button} kind="danger" onClick=${() => ask("undo")}>${t.undo}<//>`}
      </footer>`}<//>
    ${asking === "undo" && html`<${Undo} work=${{}} path=${`uploads/${id}/undo`} onClose=${() => ask(null)} onDone=${() => (found.reload(), onDone())} />`}
    ${["retry", "cancel"].includes(asking) && html`<${Confirm} title=${t[asking]} yes=${t[asking]} onYes=${act(asking)} onClose=${() => ask(null)}><p>${t[`${asking}Ask`]}</p><//>`}
  <//>`;
}
