using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare.E2b.Envd;

/// <summary>A program to start.</summary>
internal sealed record ProcessConfig(string? Cmd, IReadOnlyList<string>? Args, IReadOnlyDictionary<string, string>? Envs, string? Cwd);

/// <summary>A terminal.</summary>
internal sealed record PtyMessage(PtySize? Size);

/// <summary>The size of a terminal in characters.</summary>
internal sealed record PtySize(int? Cols, int? Rows);

/// <summary>Names a process.</summary>
internal sealed record SelectorMessage(int? Pid, string? Tag);

internal sealed record StartMessage(ProcessConfig? Process, PtyMessage? Pty, string? Tag, bool? Stdin);

/// <summary>A request that has nothing but a process: to connect to it, or to close its standard input.</summary>
internal sealed record ProcessMessage(SelectorMessage? Process);

/// <summary>Bytes for a process.</summary>
internal sealed record InputMessage(byte[]? Stdin, byte[]? Pty);

internal sealed record SendInputMessage(SelectorMessage? Process, InputMessage? Input);

/// <param name="Signal">A name or a number.</param>
internal sealed record SendSignalMessage(SelectorMessage? Process, JsonElement Signal);

internal sealed record UpdateMessage(SelectorMessage? Process, PtyMessage? Pty);

/// <summary>A message without members.</summary>
internal sealed record EmptyMessage;

/// <summary>A process that runs.</summary>
internal sealed record RunningProcess(ProcessConfig Config, int Pid, string? Tag);

internal sealed record RunningProcesses(IReadOnlyList<RunningProcess> Processes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(StartMessage))]
[JsonSerializable(typeof(ProcessMessage))]
[JsonSerializable(typeof(SendInputMessage))]
[JsonSerializable(typeof(SendSignalMessage))]
[JsonSerializable(typeof(UpdateMessage))]
[JsonSerializable(typeof(EmptyMessage))]
[JsonSerializable(typeof(RunningProcesses))]
internal sealed partial class ProcessJson : JsonSerializerContext;
