// The tools, with the clients that people use.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { service } from '../TypeScriptSdk/service.mjs'
import { everyClient, newClient, newStdioClient, oldStdioClient, textOf, until } from './clients.mjs'

const NAMES = ['create_sandbox', 'delete_sandbox', 'interrupt_run', 'list_files', 'list_sandboxes', 'read_file', 'read_run', 'run_bash', 'run_python', 'write_file']
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
let url
before(async () => { url = await service() })

test('every client lists the tools, runs code, keeps variables and gets images', async () => {
  for await (const [name, client] of everyClient(url)) {
    const { tools } = await client.listTools()
    assert.deepEqual(tools.map(tool => tool.name), NAMES, name)

    const first = await client.callTool({ name: 'run_python', arguments: { code: 'x = 6\nprint("hello")\nx * 7' } })
    const id = first.structuredContent.sandbox_id
    assert.equal(textOf(first), `hello\n42\n[sandbox_id ${id}]`, name)
    assert.deepEqual(first.structuredContent.results, [{ 'text/plain': '42' }])

    const second = await client.callTool({ name: 'run_python', arguments: { code: 'x', sandbox_id: id } })
    assert.equal(textOf(second), `6\n[sandbox_id ${id}]`)

    const image = await client.callTool({
      name: 'run_python',
      arguments: { code: `import base64\nclass P:\n    def _repr_png_(self): return base64.b64decode('${PIXEL}')\nP()`, sandbox_id: id }
    })
    assert.deepEqual(image.content[1], { type: 'image', data: PIXEL, mimeType: 'image/png' })

    const wrong = await client.callTool({ name: 'run_python', arguments: { code: '1 / 0', sandbox_id: id } })
    assert.equal(wrong.isError, true)
    assert.match(textOf(wrong), /ZeroDivisionError: division by zero\n\[exit code 1\]\n\[sandbox_id/)

    const bash = await client.callTool({ name: 'run_bash', arguments: { command: 'pwd; exit 3', cwd: '/tmp', sandbox_id: id } })
    assert.equal(textOf(bash), `/tmp\n[exit code 3]\n[sandbox_id ${id}]`)

    assert.equal(textOf(await client.callTool({ name: 'write_file', arguments: { sandbox_id: id, path: 'a/b.txt', content: 'héllo' } })), 'Wrote 6 bytes to /root/a/b.txt.')
    assert.equal(textOf(await client.callTool({ name: 'read_file', arguments: { sandbox_id: id, path: '/root/a/b.txt' } })), 'héllo')
    assert.equal((await client.callTool({ name: 'read_file', arguments: { sandbox_id: id, path: 'a/b.txt', offset: 3, max_bytes: 2 } })).content[1].text, '[1 bytes remain of 6; call read_file with offset 5]')
    assert.match(textOf(await client.callTool({ name: 'list_files', arguments: { sandbox_id: id, depth: 2 } })), /^\/root\/a\/\n\/root\/a\/b\.txt \(6 bytes\)$/m)
    assert.match(textOf(await client.callTool({ name: 'list_sandboxes', arguments: { limit: 100 } })), new RegExp(id))
    assert.match(textOf(await client.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: id } })), /is deleted/)
    assert.match(textOf(await client.callTool({ name: 'run_python', arguments: { code: '1', sandbox_id: id } })), /^sandbox_ended: /)
    assert.match(textOf(await client.callTool({ name: 'run_python', arguments: { code: '1', timeout_seconds: -1 } })), /^invalid_request: timeout_seconds /)
  }
})

test('a run that takes long is read on, tells its progress, and can be interrupted', async () => {
  for await (const [name, client] of everyClient(url)) {
    const { structuredContent: { sandbox_id: id } } = await client.callTool({ name: 'create_sandbox', arguments: { metadata: { client: name } } })
    const messages = []
    const started = await client.callTool(
      { name: 'run_python', arguments: { code: 'import time\nfor i in range(600):\n    print(i, flush=True)\n    time.sleep(0.1)', sandbox_id: id, wait_seconds: 2 } },
      ...progress(name, messages))
    assert.equal(started.structuredContent?.state, 'running', `${name}: ${textOf(started)}`)
    assert.ok(messages.length > 0 && messages.every(message => /^\d+$/.test(message)), `${name}: ${messages}`)
    const { run_id: run, last_seq: after } = started.structuredContent

    const more = await client.callTool({ name: 'read_run', arguments: { sandbox_id: id, run_id: run, after, wait_seconds: 1 } })
    assert.equal(more.structuredContent.stdout.split('\n')[0], String(after), name)
    await client.callTool({ name: 'interrupt_run', arguments: { sandbox_id: id, run_id: run } })
    const end = await client.callTool({ name: 'read_run', arguments: { sandbox_id: id, run_id: run, after } })
    assert.deepEqual([end.structuredContent.state, end.structuredContent.exit_code, end.structuredContent.reason], ['ended', 130, 'interrupted'], name)
    assert.match(textOf(end), /\[interrupted\]\n\[sandbox_id/)
    await client.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: id } })
  }
})

test('a cancelled call interrupts its run, and the variables stay', async () => {
  for (const connect of [newClient, newStdioClient, oldStdioClient]) {
    const client = await connect(url)
    const { structuredContent: { sandbox_id: id } } = await client.callTool({ name: 'run_python', arguments: { code: 'x = 1' } })
    for (let i = 0; i < 20; i++) {
      const leave = new AbortController()
      const calling = client.callTool({ name: 'run_python', arguments: { code: 'x += 1\nopen("started", "a").write(".")\nimport time; time.sleep(60)', sandbox_id: id } }, ...options(connect, { signal: leave.signal }))
      await until(async () => (await textOf(await client.callTool({ name: 'run_bash', arguments: { command: 'cat started 2>/dev/null | wc -c', sandbox_id: id } }))).startsWith(`${i + 1}\n`))
      leave.abort()
      await assert.rejects(calling)
    }
    // It waits for the last of them, which would take a minute.
    const started = Date.now()
    assert.equal(textOf(await client.callTool({ name: 'run_python', arguments: { code: 'x', sandbox_id: id } })), `21\n[sandbox_id ${id}]`, connect.name)
    assert.ok(Date.now() - started < 20_000, connect.name)
    await client.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: id } })
    await client.close()
  }
})

test('podflare mcp --sandbox runs everything in one sandbox', async () => {
  const maker = await newClient(url)
  const { structuredContent: { sandbox_id: id } } = await maker.callTool({ name: 'create_sandbox', arguments: {} })
  const client = await newStdioClient(url, '--sandbox', id)

  const { tools } = await client.listTools()
  assert.equal(tools.find(tool => tool.name === 'run_python').inputSchema.properties.sandbox_id.default, id)
  assert.deepEqual(tools.find(tool => tool.name === 'read_run').inputSchema.required, ['run_id'])
  assert.equal((await client.callTool({ name: 'run_python', arguments: { code: '1' } })).structuredContent.sandbox_id, id)
  assert.match(textOf(await client.callTool({ name: 'list_files', arguments: {} })), /^\/root|empty/)
  await client.close()
  await maker.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: id } })
  await maker.close()
})

// The second parameter of the older client is the schema of the result.
function options (connect, wanted) {
  return connect.name.startsWith('old') ? [undefined, wanted] : [wanted]
}

function progress (name, messages) {
  return options({ name }, { onprogress: ({ message }) => { if (message !== undefined) messages.push(message) } })
}

