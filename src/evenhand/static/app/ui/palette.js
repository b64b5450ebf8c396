/**
 * The palette of commands: type a few letters of what you want, Enter does it.
 *
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog.js";
import { html } from "./html.js";
import { Keys } from "./icon.js";

/** @typedef {{id: string, text: string, keys: readonly string[]}} Command */

/**
 * Commands in which every word that was typed begins a word, in their order; all for nothing typed.
 * @param {readonly Command[]} commands
 * @param {string} typed
 * @returns {Command[]}
 */
export function matching(commands, typed) {
  /** @param {string} text */
  const words = (text) => text.toLocaleLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const wanted = words(typed);
  return commands.filter(({ text }) => {
    const have = words(text);
    return wanted.every((want) => have.some((word) => word.startsWith(want)));
  });
}

/**
 * @param {object} props
 * @param {readonly Command[]} props.commands
 * @param {(id: string) => void} props.onRun Called after the palette has closed.
 * @param {() => void} props.onClose
 * @param {{title: string, search: string, none: string}} props.texts
 * @returns {VNode}
 */
export function Palette({ commands, onRun, onClose, texts }) {
  const [typed, setTyped] = useState("");
  const [place, setPlace] = useState(0);
  const found = matching(commands, typed);
  const chosen = found[Math.min(place, found.length - 1)];
  /** @param {Command | undefined} command */
  const run = (command) => {
    if (command === undefined) return;
    onClose();
    // The dialog gives the focus back before the command may take it.
    window.setTimeout(() => onRun(command.id));
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const steps = new Map([["ArrowDown", 1], ["ArrowUp", -1]]);
    const step = steps.get(event.key);
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      const at = Math.min(place, found.length - 1);
      setPlace((at + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(chosen);
    }
  };
  const body = html`<div class="palette">
    <input type="text" role="combobox" aria-label=${texts.search} placeholder=${texts.search} autofocus
      aria-expanded="true" aria-controls="palette-list" autocomplete="off" spellcheck=${false}
      aria-activedescendant=${chosen ? `command-${chosen.id}` : undefined} value=${typed}
      onInput=${(/** @type {InputEvent} */ event) => {
        setTyped(/** @type {HTMLInputElement} */ (event.target).value);
        setPlace(0);
      }}
      onKeyDown=${onKeyDown} />
    <ul id="palette-list" role="listbox" aria-label=${texts.title}>
      ${found.map((command) => html`<li key=${command.id} id=${`command-${command.id}`} role="option"
          aria-selected=${command === chosen} onClick=${() => run(command)}>
          <span dir="auto">${command.text}</span>${h(Keys, { keys: command.keys })}
        </li>`)}
    </ul>
    <p class="fine" role="status">${found.length === 0 ? texts.none : ""}</p>
  </div>`;
  return h(Dialog, { title: texts.title, onClose, children: body });
}
