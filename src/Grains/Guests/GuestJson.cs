using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Podflare.Guests;

internal sealed record HelloPayload(int? Version, string? Boot, ulong? First, int? Repl, HelloRunPayload?[]? Runs, int? MaxVersion = null, Dictionary<string, string[]>? Isolation = null, bool? Relay = null,
    BytecodePayload? Bytecode = null);

internal sealed record BytecodePayload(string? Tag, string? Magic, Dictionary<string, byte[]>? Files);

internal sealed record HelloRunPayload(
    string? Run, string? State, long? Started, ulong? Acknowledged = null, int? Pid = null,
    [property: JsonConverter(typeof(LenientStringArrayConverter))] string[]? Argv = null,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Cwd = null, long? Stdin = null, int? Execution = null, string?[]? OpenToolCalls = null);

/// <param name="Context">Null for the one that every sandbox has.</param>
internal sealed record ReadyPayload(int? Repl, string? Context = null);

internal sealed record TakenPayload(
    string? State, bool? ReplRestarted, int? Execution = null, long? Offset = null, ContextPayload?[]? Contexts = null, string?[]? Runs = null, bool? Created = null, long? CpuNs = null,
    long? ThrottledNs = null, long? OomKills = null);

internal sealed record ContextPayload(
    string? Id, string? Language, [property: JsonConverter(typeof(LenientStringConverter))] string? Cwd, string? State, string? Run, int? Queued, int? ExecutionCount);

internal sealed record RefusedPayload(
    string? Code, [property: JsonConverter(typeof(LenientStringConverter))] string? Detail, long? Offset = null, long? Size = null, long? Files = null,
    long? Directories = null, long? Bytes = null);

internal sealed record EndPayload(
    int? Code, string? Reason, EndErrorPayload? Error, long? Started, bool? ReplRestarted, string? Signal = null, bool? StateLost = null, int? Execution = null,
    UsagePayload? Usage = null);

internal sealed record UsagePayload(long? CpuUs, long? ThrottledUs, long? MemoryPeak, long? ProcessesPeak, long? Disk, long? OomKills);

/// <param name="Path">Bytes of the path.</param>
/// <param name="From">Of what was renamed: the path before.</param>
internal sealed record FileChangePayload(byte[]? Path, string? Change, string? Kind, byte[]? From);

internal sealed record EndErrorPayload(
    [property: JsonConverter(typeof(LenientStringConverter))] string? Name,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Value,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Traceback);

internal sealed record EnvPayload(ImmutableSortedDictionary<string, string> Env);

/// <summary>Later fields are written only where they differ from what an older guest does.</summary>
internal sealed record RunPayload(
    string Run, string Language, long? TimeoutMs, long GraceMs, ImmutableSortedDictionary<string, string> Env,
    [property: JsonPropertyName("traceparent"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceParent,
    [property: JsonPropertyName("tracestate"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceState,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Baggage)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Kind { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Context { get; init; }

    /// <summary>True or <c>alone</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonValue? Fresh { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Display { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Columns { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Stdin { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Argv { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cwd { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TerminalPayload? Pty { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public byte[]? Path { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Recursive { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stderr { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Order { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Encoding { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ToolPayload[]? Tools { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ToolTimeoutMs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ToolLimitsPayload? ToolLimits { get; init; }
}

internal sealed record ToolPayload(string Name, string? Description, JsonElement? InputSchema);

internal sealed record ToolLimitsPayload(int Open, int Calls, int Bytes);

internal sealed record TerminalPayload(int Cols, int Rows);

internal sealed record ResizePayload(string Run, int Cols, int Rows);

internal sealed record SignalPayload(string Run, string Signal, string Scope);

internal sealed record ContextRequestPayload(string Do)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Language { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cwd { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableSortedDictionary<string, string>? Env { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Queued { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? GraceMs { get; init; }
}

internal sealed record InterruptPayload(string Run, long GraceMs);

/// <param name="Run">Null, written out, means all runs.</param>
internal sealed record KillPayload(string? Run, string Reason);

/// <summary>The JSON objects of the guest protocol; unknown keys are ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HelloPayload))]
[JsonSerializable(typeof(ReadyPayload))]
[JsonSerializable(typeof(TakenPayload))]
[JsonSerializable(typeof(RefusedPayload))]
[JsonSerializable(typeof(EndPayload))]
[JsonSerializable(typeof(EnvPayload))]
[JsonSerializable(typeof(RunPayload))]
[JsonSerializable(typeof(InterruptPayload))]
[JsonSerializable(typeof(KillPayload))]
[JsonSerializable(typeof(FileChangePayload))]
[JsonSerializable(typeof(ResizePayload))]
[JsonSerializable(typeof(SignalPayload))]
[JsonSerializable(typeof(ContextRequestPayload))]
[JsonSerializable(typeof(FileTask))]
[JsonSerializable(typeof(FileOpenedPayload))]
[JsonSerializable(typeof(FilePagePayload))]
[JsonSerializable(typeof(FileDonePayload))]
internal sealed partial class GuestJson : JsonSerializerContext;
