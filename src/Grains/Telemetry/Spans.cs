using System.Diagnostics;

namespace Podflare.Telemetry;

/// <summary>The names of our spans and of their attributes. No id is in a span's name; neither code nor output is in an attribute.</summary>
/// <remarks>OpenTelemetry's <c>gen_ai.*</c> is at stage Development; what changes there changes here.</remarks>
internal static class Spans
{
    public const string SourceName = "Podflare.Sandbox";

    public const string Run = "execute_tool run_code";

    /// <summary>The span of a run below one that already is the call of a tool.</summary>
    public const string RunInTool = "run_code";

    public const string RunQueue = "podflare.run.queue";
    public const string RunExecute = "podflare.run.execute";
    public const string RunInterrupt = "podflare.run.interrupt";
    public const string Create = "podflare.sandbox.create";
    public const string Claim = "podflare.pool.take";
    public const string ContainerCreate = "podflare.container.create";
    public const string Destroy = "podflare.sandbox.destroy";
    public const string Expire = "podflare.sandbox.expire";
    public const string Adopt = "podflare.sandbox.adopt";
    public const string FileRead = "podflare.file.read";
    public const string FileWrite = "podflare.file.write";

    public const string SandboxId = "podflare.sandbox.id";
    public const string RunId = "podflare.run.id";
    public const string TenantId = "podflare.tenant.id";
    public const string Template = "podflare.sandbox.template";
    public const string EndReason = "podflare.sandbox.end_reason";
    public const string Language = "podflare.code.language";
    public const string CodeSize = "podflare.code.size";
    public const string SessionId = "session.id";
    public const string ContainerId = "container.id";
    public const string ContainerName = "container.name";
    public const string ContainerImageName = "container.image.name";
    public const string ContainerImageTags = "container.image.tags";
    public const string ContainerRuntime = "container.runtime.name";
    public const string ExitCode = "process.exit.code";
    public const string RunReason = "podflare.run.reason";
    public const string Recovered = "podflare.run.recovered";
    public const string StdoutBytes = "podflare.output.stdout.bytes";
    public const string StderrBytes = "podflare.output.stderr.bytes";
    public const string Events = "podflare.output.events";

    /// <summary>Bytes of the file that have passed.</summary>
    public const string FileSize = "podflare.file.size";
    public const string ErrorType = "error.type";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>What tells agents' backends that a run is the call of a tool: OpenTelemetry's and OpenInference's words for it.</summary>
    public static readonly KeyValuePair<string, object?>[] ToolCall =
    [
        new("gen_ai.operation.name", "execute_tool"),
        new("gen_ai.tool.name", "run_code"),
        new("gen_ai.tool.type", "function"),
        new("openinference.span.kind", "TOOL"),
        new("tool.name", "run_code"),
    ];

    /// <summary>The labels of the metrics of a call of a tool, without its failure.</summary>
    public static readonly KeyValuePair<string, object?>[] ToolLabels = [ToolCall[0], ToolCall[1]];

    /// <summary>The kind of failure of a run; null for a run that succeeded.</summary>
    /// <param name="reason">Why it ended, where the exit code alone does not say.</param>
    public static string? FailureOf(int exitCode, string? reason) => exitCode == 0 ? null : reason ?? "exit_nonzero";

    /// <summary>Begins a span of what a call does to a sandbox; null where nobody listens.</summary>
    /// <param name="binding">The sandbox's trace, for calls that have none of their own.</param>
    public static Activity? Start(string name, TraceBinding? binding, ActivityKind kind = ActivityKind.Internal)
    {
        if (!Source.HasListeners()) return null;
        var (parent, link) = CallContext.ParentOf(binding);
        return Source.StartActivity(name, kind, parent, links: link == default ? null : [new ActivityLink(link)]);
    }

    /// <inheritdoc cref="Fail(Activity?, string)"/>
    public static void Fail(this Activity? span, Exception error) => span.Fail(error.GetType().FullName!);

    /// <summary>Marks a span as failed. Only a name of the kind of failure is kept: texts may hold what users wrote.</summary>
    public static void Fail(this Activity? span, string kind)
    {
        span?.SetTag(ErrorType, kind);
        span?.SetStatus(ActivityStatusCode.Error);
    }
}
