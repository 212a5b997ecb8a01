import { SandboxEndedError, SandboxLostError } from './apiErrors.js'
import { Client, type CreateOptions, type ListOptions } from './client.js'
import { Contexts } from './contexts.js'
import { PodflareError } from './errors.js'
import type { Event, InputRequestEvent, ToolRequestEvent } from './events.js'
import { Files } from './files.js'
import type { Http } from './http.js'
import { runInfo, sandboxInfo, sandboxMetrics, type RunInfo, type SandboxInfo, type SandboxMetrics, type TracesData } from './models.js'
import { logLine, type LogLine } from './operationModels.js'
import { pathFields } from './paths.js'
import * as requests from './requests.js'
import type { RunResult } from './result.js'
import { codeBody, processBody, type Callbacks, type CodeOptions, type Command, type Input, type ProcessOptions, type RunCodeOptions, type RunOptions, type RunProcessOptions } from './runOptions.js'
import { RunState } from './runReader.js'
import { RunStream } from './runStream.js'
import type { ClientOptions } from './settings.js'
import { readBackground, readReplay } from './sandboxOutput.js'
import { Terminal } from './terminal.js'
import { ToolRunner, type Tools } from './tools.js'

type Body = Record<string, unknown>

/** Options of `Sandbox.create` that decide which server is called: a client, or what a new client needs. */
export interface WithClient extends ClientOptions {
  /** Shares connections and settings with other sandboxes. */
  client?: Client | undefined
}

/**
 * A sandbox whose Python keeps variables, imports and files from one run to the next.
 *
 * ```ts
 * await using sandbox = await Sandbox.create({ timeoutSeconds: 600 })
 * const run = await sandbox.runCode('40 + 2')
 * console.log(run.text)
 * ```
 */
export class Sandbox {
  readonly contexts: Contexts
  readonly files: Files
  private readonly http: Http

  /** @internal */
  constructor (
    /** The client that it uses. */
    readonly client: Client,
    /** The sandbox's id, `sbx_…`. */
    readonly id: string,
    private endsOnClose: boolean,
    /** What the server changed in the request, reduced to a limit, or does not offer. */
    readonly warnings: readonly string[] = []
  ) {
    this.http = client.http
    this.contexts = new Contexts(this.http, this)
    this.files = new Files(this.http, id, (path, recursive) =>
      // A watch that nobody reads any more is of no use to anybody.
      this.stream({ watch: { ...pathFields('path', path), recursive }, on_disconnect: 'interrupt' }, {}))
  }

  /** Creates a sandbox. `close`, or leaving an `await using` block, ends it. */
  static async create (options: CreateOptions & WithClient = {}): Promise<Sandbox> {
    const client = clientOf(options)
    const info = await client.createSandbox(options)
    return new Sandbox(client, info.id, true, info.warnings)
  }

  /** An existing sandbox. Throws `SandboxNotFoundError`, `SandboxEndedError` or `SandboxLostError`. `close` does not end it; `delete` does. */
  static async connect (id: string, options: WithClient = {}): Promise<Sandbox> {
    const client = clientOf(options)
    const info = await client.getSandbox(id)
    if (info.state === 'lost') throw new SandboxLostError('the sandbox is lost: its machine or container has failed', { code: 'sandbox_lost' })
    if (info.state === 'ended' || info.state === 'ending') {
      throw new SandboxEndedError(`the sandbox has ended: ${info.endedReason ?? info.state}`, { code: 'sandbox_ended', endedReason: info.endedReason })
    }
    return new Sandbox(client, id, false)
  }

  /** All sandboxes of this API key. Further pages are requested as they are needed. */
  static list (options: ListOptions & WithClient = {}): AsyncGenerator<SandboxInfo, void, undefined> {
    return clientOf(options).listSandboxes(options)
  }

  /** Runs code to its end. Code that fails does not throw: see `exitCode` and `error` of the result. */
  async runCode (code: string, options: RunCodeOptions = {}): Promise<RunResult> {
    const { stdin, ...others } = options
    if (options.tools !== undefined) return await this.runCodeWithTools(code, options, options.tools)
    return await finish(this.runCodeStream(code, { ...others, stdin: stdin !== undefined }), stdin, options)
  }

  private async runCodeWithTools (code: string, options: RunCodeOptions, tools: Tools): Promise<RunResult> {
    const { stdin, ...others } = options
    const stream = this.runCodeStream(code, { ...others, stdin: stdin !== undefined })
    const runner = new ToolRunner(stream.toolCalls(), tools)
    try {
      return await finish(stream, stdin, options, event => runner.begin(event))
    } finally {
      runner.close()
    }
  }

  /** Runs code and returns its events as they arrive. */
  runCodeStream (code: string, options: CodeOptions = {}): RunStream {
    return this.stream(codeBody(code, options), options)
  }

  /** Starts code in the background and returns as soon as the server has accepted it. No connection is kept until its events are requested. */
  async startCode (code: string, options: Omit<CodeOptions, 'signal'> = {}): Promise<RunStream> {
    return await this.inBackground(codeBody(code, options), options)
  }

  /** Runs a program to its end. A program that fails does not throw: see `exitCode`, which is 127 if there is no such program. */
  async run (command: Command, options: RunProcessOptions = {}): Promise<RunResult> {
    const { stdin, ...others } = options
    return await finish(this.stream(processBody(command, { ...others, stdin: stdin !== undefined }), options), stdin, options)
  }

  /** Starts a program in the background and returns as soon as the server has accepted it. Nobody has to read it. */
  async start (command: Command, options: Omit<ProcessOptions, 'signal'> = {}): Promise<RunStream> {
    return await this.inBackground(processBody(command, options), options)
  }

  /** Starts a program on a terminal, `bash` by default, of 1 to 1,000 characters each. */
  async openTerminal (options: { cols?: number, rows?: number, command?: Command } & Omit<ProcessOptions, 'stdin' | 'pty' | 'stderr' | 'signal'> = {}): Promise<Terminal> {
    const { cols = 80, rows = 24, command = ['bash'], ...others } = options
    const stream = this.stream(processBody(command, { ...others, pty: { cols, rows } }), others)
    await stream.start()
    return new Terminal(stream)
  }

  /** The events of a run that was started elsewhere or earlier, up to its exit. `after`: the `seq` after which to begin. */
  follow (runId: string, { after = 0 }: { after?: number } = {}): RunStream {
    return new RunStream(this.http, this.id, new RunState(runId, undefined), { after })
  }

  /** The runs of this sandbox, newest first, of the last 256. */
  async * runs (filter: { kind?: 'code' | 'process' | 'watch', state?: 'queued' | 'running' | 'ended', tag?: string, context?: string } = {}): AsyncGenerator<RunInfo, void, undefined> {
    for (let cursor: string | undefined; ;) {
      const target = requests.withQuery(`${requests.sandboxPath(this.id)}/runs`, { ...filter, cursor })
      const page = await this.http.json<{ runs: Body[], next_cursor?: string | null }>(requests.get(target, this.http.trace()), 'list the runs')
      yield * page.runs.map(runInfo)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Describes a run: whether it has ended, and how. */
  async getRun (runId: string): Promise<RunInfo> {
    return runInfo(await this.http.json(requests.getRun(this.id, runId, this.http.trace()), 'describe the run'))
  }

  /**
   * The spans of a run as OTLP's `TracesData`, which tracing tools import. Needs no tracing backend. The spans of a run that has not ended have the
   * attribute `podflare.run.open`.
   */
  async getRunTrace (runId: string): Promise<TracesData> {
    return await this.http.json<TracesData>(requests.getRunTrace(this.id, runId, this.http.trace()), 'get the trace of the run')
  }

  /** Interrupts a run, by default the one that the context `python` executes. Returns the ids of the runs. */
  async interrupt (runId?: string, { context = 'python', queued = false }: { context?: string, queued?: boolean } = {}): Promise<string[]> {
    if (runId !== undefined) {
      await this.http.json(requests.interruptRun(this.id, runId, this.http.trace()), 'interrupt the run')
      return [runId]
    }
    const request = { method: 'POST', target: `${requests.contextPath(this.id, context)}/interrupt`, headers: this.http.trace(), json: { queued } }
    return (await this.http.json<{ runs: string[] }>(request, 'interrupt the context')).runs
  }

  /** What the code of runs wrote after their end: the newest 1 MiB. `follow`: wait for more, until the sandbox ends. */
  background ({ after = 0, follow = false }: { after?: number, follow?: boolean } = {}): AsyncGenerator<Event, void, undefined> {
    return readBackground(this.http, this.id, after, follow)
  }

  /** The last 1,000 events of all runs, oldest first, and the last 200 of background output. It does not wait for more. */
  replay (): AsyncGenerator<Event, void, undefined> {
    return readReplay(this.http, this.id)
  }

  async info (): Promise<SandboxInfo> {
    return await this.client.getSandbox(this.id)
  }

  /** What the sandbox uses over time: CPU, memory, disk and processes. For a minute after this, the server measures more often. */
  async metrics ({ since, until }: { since?: Date, until?: Date } = {}): Promise<SandboxMetrics> {
    const target = requests.withQuery(`${requests.sandboxPath(this.id)}/metrics`, { start: since?.getTime(), end: until?.getTime() })
    return sandboxMetrics(await this.http.json(requests.get(target, this.http.trace()), 'measure the sandbox'))
  }

  /**
   * What the service logged about the sandbox, oldest first: its creation, its runs, why it ended. It has no output of code, and works for a day after
   * the sandbox's end. `follow`: wait for further lines until the caller stops.
   */
  async * logs ({ follow = false }: { follow?: boolean } = {}): AsyncGenerator<LogLine, void, undefined> {
    for (let after = 0; ;) {
      const target = requests.withQuery(`${requests.sandboxPath(this.id)}/logs`, { after })
      const page = await this.http.json<{ logs: Array<Record<string, unknown>>, next_after: number }>(requests.get(target, this.http.trace()), 'read the log of the sandbox')
      yield * page.logs.map(logLine)
      if (page.next_after === after) {
        if (!follow) return
        // The server stores lines once a second.
        await new Promise(resolve => setTimeout(resolve, 1000))
      }

      after = page.next_after
    }
  }

  /** Changes time limits, which count from now, or metadata. A `null` removes an entry of the metadata. */
  async update (changes: { timeoutSeconds?: number, idleTimeoutSeconds?: number, metadata?: Record<string, string | null> }): Promise<SandboxInfo> {
    const json = { timeout_seconds: changes.timeoutSeconds, idle_timeout_seconds: changes.idleTimeoutSeconds, metadata: changes.metadata }
    return sandboxInfo(await this.http.json({ method: 'PATCH', target: requests.sandboxPath(this.id), headers: this.http.trace(), json }, 'change the sandbox'))
  }

  /** Keeps the sandbox alive when this object is closed, up to its time limits. */
  detach (): void {
    this.endsOnClose = false
  }

  /** Ends the sandbox, with everything that runs in it. Repeating it is harmless. */
  async delete (): Promise<void> {
    await this.client.deleteSandbox(this.id)
    this.endsOnClose = false
  }

  /** Ends the sandbox if it was created by this object and `detach` was not called. */
  async close (): Promise<void> {
    if (this.endsOnClose) await this.delete()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  private stream (body: Body, options: RunOptions): RunStream {
    const target = requests.withQuery(`${requests.sandboxPath(this.id)}/exec`, { heartbeat: this.http.settings.heartbeatSeconds })
    const start = requests.postOnce(target, body, this.http.trace(options.traceparent), options.idempotencyKey)
    return new RunStream(this.http, this.id, new RunState(undefined, start), { timeoutSeconds: options.timeoutSeconds, signal: options.signal })
  }

  private async inBackground (body: Body, options: RunOptions): Promise<RunStream> {
    const stream = this.stream(body, { ...options, signal: undefined })
    await stream.start()
    stream.rest()
    return stream
  }
}

function clientOf (options: WithClient): Client {
  return options.client ?? new Client(options)
}

/** Reads a run to its end, calls back with its events, and provides its input. */
async function finish (stream: RunStream, stdin: Input | undefined, callbacks: Callbacks & { signal?: AbortSignal | undefined }, onCall?: (event: ToolRequestEvent) => void): Promise<RunResult> {
  const feed = stdin === undefined || typeof stdin === 'function' ? undefined : feedAll(stream, stdin)
  try {
    const result = await stream.collect(event => {
      switch (event.type) {
        case 'stdout': return callbacks.onStdout?.(event.data, event)
        case 'stderr': return callbacks.onStderr?.(event.data, event)
        case 'result': return callbacks.onResult?.(event)
        case 'tool_request': return onCall?.(event)
        case 'input_request': return typeof stdin === 'function' ? answer(stream, stdin, event) : undefined
        default: return undefined
      }
    })
    const problem = await feed
    if (problem !== undefined) throw problem
    return result
  } catch (e) {
    // A callback that throws leaves the run, as an aborted signal does.
    if (!(e instanceof PodflareError) && !callbacks.signal?.aborted) await stream.interrupt().catch(() => undefined)
    stream.close()
    throw e
  }
}

/** Sends data to a run, as fast as it reads. Returns why it could not be sent; the run was interrupted then, because it might wait for the rest. */
async function feedAll (stream: RunStream, data: string | Uint8Array): Promise<PodflareError | undefined> {
  try {
    await stream.send(data, { eof: true })
  } catch (e) {
    // It does not want the rest, or the reader has the same problem.
    if (!(e instanceof PodflareError) || e.code === 'stdin_closed' || e.code === 'run_ended') return undefined
    await stream.interrupt().catch(() => undefined)
    return e
  }
  return undefined
}

async function answer (stream: RunStream, ask: (request: InputRequestEvent) => string | undefined | Promise<string | undefined>, request: InputRequestEvent): Promise<void> {
  const line = await ask(request)
  await stream.send(line === undefined ? '' : line.endsWith('\n') ? line : `${line}\n`, { eof: line === undefined })
}
