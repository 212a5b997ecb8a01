// @ts-check
/**
 * Calls the public API of this server, and nothing else. The key stays in this tab, and is sent in a header only.
 *
 *   await api("/v1/sandboxes", { method: "POST", body: { template } })     the JSON of the answer; null for 204
 *   await exec(sandbox, { code }, on, state, signal)                       runs code and reads its events
 *   await follow(sandbox, run, after, on, state, signal)                   reads events of a run from a number on
 *   await feed({ types: "run.*" }, on, state, signal)                      reads the events of all sandboxes, from now on
 *
 * All of them throw ApiError. Streams reconnect by themselves: whatever ends a connection loses, repeats and reorders nothing.
 */

const KEY = "podflare.key";
const ANSWER_MS = 30_000;
const HEARTBEAT_SECONDS = 15;
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const START_MS = 60_000;

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  /** @param {string} value empty to forget the key */
  set: value => { if (value) sessionStorage.setItem(KEY, value); else sessionStorage.removeItem(KEY); }
};

/** Fires "unauthorized" when a call needs a key, or another one. */
export const session = new EventTarget();

/** A refusal of the server, or its silence (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {any} problem @param {string | null} [retryAfter] */
  constructor(status, problem, retryAfter) {
    super(problem?.error ?? (status ? `The server answered with status ${status}.` : "The server does not answer."));
    this.status = status;
    /** @type {string} */
    this.code = problem?.code ?? (status ? "unknown" : "unreachable");
    /** @type {string | undefined} */
    this.trace = problem?.trace_id;
    /** Seconds. @type {number | undefined} */
    this.retryAfter = retryAfter ? Number(retryAfter) : undefined;
    this.problem = problem;
  }
}

// How far the server's clock is ahead of the browser's, in milliseconds.
let skew = 0;

/** The server's time in Unix milliseconds: the browser's clock may be wrong. */
export const now = () => Date.now() + skew;

/** @typedef {"json" | "text" | "blob" | "response"} Form */

/**
 * @param {string} path below this server, with its query
 * @param {{ method?: string, body?: unknown, raw?: BodyInit, as?: Form, headers?: Record<string, string>, signal?: AbortSignal, untimed?: boolean }} [options]
 *   body is sent as JSON, raw as bytes; untimed calls may take longer than 30 s
 * @returns {Promise<any>}
 */
export async function api(path, { method, body, raw, as = "json", headers = {}, signal, untimed } = {}) {
  const limit = untimed ? [] : [AbortSignal.timeout(ANSWER_MS)];
  const response = await ask(path, {
    method: method ?? "GET",
    body: body === undefined ? raw : JSON.stringify(body),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(raw === undefined ? {} : { "content-type": "application/octet-stream" }), ...headers },
    signal: AbortSignal.any([...(signal ? [signal] : []), ...limit])
  }, signal);
  if (as === "response") return response;
  if (as !== "json") return response[as]();
  return response.status === 204 || response.headers.get("content-length") === "0" ? null : response.json();
}

/**
 * @param {string} path @param {RequestInit & { headers: Record<string, string> }} init @param {AbortSignal} [left] aborted when the caller no longer needs the answer
 * @returns {Promise<Response>} a successful one
 */
async function ask(path, init, left) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, { ...init, cache: "no-store", headers: { ...init.headers, ...(key.get() ? { authorization: `Bearer ${key.get()}` } : {}) } });
  } catch (error) {
    if (left?.aborted) throw error;
    throw new ApiError(0, null);
  }

  const date = Date.parse(response.headers.get("date") ?? "");
  // The header counts whole seconds.
  if (date) skew = Math.abs(date - Date.now()) > 3_000 ? date - Date.now() : 0;
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  if (response.status === 401) session.dispatchEvent(new Event("unauthorized"));
  throw new ApiError(response.status, problem, response.headers.get("retry-after"));
}

/** @typedef {{ type: string, data: any, seq: number, ts: number, [more: string]: any }} RunEvent */
/** @typedef {{ kind: "live", run?: string } | { kind: "waiting", after: number } | { kind: "complete" } | { kind: "refused", error: ApiError }} StreamState */
/** @typedef {(events: RunEvent[]) => void} OnEvents */
/** @typedef {(state: StreamState) => void} OnState */

/**
 * Runs code. The key makes the start safe to repeat, so a connection that breaks before the answer starts nothing twice.
 * @param {string} sandbox @param {object} body @param {OnEvents} on @param {OnState} state @param {AbortSignal} signal leaving does not stop the run
 * @throws {ApiError} The run was not accepted.
 */
export async function exec(sandbox, body, on, state, signal) {
  const idempotency = newKey();
  const began = Date.now();
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const watch = new Watch(signal);
    let response;
    try {
      response = await ask(`/v1/sandboxes/${sandbox}/exec?heartbeat=${HEARTBEAT_SECONDS}`, {
        method: "POST", body: JSON.stringify(body), signal: watch.signal, headers: { "content-type": "application/json", "idempotency-key": idempotency }
      }, signal);
    } catch (error) {
      watch.end();
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || !isPassing(error) || Date.now() - began > START_MS) throw error;
      state({ kind: "waiting", after: 0 });
      await sleep(pause, signal);
      continue;
    }

    const run = response.headers.get("podflare-run-id") ?? "";
    state({ kind: "live", run });
    const last = await read(response, 0, on, watch);
    if (last === "exit") return state({ kind: "complete" });
    return follow(sandbox, run, last, on, state, signal);
  }
}

/**
 * Reads the events of a run, over as many connections as it takes.
 * @param {string} sandbox @param {string} run @param {number} after the number of the last event that is known @param {OnEvents} on @param {OnState} state @param {AbortSignal} signal
 */
export async function follow(sandbox, run, after, on, state, signal) {
  let last = after;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const watch = new Watch(signal);
    try {
      const response = await ask(`/v1/sandboxes/${sandbox}/runs/${run}/events?after=${last}&follow=true&heartbeat=${HEARTBEAT_SECONDS}`, { signal: watch.signal, headers: {} }, signal);
      state({ kind: "live" });
      const got = await read(response, last, on, watch);
      if (got === "exit") return state({ kind: "complete" });
      if (got > last) pause = FIRST_PAUSE_MS;
      last = got;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !isPassing(error)) return state({ kind: "refused", error });
    } finally {
      watch.end();
    }

    if (signal.aborted) return;
    state({ kind: "waiting", after: last });
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/**
 * Reads the events of all sandboxes that the key may see.
 * @param {{ after?: number, types?: string, sandbox?: string }} query without after: what happens from now on
 * @param {OnEvents} on @param {OnState} state @param {AbortSignal} signal
 */
export async function feed({ after, types, sandbox }, on, state, signal) {
  const filter = `${types ? `&types=${types}` : ""}${sandbox ? `&sandbox=${sandbox}` : ""}`;
  let last = after;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const watch = new Watch(signal);
    try {
      last ??= await newest(signal);
      const response = await ask(`/v1/events?after=${last}${filter}`, { signal: watch.signal, headers: { accept: "application/x-ndjson" } }, signal);
      state({ kind: "live" });
      const got = Number(await read(response, last, on, watch));
      if (got > last) pause = FIRST_PAUSE_MS;
      last = got;
    } catch (error) {
      if (signal.aborted) return;
      // The numbers of a server that has lost its feed begin anew.
      if (error instanceof ApiError && error.code === "events_evicted") last = error.problem.oldest_seq > 0 ? error.problem.oldest_seq - 1 : undefined;
      else if (error instanceof ApiError && !isPassing(error)) return state({ kind: "refused", error });
    } finally {
      watch.end();
    }

    if (signal.aborted) return;
    state({ kind: "waiting", after: last ?? 0 });
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** The number of the newest event. Asking for a rare type makes the answers small. @param {AbortSignal} signal */
async function newest(signal) {
  for (let after = 0; ;) {
    const page = await api(`/v1/events?after=${after}&types=sandbox.lost&limit=1000`, { signal });
    if (page.next_after === after) return after;
    after = page.next_after;
  }
}

/** Ends a connection that says nothing for so long that its other end must be gone. */
class Watch {
  /** @param {AbortSignal} left */
  constructor(left) {
    this.gone = new AbortController();
    this.signal = AbortSignal.any([left, this.gone.signal]);
    this.timer = 0;
    this.seen();
  }

  seen() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.gone.abort(), SILENCE_MS);
  }

  end() {
    clearTimeout(this.timer);
    this.gone.abort();
  }
}

/**
 * Hands on what a response brings until it ends, however it does. A line that is cut is not an event.
 * @param {Response} response @param {number} last @param {OnEvents} on @param {Watch} watch
 * @returns {Promise<number | "exit">} the number of the last event
 */
async function read(response, last, on, watch) {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return last;
      watch.seen();
      const text = decoder.decode(value, { stream: true });
      const end = text.lastIndexOf("\n");
      if (end < 0) {
        rest += text;
        continue;
      }

      /** @type {RunEvent[]} */
      const events = (rest + text.slice(0, end)).split("\n").filter(line => line.length > 0).map(line => JSON.parse(line)).filter(event => event.seq > last);
      rest = text.slice(end + 1);
      if (!events.length) continue;
      last = events[events.length - 1].seq;
      on(events);
      if (events[events.length - 1].type === "exit") return "exit";
    }
  } catch {
    return last;
  } finally {
    watch.end();
  }
}

/** Whether the same call may succeed later. @param {ApiError} error */
const isPassing = error => error.status === 0 || error.status === 429 || error.status >= 500 && error.status !== 501 && error.status !== 507;

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
const sleep = (ms, signal) => new Promise(done => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

/** randomUUID exists only in secure contexts. */
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
