// What every runtime must be able to do: run, resume, cancel, copy files. Prints "ok".
import { Client, PodflareError, Sandbox } from '../../clients/typescript/dist/index.js'

const check = (condition, what) => { if (!condition) throw new Error(what) }

const client = new Client()
const sandbox = await Sandbox.create({ client })
try {
  let last = 0
  for await (const event of sandbox.runCodeStream('for i in range(500): print(i)')) check(event.seq === ++last, `seq ${event.seq}`)
  check(last === 501, `${last} events`)
  await sandbox.files.write('a.txt', 'text')
  check(await sandbox.files.readText('a.txt') === 'text', 'file')
  const controller = new AbortController()
  const reason = new Error('mine')
  const left = sandbox.runCode('print("busy", flush=True)\nwhile True: pass', { signal: controller.signal, onStdout: () => { controller.abort(reason) } })
  check(await left.catch(e => e) === reason, 'cancellation')
  check((await sandbox.runCode('40 + 2')).text === '42', 'next run')
  const missing = await sandbox.files.read('missing').catch(e => e)
  check(missing instanceof PodflareError && missing.code === 'file_not_found', 'error')
} finally {
  await sandbox.close()
  client.close()
}
console.log('ok')
