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

    public static Task KillReplAsync(string sandbox) => Engine.ExecAsync(sandbox, KillRepl);
}
