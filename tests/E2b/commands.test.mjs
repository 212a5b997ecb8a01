// Processes and terminals, as the published client uses them.
import { CommandExitError, NotFoundError, Sandbox, TimeoutError } from 'e2b'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { options, until } from './client.mjs'

let sandbox
before(async () => { sandbox = await Sandbox.create(await options()) })
after(() => sandbox.kill())

test('output, exit code, environment, folder', async () => {
  const result = await sandbox.commands.run('echo out; echo err >&2; pwd; echo $A', { envs: { A: 'b' } })
  assert.deepEqual(result, { exitCode: 0, error: undefined, stdout: 'out\n/home/user\nb\n', stderr: 'err\n' })
  assert.equal((await sandbox.commands.run('pwd', { cwd: '/tmp' })).stdout, '/tmp\n')
  await assert.rejects(sandbox.commands.run('echo a; exit 3'), e => e instanceof CommandExitError && e.exitCode === 3 && e.stdout === 'a\n' && e.error === 'exit status 3')
  await assert.rejects(sandbox.commands.run('true', { cwd: '/nowhere' }), { name: 'InvalidArgumentError' })
})

test('both users are the same one, and others do not exist', async () => {
  assert.equal((await sandbox.commands.run('whoami; pwd', { user: 'user' })).stdout, 'user\n/home/user\n')
  assert.equal((await sandbox.commands.run('whoami; pwd', { user: 'root' })).stdout, 'user\n/root\n')
  assert.equal((await sandbox.commands.run('sudo -u root env A=b sudo whoami')).stdout, 'user\n')
  await assert.rejects(sandbox.commands.run('true', { user: 'bob' }), { name: 'AuthenticationError' })
})

test('callbacks, and binary output that is cut anywhere', async () => {
  let out = ''
  const result = await sandbox.commands.run('for i in 1 2 3; do printf "日本"; sleep 0.05; done', { onStdout: text => { out += text } })
  assert.equal(out, '日本日本日本')
  assert.equal(result.stdout, out)
  const big = await sandbox.commands.run('head -c 3000000 /dev/zero | tr "\\0" x')
  assert.equal(big.stdout.length, 3_000_000)
})

test('a background process has standard input, is listed, and ends', async () => {
  const handle = await sandbox.commands.run('cat; echo done', { background: true, stdin: true })
  await handle.sendStdin('abc\n')
  const [listed] = (await sandbox.commands.list()).filter(one => one.pid === handle.pid)
  assert.deepEqual([listed.cmd, listed.args, listed.cwd], ['/bin/bash', ['-l', '-c', 'cat; echo done'], '/home/user'])
  await sandbox.commands.closeStdin(handle.pid)
  assert.equal((await handle.wait()).stdout, 'abc\ndone\n')
  await assert.rejects(sandbox.commands.sendStdin(handle.pid, 'x'), NotFoundError)
})

test('signals and time limits', async () => {
  const handle = await sandbox.commands.run('sleep 100', { background: true })
  assert.equal(await handle.kill(), true)
  await assert.rejects(handle.wait(), e => e instanceof CommandExitError && e.exitCode === -1 && e.error === 'signal: killed')
  assert.equal(await sandbox.commands.kill(handle.pid), false)
  assert.equal(await sandbox.commands.kill(999_999), false)
  await assert.rejects(sandbox.commands.run('exec sleep 98', { timeoutMs: 500 }), TimeoutError)
  // The limit is one of the process, not only of the stream.
  await until(async () => !(await sandbox.commands.list()).some(one => one.args.includes('exec sleep 98')))
})

test('a client may leave a process and come back, also after its end', async () => {
  const handle = await sandbox.commands.run('echo a; sleep 0.5; echo b', { background: true })
  await handle.disconnect()
  const again = await sandbox.commands.connect(handle.pid)
  assert.equal(again.pid, handle.pid)
  assert.equal((await again.wait()).stdout, 'a\nb\n')
  assert.equal((await (await sandbox.commands.connect(handle.pid)).wait()).stdout, 'a\nb\n')
  await assert.rejects(sandbox.commands.connect(999_999), NotFoundError)
})

test('a terminal', async () => {
  let out = ''
  const terminal = await sandbox.pty.create({ cols: 90, rows: 20, envs: { A: 'b' }, onData: data => { out += new TextDecoder().decode(data) } })
  const type = text => sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode(text))
  await type('tput cols; echo $A$A\n')
  await until(() => /90\r\n[^]*bb\r\n/.test(out))
  await sandbox.pty.resize(terminal.pid, { cols: 120, rows: 30 })
  await type('tput cols\n')
  await until(() => /120\r\n/.test(out))
  await terminal.disconnect()
  let live = ''
  const again = await sandbox.pty.connect(terminal.pid, { onData: data => { live += new TextDecoder().decode(data) } })
  await type('echo li""ve; exit 4\n')
  await assert.rejects(again.wait(), e => e.exitCode === 4)
  assert.match(live, /live/)
  // What was there before is not sent again: programs would answer its queries twice.
  assert.doesNotMatch(live, /120/)
  assert.equal(await sandbox.pty.kill(terminal.pid), false)
})

test('git', async () => {
  await sandbox.commands.run('git init -q repo && cd repo && git config user.email a@b.c && git config user.name n && echo a > a && git add a && git commit -qm first')
  assert.match((await sandbox.commands.run('git log --oneline', { cwd: '/home/user/repo' })).stdout, /first/)
})

test('a sandbox that is killed ends the wait for its commands with an error', async () => {
  const doomed = await Sandbox.create(await options())
  const handle = await doomed.commands.run('echo started; sleep 60', { background: true, onStdout: () => {} })
  const failed = assert.rejects(handle.wait(), e => e instanceof TimeoutError || e instanceof NotFoundError)
  await until(() => handle.stdout.includes('started'))
  await doomed.kill()
  await failed
  await assert.rejects(doomed.commands.run('true'), NotFoundError)
})
