/**
 * The dialogs of the work page that ask: a reason for skip and flag, leaving with unsent answers.
 *
 * @import { Text } from "../i18n.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useRef, useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { sentenceOf } from "./problem-text.js";

/**
 * @param {object} props
 * @param {"skip" | "flag"} props.verb
 * @param {(reason: string) => Promise<void>} props.onSend
 * @param {() => void} props.onClose
 * @param {Text} props.t
 * @returns {VNode}
 */
export function ReasonDialog({ verb, onSend, onClose, t }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const reason = field.current?.value.trim() ?? "";
    if (reason === "") {
      setMessage(t("dialog.reason_missing"));
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await onSend(reason);
      onClose();
    } catch (error) {
      setMessage(sentenceOf(error, t));
      setBusy(false);
    }
  }

  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event);
  };

  const body = html`<form onSubmit=${submit} novalidate>
    <p>${t(`${verb}.lead`)}</p>
    <label for="dialog-reason">${t("dialog.reason")}</label>
    <textarea id="dialog-reason" ref=${field} rows="3" dir="auto" required maxlength="4000"
      aria-describedby="dialog-message" aria-invalid=${message !== ""} onKeyDown=${onKeyDown}></textarea>
    <p id="dialog-message" class="field-error" role="alert">${message}</p>
    <div class="dialog-actions">
      <button class="button" type="button" onClick=${onClose}>${t("dialog.cancel")}</button>
      <button class="button is-main" type="submit" disabled=${busy}>${t(`${verb}.submit`)}</button>
    </div>
  </form>`;
  return h(Dialog, { title: t(`${verb}.title`), onClose, children: body });
}

/**
 * @param {object} props
 * @param {number} props.count
 * @param {() => void} props.onLeave
 * @param {() => void} props.onClose
 * @param {Text} props.t
 * @returns {VNode}
 */
export function LeaveDialog({ count, onLeave, onClose, t }) {
  const body = html`<div>
    <p>${t("leave.lead", { count })}</p>
    <div class="dialog-actions">
      <button class="button" type="button" onClick=${onLeave}>${t("leave.submit")}</button>
      <button class="button is-main" type="button" onClick=${onClose}>${t("leave.stay")}</button>
    </div>
  </div>`;
  return h(Dialog, { title: t("leave.title"), onClose, children: body });
}
