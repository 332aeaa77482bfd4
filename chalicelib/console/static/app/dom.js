// What pages are written with: Preact's elements as htm's templates, and its hooks. One place names the libraries.
import { createElement, Fragment, render } from "preact";
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import htm from "htm";

export const html = htm.bind(createElement);
export { Fragment, render, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState };

/** Class names, those that hold: classes("tab", {chosen: true}). */
export function classes(...given) {
  return given
    .flatMap((one) => (one && typeof one === "object" ? Object.keys(one).filter((name) => one[name]) : one || []))
    .join(" ");
}
