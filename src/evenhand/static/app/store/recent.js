/**
 * The last answers, newest last: what can be taken back. The server decides; this remembers.
 */

export const RECENT_MAX = 20;

/** @typedef {{lease_id: string, judgment_id: string | null}} Sent `judgment_id` once it is known. */

export class Recent {
  /** @type {Sent[]} */
  #answers = [];
  #asked = false;

  /** @param {string} leaseId An answer that is on its way. */
  add(leaseId) {
    this.#answers = [...this.#answers, { lease_id: leaseId, judgment_id: null }].slice(-RECENT_MAX);
  }

  /** @param {string} leaseId @param {string} judgmentId The server has it. */
  acknowledged(leaseId, judgmentId) {
    const answer = this.#answers.find((one) => one.lease_id === leaseId);
    if (answer) answer.judgment_id = judgmentId;
  }

  /** @param {string} leaseId It was refused, or taken back. */
  drop(leaseId) {
    this.#answers = this.#answers.filter((one) => one.lease_id !== leaseId);
  }

  /**
   * The newest; what earlier pages sent is asked for when this one has nothing left, once.
   * @param {() => Promise<readonly {id: string, lease_id: string}[]>} ask Newest first.
   * @returns {Promise<Sent | null>}
   */
  async newest(ask) {
    if (this.#answers.length === 0 && !this.#asked) {
      const known = await ask();
      this.#asked = true;
      this.#answers = known.map(({ id, lease_id }) => ({ lease_id, judgment_id: id })).reverse();
    }
    return this.#answers.at(-1) ?? null;
  }
}
