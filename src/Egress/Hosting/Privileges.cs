using System.ComponentModel;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Podflare.EgressProxy.Hosting;

/// <summary>Gives up the privileges of root for good.</summary>
internal static partial class Privileges
{
    /// <summary>Changes to a user without any privilege. The libraries of the program are loaded before, because that user may not be able to read them.</summary>
    /// <exception cref="Win32Exception">The system refuses.</exception>
    public static void ChangeTo(uint user)
    {
        LoadReferences(Assembly.GetExecutingAssembly(), []);
        Check(SetGroups(0, []));
        Check(SetGroupId(user));
        // The C library does this for all threads; with the user, the kernel takes all capabilities away.
        Check(SetUserId(user));
        if (SetUserId(0) == 0) throw new InvalidOperationException("The process could become root again.");
    }

    private static void LoadReferences(Assembly assembly, HashSet<string> seen)
    {
        foreach (var reference in assembly.GetReferencedAssemblies())
        {
            if (!seen.Add(reference.FullName)) continue;
            try
            {
                LoadReferences(Assembly.Load(reference), seen);
            }
            catch (FileNotFoundException)
            {
                // A reference for other platforms.
            }
        }
    }

    private static void Check(int result)
    {
        if (result != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nint count, uint[] groups);

    [LibraryImport("libc", EntryPoint = "setgid", SetLastError = true)]
    private static partial int SetGroupId(uint group);

    [LibraryImport("libc", EntryPoint = "setuid", SetLastError = true)]
    private static partial int SetUserId(uint user);
}
