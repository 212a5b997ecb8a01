// The code interpreter, as the published client uses it.
import { Sandbox } from '@e2b/code-interpreter'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { options } from './client.mjs'

let sandbox
before(async () => { sandbox = await Sandbox.create(await options()) })
after(() => sandbox.kill())

test('variables stay, and the last expression is the result', async () => {
  await sandbox.runCode('x = 41')
  const execution = await sandbox.runCode('print("out")\nimport sys\nprint("err", file=sys.stderr)\nx += 1\nx')
  assert.equal(execution.text, '42')
  assert.deepEqual(execution.logs, { stdout: ['out\n'], stderr: ['err\n'] })
  assert.ok(execution.executionCount > 1)
  assert.equal((await sandbox.runCode("'a \"quoted\" text'")).text, 'a "quoted" text')
})

test('rich results', async () => {
  const [html] = (await sandbox.runCode('class H:\n  def _repr_html_(self): return "<b>é</b>"\n  def __repr__(self): return "H"\nH()')).results
  assert.equal(html.html, '<b>é</b>')
  assert.equal(html.text, 'H')
  assert.equal(html.isMainResult, true)
  const [dict] = (await sandbox.runCode("{'a': [1, None, True, 'é']}")).results
  assert.deepEqual(dict.json, { a: [1, null, true, 'é'] })
  const [image] = (await sandbox.runCode('from PIL import Image\nImage.new("RGB", (2, 2))')).results
  assert.match(image.png, /^iVBOR/)
  const shown = (await sandbox.runCode('from IPython.display import display, Markdown\ndisplay(Markdown("# a"))\n1')).results
  assert.deepEqual(shown.map(one => [one.markdown, one.isMainResult]), [['# a', false], [undefined, true]])
})

test('characters of every size survive', async () => {
  const text = '日本語 😀 ü '.repeat(2_000)
  const execution = await sandbox.runCode(`print(${JSON.stringify(text)}, end="")`)
  assert.equal(execution.logs.stdout.join(''), text)
})

test('callbacks get what happens', async () => {
  const seen = []
  const note = kind => value => { seen.push([kind, value.line ?? value.text ?? value.name]) }
  await sandbox.runCode('print("a")\n1', { onStdout: note('out'), onResult: note('result'), onError: note('error') })
  await sandbox.runCode('1/0', { onError: note('error') })
  assert.deepEqual(seen, [['out', 'a\n'], ['result', '1'], ['error', 'ZeroDivisionError']])
})

test('errors', async () => {
  const { error } = await sandbox.runCode('def f():\n  raise ValueError("no")\nf()')
  assert.equal(error.name, 'ValueError')
  assert.equal(error.value, 'no')
  assert.match(error.traceback, /raise ValueError/)
  assert.equal((await sandbox.runCode('x =')).error.name, 'SyntaxError')
  assert.equal((await sandbox.runCode('import os; os._exit(3)')).error.name, 'ContextCrashed')
  assert.equal((await sandbox.runCode('1')).text, '1')
})

test('environment, bash, indented code, no code', async () => {
  assert.equal((await sandbox.runCode('import os; os.environ["A"]', { envs: { A: 'b' } })).text, 'b')
  assert.deepEqual((await sandbox.runCode('echo $A; pwd; whoami', { language: 'bash', envs: { A: 'b' } })).logs.stdout, ['b\n', '/home/user\n', 'user\n'])
  assert.equal((await sandbox.runCode('    y = 1\n    y + 1')).text, '2')
  assert.equal((await sandbox.runCode('')).error, undefined)
  await assert.rejects(sandbox.runCode('1', { language: 'javascript' }), /501/)
})

test('contexts', async () => {
  const context = await sandbox.createCodeContext({ cwd: '/tmp' })
  assert.equal(context.cwd, '/tmp')
  assert.equal((await sandbox.runCode('z = 5\nimport os; os.getcwd()', { context })).text, '/tmp')
  assert.equal((await sandbox.runCode('z')).error.name, 'NameError')
  await sandbox.restartCodeContext(context)
  assert.equal((await sandbox.runCode('z', { context })).error.name, 'NameError')
  assert.deepEqual((await sandbox.listCodeContexts()).map(one => one.id).sort(), [context.id, 'python'].sort())
  await sandbox.removeCodeContext(context)
  await assert.rejects(sandbox.runCode('1', { context }), { name: 'NotFoundError' })
  await assert.rejects(sandbox.createCodeContext({ cwd: '/nowhere' }), /500/)
  await assert.rejects(sandbox.createCodeContext({ language: 'r' }), /501/)
})

test('a client that gives up interrupts its code, and the next one need not wait', async () => {
  await sandbox.runCode('kept = 1')
  await assert.rejects(sandbox.runCode('import time\nwhile True: time.sleep(0.1)', { timeoutMs: 1_000 }), { name: 'TimeoutError' })
  assert.equal((await sandbox.runCode('kept')).text, '1')
})

test('a sandbox that is killed while code runs is reported as such', async () => {
  const doomed = await Sandbox.create(await options())
  let running
  const begun = new Promise(resolve => { running = doomed.runCode('print(1)\nimport time; time.sleep(60)', { onStdout: resolve }) })
  const failed = assert.rejects(running, e => e.name === 'TimeoutError' && /sandbox was killed/.test(e.message))
  await begun
  await doomed.kill()
  await failed
  await assert.rejects(doomed.runCode('1'), { name: 'TimeoutError' })
})
