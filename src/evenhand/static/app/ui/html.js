/**
 * How parts are drawn: templates bound to Preact, a part that is drawn again only when it must be,
 * a part whose faults stay its own. Components whose props matter are created by `h`, because what
 * stands in a template is not type-checked.
 *
 * @import { ComponentChildren, FunctionComponent, VNode } from "preact"
 */
import htm from "htm";
import { Component, h } from "preact";

const bound = htm.bind(h);

/**
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {VNode} Templates here have one root.
 */
export function html(strings, ...values) {
  return /** @type {VNode} */ (bound(strings, ...values));
}

/**
 * A component that is drawn again only for other props: between a key and what it changes there is
 * no time to compare what cannot have changed.
 * @template {object} Props
 * @param {(props: Props) => VNode} draw Uses no hooks and reads no signals.
 * @returns {FunctionComponent<Props>}
 */
export function steady(draw) {
  class Steady extends Component {
    /** @override @param {any} next */
    shouldComponentUpdate(next) {
      const before = /** @type {Record<string, unknown>} */ (this.props);
      return Object.keys(next).some((name) => next[name] !== before[name]);
    }

    /** @override */
    render() {
      return draw(/** @type {Props} */ (/** @type {unknown} */ (this.props)));
    }
  }
  return /** @type {FunctionComponent<Props>} */ (/** @type {unknown} */ (Steady));
}

/**
 * Keeps a fault in drawing one part from taking the page with it.
 * @extends {Component<{children: ComponentChildren, broken: ComponentChildren}, {failed: boolean}>}
 */
export class Safe extends Component {
  /** @override */
  state = { failed: false };

  /** @override @param {unknown} error */
  componentDidCatch(error) {
    console.warn("A part of the page could not be drawn.", error);
    this.setState({ failed: true });
  }

  /** @override */
  render() {
    return this.state.failed ? this.props.broken : this.props.children;
  }
}
