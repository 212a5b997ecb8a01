import { defineProvider } from '@computesdk/provider'
import { SandboxEndedError, SandboxLostError, SandboxNotFoundError } from './apiErrors.js'
import { Client } from './client.js'
import { Sandbox } from './sandbox.js'
import type { ClientOptions } from './settings.js'

/** What the provider connects with: `baseUrl` and `apiKey`, by default from the environment. */
export type PodflareConfig = Pick<ClientOptions, 'baseUrl' | 'apiKey'> & { template?: string }

/**
 * A provider for ComputeSDK.
 *
 * ```ts
 * const compute = podflare({ baseUrl: 'http://127.0.0.1:7070' })
 * const sandbox = await compute.sandbox.create()
 * ```
 */
export const podflare = defineProvider<Sandbox, PodflareConfig>({
  name: 'podflare',
  methods: {
    sandbox: {
      create: async (config, options) => {
        const sandbox = await Sandbox.create({
          ...config,
          template: options?.templateId ?? config.template,
          timeoutSeconds: options?.timeout === undefined ? undefined : options.timeout / 1000,
          metadata: textsOf(options?.metadata),
          env: options?.envs
        })
        return { sandbox, sandboxId: sandbox.id }
      },
      getById: async (config, id) => {
        try {
          return { sandbox: await Sandbox.connect(id, config), sandboxId: id }
        } catch (e) {
          if (e instanceof SandboxNotFoundError || e instanceof SandboxEndedError || e instanceof SandboxLostError) return null
          throw e
        }
      },
      list: async config => {
        const client = new Client(config)
        const found: { sandbox: Sandbox, sandboxId: string }[] = []
        for await (const info of client.listSandboxes({ state: 'ready' })) found.push({ sandbox: new Sandbox(client, info.id, false), sandboxId: info.id })
        return found
      },
      destroy: async (config, id) => { await new Client(config).deleteSandbox(id) },
      runCommand: async (sandbox, command, options) => {
        const started = performance.now()
        const run = options?.background
          ? await sandbox.start(command, { cwd: options.cwd, env: options.env })
          : await sandbox.run(command, { cwd: options?.cwd, env: options?.env })
        const durationMs = performance.now() - started
        return 'exitCode' in run
          ? { stdout: run.stdout, stderr: run.stderr, exitCode: run.exitCode, durationMs }
          : { stdout: '', stderr: '', exitCode: 0, durationMs }
      },
      getInfo: async sandbox => {
        const info = await sandbox.info()
        return {
          id: info.id,
          provider: 'podflare',
          status: info.state === 'ready' ? 'running' : info.state === 'lost' ? 'error' : 'stopped',
          createdAt: new Date(info.createdAt ?? 0),
          timeout: Math.max(0, Date.parse(info.expiresAt ?? '') - Date.parse(info.createdAt ?? '')) || 0,
          metadata: info.metadata
        }
      },
      getUrl: async () => { throw new Error('getUrl is not supported: Podflare sandboxes have no ports that can be reached from outside') },
      filesystem: {
        readFile: async (sandbox, path) => await sandbox.files.readText(path),
        writeFile: async (sandbox, path, content) => { await sandbox.files.write(path, content) },
        mkdir: async (sandbox, path) => { await sandbox.files.makeFolder(path, { parents: true }) },
        readdir: async (sandbox, path) => (await sandbox.files.list(path)).map(file => ({
          name: file.name,
          type: file.type === 'directory' ? 'directory' as const : 'file' as const,
          size: file.size ?? 0,
          modified: new Date(file.modifiedAt ?? 0)
        })),
        exists: async (sandbox, path) => await sandbox.files.exists(path),
        remove: async (sandbox, path) => { await sandbox.files.delete(path, { recursive: true }) }
      }
    }
  }
})

function textsOf (metadata: Record<string, unknown> | undefined): Record<string, string> | undefined {
  return metadata === undefined ? undefined : Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]))
}
