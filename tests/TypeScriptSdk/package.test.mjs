// The package itself: its errors and types against the API's description, its size, its readers on other runtimes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BY_CODE } from '../../clients/typescript/dist/problems.js'
import * as models from '../../clients/typescript/dist/models.js'
import { codeBody, processBody } from '../../clients/typescript/dist/runOptions.js'
import { service } from './service.mjs'

const folder = new URL('../../clients/typescript/', import.meta.url)

test('each error code of the API has a class', () => {
  const documented = readdirSync(new URL('../../docs/errors/', import.meta.url)).filter(name => name.endsWith('.md') && name !== 'README.md').map(name => name.slice(0, -3))
  assert.deepEqual(documented.filter(code => BY_CODE[code] === undefined), [])
  assert.ok(documented.length > 50)
})

test('models and request bodies have the fields of the API', async () => {
  const { components: { schemas } } = await (await fetch(`${await service()}/openapi/v1.json`)).json()
  const camel = name => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
  for (const [schema, parse] of [['Sandbox', models.sandboxInfo], ['Run', models.runInfo], ['Context', models.contextInfo], ['File', models.fileInfo], ['Template', models.templateInfo]]) {
    const documented = Object.keys(schemas[schema].properties).filter(name => !name.endsWith('_b64')).map(camel)
    const parsed = Object.keys(parse({})).filter(name => name !== 'raw')
    assert.deepEqual(parsed.sort(), documented.sort(), schema)
  }
  const sent = Object.keys({ ...codeBody('', {}), ...processBody('ls', {}), ...processBody(['ls'], {}), watch: {} })
  // These change the form of events, and the form is this package's own.
  const left = ['columns', 'order', 'encoding', 'keep_alive']
  assert.deepEqual([...sent, ...left].sort(), Object.keys(schemas.Exec.properties).sort())
})

test('the package is small and needs nothing', () => {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }))
  assert.ok(packed.size < 64_000, `${packed.size} bytes`)
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', folder)))
  assert.equal(dependencies, undefined)
})
