using Podflare.Contexts;
using Podflare.Problems;

namespace Podflare.Runs;

/// <summary>Which fields of a request to start a run belong together, and which exclude each other.</summary>
internal static class StartRules
{
    public static void Check(StartFields sent, RunOptions limits, FieldErrors errors)
    {
        string[] named = [.. Named(sent)];
        CheckProgram(sent, named, limits, errors);
        // What else belongs to the request is only known when exactly one thing is to be executed.
        if (named.Length == 1) CheckKind(sent, errors);
        if (sent.Context is { } context)
        {
            if (!ContextId.TryParse(context, null, out _)) errors.Add("context", "must be the id of a context");
            if (sent.Fresh is not null || sent.IsAlone) errors.Add("fresh", "must not be given together with context");
        }

        if (sent.Tag is "") errors.Add("tag", "must not be empty");
        if (sent.DisconnectAfter is not null && sent.OnDisconnect != "interrupt") errors.Add("disconnect_seconds", "applies only with on_disconnect interrupt");
    }

    /// <summary>A command is one argument of bash, so it has the kernel's limits.</summary>
    public static void CheckCommand(string field, byte[]? command, RunOptions limits, FieldErrors errors)
    {
        if (command is not null && command.Length > limits.MaxArgumentBytes) errors.Add(field, $"must have at most {limits.MaxArgumentBytes} bytes");
        if (command?.AsSpan().Contains((byte)0) == true) errors.Add(field, "must not contain NUL");
    }

    private static void CheckProgram(StartFields sent, string[] named, RunOptions limits, FieldErrors errors)
    {
        if (named.Length == 0 && !errors.All.Any(error => IsProgram(error.Key))) errors.Add("code", "must be given, or one of argv, command and watch");
        foreach (var other in named.Skip(1)) errors.Add(other, $"must not be given together with {named[0]}");
        if (sent.Code is []) errors.Add("code", "must be a non-empty string");
        if (sent.Argv is { Length: 0 }) errors.Add("argv", "must have at least one item");
        if (sent.Command is []) errors.Add("command", "must be a non-empty string");
        CheckCommand("command", sent.Command, limits, errors);
        if (sent.HasWatch && sent.Watch is null && !errors.All.Any(error => IsProgram(error.Key))) errors.Add("watch.path", "must be given, or path_b64");
    }

    private static void CheckKind(StartFields sent, FieldErrors errors)
    {
        var (isCode, isProcess) = (sent.Kind == RunKind.Code, sent.Kind == RunKind.Process);
        // The language of a context is known to the sandbox alone.
        var isBash = isCode && (sent.Language == "bash" || sent.Context is not null);
        var isPython = isCode && sent.Language != "bash";
        Only("language", sent.Language, isCode, "code");
        Only("context", sent.Context, isCode, "code");
        Only("fresh", sent.Fresh is not null || sent.IsAlone ? "" : null, isCode, "code");
        Only("display", sent.Display, isPython, "Python code");
        Only("columns", sent.Columns, isPython, "Python code");
        Only("tools", sent.Tools, isPython, "Python code");
        Only("tool_timeout_seconds", sent.ToolTimeout, isPython, "Python code");
        if (sent.ToolTimeout is not null && sent.Tools is null) errors.Add("tool_timeout_seconds", "applies only with tools");
        Only("stdin", sent.Stdin, isCode || isProcess, "code, argv and command");
        Only("grace_seconds", sent.Grace, isCode || isProcess, "code, argv and command");
        Only("cwd", sent.Cwd, isProcess, "argv and command");
        Only("pty", sent.HasTerminal ? "" : null, isProcess, "argv and command");
        foreach (var (field, value) in new[] { ("stderr", sent.Stderr), ("order", sent.Order), ("encoding", sent.Encoding) })
        {
            Only(field, value, isProcess || isBash, "argv, command and bash");
            if (value is not null && sent.HasTerminal) errors.Add(field, "must not be given together with pty");
        }

        if (sent.HasTerminal && sent.Stdin == false) errors.Add("stdin", "must not be false together with pty");

        void Only(string field, object? value, bool applies, string where)
        {
            if (value is not null && !applies) errors.Add(field, $"applies only to {where}");
        }
    }

    /// <summary>Whether an error is about what is to be executed.</summary>
    private static bool IsProgram(string field) => field.Split('.', '[')[0] is "code" or "argv" or "command" or "watch";

    private static IEnumerable<string> Named(StartFields sent)
    {
        if (sent.Code is not null) yield return "code";
        if (sent.Argv is not null) yield return "argv";
        if (sent.Command is not null) yield return "command";
        if (sent.HasWatch) yield return "watch";
    }
}
