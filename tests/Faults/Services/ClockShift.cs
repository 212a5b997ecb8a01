using System.Buffers.Binary;
using System.Diagnostics;
using Podflare.EndToEnd.Services;

namespace Podflare.Faults.Services;

/// <summary>The wall clock of one process, which can be shifted while it runs. Its monotonic clock is left alone.</summary>
internal sealed class ClockShift
{
    private static readonly Lazy<string?> Library = new(Compile);

    private readonly string _file;

    /// <param name="file">Where the shift is kept; the process maps it.</param>
    private ClockShift(string file) => _file = file;

    /// <summary>The clock of a process that is started with <see cref="Environment"/>; null where there is no C compiler.</summary>
    public static ClockShift? TryCreate(string file)
    {
        if (Library.Value is null) return null;
        var clock = new ClockShift(file);
        clock.Set(TimeSpan.Zero);
        return clock;
    }

    /// <summary>What the process needs in its environment.</summary>
    public (string Key, string Value)[] Environment => [("LD_PRELOAD", Library.Value!), ("PODFLARE_CLOCK_SHIFT", _file)];

    /// <summary>Sets the difference to the machine's clock, to the second.</summary>
    public void Set(TimeSpan shift)
    {
        // Written in place: the process has the file mapped.
        using var file = new FileStream(_file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        Span<byte> seconds = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(seconds, (long)shift.TotalSeconds);
        file.Write(seconds);
    }

    private static string? Compile()
    {
        var library = Path.Combine(TestRun.Folder, "clock-shift.so");
        var source = Path.Combine(TestRun.Repository, "tests", "Faults", "Services", "clock-shift.c");
        try
        {
            using var compiler = Process.Start("gcc", ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
            compiler.WaitForExit();
            return compiler.ExitCode == 0 ? library : throw new InvalidOperationException($"gcc could not compile {source}.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
