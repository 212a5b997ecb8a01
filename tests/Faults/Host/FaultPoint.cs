using System.Diagnostics;

namespace Podflare.Processes;

internal static partial class FaultPoint
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("PODFLARE_FAULT_FOLDER") ?? "/nonexistent";

    /// <summary>Dies as by kill -9 where a file with the point's name is there; it is taken away first, so that it happens once.</summary>
    static partial void Reached(string name)
    {
        var armed = Path.Combine(Folder, name);
        if (!File.Exists(armed)) return;
        try
        {
            File.Move(armed, armed + ".done");
        }
        catch (FileNotFoundException)
        {
            // The other worker was faster.
            return;
        }

        Process.GetCurrentProcess().Kill();
        using var never = new ManualResetEvent(initialState: false);
        never.WaitOne();
    }
}
