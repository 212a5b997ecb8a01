// Fails unless the manifests on stdin match the schemas of Kubernetes and keep what the chart promises: check-chart.mjs NAME FILE.ts < manifests.yaml
// FILE.ts gets the manifests as typed literals, for the TypeScript compiler.
// PODFLARE_CHECK_MODULES is the node_modules folder that has kubernetes-models and yaml.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = path => import(pathToFileURL(resolve(process.env.PODFLARE_CHECK_MODULES, path, 'index.js')))
const { parseAllDocuments } = await load('yaml/dist')
const packageOf = apiVersion => `${apiVersion.startsWith('monitoring.') ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}`
const name = process.argv[2]
const problems = []
const expect = (condition, problem) => condition || problems.push(problem)

const manifests = parseAllDocuments(readFileSync(0, 'utf8')).map(document => {
  problems.push(...document.errors.map(error => error.message))
  return document.toJS()
}).filter(Boolean)

for (const manifest of manifests) {
  const { apiVersion, kind } = manifest
  const title = `${kind} ${manifest.metadata?.name}`
  const models = await load(packageOf(apiVersion))
  expect(models[kind], `${title}: ${apiVersion} has no ${kind}`)
  try {
    new models[kind](manifest).validate()
  } catch (error) {
    problems.push(`${title}: ${error.message}`)
  }
  expect(manifest.metadata.name.length <= 63, `${title}: the name is too long`)
  expect(manifest.metadata.labels?.['app.kubernetes.io/instance'] === 'release', `${title} does not have the labels`)
}

const find = (kind, suffix) => manifests.find(one => one.kind === kind && one.metadata.name.endsWith(suffix))
const pods = manifests.filter(one => one.spec?.template?.spec)
for (const { kind, metadata, spec } of pods) {
  const pod = spec.template.spec
  expect(Object.entries(spec.selector.matchLabels).every(([key, value]) => spec.template.metadata.labels[key] === value), `${metadata.name}: the selector does not select its pods`)
  expect(pod.automountServiceAccountToken === false, `${metadata.name} has a token of the cluster`)
  const volumes = new Set([...pod.volumes ?? [], ...spec.volumeClaimTemplates?.map(claim => claim.metadata) ?? []].map(volume => volume.name))
  for (const container of [...pod.containers, ...pod.initContainers ?? []]) {
    for (const mount of container.volumeMounts ?? []) expect(volumes.has(mount.name), `${metadata.name}: there is no volume ${mount.name}`)
    const names = (container.env ?? []).map(one => one.name)
    expect(new Set(names).size === names.length, `${metadata.name}: a variable is set twice`)
  }
  expect(kind === 'DaemonSet' || pod.securityContext?.runAsNonRoot, `${metadata.name} may run as root`)
}
for (const { metadata, spec } of manifests.filter(one => one.kind === 'Service')) {
  const target = pods.find(pod => Object.entries(spec.selector).every(([key, value]) => pod.spec.template.metadata.labels[key] === value))
  expect(target, `Service ${metadata.name} selects no pod`)
  const ports = target?.spec.template.spec.containers.flatMap(container => container.ports ?? []).map(port => port.name) ?? []
  for (const port of spec.ports) expect(ports.includes(port.targetPort), `Service ${metadata.name}: its pods have no port ${port.targetPort}`)
}

const worker = find('DaemonSet', '-worker').spec
const container = worker.template.spec.containers[0]
const value = key => container.env.find(one => one.name === key)?.value
const host = Object.fromEntries(worker.template.spec.volumes.filter(volume => volume.hostPath).map(volume => [volume.name, volume.hostPath.path]))
const mounted = Object.fromEntries(container.volumeMounts.map(mount => [mount.name, mount.mountPath]))
expect(worker.updateStrategy.rollingUpdate.maxSurge === 0, 'two workers may be on a node')
expect(worker.template.spec.terminationGracePeriodSeconds >= 45, 'a worker has too little time to stop')
expect(value('Podflare__RunFolder') === host.run && host.run === mounted.run, 'the run folder is not at the same path on the node')
expect(value('Podflare__Engine__Endpoint').startsWith(`unix://${host.engine}/`) && host.engine === mounted.engine, "the engine's socket is not where the worker looks")
expect(value('Podflare__Hosts__GraceSeconds') === '600', 'a worker that moves loses its sandboxes')
expect(find('PodDisruptionBudget', '-frontend'), 'frontends have no disruption budget')
const frontend = find('Deployment', '-frontend').spec.template.spec
expect(frontend.containers[0].lifecycle.preStop.exec.command[0] === 'sleep', 'frontends have no preStop')
for (const port of [11111, 30000, 6379]) {
  for (const policy of manifests.filter(one => one.kind === 'NetworkPolicy')) {
    for (const rule of policy.spec.ingress.filter(rule => rule.ports?.some(one => one.port === port))) {
      expect(rule.from?.every(peer => ['frontend', 'worker'].includes(peer.podSelector?.matchLabels['app.kubernetes.io/component'])), `${policy.metadata.name}: port ${port} is open`)
    }
  }
}

writeFileSync(process.argv[3], manifests.map((manifest, index) =>
  `import type { I${manifest.kind} as T${index} } from '${packageOf(manifest.apiVersion)}'\nexport const m${index}: T${index} = ${JSON.stringify(manifest, null, 2)}\n`).join('\n'))

for (const problem of problems) console.error(`${name}: ${problem}`)
if (!problems.length) console.log(`${name}: ${manifests.length} manifests`)
process.exitCode = problems.length ? 1 : 0
