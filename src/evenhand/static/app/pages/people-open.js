/**
 * Invitations that nobody has used: whose, until when; revoke one, or make its person a new link.
 *
 * @import { Invitation } from "../types/manage.js"
 * @import { MadeLink } from "./people-invite.js"
 * @import { VNode } from "preact"
 * @import { Place } from "./framed.js"
 */
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { moment } from "./manage.js";
import { linkOf } from "./people-invite.js";

/**
 * @param {object} props
 * @param {readonly Invitation[]} props.invitations
 * @param {Place} props.place
 * @param {(made: MadeLink) => void} props.onMade
 * @param {(member: string) => void} props.onRevoked
 * @param {() => Promise<void>} props.onChanged
 * @returns {VNode | null}
 */
export function OpenInvitations({ invitations, place, onMade, onRevoked, onChanged }) {
  const { api, t } = place;
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState("");
  /** @param {string} id @param {() => Promise<void>} act */
  const doing = async (id, act) => {
    setBusy(id);
    setMessage("");
    try {
      await act();
    } catch (error) {
      setMessage(place.fail(error));
    }
    await onChanged();
    setBusy("");
  };
  /** @param {Invitation} one */
  const revoke = ({ id, member_id: member, name }) => doing(id, async () => {
    await api.call("DELETE", `/invitations/${encodeURIComponent(id)}`);
    onRevoked(member);
    place.say(t("people.revoked", { name }));
  });
  /** @param {Invitation} one */
  const renew = ({ id, member_id: member, name }) => doing(id, async () => {
    const { code } = await api.call("POST", `/members/${encodeURIComponent(member)}/code`, {});
    onMade(linkOf(member, name, code));
    place.say(t("people.invited", { name }));
  });
  if (invitations.length === 0) return null;
  const count = invitations.filter(({ state }) => state === "open").length;
  return html`<section class="panel" aria-labelledby="open-title">
    <h2 id="open-title">${t("people.open", { count })}</h2>
    <p class="fine">${t("people.open_lead")}</p>
    <p class="field-error" role="alert">${message}</p>
    <div class="table-box" role="group" tabindex="0" aria-labelledby="open-title">
      <table class="data">
        <thead><tr><th scope="col">${t("people.name")}</th><th scope="col">${t("people.role")}</th>
          <th scope="col">${t("people.vendor")}</th><th scope="col">${t("people.invited_by")}</th>
          <th scope="col">${t("people.until")}</th>
          <th scope="col" class="num"><span class="visually-hidden">${t("people.actions")}</span></th>
        </tr></thead>
        <tbody>${invitations.map((one) => html`<tr key=${one.id} data-invitation=${one.state}>
          <th scope="row"><span dir="auto">${one.name}</span>${" "}
            ${one.state === "open" ? null : html`<span class="tag">${t(`people.state.${one.state}`)}</span>`}
            <span class="second" dir="auto">${one.email}</span></th>
          <td>${t(`role.${one.role}`)}</td>
          <td dir="auto">${one.vendor?.name ?? t("annotators.no_vendor")}</td>
          <td><span dir="auto">${one.invited_by?.name ?? t("people.host")}</span>
            <span class="second">${moment(one.invited_at)}</span></td>
          <td>${moment(one.expires_at)}</td>
          <td class="num">${!place.may("members.invite") ? null : html`<div class="row-actions">
            <button class="button is-quiet is-small" type="button" disabled=${busy === one.id}
              aria-label=${t("people.new_link_named", { name: one.name })} onClick=${() => renew(one)}>
              ${t("people.new_link")}</button>
            ${one.state === "open" ? html`<button class="button is-quiet is-small" type="button"
              disabled=${busy === one.id} aria-label=${t("people.revoke_named", { name: one.name })}
              onClick=${() => revoke(one)}>${t("people.revoke")}</button>` : null}
          </div>`}</td>
        </tr>`)}</tbody>
      </table>
    </div>
  </section>`;
}
