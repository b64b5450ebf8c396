/**
 * Keeps a fault in drawing one part from taking the page with it.
 *
 * @import { ComponentChildren } from "preact"
 */
import { Component } from "preact";

/** @extends {Component<{children: ComponentChildren, broken: ComponentChildren}, {failed: boolean}>} */
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
