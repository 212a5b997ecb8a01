using System.Collections.Immutable;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The validated body of a request to start a run, with defaults and maxima applied.</summary>
/// <param name="Warnings">Values that were reduced.</param>
internal sealed record StartRequest(RunRequest Run, IReadOnlyList<string> Warnings)
{
    /// <exception cref="ProblemException">400 that names each field, or 413 for the code.</exception>
    public static StartRequest Parse(ReadOnlySpan<byte> utf8, RunOptions options, ToolOptions tools, CreateOptions limits, Mount mount) =>
        JsonFieldReader.Read(utf8, (fields, errors) =>
        {
            var sent = StartFields.Read(ref fields, options, tools, limits.MaxEnvBytes);
            StartRules.Check(sent, options, errors);
            errors.ThrowIfAny();
            if (sent.Code is { } code && code.Length > options.MaxCodeBytes)
                throw new ProblemException(new Problem(413, "code_too_large", $"code is larger than the limit of {options.MaxCodeBytes} bytes"));
            return Create(sent, options, mount);
        });

    private static StartRequest Create(StartFields sent, RunOptions options, Mount mount)
    {
        var warnings = new List<string>();
        var isCode = sent.Kind == RunKind.Code;
        var timeout = isCode || sent.Timeout is not null
            ? RequestFields.Duration("timeout_seconds", sent.Timeout, options.DefaultTimeoutSeconds, options.MaxTimeoutSeconds, warnings)
            : RunRequest.NoTimeout;
        // Processes and watches have no interpreter; the grain expects them as bash.
        var language = !isCode || sent.Language == "bash" ? RunLanguage.Bash : RunLanguage.Python;
        var run = new RunRequest(
            sent.Code ?? sent.Command ?? [], language, timeout, sent.OnDisconnect == "interrupt" ? OnDisconnect.Interrupt : OnDisconnect.Continue,
            sent.Env ?? ImmutableSortedDictionary<string, string>.Empty)
        {
            Kind = sent.Kind,
            Context = sent.Context,
            Fresh = sent.IsAlone ? FreshMode.Alone : sent.Fresh == true ? FreshMode.Fresh : FreshMode.None,
            Display = language == RunLanguage.Python ? DisplayOf(sent, mount) : DisplayPolicy.None,
            Columns = sent.Columns == true,
            Stdin = sent.Stdin == true || sent.Terminal is not null,
            Process = sent.Kind == RunKind.Process ? new ProcessSpec(sent.Argv ?? [], sent.Cwd, sent.Terminal) : null,
            Watch = sent.Watch,
            Output = OutputOf(sent),
            Grace = Seconds(sent.Grace),
            DisconnectAfter = Seconds(sent.DisconnectAfter),
            KeepAlive = sent.KeepAlive,
            Tag = sent.Tag,
            NoContent = sent.CaptureContent == false,
            Tools = sent.Tools is { } tools ? new RunTools(tools, ToolTimeoutOf(sent, timeout, warnings)) : null,
        };
        return new StartRequest(run, warnings);
    }

    /// <summary>The published clients know no results, and expect code to be compiled as plain Python.</summary>
    private static DisplayPolicy DisplayOf(StartFields sent, Mount mount) => mount == Mount.Compat ? DisplayPolicy.None : sent.Display switch
    {
        "all" => DisplayPolicy.All,
        "none" => DisplayPolicy.None,
        _ => DisplayPolicy.Last,
    };

    private static TimeSpan? ToolTimeoutOf(StartFields sent, TimeSpan timeout, List<string> warnings)
    {
        if (sent.ToolTimeout is not { } seconds) return null;
        if (seconds <= timeout.TotalSeconds) return TimeSpan.FromSeconds(seconds);
        warnings.Add("tool_timeout_seconds was reduced to timeout_seconds");
        return timeout;
    }

    private static OutputFormat? OutputOf(StartFields sent)
    {
        var output = new OutputFormat(sent.Stderr == "stdout", sent.Order == "exact", sent.Encoding == "base64");
        return output == OutputFormat.Default ? null : output;
    }

    private static TimeSpan? Seconds(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
