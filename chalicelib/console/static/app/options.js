// Dropdown values: what forms and sheets may say.
import { html } from "./dom.js";
import { post, put } from "./api.js";
import { Filters, forgetOptions } from "./filters.js";
import { Listing } from "./listing.js";
import { may } from "./session.js";
import { texts } from "./texts.js";
import { office } from "./texts.office.js";
import { Badge, Code, Head } from "./ui.js";

const t = office.options;
const CATEGORIES = Object.entries(t.categories).map(([value, title]) => ({ value, title }));
const CLASSED = ["work_code", "leave_type", "attendance_type", "exception_type"];
const CODED = ["leave_type", "exception_type"];

const COLUMNS = [
  { key: "category", title: t.category, cell: (row) => t.categories[row.category] },
  { key: "value", title: t.value, wide: true },
  { key: "class", title: t.class, minor: true, cell: (row) => row.class && html`<${Code} code=${texts.classes[row.class]} of=${row.class} />` },
  { key: "work_code", title: t.code, minor: true },
  { key: "is_active", title: t.active, cell: (row) => (row.is_active ? html`<${Badge} tone="green" sign="✓">${texts.yes}<//>` : html`<${Badge}>${texts.no}<//>`) },
];

export default function Options({ me, route }) {
  const turn = (is_active) => async (said, row) => {
    forgetOptions();
    return put(`admin/options/${row.option_id}`, { is_active });
  };
  const add = {
    title: t.add,
    done: t.added,
    values: () => ({ category: route.query.category }),
    fields: [
      { name: "category", label: t.category, kind: "choice", options: CATEGORIES, required: true },
      { name: "value", label: t.value, required: true },
      { name: "class", label: t.class, kind: "choice", when: (said) => CLASSED.includes(said.category),
        options: Object.entries(texts.classes).map(([value, title]) => ({ value, title })) },
      { name: "work_code", label: t.code, when: (said) => CODED.includes(said.category) },
    ],
    act: async (said) => {
      forgetOptions();
      return post("admin/options", said);
    },
  };
  const deeds = [
    { title: t.retire, when: (row) => row.is_active, ask: t.retireAsk, act: turn(false), done: t.changed },
    { title: t.bring, when: (row) => !row.is_active, ask: t.bringAsk, act: turn(true), done: t.changed },
  ];
  const own = may(me, "administer");
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Filters} fields=${[{ name: "category", label: t.category, kind: "choice", options: CATEGORIES }]} query=${route.query} />
    <${Listing} path="admin/options" query=${route.query} columns=${COLUMNS} caption=${t.title} rowKey="option_id"
      add=${own && add} deeds=${own ? deeds : []} />`;
}
