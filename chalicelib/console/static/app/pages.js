// Every page: its place in the navigation, for whom it is, and its module, which is read when it is first looked at.
import { may } from "./session.js";
import { texts } from "./texts.js";

/** In the order of the navigation; `deed` is what somebody must be allowed to do (session.js), nothing for all. */
export const PAGES = [
  { key: "floor", group: "now", title: texts.pages.floor, load: () => import("./floor.js") },
  { key: "today", group: "now", title: texts.pages.today, load: () => import("./today.js") },
  { key: "attendance", group: "now", title: texts.pages.attendance, load: () => import("./attendance.js") },
  { key: "handover", group: "now", title: texts.pages.handover, load: () => import("./handover.js") },
  { key: "roster", group: "plan", title: texts.pages.roster, load: () => import("./roster.js") },
  { key: "timeline", group: "plan", title: texts.pages.timeline, load: () => import("./timeline.js") },
  { key: "leave", group: "plan", title: texts.pages.leave, load: () => import("./leave.js") },
  { key: "changes", group: "plan", title: texts.pages.changes, load: () => import("./changes.js") },
  { key: "exceptions", group: "plan", title: texts.pages.exceptions, load: () => import("./exceptions.js") },
  { key: "people", group: "people", title: texts.pages.people, load: () => import("./people.js") },
  { key: "uploads", group: "records", title: texts.pages.uploads, load: () => import("./uploads.js") },
  { key: "rewards", group: "points", title: texts.pages.rewards, load: () => import("./rewards.js") },
  { key: "reports", group: "records", title: texts.pages.reports, load: () => import("./reports.js") },
  { key: "options", group: "office", title: texts.pages.options, load: () => import("./options.js") },
  { key: "access", group: "office", deed: "administer", title: texts.pages.access, load: () => import("./access.js") },
  { key: "audit", group: "office", deed: "administer", title: texts.pages.audit, load: () => import("./audit.js") },
  { key: "backups", group: "office", deed: "administer", title: texts.pages.backups, load: () => import("./backups.js") },
];

export const GROUPS = ["now", "plan", "people", "points", "records", "office"];

/** The pages that somebody may see. */
export const pagesOf = (me) => PAGES.filter((one) => !one.deed || may(me, one.deed));
