/**
 * How a comparison looks: the prompt, two answers side by side, the choice and the reason.
 *
 * @import { Binding, EditorViewProps, Text } from "../../types/editor.js"
 * @import { VNode } from "preact"
 * @import { Pick } from "./codec.js"
 * @import { PairwiseState } from "./reducer.js"
 */
import { h } from "preact";
import { html, steady } from "../../ui/html.js";
import { Keys } from "../../ui/icon.js";
import { Content } from "../../ui/markdown-view.js";
import { codePoints, REASON_LENGTH_MAX, sideOf } from "./codec.js";

/**
 * @typedef {object} OptionProps
 * @property {Pick} pick
 * @property {string} label
 * @property {boolean} picked
 * @property {Binding | undefined} binding
 * @property {boolean} showKeys
 * @property {(action: string) => void} act
 */

const Option = steady((/** @type {OptionProps} */ { pick, label, picked, binding, showKeys, act }) => {
  return html`<label class=${`option ${picked ? "is-picked" : ""}`}>
    <input type="radio" name="pick" value=${pick} checked=${picked}
      onChange=${() => act(`pick-${pick}`)} />
    <span>${label}</span>
    ${showKeys && binding ? h(Keys, { keys: binding.keys.slice(0, 1) }) : null}
  </label>`;
});

/**
 * What is read: it stays as it is while something is picked.
 * @typedef {object} ReadProps
 * @property {string} source
 * @property {boolean} raw
 * @property {Text} t
 */

const Prompt = steady((/** @type {ReadProps} */ { source, raw, t }) => {
  return html`<section class="prompt" aria-labelledby="prompt-title">
    <h3 id="prompt-title">${t("pairwise.prompt")}</h3>
    ${h(Content, { source, raw, empty: t("pairwise.empty_prompt") })}
  </section>`;
});

const AnswerText = steady((/** @type {ReadProps} */ { source, raw, t }) =>
  h(Content, { source, raw, empty: t("pairwise.empty_answer") }),
);

/** @typedef {ReadProps & {pick: "a" | "b", picked: boolean}} AnswerProps */

const Answer = steady((/** @type {AnswerProps} */ { pick, source, picked, raw, t }) => {
  return html`<section class=${`answer ${picked ? "is-picked" : ""}`} aria-labelledby=${`answer-${pick}`}
    data-side=${pick}>
    <header class="answer-head">
      <h3 id=${`answer-${pick}`}>${t(`pairwise.system.${pick}`)}</h3>
      <span class="picked-mark" aria-hidden="true">${t("pairwise.picked")}</span>
    </header>
    ${h(AnswerText, { source, raw, t })}
  </section>`;
});

/**
 * @typedef {object} ReasonProps
 * @property {string} reason
 * @property {boolean} required
 * @property {boolean} showKeys
 * @property {boolean} wrong
 * @property {Binding | undefined} binding
 * @property {Text} t
 * @property {(action: string, value?: string) => void} act
 */

const Reason = steady((/** @type {ReasonProps} */ props) => {
  const { reason, required, showKeys, wrong, binding, t, act } = props;
  const length = codePoints(reason);
  return html`<div class="reason">
    <label for="reason">
      ${t(required ? "pairwise.reason.required" : "pairwise.reason.optional")}
      ${showKeys && binding ? h(Keys, { keys: binding.keys.slice(0, 1) }) : null}
    </label>
    <textarea id="reason" data-field="reason" rows="2" dir="auto" autocomplete="off"
      aria-required=${required} aria-invalid=${wrong} aria-describedby="gap"
      value=${reason}
      onInput=${(/** @type {InputEvent} */ event) =>
        act("type-reason", /** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
    ${length > REASON_LENGTH_MAX - 200
      ? html`<p class="note">${t("pairwise.reason.length", { length, most: REASON_LENGTH_MAX })}</p>`
      : null}
  </div>`;
});

/**
 * @param {EditorViewProps<PairwiseState>} props
 * @returns {VNode}
 */
export function View({ lease, settings, state, raw, gap, showKeys, bindings, actions, t, act }) {
  const { prompt } = lease.payload;
  const keys = new Map(bindings.map((binding) => [binding.action, binding]));
  /** @type {Pick[]} */
  const picks = settings.tie ? ["a", "tie", "b"] : ["a", "b"];
  const sides = /** @type {const} */ (["a", "b"]);
  return html`<div class="pairwise">
    ${h(Prompt, { source: prompt, raw, t })}
    <div class="answers">
      ${sides.map((pick) => {
        const source = lease.payload[sideOf(pick, lease.order)];
        return h(Answer, { key: pick, pick, source, picked: state.pick === pick, raw, t });
      })}
    </div>
    <div class="decision">
      <fieldset class="options" data-field="pick" tabindex="-1" aria-describedby="gap"
        aria-invalid=${gap?.field === "pick"}>
        <legend>${t("pairwise.question")}</legend>
        ${picks.map((pick) =>
          h(Option, {
            key: pick,
            pick,
            label: t(`pairwise.option.${pick}`),
            picked: state.pick === pick,
            binding: keys.get(`pick-${pick}`),
            showKeys,
            act,
          }),
        )}
      </fieldset>
      ${settings.reason === "off"
        ? null
        : h(Reason, {
            reason: state.reason,
            required: settings.reason === "required",
            showKeys, t, act,
            wrong: gap?.field === "reason",
            binding: keys.get("focus-reason"),
          })}
      ${actions}
    </div>
  </div>`;
}
