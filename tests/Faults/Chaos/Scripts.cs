using System.Globalization;

namespace Podflare.Faults.Chaos;

/// <summary>Draws programs: fast ones, slow ones, long lines, stderr, bash, children, quiet times, and every way to end.</summary>
internal static class Scripts
{
    public static Script Draw(Random random)
    {
        var script = new Script { Tag = Tag(random) };
        return random.Next(100) switch
        {
            < 16 => script with { Count = random.Next(200, 700), PauseMs = random.Next(5, 15) },
            < 28 => script with { Count = random.Next(15, 50), PauseMs = 200, StderrEvery = random.Next(2, 5) },
            < 38 => script with { Count = random.Next(2_000, 12_000), Payload = 40 },
            < 44 => script with { Count = random.Next(4, 16), Payload = random.Next(40_000, 120_000), PauseMs = random.Next(0, 200) },
            < 52 => script with { Count = random.Next(300, 2_000), StderrEvery = random.Next(2, 9) },
            < 62 => script with { Bash = true, Count = random.Next(30, 120), PauseMs = 50 },
            < 67 => script with { Bash = true, Count = random.Next(500, 2_000), End = ScriptEnd.ExitCode, ExitCode = random.Next(1, 100) },
            < 73 => script with { Count = random.Next(3, 8), QuietSeconds = random.Next(6, 14) },
            < 78 => script with { Count = random.Next(200, 600), PauseMs = 4, InChild = true },
            < 82 => script with { Count = random.Next(5, 50), End = ScriptEnd.ExitCode, ExitCode = random.Next(1, 100) },
            < 86 => script with { Count = random.Next(5, 50), End = ScriptEnd.Exception },
            < 89 => script with { Count = random.Next(5, 50), End = ScriptEnd.Crash, ExitCode = random.Next(1, 100) },
            < 93 => script with { Count = random.Next(5, 50), End = ScriptEnd.Timeout },
            < 99 => script with { Count = random.Next(20, 60), PauseMs = 40, End = ScriptEnd.Interrupt },
            _ => script with { Count = 5, PauseMs = 10, End = ScriptEnd.Oom },
        };
    }

    /// <summary>A program that goes on until its sandbox is deleted.</summary>
    public static Script Endless(Random random) => new() { Tag = Tag(random), Count = random.Next(20, 60), PauseMs = 40, End = ScriptEnd.Delete };

    /// <summary>A program that shows which runs have been executed here.</summary>
    public static string ShowRan => "cat /tmp/ran";

    public static string Tag(Random random) => random.Next().ToString("x8", CultureInfo.InvariantCulture);
}
