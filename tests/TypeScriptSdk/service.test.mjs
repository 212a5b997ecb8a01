// Every call, against a service and real sandboxes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client, ContextRequiredError, FileNotFoundError, RunEndedError, Sandbox, SandboxEndedError, ToolCallClosedError, ToolCallNotFoundError } from '../../clients/typescript/dist/index.js'
import { CuttingProxy } from './cuttingProxy.mjs'
import { service } from './service.mjs'

let url, client, sandbox

before(async () => {
  url = await service()
  client = new Client({ baseUrl: url })
  sandbox = await Sandbox.create({ client, timeoutSeconds: 600, metadata: { suite: 'ts' }, env: { WHO: 'ts' } })
})

after(async () => {
  await sandbox?.close()
  client?.close()
})

test('code runs in one interpreter, and its result is that of a notebook', async () => {
  await sandbox.runCode('total = 40')
  const heard = []
  const run = await sandbox.runCode('print("a"); import os; print(os.environ["WHO"]); total + 2', { onStdout: text => heard.push(text) })
  assert.deepEqual(heard, ['a\n', 'ts\n'])
  assert.equal(run.text, 'a\nts\n42')
  assert.equal(run.main.text, '42')
  const failed = await sandbox.runCode('1 / 0')
  assert.equal(failed.exitCode, 1)
  assert.equal(failed.error.name, 'ZeroDivisionError')
  assert.equal((await sandbox.runCode('exit 3', { language: 'bash' })).exitCode, 3)
})

test('4,000 events over a connection that is cut again and again', async t => {
  const proxy = await CuttingProxy.start(t, url, 20_000)
  const through = new Sandbox(new Client({ baseUrl: proxy.url, retry: { firstDelaySeconds: 0.005 } }), sandbox.id, false)
  let last = 0
  const run = through.runCodeStream('for i in range(4000): print(i, "x" * 20)')
  for await (const event of run) assert.equal(event.seq, ++last)
  const result = await run.result()
  assert.equal(last, 4001)
  assert.equal(result.stdout.split('\n').length, 4001)
  assert.ok(proxy.cuts >= 5, `${proxy.cuts} cuts`)
})

test('code calls functions of this program and gets their errors', async () => {
  const run = await sandbox.runCode(`
print(tools.add.__doc__.splitlines()[0])
for call in (lambda: tools.fail(), lambda: tools.large(), lambda: tools.odd()):
    try: call()
    except ToolError as error: print(error)
[tools.add(1, b=2), await call_tool_async('add', a=3, b=4), tools.nothing()]`, {
    tools: {
      add: { description: 'Adds.', inputSchema: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['a', 'b'] }, execute: ({ a, b }) => a + b },
      fail: async () => { throw new Error('no index') },
      large: () => 'x'.repeat(1 << 20),
      odd: () => 1n,
      nothing: () => undefined
    }
  })
  assert.equal(run.main.text, '[3, 7, None]')
  const [doc, failed, large, odd] = run.stdout.split('\n')
  assert.deepEqual([doc, failed], ['Adds.', 'no index'])
  assert.match(large, /1048576/)
  assert.match(odd, /BigInt/)
})

test('arguments that do not match the schema never reach the function', async () => {
  const item = { type: 'object', properties: { price: { type: 'number', minimum: 0 } }, required: ['price'] }
  const inputSchema = { type: 'object', properties: { items: { type: 'array', items: item } }, required: ['items'], additionalProperties: false }
  const calls = []
  const run = await sandbox.runCode(
    'for arguments in ({"items": [{"price": 1}, {"price": "2"}]}, {"items": [{}]}, {}, {"items": [], "more": 1}, {"items": [{"price": 10**400}]}):\n' +
    '    try: call_tool("order", **arguments)\n    except ToolError as error: print(error)\ntools.order(items=[{"price": 3}])',
    { tools: { order: { inputSchema, execute: args => { calls.push(args); return 'ordered' } } } })
  assert.deepEqual(run.stdout.trimEnd().split('\n'), [
    'arguments.items[1].price must be a number, not a string', 'arguments.items[0].price is required', 'arguments.items is required', 'arguments.more is not allowed',
    'arguments.items[0].price is out of the range of numbers'
  ])
  assert.deepEqual([run.main.text, calls], ["'ordered'", [{ items: [{ price: 3 }] }]])
  await assert.rejects(sandbox.runCode('1', { tools: { order: { inputSchema: { $ref: '#/x' }, execute: () => 1 } } }), /the tool order has a schema that cannot be used: the reference #\/x/)
})

test('tools run at the same time, and each once although the connection is cut', async t => {
  let waiting = 0
  let go
  const all = new Promise(resolve => { go = resolve })
  const met = await sandbox.runCode('import asyncio\nlen(await asyncio.gather(*(call_tool_async("meet") for _ in range(8))))', { tools: { meet: () => { if (++waiting === 8) go(); return all } } })
  assert.equal(met.text, '8')
  const proxy = await CuttingProxy.start(t, url, 10_000)
  const through = new Sandbox(new Client({ baseUrl: proxy.url, retry: { firstDelaySeconds: 0.005 } }), sandbox.id, false)
  const calls = []
  const run = await through.runCode('total = 0\nfor n in range(80):\n    print("x" * 500)\n    total += tools.add(n=n)\nprint(total)', { tools: { add: ({ n }) => { calls.push(n); return n } } })
  assert.deepEqual(calls, [...Array(80).keys()])
  assert.equal(run.stdout.trim().split('\n').at(-1), '3160')
  assert.ok(proxy.cuts >= 3, `${proxy.cuts} cuts`)
})

test('tool calls are answered by who reads the events, and by who follows the run', async () => {
  const code = 'try: tools.search(q="x")\nexcept ToolError as error: print(error)\nprint(tools.search(q="y"))'
  const run = await sandbox.startCode(code, { tools: { search: () => 0 } })
  const seen = []
  for await (const event of run) {
    seen.push(event.type)
    if (event.type !== 'tool_request') continue
    assert.deepEqual((await sandbox.getRun(event.runId)).openToolCalls, [event.callId])
    if (event.arguments.q === 'x') {
      await assert.rejects(run.answerToolCall('call_9', { content: 1 }), ToolCallNotFoundError)
      await run.answerToolCall(event.callId, { error: 'never' })
      await run.answerToolCall(event.callId, { content: 'late' })
    } else {
      await run.answerToolCall(event.callId, { content: [1] })
    }
  }
  assert.deepEqual(seen, ['tool_request', 'tool_response', 'stdout', 'tool_request', 'tool_response', 'stdout', 'exit'])
  assert.equal((await run.result()).stdout, 'never\n[1]\n')
  await assert.rejects(run.answerToolCall('call_1', { content: 1 }), ToolCallClosedError)
  await assert.rejects(sandbox.runCode('1', { tools: { 'a b': () => 1 } }), RangeError)
})

test('aborting ends the run and keeps the variables', async () => {
  const controller = new AbortController()
  await sandbox.runCode('kept = 1')
  const reason = new Error('enough')
  const run = sandbox.runCode('print("busy", flush=True)\nimport time\ntime.sleep(120)', { signal: controller.signal, onStdout: () => { controller.abort(reason) } })
  await assert.rejects(run, e => e === reason)
  assert.equal((await sandbox.runCode('kept')).text, '1')
})

test('input', async () => {
  const asked = []
  const run = await sandbox.runCode('a = input("name? "); b = input(); f"{a} {b}"', { stdin: request => { asked.push(request.data); return asked.length === 1 ? 'Ada' : 'Byron' } })
  assert.deepEqual(asked, ['name? ', ''])
  assert.equal(run.main.text, "'Ada Byron'")
  const text = 'é'.repeat(400_000)
  assert.equal((await sandbox.run(['cat'], { stdin: text })).stdout, text)
})

test('processes', async () => {
  assert.equal((await sandbox.run('echo $0; exit 4')).exitCode, 4)
  assert.equal((await sandbox.run(['no-such-program'])).exitCode, 127)
  const server = await sandbox.start(['sleep', '100'], { tag: 'nap' })
  const found = []
  for await (const run of sandbox.runs({ tag: 'nap', state: 'running' })) found.push(run.id)
  assert.deepEqual(found, [server.runId])
  await server.signal('TERM')
  assert.equal((await server.result()).signal, 'SIGTERM')
  await assert.rejects(server.signal('TERM'), RunEndedError)
  assert.equal((await sandbox.getRun(server.runId)).state, 'ended')
  const trace = await sandbox.getRunTrace(server.runId)
  assert.equal(trace.resourceSpans[0].scopeSpans[0].spans[0].name, 'execute_tool run_code')
  assert.ok((await sandbox.getRun(server.runId)).usage.memoryPeakBytes > 1_000_000)
  const metrics = await sandbox.metrics({ since: new Date(0) })
  assert.deepEqual([metrics.limits.cpus, metrics.limits.memoryBytes], [1, 512 * 1024 * 1024])
  assert.ok(metrics.points.every(point => point.cpuSeconds > 0 && point.at instanceof Date))
  const again = await sandbox.follow(server.runId).result()
  assert.equal(again.signal, 'SIGTERM')
})

test('a terminal', async () => {
  const terminal = await sandbox.openTerminal({ cols: 100, rows: 30 })
  await terminal.resize(90, 20)
  await terminal.write('stty size; exit\n')
  let output = ''
  const decoder = new TextDecoder()
  for await (const piece of terminal) output += decoder.decode(piece, { stream: true })
  assert.match(output, /20 90/)
  await terminal.close()
})

test('contexts', async () => {
  const context = await sandbox.contexts.create({ cwd: '/tmp' })
  await context.runCode('mine = 1')
  assert.equal((await sandbox.runCode('"mine" in globals()')).text, 'False')
  assert.equal((await context.runCode('import os; os.getcwd()')).text, "'/tmp'")
  assert.ok((await sandbox.contexts.list()).some(each => each.id === context.id))
  await context.restart()
  assert.equal((await context.runCode('"mine" in globals()')).text, 'False')
  await context.delete()
  await assert.rejects((await sandbox.contexts.get('python')).delete(), ContextRequiredError)
})

test('files', async () => {
  const { files } = sandbox
  await files.write('d/a.txt', 'héllo')
  assert.equal(await files.readText('d/a.txt'), 'héllo')
  const odd = 'd/odd ?#%\udcff.bin'
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  await files.write(odd, bytes)
  assert.deepEqual(await files.read(odd), bytes)
  assert.deepEqual((await files.list('d')).map(file => file.name).sort(), ['a.txt', 'odd ?#%\udcff.bin'])
  assert.equal((await files.stat('d/a.txt')).size, 6)
  await files.makeFolder('d/e/f', { parents: true })
  await files.move('d/a.txt', 'd/e/b.txt')
  await files.copy('d/e', 'd/g', { recursive: true })
  assert.equal(await files.readText('d/g/b.txt'), 'héllo')
  const archive = await files.readArchive('d')
  await files.makeFolder('copy')
  await files.writeArchive('copy', archive)
  assert.ok(await files.exists('copy/e/b.txt') || await files.exists('copy/d/e/b.txt'))
  await files.delete('d', { recursive: true })
  assert.equal(await files.exists('d'), false)
  await assert.rejects(files.read('d'), FileNotFoundError)
})

test('a watch', async () => {
  await sandbox.files.makeFolder('watched')
  const watch = sandbox.files.watch('watched')
  await watch.start()
  await sandbox.run(['touch', '/root/watched/new'])
  for await (const change of watch) {
    assert.equal(change.path, '/root/watched/new')
    break
  }
})

test('background runs and output', async () => {
  const run = await sandbox.startCode('import threading, time\ndef late():\n    time.sleep(0.3); print("late")\nthreading.Thread(target=late).start()\n7')
  assert.equal((await run.result()).text, '7')
  for await (const event of sandbox.background({ follow: true })) {
    if (event.type === 'stdout' && event.data === 'late\n') break
  }
  const replayed = []
  for await (const event of sandbox.replay()) replayed.push(event)
  assert.ok(replayed.length > 10)
})

test('a sandbox from its creation to its end', async () => {
  const mine = await Sandbox.create({ client, metadata: { suite: 'ts-life' } })
  const listed = []
  for await (const info of Sandbox.list({ client, metadata: { suite: 'ts-life' } })) listed.push(info.id)
  assert.deepEqual(listed, [mine.id])
  assert.equal((await mine.update({ metadata: { more: 'x' } })).metadata.more, 'x')
  const connected = await Sandbox.connect(mine.id, { client })
  await connected.close()
  assert.equal((await mine.info()).state, 'ready')
  await mine.close()
  await assert.rejects(mine.runCode('1'), SandboxEndedError)
  await assert.rejects(Sandbox.connect(mine.id, { client }), SandboxEndedError)
  assert.ok((await client.listTemplates()).some(template => template.default))
  await client.checkHealth()
})

test('the trace of a call is that of its run', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const run = await sandbox.runCode('import os; os.environ["TRACEPARENT"]', { traceparent })
  assert.equal(run.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
  assert.match(run.text, /00-4bf92f3577b34da6a3ce929d0e0e4736-/)
})

test('the entry points for frameworks', async () => {
  const { codeTool } = await import('../../clients/typescript/dist/ai.js')
  const tool = codeTool({ sandbox })
  const output = await tool.execute({ code: '40 + 2' }, { toolCallId: '1', messages: [] })
  assert.deepEqual(tool.toModelOutput({ output }).value, [{ type: 'text', text: '42' }])

  const { podflare } = await import('../../clients/typescript/dist/computesdk.js')
  const compute = podflare({ baseUrl: url })
  const made = await compute.sandbox.create()
  const ran = await made.runCommand('echo hi; exit 2')
  assert.equal(ran.stdout, 'hi\n')
  assert.equal(ran.exitCode, 2)
  await made.filesystem.writeFile('/tmp/x/y', 'text')
  assert.equal(await made.filesystem.readFile('/tmp/x/y'), 'text')
  assert.equal(await made.filesystem.exists('/tmp/nope'), false)
  await assert.rejects(made.getUrl({ port: 80 }), /not supported/)
  await compute.sandbox.destroy(made.sandboxId)
})
