import type { Http } from './http.js'
import { fileInfo, type FileInfo } from './models.js'
import { encodePath, pathFields } from './paths.js'
import { fileOperation, filePath, get, sandboxPath, transfer, withQuery } from './requests.js'
import type { RunStream } from './runStream.js'
import { Watch } from './watch.js'

/** What a file can be written from. A stream is sent once and cannot be repeated. */
export type FileData = string | Uint8Array | Blob | ReadableStream<Uint8Array>

/** The files of a sandbox. A relative path starts in `/root`. */
export class Files {
  /** @internal */
  constructor (private readonly http: Http, private readonly sandboxId: string, private readonly startWatch: (path: string, recursive: boolean) => RunStream) {}

  /** Writes a file. It is replaced as a whole, or not at all. A string is encoded as UTF-8. */
  async write (path: string, data: FileData): Promise<void> {
    const isStream = data instanceof ReadableStream
    await this.http.json({
      method: 'PUT',
      target: filePath(this.sandboxId, path),
      headers: { ...this.http.trace(), 'content-type': 'application/octet-stream' },
      // A file has bytes, whatever they are a view of.
      body: data as BodyInit,
      isRepeatable: !isStream
    }, 'write the file')
  }

  /** Reads a file into memory. */
  async read (path: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.readStream(path)) pieces.push(piece)
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  /** Reads a file into memory, as UTF-8. */
  async readText (path: string): Promise<string> {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await this.read(path))
  }

  /** A file in pieces. A connection that breaks in the middle throws `ConnectionFailedError`. */
  async * readStream (path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const connection = await this.http.stream(get(filePath(this.sandboxId, path), this.http.trace()), 'read the file')
    try {
      for (let piece = await connection.read('read the file'); piece !== undefined; piece = await connection.read('read the file')) yield piece
    } finally {
      connection.close()
    }
  }

  /** The files and folders in a folder, and those of its folders down to a depth of 1 to 32. */
  async list (path = '/root', { depth = 1 }: { depth?: number } = {}): Promise<FileInfo[]> {
    const found: FileInfo[] = []
    for (let cursor: string | undefined; ;) {
      const query = withQuery(`${sandboxPath(this.sandboxId)}/files`, { depth: depth > 1 ? depth : undefined, cursor })
      const target = `${query}${query.includes('?') ? '&' : '?'}path=${encodePath(path)}`
      const page = await this.http.json<{ files: Record<string, unknown>[], next_cursor?: string | null }>(get(target, this.http.trace()), 'list the files')
      found.push(...page.files.map(fileInfo))
      if (!page.next_cursor || page.next_cursor === cursor) return found
      cursor = page.next_cursor
    }
  }

  /** Describes a file. `follow: false` describes a link itself. */
  async stat (path: string, { follow = true }: { follow?: boolean } = {}): Promise<FileInfo> {
    const target = fileOperation(this.sandboxId, 'stat', path, { follow: follow ? 'true' : 'false' })
    return fileInfo(await this.http.json(get(target, this.http.trace()), 'describe the file'))
  }

  /** Whether there is a file or folder. */
  async exists (path: string): Promise<boolean> {
    try {
      await this.stat(path, { follow: false })
      return true
    } catch (e) {
      if ((e as { code?: string }).code === 'file_not_found') return false
      throw e
    }
  }

  /** Makes a folder. With `parents`, missing folders above it too, and one that exists is no error. `mode`: permissions, such as `0o755`. */
  async makeFolder (path: string, { parents = false, mode }: { parents?: boolean, mode?: number } = {}): Promise<void> {
    const json = { ...pathFields('path', path), parents, mode: mode === undefined ? undefined : mode.toString(8).padStart(4, '0') }
    await this.http.json({ method: 'POST', target: fileOperation(this.sandboxId, 'mkdir'), headers: this.http.trace(), json }, 'make the folder')
  }

  /** Moves or renames. If the answer is lost, it may have happened all the same. */
  async move (from: string, to: string, { overwrite = false, parents = false }: { overwrite?: boolean, parents?: boolean } = {}): Promise<void> {
    await this.http.json(transfer('move', this.sandboxId, from, to, { overwrite, parents }, this.http.trace()), 'move the file')
  }

  async copy (from: string, to: string, { overwrite = false, parents = false, recursive = false }: { overwrite?: boolean, parents?: boolean, recursive?: boolean } = {}): Promise<void> {
    await this.http.json(transfer('copy', this.sandboxId, from, to, { overwrite, parents, recursive }, this.http.trace()), 'copy the file')
  }

  /** Deletes a file or an empty folder; with `recursive`, a folder with all that is in it. */
  async delete (path: string, { recursive = false }: { recursive?: boolean } = {}): Promise<void> {
    const target = withQuery(filePath(this.sandboxId, path), { recursive: recursive ? 'true' : undefined })
    await this.http.json({ method: 'DELETE', target, headers: this.http.trace() }, 'delete the file')
  }

  /** A folder as a tar stream. */
  async readArchive (path: string): Promise<ReadableStream<Uint8Array>> {
    const connection = await this.http.stream(get(fileOperation(this.sandboxId, 'archive', path), this.http.trace()), 'read the folder')
    return new ReadableStream<Uint8Array>({
      async pull (controller) {
        const piece = await connection.read('read the folder')
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
      cancel () { connection.close() }
    })
  }

  /** Writes the members of a tar archive below a folder. */
  async writeArchive (path: string, data: FileData): Promise<void> {
    await this.http.json({
      method: 'POST',
      target: fileOperation(this.sandboxId, 'archive', path),
      headers: { ...this.http.trace(), 'content-type': 'application/x-tar' },
      body: data as BodyInit,
      isRepeatable: !(data instanceof ReadableStream)
    }, 'write the folder')
  }

  /** Changes below a path, until the watch is closed. */
  watch (path: string, { recursive = false }: { recursive?: boolean } = {}): Watch {
    return new Watch(this.startWatch(path, recursive))
  }
}
