import { base64Of } from './base64.js'
import { sleep } from './budget.js'
import { ProtocolError } from './errors.js'
import { RunEndedError, StdinFullError } from './apiErrors.js'
import type { Event } from './events.js'
import type { Http } from './http.js'
import { runInfo, type RunInfoBody } from './models.js'
import { Output, type RunFacts, type RunResult } from './result.js'
import { RunReader, RunState } from './runReader.js'
import * as requests from './requests.js'
import type { AnsweredRun } from './tools.js'

/** How long a caller who leaves waits for the end of its run, in milliseconds. */
const LEAVE_MILLISECONDS = 5_000

// Small enough that a part of it fits while the run reads slowly.
const PIECE_BYTES = 256 * 1024

/** @internal */
export interface RunStreamOptions {
  timeoutSeconds?: number | undefined
  after?: number | undefined
  /** Aborting it interrupts the run. */
  signal?: AbortSignal | undefined
}

/**
 * The events of a run as they arrive. The last one is its exit. A broken connection is not visible: reading continues after the last event.
 *
 * Nothing is sent before the first event is requested or `start` is called. Aborting the signal of the call interrupts the run in the sandbox;
 * leaving the loop with `break`, or `close`, does not.
 *
 * ```ts
 * const run = sandbox.runCodeStream('for i in range(3): print(i)')
 * for await (const event of run) console.log(event.seq, event.type)
 * const result = await run.result()
 * ```
 */
export class RunStream implements AsyncIterable<Event>, RunFacts {
  private readonly state: RunState
  private readonly reader: RunReader
  private readonly output: Output
  private readonly batch: Event[] = []
  // Writers take turns, because each piece has its offset.
  private writing: Promise<unknown> = Promise.resolve()
  // Bytes of standard input that were accepted; undefined if it is not known.
  private stdinOffset: number | undefined
  // Ends reading when the caller's signal was aborted and the run did not end in time.
  private readonly cut = new AbortController()
  private leaving: Promise<void> | undefined
  private leaveTimer: ReturnType<typeof setTimeout> | undefined
  private isListening = false

  /** @internal */
  constructor (private readonly http: Http, private readonly sandboxId: string, state: RunState, private readonly options: RunStreamOptions = {}) {
    this.state = state
    this.output = new Output(http.settings.maxResultChars)
    this.stdinOffset = state.start === undefined ? undefined : 0
    const trace = http.trace()
    const resume = (runId: string, after: number) => requests.readEvents(sandboxId, runId, after, { heartbeat: http.settings.heartbeatSeconds, trace })
    this.reader = new RunReader(http, state, resume, options.after ?? 0, this.cut.signal)
  }

  /** `undefined` until the run is accepted. */
  get runId (): string | undefined { return this.state.runId }
  /** The trace that shows the run, 32 hex digits; `undefined` until the run is accepted. */
  get traceId (): string | undefined { return this.state.traceId }
  get warnings (): readonly string[] { return this.state.warnings }
  get replRestarted (): boolean { return this.state.replRestarted }
  get wasReplayed (): boolean { return this.state.wasReplayed }
  /** The `seq` of the last event that was received. */
  get lastSeq (): number { return this.reader.lastSeq }

  /** Returns when the server has accepted the run. The run may still have to wait for another one. */
  async start (): Promise<void> {
    await this.guarded(() => this.reader.open())
  }

  /** Waits for the end of the run. The output of the result includes the events that were already iterated over. */
  async result (): Promise<RunResult> {
    return await this.collect()
  }

  /** @internal Reads to the end and calls back with each event. */
  async collect (callback?: (event: Event) => unknown): Promise<RunResult> {
    for (let events = await this.nextBatch(); events !== undefined; events = await this.nextBatch()) {
      for (const event of events) {
        const answer = callback?.(event)
        if (answer instanceof Promise) await answer
      }
    }
    this.options.signal?.throwIfAborted()
    return this.output.result(this.state, this.options.timeoutSeconds)
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      // Events that a caller left in the batch by `break` are delivered to the next loop.
      for (let event = this.batch.shift(); event !== undefined; event = this.batch.shift()) yield event
      const events = await this.nextBatch()
      if (events === undefined) break
      this.batch.push(...events)
    }
    this.options.signal?.throwIfAborted()
  }

  /**
   * Writes to the standard input of the run, which must have been started with `stdin: true` or with a terminal. It waits while the run does not
   * read: the sandbox keeps at most 1 MiB. Requests are repeated as for other calls, and nothing is written twice.
   *
   * @param eof Nothing follows; on a terminal, Ctrl-D.
   * @throws RunEndedError, StdinClosedError, or StdinOffsetError if somebody else writes to it at the same time.
   */
  async send (data: string | Uint8Array, { eof = false }: { eof?: boolean } = {}): Promise<void> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    await this.start()
    const turn = this.writing.then(() => this.sendAll(bytes, eof))
    this.writing = turn.catch(() => { /* Its own caller gets the error. */ })
    await turn
  }

  /**
   * Sends a signal to the processes of the run. If the answer is lost, it may have arrived all the same.
   *
   * @param name For example `SIGTERM`. `scope`: `process`; its `group` (the default); or `all` processes that the run has started.
   */
  async signal (name: string, { scope = 'group' }: { scope?: 'process' | 'group' | 'all' } = {}): Promise<void> {
    await this.start()
    await this.http.json(requests.signalRun(this.sandboxId, this.knownId(), name, scope, this.http.trace()), 'send the signal')
  }

  /** Interrupts the run as Ctrl-C in a terminal would. Its exit event still follows, and the sandbox keeps its variables. */
  async interrupt (): Promise<void> {
    if (this.reader.hasExit) return
    await this.start()
    await this.http.json(requests.interruptRun(this.sandboxId, this.knownId(), this.http.trace()), 'interrupt the run')
  }

  /** Stops reading. The run continues in the sandbox; `interrupt` still stops it, and `Sandbox.follow` reads it again. */
  close (): void {
    this.stopListening()
    this.reader.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  /** @internal Closes the connection of a run that nobody reads yet. */
  rest (): void {
    this.stopListening()
    this.reader.rest()
  }

  /**
   * Answers a `tool_request` event: with a value that JSON can hold, or with the message of an error, which the code gets as `ToolError`. The first answer
   * to a call counts, and a repeated one changes nothing. An answer above 1 MiB throws `CodeTooLargeError`, and the call stays open.
   *
   * @throws ToolCallClosedError if the call timed out, if its code no longer waits, or if the run has ended; ToolCallNotFoundError
   */
  async answerToolCall (callId: string, answer: { content: unknown } | { error: string }): Promise<void> {
    await this.toolCalls().answer(['error' in answer ? { call_id: callId, error: { message: answer.error } } : { call_id: callId, content: answer.content ?? null }])
  }

  /** @internal */
  toolCalls (): AnsweredRun {
    const { state } = this
    return {
      get mayRepeatCalls () { return state.wasReplayed || state.start === undefined || state.connections > 1 },
      answer: async results => {
        await this.start()
        await this.http.json(requests.answerToolCalls(this.sandboxId, this.knownId(), results, this.http.trace()), 'answer the tool call')
      },
      info: async () => runInfo(await this.http.json(requests.getRun(this.sandboxId, this.knownId(), this.http.trace()), 'describe the run'))
    }
  }

  /** @internal */
  async resize (cols: number, rows: number): Promise<void> {
    await this.start()
    await this.http.json(requests.resizeRun(this.sandboxId, this.knownId(), cols, rows, this.http.trace()), 'resize the terminal')
  }

  private async nextBatch (): Promise<Event[] | undefined> {
    if (this.batch.length > 0) return this.batch.splice(0)
    const events = await this.guarded(() => this.reader.next())
    if (events === undefined) {
      this.stopListening()
      return undefined
    }
    for (const event of events) this.output.add(event)
    if (this.reader.hasExit) this.stopListening()
    return events
  }

  /** Reads while the caller's signal is listened to. */
  private async guarded<T> (read: () => Promise<T>): Promise<T> {
    const { signal } = this.options
    if (signal?.aborted && this.leaving === undefined) {
      if (!this.state.mayHaveStarted && this.state.start !== undefined) throw signal.reason
      this.leave()
    }
    if (signal !== undefined && !this.isListening && !signal.aborted) {
      this.isListening = true
      signal.addEventListener('abort', this.leave, { once: true })
    }
    try {
      return await read()
    } catch (e) {
      this.stopListening()
      // The caller gets its own reason, and not that of what it caused here.
      if (signal?.aborted) {
        await this.leaving
        throw signal.reason
      }
      throw e
    }
  }

  private readonly leave = () => {
    // Reading goes on, up to the end of the run or of the time.
    this.leaving ??= this.interruptOnce().catch(() => { /* Why the caller leaves matters more. */ })
    this.leaveTimer ??= setTimeout(() => this.cut.abort(this.options.signal?.reason), LEAVE_MILLISECONDS)
  }

  private async interruptOnce (): Promise<void> {
    const limit = AbortSignal.timeout(LEAVE_MILLISECONDS)
    const { state } = this
    if (state.runId === undefined) {
      // A start that was not answered is looked up by its idempotency key.
      if (state.start === undefined || !state.mayHaveStarted) return
      const connection = await this.http.open(state.start, 'interrupt the run', limit)
      state.accept(connection.headers)
      connection.close()
    }
    await this.http.json(requests.interruptRun(this.sandboxId, this.knownId(), {}), 'interrupt the run', limit)
  }

  private stopListening (): void {
    clearTimeout(this.leaveTimer)
    this.options.signal?.removeEventListener('abort', this.leave)
    this.isListening = false
  }

  private knownId (): string {
    if (this.state.runId === undefined) throw new ProtocolError("the server's answer has no run id")
    return this.state.runId
  }

  private async sendAll (bytes: Uint8Array, eof: boolean): Promise<void> {
    const offset = await this.knownOffset()
    // Until the answer is there, it is not known how much has arrived.
    this.stdinOffset = undefined
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES)
      await this.sendPiece(base64Of(piece), eof && at + PIECE_BYTES >= bytes.length, offset + at)
    }
    this.stdinOffset = offset + bytes.length
  }

  private async sendPiece (data: string, eof: boolean, offset: number): Promise<void> {
    for (let delay = 50; ; delay = Math.min(1_000, 2 * delay)) {
      try {
        await this.http.json(requests.writeStdin(this.sandboxId, this.knownId(), data, eof, offset, this.http.trace()), 'write to the run', this.options.signal)
        return
      } catch (e) {
        if (!(e instanceof StdinFullError)) throw e
        if (this.reader.hasExit) throw new RunEndedError('the run has ended', { code: 'run_ended', cause: e })
        await sleep(delay, this.options.signal)
      }
    }
  }

  private async knownOffset (): Promise<number> {
    if (this.stdinOffset !== undefined && !(this.state.wasReplayed && this.stdinOffset === 0)) return this.stdinOffset
    // It was started elsewhere, or a write has failed.
    const run = await this.http.json<RunInfoBody>(requests.getRun(this.sandboxId, this.knownId(), this.http.trace()), 'read the run')
    return run.stdin_offset ?? 0
  }
}
