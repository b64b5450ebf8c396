/**
 * How a comparison looks: the prompt, two answers side by side, the choice and the reason.
 *
 * @import { PairwiseSettings } from "../../types/api.js"
 * @import { Binding, EditorViewProps, Text } from "../../types/editor.js"
 * @import { VNode } from "preact"
 * @import { Pick } from "./codec.js"
 * @import { PairwiseState } from "./reducer.js"
 */
import { h } from "preact";
import { html } from "../../ui/html.js";
import { Keys } from "../../ui/keycap.js";
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

/** @param {OptionProps} props */
function Option({ pick, label, picked, binding, showKeys, act }) {
  return html`<label class=${`option ${picked ? "is-picked" : ""}`}>
    <input type="radio" name="pick" value=${pick} checked=${picked}
      onChange=${() => act(`pick-${pick}`)} />
    <span>${label}</span>
    ${showKeys && binding ? h(Keys, { keys: binding.keys.slice(0, 1) }) : null}
  </label>`;
}

/**
 * @param {object} props
 * @param {"a" | "b"} props.pick
 * @param {string} props.source
 * @param {boolean} props.picked
 * @param {boolean} props.raw
 * @param {Text} props.t
 * @returns {VNode}
 */
function Answer({ pick, source, picked, raw, t }) {
  const name = t(`pairwise.system.${pick}`);
  return html`<section class=${`answer ${picked ? "is-picked" : ""}`} aria-labelledby=${`answer-${pick}`}
    data-side=${pick}>
    <header class="answer-head">
      <h3 id=${`answer-${pick}`}>${name}</h3>
      <span class="picked-mark" aria-hidden="true">${picked ? t("pairwise.picked") : ""}</span>
    </header>
    ${h(Content, { source, raw, empty: t("pairwise.empty_answer") })}
  </section>`;
}

/**
 * @param {object} props
 * @param {PairwiseState} props.state
 * @param {PairwiseSettings} props.settings
 * @param {boolean} props.showKeys
 * @param {boolean} props.wrong
 * @param {Binding | undefined} props.binding
 * @param {Text} props.t
 * @param {(action: string, value?: string) => void} props.act
 * @returns {VNode}
 */
function Reason({ state, settings, showKeys, wrong, binding, t, act }) {
  const required = settings.reason === "required";
  const length = codePoints(state.reason);
  return html`<div class="reason">
    <label for="reason">
      ${t(required ? "pairwise.reason.required" : "pairwise.reason.optional")}
      ${showKeys && binding ? h(Keys, { keys: binding.keys.slice(0, 1) }) : null}
    </label>
    <textarea id="reason" data-field="reason" rows="2" dir="auto" autocomplete="off"
      aria-required=${required} aria-invalid=${wrong} aria-describedby="gap"
      value=${state.reason}
      onInput=${(/** @type {InputEvent} */ event) =>
        act("type-reason", /** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
    ${length > REASON_LENGTH_MAX - 200
      ? html`<p class="note">${t("pairwise.reason.length", { length, most: REASON_LENGTH_MAX })}</p>`
      : null}
  </div>`;
}

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
    <section class="prompt" aria-labelledby="prompt-title">
      <h3 id="prompt-title">${t("pairwise.prompt")}</h3>
      ${h(Content, { source: prompt, raw, empty: t("pairwise.empty_prompt") })}
    </section>
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
            state, settings, showKeys, t, act,
            wrong: gap?.field === "reason",
            binding: keys.get("focus-reason"),
          })}
      ${actions}
    </div>
  </div>`;
}
