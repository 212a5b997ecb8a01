// The programs of the guide run as they are, with the variables that it names.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Sandbox } from '@e2b/code-interpreter'
import { service, start } from '../TypeScriptSdk/service.mjs'
import { MOUNT, optionsOf } from './client.mjs'

const run = promisify(execFile)
const guide = readFileSync(new URL('../../docs/guides/moving-from-e2b.md', import.meta.url), 'utf8')
const programs = [...guide.matchAll(/```js\n(.*?)```/gs)].map(match => match[1])

test('the programs of the guide run', async t => {
  const url = await service() + MOUNT
  const expected = ['6\n3\n\n', 'user\n/home/user\n\n']
  assert.equal(programs.length, expected.length)
  for (const [index, program] of programs.entries()) {
    // In this folder, so that the packages are found.
    const file = new URL(`guide-${process.pid}-${index}.mjs`, import.meta.url).pathname
    t.after(() => rmSync(file, { force: true }))
    writeFileSync(file, program)
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, E2B_API_URL: url, E2B_SANDBOX_URL: url, E2B_API_KEY: 'your-key' }, timeout: 60_000 })
    assert.equal(stdout, expected[index])
  }
})

test('the settings of the guide do what it says', async () => {
  const settings = Object.fromEntries([...guide.matchAll(/(Podflare__E2b__[\w-]+)=([\w.-]+)/g)].map(([, name, value]) => [name, value]))
  assert.deepEqual(Object.keys(settings).sort(), ['Podflare__E2b__Domain', 'Podflare__E2b__Templates__code-interpreter-v1', 'Podflare__E2b__TokenlessInterpreter'])
  const key = 'a-key-of-acme-0000'
  const url = await start({ ...settings, PODFLARE_API_KEYS: `acme:${key}` })
  const sandbox = await Sandbox.create('code-interpreter-v1', optionsOf(url, key))
  assert.equal(sandbox.getHost(3000), `3000-${sandbox.sandboxId}.${settings.Podflare__E2b__Domain}`)

  // The image for data.
  const { results: [table] } = await sandbox.runCode('import pandas as pd\npd.DataFrame({"a": [1, 2], "at": pd.to_datetime(["2026-01-01", "2026-01-02"])})')
  assert.deepEqual(table.data, { a: [1, 2], at: ['2026-01-01T00:00:00', '2026-01-02T00:00:00'] })
  assert.match(table.html, /<table/)
  const { results: [figure] } = await sandbox.runCode('\n    import matplotlib.pyplot as plt, numpy, scipy\n    plt.plot(numpy.arange(3))\n    plt.show()\n')
  assert.deepEqual([figure.png?.slice(0, 5), figure.isMainResult], ['iVBOR', false])
  const { results: [shown] } = await sandbox.runCode('from PIL import Image\nImage.new("RGB", (2, 2)).show()')
  assert.match(shown.png, /^iVBOR/)
  assert.equal((await sandbox.commands.run('git --version && sudo pip --version && pwd')).stdout.split('\n').at(-2), '/home/user')

  // The interpreter is open, and nothing else is.
  const send = (port, path, body) => fetch(url + MOUNT + path, { method: 'POST', headers: { 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': port, 'content-type': 'application/json' }, body })
  assert.match(await (await send('49999', '/execute', '{"code":"1 + 1"}')).text(), /"text":"2"/)
  assert.equal((await send('49983', '/process.Process/List', '{}')).status, 401)
  await sandbox.kill()
})
