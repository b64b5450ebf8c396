/**
 * Members of the workspace: who is here, in which role, from which vendor; invite and remove.
 *
 * @import { Invitation, ManagedMember, Party } from "../types/manage.js"
 * @import { MadeLink } from "./people-invite.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { startFramed } from "./framed.js";
import { loadAll, Trouble, useLoaded, Waiting } from "./manage.js";
import { Invite } from "./people-invite.js";
import { OpenInvitations } from "./people-open.js";

/**
 * @param {{member: ManagedMember, place: Place, onRemoved: () => Promise<void>, onClose: () => void}} props
 * @returns {VNode}
 */
function RemoveDialog({ member, place, onRemoved, onClose }) {
  const { api, t } = place;
  const [message, setMessage] = useState("");
  const remove = async () => {
    try {
      await api.call("DELETE", `/members/${encodeURIComponent(member.id)}`);
      place.say(t("people.removed", { name: member.name }));
      onClose();
      await onRemoved();
    } catch (error) {
      setMessage(place.fail(error));
    }
  };
  const body = html`<div>
    <p dir="auto">${t("people.remove_text", { name: member.name })}</p>
    <p class="field-error" role="alert">${message}</p>
    <div class="dialog-actions">
      <button class="button" type="button" onClick=${onClose}>${t("dialog.cancel")}</button>
      <button class="button is-main" type="button" onClick=${remove}>${t("people.remove")}</button>
    </div>
  </div>`;
  return h(Dialog, { title: t("people.remove_title"), onClose, children: body });
}

/**
 * @param {object} props
 * @param {ManagedMember} props.member
 * @param {ReadonlyMap<string, string>} props.vendors
 * @param {Place} props.place
 * @param {() => void} props.onRemove
 * @returns {VNode}
 */
function Row({ member, vendors, place, onRemove }) {
  const { t, me } = place;
  const mine = member.id === me.member.id;
  return html`<tr data-member=${member.id} class=${member.removed ? "is-gone" : ""}>
    <th scope="row"><span dir="auto">${member.name}</span>${" "}
      ${mine ? html`<span class="tag">${t("people.you")}</span>` : null}
      ${member.simulated ? html`<span class="tag">${t("annotators.simulated")}</span>` : null}
      ${member.removed ? html`<span class="tag">${t("annotators.removed")}</span>` : null}
      <span class="second" dir="auto">${member.email}</span></th>
    <td>${t(`role.${member.role}`)}</td>
    <td dir="auto">
      ${member.vendor_id === null ? t("annotators.no_vendor") : vendors.get(member.vendor_id) ?? "–"}</td>
    <td class="num">${mine || member.removed || !place.may("members.remove")
      ? null
      : html`<button class="button is-quiet is-small" type="button" onClick=${onRemove}
          aria-label=${t("people.remove_named", { name: member.name })}>${t("people.remove")}</button>`}</td>
  </tr>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function People({ place }) {
  const { api, t } = place;
  const members = useLoaded(place, () => /** @type {Promise<ManagedMember[]>} */ (loadAll(api, "/members")));
  const parties = useLoaded(place, () => /** @type {Promise<Party[]>} */ (loadAll(api, "/parties")));
  const invitations = useLoaded(place, () =>
    /** @type {Promise<Invitation[]>} */ (loadAll(api, "/invitations")));
  const [made, setMade] = useState(/** @type {MadeLink | null} */ (null));
  const reload = async () => {
    await Promise.all([members.reload(), invitations.reload()]);
  };
  /** @param {string} member Whose link is dead and is not to be shown on. */
  const forget = (member) => setMade((shown) => (shown?.member === member ? null : shown));
  const trouble = members.trouble || parties.trouble || invitations.trouble;
  const [leaving, setLeaving] = useState(/** @type {ManagedMember | null} */ (null));
  const vendorList = (parties.value ?? []).filter(({ role }) => role === "vendor");
  const vendors = new Map((parties.value ?? []).map(({ id, name }) => [id, name]));
  const rows = members.value;
  return html`<main id="main" class="manage" tabindex="-1">
    <header class="page-head"><h1>${t("people.title")}</h1></header>
    ${h(Trouble, { trouble, t, onAgain: reload })}
    ${place.may("members.invite")
      ? h(Invite, { place, vendors: vendorList, made, onMade: setMade, onInvited: reload }) : null}
    ${h(OpenInvitations, {
      invitations: invitations.value ?? [], place, onMade: setMade, onRevoked: forget,
      onChanged: reload,
    })}
    ${rows === null
      ? members.trouble === "" && h(Waiting, { t })
      : html`<section class="panel" aria-labelledby="members-title">
          <h2 id="members-title">
            ${t("people.members", { count: rows.filter((one) => !one.removed).length })}</h2>
          <div class="table-box" role="group" tabindex="0" aria-labelledby="members-title">
            <table class="data">
              <thead><tr><th scope="col">${t("people.name")}</th><th scope="col">${t("people.role")}</th>
                <th scope="col">${t("people.vendor")}</th>
                <th scope="col" class="num"><span class="visually-hidden">${t("people.actions")}</span></th>
                  </tr></thead>
              <tbody>${rows.map((member) =>
                h(Row, {
                  key: member.id, member, vendors, place, onRemove: () => setLeaving(member),
                }))}</tbody>
            </table>
          </div>
        </section>`}
    ${leaving === null
      ? null
      : h(RemoveDialog, {
          member: leaving, place, onClose: () => setLeaving(null),
          onRemoved: async () => {
            forget(leaving.id);
            await reload();
          },
        })}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("people.title");
  return startFramed(surroundings, { here: "people", title, permission: "members.read" }, People);
}
