/**
 * No page of its own: leads everybody to where they begin.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 */
import { h, render } from "preact";
import { ApiProblem } from "../api.js";
import { homeOf } from "../ui/frame.js";
import { DeadEnd } from "./framed.js";
import { sentenceOf } from "./problem-text.js";

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start({ root, api, t }) {
  try {
    const { permissions } = await api.me();
    window.location.replace(homeOf(permissions));
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      window.location.replace("/sign-in");
      return;
    }
    const text = sentenceOf(error, t);
    const title = t("dead_end.title");
    render(h(DeadEnd, { title, text, href: "/home", action: t("dead_end.reload") }), root);
  }
}
