using System.Diagnostics;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>The span of a run: begun when the run is accepted, ended with its exit, by whoever has the sandbox then.</summary>
/// <remarks>It outlives turns and calls, so it is never left behind as the current one.</remarks>
public sealed class RunSpans(IOptions<TemplateOptions> templates)
{
    /// <returns>Null where nobody listens.</returns>
    public Activity? Start(RunSandbox sandbox, RunId run, RunRequest request, RunTrace trace)
    {
        if (!Spans.Source.HasListeners()) return null;
        var link = request is { Trace: null, Span: { } span } && ActivityContext.TryParse(span, null, isRemote: true, out var call) ? new ActivityLink[] { new(call) } : null;
        var before = Activity.Current;
        var activity = Spans.Source.StartActivity(trace.SpanName, ActivityKind.Internal, trace.ToParent(), trace.SpanTags, link);
        Activity.Current = before;
        if (activity is not { IsAllDataRequested: true }) return activity;
        Describe(activity, sandbox, run, request.Language);
        return activity.SetTag(Spans.CodeSize, request.Code.Length);
    }

    /// <summary>The span of a run whose process died, with the id that it had there; ended by <see cref="End"/>.</summary>
    public Activity? Restore(RunSandbox sandbox, RunRecord run)
    {
        if (run.Trace is not { Span: { } lost } trace || !Spans.Source.HasListeners()) return null;
        var before = Activity.Current;
        var activity = Spans.Source.CreateActivity(trace.SpanName, ActivityKind.Internal, trace.ToParent(), trace.SpanTags);
        if (activity is null) return null;
        var id = lost.Substring(36, 16);
        if (!SpanIds.TrySet(activity, id)) activity.SetTag("podflare.run.lost_span_id", id);
        activity.SetStartTime(run.CreatedAt.UtcDateTime).Start();
        Activity.Current = before;
        Describe(activity, sandbox, run.Id, run.Language);
        return activity.SetTag(Spans.Recovered, true);
    }

    /// <summary>Ends the span as the run ended, with what came before: its time in the queue and that of its code.</summary>
    public static void End(Activity? span, RunEntry run)
    {
        if (span is null) return;
        var (record, ending) = (run.Events!.Record, run.Events.Record.Ending!);
        if (span.IsAllDataRequested)
        {
            span.SetTag(Spans.ExitCode, ending.Code);
            span.SetTag(Spans.Events, run.Events.LastSeq);
            if (span.GetTagItem(Spans.Recovered) is null) span.SetTag(Spans.StdoutBytes, run.StdoutBytes).SetTag(Spans.StderrBytes, run.StderrBytes);
            var reason = ending.Reason?.ToString().ToLowerInvariant();
            if (reason is not null) span.SetTag(Spans.RunReason, reason);
            if (Spans.FailureOf(ending.Code, reason) is { } failure) span.Fail(failure);
            if (ending.StartedAt is { } started)
            {
                Part(Spans.RunQueue, span, record.Id, record.CreatedAt, started);
                Part(Spans.RunExecute, span, record.Id, started, ending.EndedAt);
            }
        }

        Stop(span, ending.EndedAt.UtcDateTime);
    }

    /// <summary>Ends the span of a run that was not accepted in the end.</summary>
    public static void Refuse(Activity? span, string kind)
    {
        span.Fail(kind);
        if (span is not null) Stop(span, default);
    }

    /// <summary>The span is another one's: this one is never told.</summary>
    public static void Drop(Activity? span)
    {
        if (span is null) return;
        span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        Stop(span, default);
    }

    private void Describe(Activity span, RunSandbox sandbox, RunId run, RunLanguage language)
    {
        span.SetTag(Spans.SandboxId, sandbox.Id.Value).SetTag(Spans.SessionId, sandbox.Id.Value).SetTag(Spans.RunId, run.Value).SetTag(Spans.TenantId, sandbox.Tenant);
        span.SetTag(Spans.Template, sandbox.Template).SetTag(Spans.Language, language is RunLanguage.Bash ? "bash" : "python");
        span.SetTag(Spans.ContainerId, sandbox.ContainerId).SetTag(Spans.ContainerName, ContainerSettings.NameOf(sandbox.Id)).SetTag(Spans.ContainerRuntime, "docker");
        if (templates.Value.GetValueOrDefault(sandbox.Template)?.Image is not { } image) return;
        var colon = image.LastIndexOf(':');
        var hasTag = colon > image.LastIndexOf('/');
        span.SetTag(Spans.ContainerImageName, hasTag ? image[..colon] : image);
        if (hasTag) span.SetTag(Spans.ContainerImageTags, new[] { image[(colon + 1)..] });
    }

    // The guest counts in milliseconds: what it saw may seem to have been before the moment of acceptance.
    private static void Part(string name, Activity span, RunId run, DateTimeOffset from, DateTimeOffset to)
    {
        var before = Activity.Current;
        var part = Spans.Source.CreateActivity(name, ActivityKind.Internal, span.Context);
        if (part is null) return;
        SpanIds.TrySet(part, SpanIds.Of(name, run));
        part.SetStartTime(from.UtcDateTime < span.StartTimeUtc ? span.StartTimeUtc : from.UtcDateTime).Start();
        Activity.Current = before;
        Stop(part, to.UtcDateTime);
    }

    private static void Stop(Activity span, DateTime end)
    {
        var before = Activity.Current;
        if (end > span.StartTimeUtc) span.SetEndTime(end);
        span.Stop();
        Activity.Current = before == span ? null : before;
    }
}
