import { RunEndedError } from './apiErrors.js'
import type { RunResult } from './result.js'
import type { RunStream } from './runStream.js'

/**
 * A program on a terminal. Iterating over it gives its output, in pieces of at most 64 KiB, until it ends.
 *
 * ```ts
 * await using terminal = await sandbox.openTerminal()
 * await terminal.write('echo $((40 + 2)); exit\n')
 * for await (const output of terminal) process.stdout.write(output)
 * ```
 */
export class Terminal implements AsyncIterable<Uint8Array> {
  private isDetached = false

  /** @internal */
  constructor (private readonly stream: RunStream) {}

  /** The id of the run. `Sandbox.follow` reads the terminal again, from anywhere. */
  get runId (): string | undefined {
    return this.stream.runId
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const event of this.stream) {
      if (event.type === 'pty') yield event.data
      // Why a program could not be started is said on stderr.
      else if (event.type === 'stdout' || event.type === 'stderr') yield new TextEncoder().encode(event.data)
    }
  }

  /** Types on the terminal. `eof`: Ctrl-D. */
  async write (data: string | Uint8Array, options: { eof?: boolean } = {}): Promise<void> {
    await this.stream.send(data, options)
  }

  /** Changes the size, 1 to 1,000 characters each. The program gets SIGWINCH. */
  async resize (cols: number, rows: number): Promise<void> {
    await this.stream.resize(cols, rows)
  }

  /** Waits for the end of the program. All output is in `stdout` of the result. */
  async result (): Promise<RunResult> {
    return await this.stream.result()
  }

  /** Stops reading. The program continues; `Sandbox.follow` reads it again. */
  detach (): void {
    this.isDetached = true
    this.stream.close()
  }

  /** Kills the program with everything that it has started. Repeating it is harmless. */
  async kill (): Promise<void> {
    try {
      await this.stream.signal('SIGKILL', { scope: 'all' })
    } catch (e) {
      if (!(e instanceof RunEndedError)) throw e
    }
  }

  /** Kills the program, unless `detach` was called, and stops reading. */
  async close (): Promise<void> {
    // If this fails, the program ends with the sandbox.
    if (!this.isDetached) await this.kill().catch(() => undefined)
    this.stream.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
