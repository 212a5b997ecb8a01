using System.Diagnostics;

namespace Podflare.Faults.Services;

/// <summary>
/// Makes a run folder one in which nothing can be created: it is mounted over itself read-only where this process may mount, and otherwise
/// a file is in the place of the socket folders. Containers that run keep what they have mounted. Permissions do not stop root.
/// </summary>
internal static class BrokenFolder
{
    public static void Break(string folder)
    {
        if (Run("mount", "--bind", folder, folder) && Run("mount", "-o", "remount,bind,ro", folder)) return;
        Run("umount", folder);
        MoveAway(folder);
    }

    /// <summary>Takes the socket folders away, as if somebody had deleted them, until <see cref="Mend"/> brings them back.</summary>
    public static void MoveAway(string folder)
    {
        Directory.Move(Sockets(folder), Aside(folder));
        File.WriteAllText(Sockets(folder), "");
    }

    /// <summary>Does nothing where nothing is broken.</summary>
    public static void Mend(string folder)
    {
        // A mount that a process of another test run holds open still goes: lazily.
        while (File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == folder)) Run("umount", "-l", folder);
        if (!Directory.Exists(Aside(folder))) return;
        File.Delete(Sockets(folder));
        Directory.Move(Aside(folder), Sockets(folder));
    }

    private static string Sockets(string folder) => Path.Combine(folder, "s");

    private static string Aside(string folder) => Path.Combine(folder, "s.aside");

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
