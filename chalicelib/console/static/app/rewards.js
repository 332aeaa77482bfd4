// Rewards: awards and their reversals, redemptions and their decisions, and what points are given for.
import { html } from "./dom.js";
import { post, put } from "./api.js";
import { useGet } from "./data.js";
import { Filters, useOptions } from "./filters.js";
import { day } from "./format.js";
import { Listing } from "./listing.js";
import { By } from "./names.js";
import { keep } from "./router.js";
import { may } from "./session.js";
import { personColumn } from "./table.js";
import { texts } from "./texts.js";
import { rewards as t } from "./texts.rewards.js";
import { Badge, Empty, Head, Tabs } from "./ui.js";

const TONES = { Pending: ["amber", "…"], Approved: ["green", "✓"], Rejected: ["red", "×"], Reversed: ["grey", "↩"] };
const WHO = personColumn(t.person);
const NOTES = { name: "notes", label: t.notes, kind: "area" };

export default function Rewards({ me, route }) {
  const { tab = "awards", ...query } = route.query;
  const List = { awards: Awards, redemptions: Redemptions, reasons: Reasons }[tab];
  const tabs = ["awards", "redemptions", "reasons"].map((key) => ({ key, title: t[key] }));
  return html`<${Head} title=${t.title} about=${t.about} />
    <${Tabs} label=${t.title} tabs=${tabs} chosen=${tab} onChoose=${(chosen) => keep({ tab: chosen })} />
    ${tab !== "reasons" && html`<${Filters} fields=${["department", "supervisor"]} query=${query} />`}
    <${List} key=${tab} me=${me} query=${tab === "reasons" ? {} : query} />`;
}

function Awards({ me, query }) {
  const reasons = useGet("rewards/reasons", { is_active: true, limit: 1000 });
  const columns = [
    WHO,
    { key: "reason", title: t.reason, cell: (row) => row.reason || (row.reverses && t.reversal) },
    { key: "points", title: t.points, number: true, cell: (row) => html`${row.points}${row.reversed_by && html` <${Badge} sign="↩">${t.reversed}<//>`}` },
    { key: "date_awarded", title: t.date, cell: (row) => day(row.date_awarded) },
    { key: "awarded_by", title: texts.by, minor: true, cell: (row) => html`<${By} who=${row.awarded_by} />` },
    { key: "notes", title: t.notes, minor: true },
  ];
  const own = may(me, "reward");
  const add = {
    title: t.award,
    done: t.done,
    fields: [
      { name: "employee_id", label: t.employee, kind: "person", required: true },
      { name: "reason_id", label: t.reason, kind: "choice", required: true, options: (reasons.data?.data || []).map((one) => ({ value: one.reason_id, title: `${one.reason} (${one.points})` })) },
      { name: "points", label: t.points, kind: "number", min: 1, hint: t.pointsHint },
      { name: "date_awarded", label: t.date, kind: "date" },
      NOTES,
    ],
    act: (said) => post("rewards/award", { ...said, reason_id: said.reason_id && Number(said.reason_id) }),
  };
  const deeds = [
    { title: t.reverse, when: (row) => own && !row.reverses && !row.reversed_by, ask: t.reverseAsk, danger: true, fields: [NOTES], submit: t.reverse, done: t.done,
      act: (said, row) => post(`rewards/awards/${row.reward_id}/reverse`, said) },
  ];
  return html`<${Listing} path="rewards/awards" query=${query} sort=${{ sort: "date_awarded", order: "desc" }} columns=${columns} caption=${t.awards} rowKey="reward_id"
    add=${own && add} deeds=${own ? deeds : []} empty=${html`<${Empty} title=${t.none}>${t.noneAbout}<//>`} />`;
}

function Redemptions({ me, query }) {
  const types = useOptions("redemption_type");
  const own = may(me, "reward");
  const columns = [
    WHO,
    { key: "redemption_type", title: t.what },
    { key: "points_redeemed", title: t.points, number: true },
    { key: "redemption_date", title: t.date, cell: (row) => day(row.redemption_date) },
    { key: "status", title: t.status, cell: (row) => html`<${Badge} tone=${TONES[row.status][0]} sign=${TONES[row.status][1]}>${t.statuses[row.status]}<//>` },
    { key: "redemption_details", title: t.details, minor: true },
    { key: "approved_by", title: texts.by, minor: true, cell: (row) => html`<${By} who=${row.approved_by} />` },
    { key: "notes", title: t.notes, minor: true },
  ];
  const move = (name) => (said, row) => post(`rewards/redemptions/${row.redemption_id}/${name}`, said);
  const ask = (row) => html`${t.approveAsk(row)} <${Balance} id=${row.employee_id} />`;
  const decision = (name, danger) => ({ title: t[name], ask, fields: [NOTES], submit: t[name], danger, act: move(name), done: t.done });
  const deeds = [
    { ...decision("approve"), when: (row) => row.status === "Pending" },
    { ...decision("reject", true), when: (row) => row.status === "Pending" },
    { ...decision("reverse", true), when: (row) => row.status === "Approved" },
  ];
  const add = {
    title: t.ask,
    done: t.done,
    fields: [
      { name: "employee_id", label: t.employee, kind: "person", required: true },
      { name: "points_redeemed", label: t.points, kind: "number", required: true, min: 1 },
      { name: "redemption_type", label: t.what, kind: "choice", options: types, required: true },
      { name: "redemption_details", label: t.details, kind: "area" },
    ],
    act: (said) => post("rewards/redemptions", said),
  };
  return html`<${Listing} path="rewards/redemptions" query=${query} sort=${{ sort: "redemption_date", order: "desc" }} columns=${columns} caption=${t.redemptions}
    rowKey="redemption_id" add=${own && add} deeds=${own ? deeds : []} />`;
}

/** What somebody has, who asks for something. */
function Balance({ id }) {
  const found = useGet(`rewards/employee/${id}/balance`);
  return found.data && html`<strong>${t.balance(found.data.point_balance)}</strong>`;
}

function Reasons({ me }) {
  const own = may(me, "reasons");
  const fields = [
    { name: "reason", label: t.reason, required: true },
    { name: "points", label: t.points, kind: "number", min: 1, required: true },
  ];
  const at = (row) => `rewards/reasons/${row.reason_id}`;
  const deeds = [
    { title: t.change, fields, values: (row) => ({ reason: row.reason, points: row.points }), act: (said, row) => put(at(row), said), done: t.done },
    { title: t.retire, when: (row) => row.is_active, ask: t.retireAsk, act: (_, row) => put(at(row), { is_active: false }), done: t.done },
    { title: t.bring, when: (row) => !row.is_active, ask: (row) => row.reason, act: (_, row) => put(at(row), { is_active: true }), done: t.done },
  ];
  const columns = [
    { key: "reason", title: t.reason, wide: true },
    { key: "points", title: t.points, number: true },
    { key: "is_active", title: t.active, cell: (row) => (row.is_active ? html`<${Badge} tone="green" sign="✓">${texts.yes}<//>` : html`<${Badge} sign="–">${texts.no}<//>`) },
  ];
  return html`<${Listing} path="rewards/reasons" columns=${columns} caption=${t.reasons} rowKey="reason_id"
    add=${own && { title: t.addReason, fields, act: (said) => post("rewards/reasons", said), done: t.done }} deeds=${own ? deeds : []} />`;
}
