/**
 * What the annotator is told about drafts: one whose task has moved on, one that another page wrote.
 *
 * @import { Text } from "../i18n.js"
 * @import { Bench } from "../store/bench.js"
 * @import { Editor } from "../types/editor.js"
 * @import { VNode } from "preact"
 */
import { Fragment, h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { sentenceOf } from "./problem-text.js";

/**
 * @param {object} props
 * @param {Bench} props.bench
 * @param {string} props.leaseId
 * @param {Text} props.t
 * @returns {VNode}
 */
function Conflict({ bench, leaseId, t }) {
  const [message, setMessage] = useState("");
  /** @param {() => Promise<void>} work */
  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      setMessage(sentenceOf(error, t));
    }
  };
  return h(Notice, {
    tone: "warn",
    title: t("draft.conflict"),
    children: html`<p>${t("draft.conflict_text")} ${message}</p>`,
    actions: html`<button class="button" type="button"
        onClick=${() => attempt(() => bench.leftovers.takeStored(leaseId))}>${t("draft.take")}</button>
      <button class="button" type="button"
        onClick=${() => attempt(() => bench.leftovers.keepMine(leaseId))}>${t("draft.keep")}</button>`,
  });
}

/**
 * @param {object} props
 * @param {Bench} props.bench
 * @param {Editor<any>} props.editor
 * @param {Text} props.t
 * @returns {VNode}
 */
export function DraftNotices({ bench, editor, t }) {
  const shown = bench.current.value;
  const conflict = bench.leftovers.conflict.value;
  return h(Fragment, {}, [
    conflict !== null && conflict === shown?.id
      ? h(Conflict, { key: "conflict", bench, leaseId: conflict, t })
      : null,
    ...bench.leftovers.stranded.value.map((draft) =>
      h(Notice, {
        key: draft.lease_id,
        tone: "warn",
        title: t("draft.stranded"),
        children: html`<div><p>${t("draft.stranded_text")}</p>
          <p class="kept-work" dir="auto">${editor.tell(editor.restore(draft.state), t)}</p></div>`,
        actions: html`${shown === null
            ? null
            : html`<button class="button" type="button"
                onClick=${() => bench.leftovers.reuse(draft.lease_id)}>${t("draft.reuse")}</button>`}
          <button class="button" type="button"
            onClick=${() => bench.leftovers.dismiss(draft.lease_id)}>${t("notice.dismiss")}</button>`,
      }),
    ),
  ]);
}
