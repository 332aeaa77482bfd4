// Backups: what there is, whether it is good, and one more now.
import { html } from "./dom.js";
import { post } from "./api.js";
import { useGet } from "./data.js";
import { moment, size } from "./format.js";
import { Listing } from "./listing.js";
import { office } from "./texts.office.js";
import { Badge, Empty, Head } from "./ui.js";

const t = office.backups;
const OLD = 30 * 3600 * 1000;
const TONES = { good: ["green", "✓"], running: ["amber", "…"], failed: ["red", "×"], expired: ["grey", "–"] };

const COLUMNS = [
  { key: "started_at", title: t.started, cell: (row) => moment(row.started_at) },
  { key: "tier", title: t.tier },
  { key: "size", title: t.size, number: true, cell: (row) => size(row.size) },
  { key: "state", title: t.state, cell: (row) => html`<${Badge} tone=${TONES[row.state]?.[0]} sign=${TONES[row.state]?.[1]}>${row.state}<//> ${row.pinned && html`<${Badge} tone="violet" sign="▲">${t.pinned}<//>`}` },
  { key: "verified_at", title: t.verified, minor: true, cell: (row) => moment(row.verified_at) },
  { key: "drill", title: t.drill, minor: true, cell: (row) => row.drill && `${moment(row.drill.at)}: ${row.drill.outcome}` },
];

export default function Backups() {
  const newest = useGet("backups", { limit: 1 });
  const last = newest.data?.data[0];
  const deed = (name) => (_, row) => post(`backups/${row.backup_id}/${name}`);
  const deeds = [
    { title: t.verify, ask: t.verifyAsk, act: deed("verify"), done: t.asked },
    { title: t.pin, when: (row) => !row.pinned, ask: t.pinAsk, act: deed("pin"), done: t.done },
    { title: t.unpin, when: (row) => row.pinned, ask: t.unpinAsk, act: deed("unpin"), done: t.done },
  ];
  const add = { title: t.now, ask: t.nowAsk, act: () => post("backups"), done: t.asked };
  return html`<${Head} title=${t.title} about=${t.about} />
    ${last && Date.now() - new Date(last.started_at) > OLD && html`<p class="warning" role="alert">${t.tooOld(moment(last.started_at))}</p>`}
    <${Listing} path="backups" columns=${COLUMNS} caption=${t.title} rowKey="backup_id" add=${add} deeds=${deeds}
      empty=${html`<${Empty} title=${t.none}>${t.noneAbout}<//>`} />`;
}
