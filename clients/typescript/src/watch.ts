import type { FileChangedEvent } from './events.js'
import type { RunStream } from './runStream.js'

/**
 * Changes below a path. It ends when its loop is left, when it is closed, or with the sandbox.
 *
 * ```ts
 * for await (const change of sandbox.files.watch('src')) console.log(change.change, change.path)
 * ```
 */
export class Watch implements AsyncIterable<FileChangedEvent> {
  /** @internal */
  constructor (private readonly stream: RunStream) {}

  /** Returns when changes are watched. */
  async start (): Promise<void> {
    await this.stream.start()
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<FileChangedEvent, void, undefined> {
    try {
      for await (const event of this.stream) {
        if (event.type === 'file') yield event
      }
    } finally {
      await this.close()
    }
  }

  async close (): Promise<void> {
    // A watch ends by itself when nobody reads it.
    await this.stream.interrupt().catch(() => undefined)
    this.stream.close()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }
}
