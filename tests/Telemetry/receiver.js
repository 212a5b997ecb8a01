// An OTLP/HTTP receiver for tests: decodes with OpenTelemetry's own protobuf types and prints one JSON line per request.
//
//   node receiver.js ROOT_JS [MODE]      ROOT_JS: build/src/generated/root.js of @opentelemetry/otlp-transformer
//
// The first line says its port. MODE: ok (default), hang (never answers), or a status code to answer with.
'use strict';
const http = require('http');
const zlib = require('zlib');
const [, , rootPath, mode = 'ok'] = process.argv;
const { collector } = require(rootPath).opentelemetry.proto;
const types = {
  '/v1/traces': collector.trace.v1.ExportTraceServiceRequest,
  '/v1/metrics': collector.metrics.v1.ExportMetricsServiceRequest,
  '/v1/logs': collector.logs.v1.ExportLogsServiceRequest,
};

const hex = (bytes) => Buffer.from(bytes || []).toString('hex');

function value(any) {
  if (any === null || any === undefined) return null;
  if (any.arrayValue) return any.arrayValue.values.map(value);
  for (const kind of ['stringValue', 'boolValue', 'intValue', 'doubleValue']) {
    if (Object.prototype.hasOwnProperty.call(any, kind) && any[kind] !== null) return kind === 'intValue' ? Number(any[kind]) : any[kind];
  }
  return null;
}

const attributes = (list) => Object.fromEntries((list || []).map((pair) => [pair.key, value(pair.value)]));

function spans(message) {
  return message.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans.map((span) => ({
    service: attributes(resource.resource.attributes)['service.name'],
    scope: scope.scope.name,
    name: span.name,
    kind: span.kind,
    trace: hex(span.traceId),
    id: hex(span.spanId),
    parent: hex(span.parentSpanId),
    state: span.traceState,
    start: Number(span.startTimeUnixNano),
    end: Number(span.endTimeUnixNano),
    status: span.status ? span.status.code || 0 : 0,
    links: span.links.map((link) => ({ trace: hex(link.traceId), id: hex(link.spanId) })),
    events: span.events.map((event) => event.name),
    attributes: attributes(span.attributes),
  }))));
}

function logs(message) {
  return message.resourceLogs.flatMap((resource) => resource.scopeLogs.flatMap((scope) => scope.logRecords.map((record) => ({
    service: attributes(resource.resource.attributes)['service.name'],
    scope: scope.scope.name,
    trace: hex(record.traceId),
    span: hex(record.spanId),
    body: value(record.body),
    attributes: attributes(record.attributes),
  }))));
}

function metrics(message) {
  return message.resourceMetrics.flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => ({
    service: attributes(resource.resource.attributes)['service.name'],
    scope: scope.scope.name,
    name: metric.name,
    unit: metric.unit,
    points: (metric.histogram || metric.sum || metric.gauge || { dataPoints: [] }).dataPoints.map((point) => ({
      attributes: attributes(point.attributes),
      value: point.count !== undefined && metric.histogram ? Number(point.count) : Number(point.asInt !== null && point.asInt !== undefined ? point.asInt : point.asDouble),
      exemplars: (point.exemplars || []).map((exemplar) => hex(exemplar.traceId)),
    })),
  }))));
}

const server = http.createServer((request, response) => {
  if (mode === 'hang') return;
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(raw) : raw;
    const type = types[request.url];
    const line = { path: request.url, headers: request.headers };
    if (type) {
      const message = type.decode(body);
      if (message.resourceSpans) line.spans = spans(message);
      if (message.resourceLogs) line.logs = logs(message);
      if (message.resourceMetrics) line.metrics = metrics(message);
    }

    console.log(JSON.stringify(line));
    response.statusCode = mode === 'ok' ? (type ? 200 : 404) : Number(mode);
    if (response.statusCode === 503) response.setHeader('Retry-After', '1');
    response.setHeader('Content-Type', 'application/x-protobuf');
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
