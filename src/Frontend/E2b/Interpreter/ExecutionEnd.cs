using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Podflare.E2b.Interpreter;

/// <summary>How a run ended.</summary>
/// <param name="Reason">Null where the code alone says it.</param>
/// <param name="Error">The exception of Python; null for none.</param>
/// <param name="IsStateLost">The variables of the context are gone.</param>
internal sealed record ExecutionEnd(int Code, string? Reason, ExecutionError? Error, bool IsStateLost)
{
    private const string StateLost = " The variables of the context are gone.";

    /// <summary>The sandbox may have ended with it: that has to be found out before anything is said.</summary>
    public bool MayBeOfSandbox => Reason is "killed" or "expired" or "lost";

    public static ExecutionEnd Of(JsonElement exit)
    {
        ExecutionError? error = null;
        if (exit.TryGetProperty("error"u8, out var found)) error = new ExecutionError(TextOf(found, "name"u8), TextOf(found, "value"u8), TextOf(found, "traceback"u8));
        return new ExecutionEnd(
            exit.GetProperty("data"u8).GetInt32(), exit.TryGetProperty("reason"u8, out var reason) ? reason.GetString() : null, error,
            exit.TryGetProperty("state_lost"u8, out var lost) && lost.ValueKind is JsonValueKind.True);
    }

    /// <summary>Writes the last lines of a response.</summary>
    public void Write(IBufferWriter<byte> to)
    {
        if ((Error ?? Describe()) is { } error)
        {
            ExecutionFormat.Write(to, json =>
            {
                json.WriteString("type"u8, "error"u8);
                json.WriteString("name"u8, error.Name);
                json.WriteString("value"u8, error.Value);
                json.WriteString("traceback"u8, error.Traceback);
            });
        }

        to.Write("{\"type\":\"end_of_execution\"}\n"u8);
    }

    // Where Python has not said what was wrong.
    private ExecutionError? Describe() => Reason switch
    {
        "timeout" => new("TimeoutError", Text("The execution took longer than allowed."), ""),
        "oom" => new("OutOfMemory", Text("The sandbox ran out of memory."), ""),
        "crashed" => new("ContextCrashed", Text("The interpreter crashed."), ""),
        "killed" => new("ContextRestarted", Text("The context was restarted or deleted during the execution."), ""),
        "interrupted" => new("KeyboardInterrupt", Text("The execution was interrupted."), ""),
        "lost" => new("ExecutionLost", Text("What became of the execution is not known."), ""),
        _ when Code != 0 => new("SystemExit", Text(string.Create(CultureInfo.InvariantCulture, $"exit status {Code}")), ""),
        _ => null,
    };

    private string Text(string what) => IsStateLost ? what + StateLost : what;

    private static string TextOf(JsonElement error, ReadOnlySpan<byte> name) => error.TryGetProperty(name, out var text) && text.ValueKind is JsonValueKind.String ? text.GetString()! : "";
}

/// <summary>An exception of the program that was executed.</summary>
internal sealed record ExecutionError(string Name, string Value, string Traceback);
