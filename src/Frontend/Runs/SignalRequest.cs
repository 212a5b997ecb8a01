using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>The body of a request to signal a run.</summary>
/// <param name="Signal">Such as <c>SIGTERM</c>.</param>
internal sealed record SignalRequest(string Signal, SignalScope Scope)
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static SignalRequest Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        string? signal = null, scope = null;
        while (fields.Next())
        {
            if (fields.Is("signal"))
                signal = fields.Word("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCONT", "SIGSTOP", "SIGWINCH");
            else if (fields.Is("scope")) scope = fields.Word("process", "group", "all");
            else fields.Skip();
        }

        if (signal is null && !errors.Any) errors.Add("signal", "must be given, such as SIGTERM");
        errors.ThrowIfAny();
        return new SignalRequest(signal!, scope switch { "process" => SignalScope.Process, "all" => SignalScope.All, _ => SignalScope.Group });
    });
}
