// A program with OpenTelemetry's own SDK and exporter, as it runs in a sandbox: node spans.js NAME [COUNT PAUSE_MS]
//
// Spans NAME, NAME/middle and NAME/inner nest below the run; COUNT more of them (NAME/0, NAME/1, ...) follow, one every PAUSE_MS.
'use strict';
const { trace, propagation, ROOT_CONTEXT } = require('@opentelemetry/api');
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');

const [, , name, count = '0', pause = '0'] = process.argv;
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
provider.register();
const tracer = trace.getTracer('app', '1.0');
const run = propagation.extract(ROOT_CONTEXT, { traceparent: process.env.TRACEPARENT });

tracer.startActiveSpan(name, { attributes: { rows: 10, 'podflare.tenant.id': 'forged' } }, run, async (outer) => {
  tracer.startActiveSpan(`${name}/middle`, (middle) => {
    tracer.startActiveSpan(`${name}/inner`, (inner) => inner.end());
    middle.end();
  });
  console.log('nested');
  for (let i = 0; i < Number(count); i++) {
    tracer.startActiveSpan(`${name}/${i}`, (span) => span.end());
    await new Promise((resolve) => setTimeout(resolve, Number(pause)));
  }
  outer.end();
  await provider.shutdown();
  console.log('done');
});
