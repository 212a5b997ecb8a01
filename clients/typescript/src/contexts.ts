import type { Http } from './http.js'
import { contextInfo, type ContextInfo } from './models.js'
import { absolutePath } from './paths.js'
import { contextPath, get, sandboxPath } from './requests.js'
import type { RunResult } from './result.js'
import type { CodeOptions, RunCodeOptions } from './runOptions.js'
import type { RunStream } from './runStream.js'

type Body = Record<string, unknown>

/** What contexts need of their sandbox. @internal */
export interface CodeRunner {
  readonly id: string
  runCode (code: string, options?: RunCodeOptions): Promise<RunResult>
  runCodeStream (code: string, options?: CodeOptions): RunStream
}

/** An interpreter of a sandbox, with its own variables, working folder and queue. Contexts run code at the same time. */
export class Context {
  /** @internal */
  constructor (private readonly http: Http, private readonly sandbox: CodeRunner, private described: ContextInfo) {}

  get id (): string {
    return this.described.id
  }

  /** The description as of the last call that returned one. */
  get info (): ContextInfo {
    return this.described
  }

  /** Runs code in this context. The options are those of `Sandbox.runCode`. */
  async runCode (code: string, options: Omit<RunCodeOptions, 'context' | 'language' | 'fresh'> = {}): Promise<RunResult> {
    return await this.sandbox.runCode(code, { ...options, context: this.id })
  }

  /** Runs code in this context and returns its events as they arrive. */
  runCodeStream (code: string, options: Omit<CodeOptions, 'context' | 'language' | 'fresh'> = {}): RunStream {
    return this.sandbox.runCodeStream(code, { ...options, context: this.id })
  }

  /** Gives it a new interpreter. The current run ends as killed (137), those that wait as interrupted (130); variables are gone. */
  async restart (): Promise<void> {
    // A second restart would end the runs that came after the first one.
    const request = { method: 'POST', target: `${this.path}/restart`, headers: this.http.trace(), isRepeatable: false }
    this.described = contextInfo(await this.http.json<Body>(request, 'restart the context'))
  }

  /** Interrupts what it runs; with `queued` also what waits. Returns the ids of the runs. */
  async interrupt ({ queued = false }: { queued?: boolean } = {}): Promise<string[]> {
    const request = { method: 'POST', target: `${this.path}/interrupt`, headers: this.http.trace(), json: { queued } }
    return (await this.http.json<{ runs: string[] }>(request, 'interrupt the context')).runs
  }

  /** Ends the interpreter. Its open runs end as killed (137). Throws `ContextRequiredError` for the context `python`. */
  async delete (): Promise<void> {
    await this.http.json({ method: 'DELETE', target: this.path, headers: this.http.trace() }, 'delete the context')
  }

  private get path (): string {
    return contextPath(this.sandbox.id, this.id)
  }
}

/** The contexts of a sandbox. A sandbox begins with one, `python`, and may have 8. */
export class Contexts {
  /** @internal */
  constructor (private readonly http: Http, private readonly sandbox: CodeRunner) {}

  /** Creates a context. `id`: default: a new one. `cwd`: the folder in which it starts. `env`: environment variables of all its runs. */
  async create (options: { id?: string, language?: 'python' | 'bash', cwd?: string, env?: Record<string, string> } = {}): Promise<Context> {
    const json = {
      // With an id of our own a repeated request finds what the first one created.
      id: options.id ?? `ctx-${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`,
      language: options.language,
      cwd: options.cwd === undefined ? undefined : absolutePath(options.cwd),
      env: options.env
    }
    const request = { method: 'POST', target: `${sandboxPath(this.sandbox.id)}/contexts`, headers: this.http.trace(), json }
    return this.of(await this.http.json(request, 'create the context'))
  }

  async list (): Promise<Context[]> {
    const found = await this.http.json<{ contexts: Body[] }>(get(`${sandboxPath(this.sandbox.id)}/contexts`, this.http.trace()), 'list the contexts')
    return found.contexts.map(body => this.of(body))
  }

  /** An existing context. Throws `ContextNotFoundError`. */
  async get (id: string): Promise<Context> {
    return this.of(await this.http.json(get(contextPath(this.sandbox.id, id), this.http.trace()), 'describe the context'))
  }

  private of (body: Body): Context {
    return new Context(this.http, this.sandbox, contextInfo(body))
  }
}
