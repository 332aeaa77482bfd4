// A table of any length: the server filters, sorts and counts; rows are asked for as they are scrolled to.
import { classes, html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { address } from "./api.js";
import { useRows } from "./data.js";
import { link } from "./router.js";
import { Empty, Trouble } from "./ui.js";
import { texts } from "./texts.js";

const HEIGHT = 40;
const SPARE = 10;

/**
 * `path` and `query` name a list of the API; columns are {key, title, cell(row), sort, number, wide, minor}. `sort` is the
 * API's name for it, `minor` ones are left out on a phone, and the query's sort and order are this table's own. `rows` may be given instead (useRows).
 */
export function Table({ path, query = {}, columns, caption, sort: first = {}, empty, rowKey, rowClass, rows: given, exports = true }) {
  const [sorted, set] = useState(first);
  const own = useRows(given ? null : path, { ...query, ...sorted });
  const rows = given || own;
  const [span, look] = useWindow(rows.total || 0);
  useEffect(() => rows.look(span.first, span.last), [span.first, span.last, rows.total, path, JSON.stringify(query), JSON.stringify(sorted)]);
  const by = (name) => set((before) => ({ sort: name, order: before.sort === name && before.order !== "desc" ? "desc" : "asc" }));
  if (rows.error && rows.total === null) return html`<${Trouble} error=${rows.error} retry=${rows.reload} />`;
  if (rows.total === 0) return empty || html`<${Empty} />`;
  const shown = [];
  for (let index = span.first; index <= Math.min(span.last, (rows.total || 1) - 1); index += 1) shown.push(index);
  const after = Math.max(0, (rows.total || 0) - 1 - (shown.at(-1) ?? 0));
  return html`<div class="tabular">
    <div class="above"><span class="muted" role="status">${rows.total === null ? texts.loading : texts.rows(rows.total)}</span>
      ${exports && path && html`<${Exports} path=${path} query=${{ ...query, ...sorted }} />`}</div>
    <div class="scroller" ref=${look} tabindex="0" role="region" aria-label=${caption}>
      <table aria-rowcount=${(rows.total || 0) + 1} aria-busy=${rows.busy || null}>
        <caption class="unseen">${caption}</caption>
        <thead><tr aria-rowindex="1">${columns.map((one) => html`<${Header} column=${one} sorted=${sorted} by=${by} />`)}</tr></thead>
        <tbody>
          <${Space} rows=${span.first} columns=${columns.length} />
          ${shown.map((index) => html`<${Line} key=${rowKey && rows.at(index) ? rows.at(index)[rowKey] : index} index=${index}
            row=${rows.at(index)} columns=${columns} rowClass=${rowClass} />`)}
          <${Space} rows=${after} columns=${columns.length} />
        </tbody>
      </table>
    </div>
  </div>`;
}

/** The column of whom a row is about, who has a page. */
export const personColumn = (title) => ({
  key: "full_name", title, wide: true, cell: (row) => html`<a href=${link("people", row.employee_id)}>${row.full_name || row.employee_id}</a>`,
});

/** The list as a file, as it is filtered and sorted. */
export const Exports = ({ path, query }) =>
  html`<span class="exports">${["csv", "xlsx"].map(
    (format) => html`<a key=${format} href=${address(path, { ...query, format })} download>${texts.as(format)}</a>`,
  )}</span>`;

function Header({ column, sorted, by }) {
  const mine = column.sort && sorted.sort === column.sort;
  const order = mine ? (sorted.order === "desc" ? "descending" : "ascending") : null;
  return html`<th scope="col" class=${classes({ number: column.number, wide: column.wide, minor: column.minor })} aria-sort=${order}>
    ${column.sort
      ? html`<button type="button" class="sort" onClick=${() => by(column.sort)}>${column.title}
          <span aria-hidden="true">${mine ? (order === "descending" ? " ▾" : " ▴") : ""}</span></button>`
      : column.title}
  </th>`;
}

function Line({ row, index, columns, rowClass }) {
  if (!row) return html`<tr class="row" aria-rowindex=${index + 2}><td colspan=${columns.length} class="pending">·</td></tr>`;
  return html`<tr class=${classes("row", rowClass?.(row))} aria-rowindex=${index + 2}>
    ${columns.map((one) => html`<td key=${one.key} class=${classes({ number: one.number, wide: one.wide, minor: one.minor })}>
      ${one.cell ? one.cell(row) : row[one.key]}</td>`)}
  </tr>`;
}

const Space = ({ rows, columns }) =>
  rows > 0 ? html`<tr aria-hidden="true" class="space"><td colspan=${columns} style=${{ height: `${rows * HEIGHT}px` }} /></tr>` : null;

/** Which rows of the scroller can be seen, with some to spare, and the ref of the scroller. */
export function useWindow(total, height = HEIGHT) {
  const element = useRef(null);
  const [span, set] = useState({ first: 0, last: 40 });
  const measure = () => {
    const box = element.current;
    if (!box) return;
    const first = Math.max(0, Math.floor(box.scrollTop / height) - SPARE);
    const last = first + Math.ceil(box.clientHeight / height) + 2 * SPARE;
    set((before) => (before.first === first && before.last === last ? before : { first, last }));
  };
  const attach = (box) => {
    if (element.current === box) return;
    element.current?.removeEventListener("scroll", measure);
    element.current = box;
    box?.addEventListener("scroll", measure, { passive: true });
  };
  useLayoutEffect(measure, [total]);
  useEffect(() => {
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, []);
  return [span, attach];
}
