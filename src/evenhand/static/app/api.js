/**
 * The JSON API, typed. The session is a cookie that scripts cannot read; a request carries
 * nothing else. A refusal arrives as ApiProblem, silence as NetworkFailure.
 *
 * @import { Instructions, Leased, Me, Problem, ProjectPage, SignedIn } from "./types/api.js"
 * @import { DraftRef, OwnWork, StoredDraft, Submission, Submitted, Undone, Wanted } from "./types/api.js"
 */

/** The server answered and said no. */
export class ApiProblem extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.name = "ApiProblem";
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.errors = problem.errors ?? [];
  }
}

/** Nobody answered: whether the request arrived is not known. */
export class NetworkFailure extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("The server did not answer.", { cause });
    this.name = "NetworkFailure";
  }
}

/**
 * The problem of an answer. One that is not ours, such as a proxy's page, keeps its status.
 * @param {Response} response
 * @returns {Promise<ApiProblem>}
 */
async function problemOf(response) {
  const fallback = {
    type: "about:blank",
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
    code: response.status === 401 ? "sign_in_required" : `http_${response.status}`,
    detail: "",
  };
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) return new ApiProblem(fallback);
  return new ApiProblem({ ...fallback, ...(await response.json()) });
}

/**
 * @param {typeof fetch} send
 * @param {string} path
 * @param {unknown} body
 * @param {(bytes: number) => void} onBytes
 * @returns {Promise<{blob: Blob, count: number, receipt: string}>}
 */
async function download(send, path, body, onBytes) {
  try {
    const response = await send(`/api/v1${path}`, {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw await problemOf(response);
    const parts = [];
    let bytes = 0;
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      parts.push(step.value);
      bytes += step.value.byteLength;
      onBytes(bytes);
    }
    /** @param {string} name */
    const header = (name) => response.headers.get(name) ?? "";
    const count = Number(header("evenhand-count"));
    return { blob: new Blob(parts), count, receipt: header("evenhand-receipt") };
  } catch (error) {
    throw error instanceof ApiProblem ? error : new NetworkFailure(error);
  }
}

/** @typedef {ReturnType<typeof createApi>} Api */

/**
 * @param {object} options
 * @param {typeof fetch} options.fetch
 * @param {number} [options.timeoutMs] After which silence counts as a failure.
 */
export function createApi({ fetch: send, timeoutMs = 20_000 }) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async function call(method, path, body) {
    let response;
    let text;
    try {
      response = await send(`/api/v1${path}`, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw await problemOf(response);
      text = response.status === 204 ? "" : await response.text();
    } catch (error) {
      throw error instanceof ApiProblem ? error : new NetworkFailure(error);
    }
    return text === "" ? null : JSON.parse(text);
  }

  /** @param {string} id */
  const at = (id) => encodeURIComponent(id);

  return {
    /**
     * Streams an answer of any length into a file; `onBytes` hears how much has come so far.
     * @param {string} path
     * @param {unknown} body
     * @param {(bytes: number) => void} onBytes
     */
    download: (path, body, onBytes) => download(send, path, body, onBytes),
    /** For pages that have a typed list of their own: method, path below /api/v1, body. */
    call,
    /**
     * @param {string} code
     * @returns {Promise<SignedIn>}
     */
    signIn: (code) => call("POST", "/session", { code }),
    /** @returns {Promise<null>} */
    signOut: () => call("DELETE", "/session"),
    /** @returns {Promise<Me>} */
    me: () => call("GET", "/me"),
    /**
     * @param {string | null} [cursor]
     * @returns {Promise<ProjectPage>}
     */
    projects: (cursor) => call("GET", `/projects${cursor ? `?cursor=${at(cursor)}` : ""}`),
    /**
     * @param {string} projectId
     * @returns {Promise<Instructions>}
     */
    instructions: (projectId) => call("GET", `/projects/${at(projectId)}/instructions`),
    /**
     * @param {string} projectId
     * @param {Wanted} wanted
     * @returns {Promise<Leased>}
     */
    lease: (projectId, wanted) => call("POST", `/projects/${at(projectId)}/leases`, wanted),
    /**
     * Safe to repeat with the same body.
     * @param {string} projectId
     * @param {Submission & {next?: Wanted}} submission
     * @returns {Promise<Submitted>}
     */
    submit: (projectId, submission) => call("POST", `/projects/${at(projectId)}/judgments`, submission),
    /**
     * @param {string} leaseId
     * @param {"skip" | "flag"} verb
     * @param {string} reason
     * @returns {Promise<{lease: {id: string, state: string}}>}
     */
    setAside: (leaseId, verb, reason) => call("POST", `/leases/${at(leaseId)}/${verb}`, { reason }),
    /**
     * Takes an own answer back; safe to repeat.
     * @param {string} judgmentId
     * @returns {Promise<Undone>}
     */
    undo: (judgmentId) => call("POST", `/judgments/${at(judgmentId)}/undo`, {}),
    /**
     * Own numbers since an instant, and what can be taken back.
     * @param {string} projectId
     * @param {string} since RFC 3339.
     * @returns {Promise<OwnWork>}
     */
    ownWork: (projectId, since) => call("GET", `/projects/${at(projectId)}/own-work?since=${at(since)}`),
    /**
     * Keeps leases alive; gives those that are.
     * @param {string[]} leases
     * @returns {Promise<{leases: {id: string, expires_at: string}[]}>}
     */
    renew: (leases) => call("POST", "/leases/renew", { leases }),
    /** @returns {Promise<{items: DraftRef[]}>} */
    drafts: () => call("GET", "/drafts"),
    /**
     * @param {string} leaseId
     * @returns {Promise<StoredDraft>} Each read is an entry in the log.
     */
    readDraft: (leaseId) => call("GET", `/leases/${at(leaseId)}/draft`),
    /**
     * @param {string} leaseId
     * @param {{version: number, state: unknown, active_ms: number}} draft
     * @returns {Promise<DraftRef>}
     */
    putDraft: (leaseId, draft) => call("PUT", `/leases/${at(leaseId)}/draft`, draft),
    /**
     * Gives a lease back. One that the server does not know as held is back already.
     * @param {string} leaseId
     * @returns {Promise<void>}
     */
    release: async (leaseId) => {
      try {
        await call("POST", `/leases/${at(leaseId)}/release`, {});
      } catch (error) {
        if (!(error instanceof ApiProblem && [404, 409].includes(error.status))) throw error;
      }
    },
    /**
     * Gives a lease back while the page closes: nobody waits for the answer.
     * @param {string} leaseId
     */
    releaseOnClose: (leaseId) => {
      send(`/api/v1/leases/${at(leaseId)}/release`, {
        method: "POST",
        credentials: "same-origin",
        keepalive: true,
        headers: { "content-type": "application/json" },
        body: "{}",
      }).catch(() => undefined); // The lease then ends by its expiry.
    },
  };
}
