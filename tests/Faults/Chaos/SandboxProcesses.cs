using Podflare.EndToEnd.Services;

namespace Podflare.Faults.Chaos;

/// <summary>What runs inside a sandbox, hurt from inside: as its own user, who may kill its REPL.</summary>
internal static class SandboxProcesses
{
    // The brackets keep this shell, whose arguments hold the pattern, from finding itself.
    private const string KillRepl = """
        for p in /proc/[0-9]*; do
          tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -q '[/]repl.py ' && kill -9 ${p#/proc/}
        done
        true
        """;

    private const string SpareRepl = """
        for p in /proc/[0-9]*; do
          tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -q '[/]repl.py ' && echo 500 > $p/oom_score_adj
        done
        true
        """;

    /// <summary>Has the kernel choose the supervisor, where memory is full and no process of the REPL has more than a few dozen MiB.</summary>
    public static async Task PreferSupervisorForOomAsync(string sandbox)
    {
        await Engine.ExecAsync(sandbox, SpareRepl);
        await Engine.ExecAsRootAsync(sandbox, "echo 1000 > /proc/1/oom_score_adj");
    }

    public static Task KillReplAsync(string sandbox) => Engine.ExecAsync(sandbox, KillRepl);
}
