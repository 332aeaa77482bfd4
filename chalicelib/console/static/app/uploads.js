// Uploads: a sheet is looked at first (new, changed, failed, each with its cell), then written; failed rows come back.
import { html, useEffect, useRef, useState } from "./dom.js";
import { address, get, post } from "./api.js";
import { Undo } from "./audit.js";
import { useGet, useRows } from "./data.js";
import { Field } from "./form.js";
import { moment, number } from "./format.js";
import { By } from "./names.js";
import { sendFile } from "./sending.js";
import { may } from "./session.js";
import { Table } from "./table.js";
import { texts } from "./texts.js";
import { uploads as t } from "./texts.uploads.js";
import { Badge, Button, Confirm, Dialog, Empty, Facts, Head, Loaded, Progress, say, Tabs, Trouble } from "./ui.js";

const BROUGHT_BY = {
  employees: ["hr", "admin"],
  roster: ["hr", "admin"],
  schedules: ["planner", "admin"],
  attendances: ["supervisor", "duty_lead", "admin"],
  exceptions: ["planner", "admin"],
  rewards: ["hr", "admin"],
  forecast: ["planner", "admin"],
  requirement: ["planner", "admin"],
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
const SOON = 600;

export default function Uploads({ me }) {
  const [open, set] = useState(null);
  const rows = useRows("uploads", {}, { every: 10000 });
  const kinds = Object.keys(BROUGHT_BY).filter((kind) => BROUGHT_BY[kind].includes(me.role));
  const columns = [
    { key: "created_at", title: t.at, cell: (row) => moment(row.created_at) },
    { key: "kind", title: t.kind, cell: (row) => t.kinds[row.kind] || row.kind },
    { key: "filename", title: t.file, wide: true },
    { key: "state", title: t.state, cell: (row) => html`<${State} upload=${row} />` },
    { key: "rows_read", title: t.rows, number: true, minor: true },
    { key: "error_count", title: t.failed, number: true },
    { key: "uploaded_by", title: texts.by, minor: true, cell: (row) => html`<${By} who=${row.uploaded_by} />` },
    { key: "open", title: texts.actions, cell: (row) => html`<${Button} kind="small" onClick=${() => set(row.upload_id)}>${t.open}<//>` },
  ];
  return html`<${Head} title=${t.title} about=${t.about} />
    ${kinds.length > 0 && html`<${Bring} me=${me} kinds=${kinds} onDone=${rows.reload} />`}
    <${Table} rows=${rows} columns=${columns} caption=${t.title} rowKey="upload_id" empty=${html`<${Empty} title=${t.empty}>${t.emptyAbout}<//>`} />
    ${open && html`<${Upload} me=${me} id=${open} onClose=${() => set(null)} onDone=${rows.reload} />`}`;
}

const State = ({ upload }) =>
  html`<${Badge} tone=${TONES[upload.state]} sign=${SIGNS[upload.state]}>${t.states[upload.state]}<//>${upload.dry_run && html` <span class="muted small">${t.dry}</span>`}`;

/** A file is chosen, sent, and looked at; then sent again to be written. */
function Bring({ me, kinds, onDone }) {
  const [said, say] = useState({ kind: kinds[0] });
  const [state, move] = useState({});
  const options = OPTIONS[said.kind] || ["all_or_nothing"];
  const choose = (file) => {
    if (!file) return;
    const named = kinds.find((kind) => file.name.toLowerCase().includes(kind));
    say((before) => ({ ...before, file, kind: named || before.kind }));
    move({});
  };
  const run = async (dry_run) => {
    const control = new AbortController();
    const { file, kind } = said;
    move({ share: 0, control, dry_run });
    let form;
    try {
      const asked = Object.fromEntries(options.filter((one) => said[one]).map((one) => [one, true]));
      form = await post("uploads", { kind, filename: file.name, size: file.size, dry_run, options: asked });
      await sendFile(form, file, { signal: control.signal, onShare: (share) => move((before) => ({ ...before, share })) });
      move({ id: form.upload_id, dry_run });
    } catch (error) {
      if (form) post(`uploads/${form.upload_id}/cancel`).then(onDone, onDone);
      move({ error: error.name === "AbortError" ? null : error });
    }
    onDone();
  };
  const again = () => {
    say({ kind: said.kind, turn: (said.turn || 0) + 1 });
    move({});
  };
  const sending = state.share !== undefined;
  return html`<section class="panel" aria-label=${t.bring}><h2>${t.bring}</h2>
    <${Drop} key=${said.turn} file=${said.file} onFile=${choose} />
    <div class="fields">
      <${Field} name="kind" label=${t.kind} kind="choice" required value=${said.kind} onInput=${(kind) => say({ ...said, kind })}
        options=${kinds.map((value) => ({ value, title: t.kinds[value] }))} problems=${state.error?.of?.("kind")} />
      <p class="small"><a href=${`templates/${said.kind}.xlsx`} download>${t.template(t.kinds[said.kind])}</a></p>
    </div>
    <details><summary>${t.more}</summary><div class="fields">${options.map((name) => html`<${Field} key=${name} name=${name} kind="check" label=${t.options[name]}
      value=${said[name]} onInput=${(value) => say({ ...said, [name]: value })} problems=${state.error?.of?.(name)} />`)}</div></details>
    <${Trouble} error=${state.error} beside=${state.error?.of ? ["kind", ...options] : undefined} />
    ${sending && html`<p role="status">${t.sending(said.file.name)}</p><${Progress} share=${state.share} label=${t.sending(said.file.name)} />`}
    ${state.id && html`<h3>${state.dry_run ? t.would : t.happened}</h3><${Watched} key=${state.id} me=${me} id=${state.id} onDone=${onDone} />`}
    <footer class="actions">
      ${sending && html`<${Button} onClick=${() => state.control.abort()}>${t.stop}<//>`}
      ${state.id && html`<${Button} onClick=${again}>${t.another}<//>`}
      <${Button} kind=${state.id ? "plain" : "primary"} busy=${sending} disabled=${!said.file || !said.kind} onClick=${() => run(true)}>${t.look}<//>
      ${state.id && state.dry_run && html`<${Button} kind="primary" onClick=${() => run(false)}>${t.write}<//>`}
    </footer>
  </section>`;
}

/** The same name may be chosen again, once the file is corrected. */
const forget = (event) => {
  event.currentTarget.value = "";
};

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
      <input ref=${input} type="file" accept=".xlsx,.xls,.ods,.csv" onClick=${forget} onChange=${() => onFile(input.current.files[0])} /></label>
  </div>`;
}

/** What became of the rows, by outcome, each failure beside its cell. */
function Outcomes({ id, failed }) {
  const [chosen, choose] = useState(failed ? "errors" : "");
  const counts = useCounts(id);
  const tabs = [
    { key: "errors", title: t.findings },
    { key: "", title: t.rows },
    ...Object.keys(OUTCOMES).filter((key) => counts[key]).map((key) => ({ key, title: t.outcomes[key], count: number(counts[key]) })),
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

/** How many rows there are of each outcome. */
function useCounts(id) {
  const [counts, set] = useState({});
  useEffect(() => {
    for (const outcome of Object.keys(OUTCOMES)) {
      get(`uploads/${id}/rows`, { outcome, limit: 1 }).then(
        ({ total }) => set((before) => ({ ...before, [outcome]: total })),
        () => {}, // The table beside it says what is wrong.
      );
    }
  }, [id]);
  return counts;
}

function Upload({ me, id, onClose, onDone }) {
  const found = useGet(`uploads/${id}`);
  return html`<${Dialog} wide title=${found.data?.filename || t.title} onClose=${onClose}>
    <${Watched} me=${me} id=${id} onDone=${onDone} />
  <//>`;
}

/** One upload, from its file's arrival to its end, with what can be done about it. */
function Watched({ me, id, onDone }) {
  const [asking, ask] = useState(null);
  const [live, set] = useState(true);
  const found = useGet(`uploads/${id}`, {}, { every: live ? SOON : 0 });
  const state = found.data?.state;
  useEffect(() => {
    if (!state) return;
    set(LIVE.includes(state));
    onDone();
  }, [state]);
  const act = (name) => async () => {
    await post(`uploads/${id}/${name}`);
    say(t.asked);
    set(true);
    found.reload();
  };
  const close = () => ask(null);
  return html`<${Loaded} found=${found}>${(one) => html`
    <${Facts} facts=${[[t.kind, t.kinds[one.kind] || one.kind], [t.state, html`<${State} upload=${one} />`], [t.at, moment(one.created_at)], [texts.by, html`<${By} who=${one.uploaded_by} />`], [t.rows, number(one.rows_read)], [t.failed, number(one.error_count)]]} />
    ${LIVE.includes(one.state) && html`<${Progress} share=${one.rows_total ? one.rows_read / one.rows_total : null} label=${t.states[one.state]} />`}
    <p role="status">${LIVE.includes(one.state) ? t.going[one.state] : one.message}</p>
    ${!LIVE.includes(one.state) && html`<${Outcomes} key=${one.state} id=${id} failed=${one.error_count} />`}
    <div class="actions">
      ${one.state === "failed" && may(me, "bring") && html`<${Button} onClick=${() => ask("retry")}>${t.retry}<//>`}
      ${LIVE.includes(one.state) && may(me, "bring") && html`<${Button} onClick=${() => ask("cancel")}>${t.cancel}<//>`}
      ${["done", "done_with_errors"].includes(one.state) && !one.dry_run && may(me, "administer") && html`<${Button} kind="danger" onClick=${() => ask("undo")}>${t.undo}<//>`}
    </div>`}<//>
    ${asking === "undo" && html`<${Undo} work=${{}} path=${`uploads/${id}/undo`} onClose=${close} onDone=${found.reload} />`}
    ${["retry", "cancel"].includes(asking) && html`<${Confirm} title=${t[asking]} yes=${t[asking]} onYes=${act(asking)} onClose=${close}><p>${t[`${asking}Ask`]}</p><//>`}`;
}
