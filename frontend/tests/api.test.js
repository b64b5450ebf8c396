import { describe, expect, it } from "vitest";
import { createApi, NetworkFailure } from "../../src/evenhand/static/app/api.js";

describe("api", () => {
  /** @param {() => Promise<Response>} answer */
  const of = (answer) => createApi({ fetch: /** @type {any} */ (answer) });

  it("gives a problem its code, also one that is not ours", async () => {
    const body = JSON.stringify({ code: "lease_expired", detail: "Late.", status: 409 });
    const headers = { "content-type": "application/problem+json" };
    const ours = of(async () => new Response(body, { status: 409, headers }));
    await expect(ours.me()).rejects.toMatchObject({ code: "lease_expired", status: 409, message: "Late." });
    const theirs = of(async () => new Response("<h1>", { status: 502 }));
    await expect(theirs.me()).rejects.toMatchObject({ code: "http_502" });
    const silent = of(async () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(silent.me()).rejects.toThrow(NetworkFailure);
  });

  it("takes a lease that is gone as released", async () => {
    const headers = { "content-type": "application/problem+json" };
    const gone = of(async () => new Response('{"code": "lease_not_yours"}', { status: 404, headers }));
    await expect(gone.release("1")).resolves.toBeUndefined();
    const empty = of(async () => new Response(null, { status: 204 }));
    await expect(empty.signOut()).resolves.toBeNull();
  });
});
