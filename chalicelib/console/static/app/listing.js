// A list with what can be done to it: a button that adds, and buttons in each row, each with its form or its question.
import { html, useState } from "./dom.js";
import { useRows } from "./data.js";
import { Form } from "./form.js";
import { Exports, Table } from "./table.js";
import { texts } from "./texts.js";
import { Button, Confirm, Dialog, say } from "./ui.js";

/**
 * `add` and each of `deeds` is {title, when(row), ask, fields, values(row), danger, act(said, row), done}: with `fields` a
 * form asks for what `act` gets, else `ask` is the question. What `act` gives back goes to `told`, so that a secret can be shown.
 * One with a `dialog({row, onClose, onDone})` of its own has {title, when(row), dialog} alone.
 */
export function Listing({ path, query, columns, caption, rowKey, sort, empty, add, deeds = [], told, children }) {
  const rows = useRows(path, { ...query, ...sort });
  const [open, set] = useState(null);
  const finish = (deed, answer, row) => {
    set(null);
    rows.reload();
    if (deed.done) say(deed.done);
    told?.(answer, row);
  };
  const more = deeds.length > 0 && {
    key: "deeds",
    title: texts.actions,
    cell: (row) => deeds.filter((deed) => !deed.when || deed.when(row)).map((deed) => html`<${Button} key=${deed.title} kind="small"
      onClick=${() => set({ deed, row })}>${deed.title}<//> `),
  };
  return html`<div class="above"><span class="actions">${add && html`<${Button} kind="primary" onClick=${() => set({ deed: add })}>${add.title}<//>`}${children}</span>
      <${Exports} path=${path} query=${{ ...query, ...sort }} /></div>
    <${Table} rows=${rows} columns=${[...columns, more].filter(Boolean)} caption=${caption} rowKey=${rowKey} empty=${empty} />
    ${open && html`<${Deed} ...${open} onClose=${() => set(null)} onDone=${(answer) => finish(open.deed, answer, open.row)} />`}`;
}

/** One of `deeds`, or of what is like it, in a dialog of its own. */
export function Deed({ deed, row, onClose, onDone }) {
  if (deed.dialog) return deed.dialog({ row, onClose, onDone });
  if (!deed.fields) {
    return html`<${Confirm} title=${deed.title} yes=${deed.title} danger=${deed.danger} onClose=${onClose}
      onYes=${async () => onDone(await deed.act({}, row))}><p>${deed.ask(row)}</p><//>`;
  }
  return html`<${Dialog} title=${deed.title} onClose=${onClose}>
    ${deed.ask && html`<p>${deed.ask(row)}</p>`}
    <${Form} fields=${typeof deed.fields === "function" ? deed.fields(row) : deed.fields} values=${deed.values?.(row)} nulls=${deed.nulls}
      submit=${deed.submit || texts.save} onCancel=${onClose} onSubmit=${async (said) => onDone(await deed.act(said, row))} />
  <//>`;
}
