using System.Globalization;
using System.Text.Json;

namespace Podflare.E2b.Envd;

/// <summary>How a process ended, in the words of Go, as clients expect them.</summary>
internal static class ProcessEnd
{
    // Of a process that a signal has ended.
    private const int NoCode = -1;

    /// <param name="signal">The signal that ended it; null for none.</param>
    public static void Write(Utf8JsonWriter json, int code, string? signal)
    {
        var status = signal is null ? string.Create(CultureInfo.InvariantCulture, $"exit status {code}") : $"signal: {Describe(signal)}";
        json.WriteBoolean("exited"u8, signal is null);
        json.WriteString("status"u8, status);
        // Members with their default are missing.
        if (signal is null && code == 0) return;
        json.WriteNumber("exitCode"u8, signal is null ? code : NoCode);
        json.WriteString("error"u8, status);
    }

    private static string Describe(string signal) => signal switch
    {
        "SIGHUP" => "hangup",
        "SIGINT" => "interrupt",
        "SIGQUIT" => "quit",
        "SIGILL" => "illegal instruction",
        "SIGTRAP" => "trace/breakpoint trap",
        "SIGABRT" => "aborted",
        "SIGBUS" => "bus error",
        "SIGFPE" => "floating point exception",
        "SIGKILL" => "killed",
        "SIGUSR1" => "user defined signal 1",
        "SIGSEGV" => "segmentation fault",
        "SIGUSR2" => "user defined signal 2",
        "SIGPIPE" => "broken pipe",
        "SIGALRM" => "alarm clock",
        "SIGTERM" => "terminated",
        _ => signal,
    };
}
