/**
 * Small drawings of numbers, as inline SVG. Each has its words: a drawing is never the only way to
 * a number.
 *
 * @import { VNode } from "preact"
 */
import { html } from "./html.js";

/**
 * The upper end of an axis: 1, 2 or 5 times a power of ten.
 * @param {number} most
 * @returns {number}
 */
export function roundUp(most) {
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 2, 5, 10].find((one) => one * power >= most) ?? 10;
  return factor * power;
}

/**
 * @param {{parts: readonly {name: string, value: number}[], label: string}} props
 * @returns {VNode} One bar, its parts side by side.
 */
export function StackedBar({ parts, label }) {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  let x = 0;
  return html`<svg class="stacked" viewBox="0 0 100 1" preserveAspectRatio="none" role="img"
    aria-label=${label}>
    <rect class="part is-none" x="0" y="0" width="100" height="1" />
    ${parts.map(({ name, value }) => {
      const width = total === 0 ? 0 : (value / total) * 100;
      x += width;
      return html`<rect key=${name} class=${`part is-${name}`} x=${x - width} y="0" width=${width}
        height="1" />`;
    })}
  </svg>`;
}

/**
 * @typedef {object} Bar
 * @property {string} key
 * @property {string} label Below the axis; "" for none.
 * @property {string} title What the bar says when it is pointed at.
 * @property {number} value
 * @property {string} [href] What is behind the bar; the whole column leads there.
 */

const WIDTH = 1060;
const HEIGHT = 210;
const LEFT = 52;
const BOTTOM = 26;
const TOP = 12;

/**
 * @param {{bars: readonly Bar[], label: string, format: (value: number) => string}} props
 * @returns {VNode}
 */
export function Bars({ bars, label, format }) {
  const most = roundUp(Math.max(0, ...bars.map(({ value }) => value)));
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const tall = HEIGHT - TOP - BOTTOM;
  const floor = HEIGHT - BOTTOM;
  return html`<svg class="chart" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label=${label}>
    ${[0, 0.5, 1].map((share) => {
      const y = floor - tall * share;
      return html`<g key=${share} aria-hidden="true">
        <line class="grid" x1=${LEFT} x2=${WIDTH} y1=${y} y2=${y} />
        <text class="tick" x=${LEFT - 8} y=${y + 4} text-anchor="end">${format(most * share)}</text>
      </g>`;
    })}
    ${bars.map(({ key, title, value, label: below, href }, place) => {
      const height = Math.max(value > 0 ? 1.5 : 0, (value / most) * tall);
      const x = LEFT + step * place;
      const bar = html`<rect class="bar" x=${x + step * 0.12} y=${floor - height} width=${step * 0.76}
        height=${height} rx="2"><title>${title}</title></rect>`;
      return html`<g key=${key}>
        ${href === undefined || value === 0
          ? html`<g aria-hidden="true">${bar}</g>`
          : html`<a class="column" href=${href} aria-label=${title}>
              <rect class="reach" x=${x} y=${TOP} width=${step} height=${tall} />${bar}</a>`}
        <text class="tick" x=${x + step / 2} y=${HEIGHT - 7} text-anchor="middle" aria-hidden="true">
          ${below}</text>
      </g>`;
    })}
  </svg>`;
}

const ROW = 28;
const NAME = 250;

/**
 * @typedef {object} Estimate
 * @property {string} name
 * @property {number} value
 * @property {number} low
 * @property {number} high
 */

/**
 * Dots with the whiskers of their intervals, one row a name.
 * @param {{rows: readonly Estimate[], label: string, axis: string, format: (value: number) => string}} props
 * @returns {VNode}
 */
export function Whiskers({ rows, label, axis, format }) {
  const low = Math.min(...rows.map((row) => row.low));
  const high = Math.max(...rows.map((row) => row.high));
  const span = high - low || 1;
  const start = low - span * 0.05;
  const end = high + span * 0.05;
  /** @param {number} value */
  const x = (value) => NAME + ((value - start) / (end - start)) * (WIDTH - NAME - 12);
  const height = rows.length * ROW + 44;
  const ticks = [0.05, 0.35, 0.65, 0.95].map((share) => start + (end - start) * share);
  return html`<svg class="chart" viewBox=${`0 0 ${WIDTH} ${height}`} role="img" aria-label=${label}>
    ${ticks.map((value) => html`<g key=${value}>
      <line class="grid" x1=${x(value)} x2=${x(value)} y1="4" y2=${height - 40} />
      <text class="tick" x=${x(value)} y=${height - 24} text-anchor="middle">${format(value)}</text>
    </g>`)}
    <text class="tick" x=${(WIDTH + NAME) / 2} y=${height - 5} text-anchor="middle">${axis}</text>
    ${rows.map((row, place) => {
      const y = place * ROW + ROW / 2 + 4;
      return html`<g key=${row.name} class="estimate">
        <title>${`${row.name}: ${format(row.value)} (${format(row.low)} – ${format(row.high)})`}</title>
        <text class="name" x=${NAME - 14} y=${y + 5} text-anchor="end">${shortened(row.name)}</text>
        <line class="whisker" x1=${x(row.low)} x2=${x(row.high)} y1=${y} y2=${y} />
        <line class="whisker" x1=${x(row.low)} x2=${x(row.low)} y1=${y - 5} y2=${y + 5} />
        <line class="whisker" x1=${x(row.high)} x2=${x(row.high)} y1=${y - 5} y2=${y + 5} />
        <circle class="dot" cx=${x(row.value)} cy=${y} r="5.5" />
      </g>`;
    })}
  </svg>`;
}

/** @param {string} name A long one is cut for the drawing; the table beside it has all of it. */
export function shortened(name) {
  const letters = [...name];
  return letters.length > 30 ? `${letters.slice(0, 29).join("")}…` : name;
}
