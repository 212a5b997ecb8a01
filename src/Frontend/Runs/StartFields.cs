using System.Collections.Immutable;
using Podflare.Files;
using Podflare.Requests;
using TextEncoding = System.Text.Encoding;

namespace Podflare.Runs;

/// <summary>The fields of a request to start a run, as they were sent. Null means absent.</summary>
internal sealed class StartFields
{
    private const int MaxContext = 64;
    private const double MinDisconnectSeconds = 0.1;

    public byte[]? Code { get; private set; }

    public ImmutableArray<string>? Argv { get; private set; }

    public byte[]? Command { get; private set; }

    /// <summary>Whether the request names something to watch.</summary>
    public bool HasWatch { get; private set; }

    public WatchSpec? Watch { get; private set; }

    public string? Language { get; private set; }

    public string? Context { get; private set; }

    public bool? Fresh { get; private set; }

    /// <summary>Whether <c>fresh</c> is <c>"alone"</c>.</summary>
    public bool IsAlone { get; private set; }

    public string? Display { get; private set; }

    public bool? Columns { get; private set; }

    public bool? Stdin { get; private set; }

    public string? Cwd { get; private set; }

    public bool HasTerminal { get; private set; }

    public TerminalSize? Terminal { get; private set; }

    public string? Stderr { get; private set; }

    public string? Order { get; private set; }

    public string? Encoding { get; private set; }

    public double? Timeout { get; private set; }

    public double? Grace { get; private set; }

    public string? OnDisconnect { get; private set; }

    public double? DisconnectAfter { get; private set; }

    public bool? KeepAlive { get; private set; }

    public string? Tag { get; private set; }

    public bool? CaptureContent { get; private set; }

    public ImmutableSortedDictionary<string, string>? Env { get; private set; }

    public ImmutableArray<ToolDefinition>? Tools { get; private set; }

    public double? ToolTimeout { get; private set; }

    /// <summary>What the run executes, when exactly one thing was named.</summary>
    public RunKind Kind => HasWatch ? RunKind.Watch : Argv is null && Command is null ? RunKind.Code : RunKind.Process;

    public static StartFields Read(ref JsonFieldReader fields, RunOptions limits, ToolOptions tools, int maxEnvBytes)
    {
        var sent = new StartFields();
        while (fields.Next())
        {
            if (!sent.ReadProgram(ref fields, limits) && !sent.ReadMode(ref fields, limits, maxEnvBytes) && !sent.ReadTools(ref fields, tools)) fields.Skip();
        }

        return sent;
    }

    /// <summary>The fields that say what is executed, and where.</summary>
    private bool ReadProgram(ref JsonFieldReader fields, RunOptions limits)
    {
        if (fields.Is("code")) Code = fields.Utf8();
        else if (fields.Is("language")) Language = fields.Word("python", "bash");
        else if (fields.Is("argv")) Argv = ReadArguments(ref fields, limits);
        else if (fields.Is("command")) Command = fields.Utf8();
        else if (fields.Is("watch")) ReadWatch(ref fields);
        else if (fields.Is("context")) Context = fields.Text(MaxContext);
        else if (fields.Is("fresh")) (Fresh, IsAlone) = fields.FlagOrWord("alone");
        else if (fields.Is("cwd")) Cwd = PathField.Absolute(ref fields);
        else if (fields.Is("pty")) ReadTerminal(ref fields);
        else return false;
        return true;
    }

    /// <summary>The fields that say how it is executed.</summary>
    private bool ReadMode(ref JsonFieldReader fields, RunOptions limits, int maxEnvBytes)
    {
        if (fields.Is("display")) Display = fields.Word("last", "all", "none");
        else if (fields.Is("columns")) Columns = fields.Flag();
        else if (fields.Is("stdin")) Stdin = fields.Flag();
        else if (fields.Is("stderr")) Stderr = fields.Word("separate", "stdout");
        else if (fields.Is("order")) Order = fields.Word("arrival", "exact");
        else if (fields.Is("encoding")) Encoding = fields.Word("utf-8", "base64");
        else if (fields.Is("timeout_seconds")) Timeout = fields.Positive();
        else if (fields.Is("grace_seconds")) Grace = fields.Number(0, limits.MaxGraceSeconds);
        else if (fields.Is("on_disconnect")) OnDisconnect = fields.Word("continue", "interrupt");
        else if (fields.Is("disconnect_seconds")) DisconnectAfter = fields.Number(MinDisconnectSeconds, limits.MaxDisconnectSeconds);
        else if (fields.Is("keep_alive")) KeepAlive = fields.Flag();
        else if (fields.Is("tag")) Tag = fields.Text(limits.MaxTag);
        else if (fields.Is("capture_content")) CaptureContent = fields.Flag();
        else if (fields.Is("env")) Env = RequestFields.Env(ref fields, maxEnvBytes);
        else return false;
        return true;
    }

    private bool ReadTools(ref JsonFieldReader fields, ToolOptions limits)
    {
        if (fields.Is("tools")) Tools = ToolFields.Read(ref fields, limits);
        else if (fields.Is("tool_timeout_seconds")) ToolTimeout = fields.Positive();
        else return false;
        return true;
    }

    private void ReadTerminal(ref JsonFieldReader fields)
    {
        if (!fields.EnterObject()) return;
        HasTerminal = true;
        Terminal = TerminalFields.Read(ref fields);
    }

    private void ReadWatch(ref JsonFieldReader fields)
    {
        if (!fields.EnterObject()) return;
        HasWatch = true;
        FilePath? path = null;
        bool? recursive = null;
        while (fields.Next())
        {
            if (fields.Is("path")) path = PathField.Text(ref fields);
            else if (fields.Is("path_b64")) path = PathField.Base64(ref fields);
            else if (fields.Is("recursive")) recursive = fields.Flag();
            else fields.Skip();
        }

        if (path is not null) Watch = new WatchSpec(path, recursive == true);
    }

    /// <summary>The arguments of a process; null when they are absent.</summary>
    public static ImmutableArray<string>? ReadArguments(ref JsonFieldReader fields, RunOptions limits) =>
        fields.Texts(limits.MaxArguments, (text, bytes) =>
            text.Contains('\0', StringComparison.Ordinal) ? "must not contain NUL"
            : TextEncoding.UTF8.GetByteCount(text) > limits.MaxArgumentBytes ? $"must have at most {limits.MaxArgumentBytes} bytes"
            : bytes > limits.MaxArgvBytes ? $"exceeds the limit of {limits.MaxArgvBytes} bytes for all items"
            : null);
}
