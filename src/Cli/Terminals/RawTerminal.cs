using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Podflare.Cli.Terminals;

/// <summary>The user's terminal in raw mode: every key is passed on as it is typed, also Ctrl-C. Disposing it restores the terminal.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class RawTerminal : IDisposable
{
    private const int StdinDescriptor = 0;
    private const int Now = 0;
    // Larger than struct termios on any system; the structure is only passed between calls of the C library.
    private const int StructureBytes = 256;
    private readonly byte[] _saved = new byte[StructureBytes];
    private readonly PosixSignalRegistration _resizing;
    private bool _isRestored;

    /// <param name="resized">Called when the size has changed.</param>
    /// <exception cref="IOException">Stdin is not a terminal.</exception>
    public RawTerminal(Action resized)
    {
        // Before the mode changes: what .NET remembers as the terminal's own settings must be the user's.
        Size = ReadSize();
        Check(GetAttributes(StdinDescriptor, ref _saved[0]));
        var raw = _saved.ToArray();
        MakeRaw(ref raw[0]);
        Check(SetAttributes(StdinDescriptor, Now, ref raw[0]));
        _resizing = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ =>
        {
            Size = ReadSize();
            resized();
        });
    }

    public (int Columns, int Rows) Size { get; private set; }

    /// <summary>Opens the keyboard without .NET's line editing.</summary>
    public static FileStream OpenKeys() => new(new SafeFileHandle(StdinDescriptor, ownsHandle: false), FileAccess.Read, bufferSize: 0);

    public void Dispose()
    {
        if (_isRestored) return;
        _isRestored = true;
        _resizing.Dispose();
        _ = SetAttributes(StdinDescriptor, Now, ref _saved[0]);
    }

    // A terminal that does not know its size says 0.
    private static (int Columns, int Rows) ReadSize() => (Math.Clamp(Console.WindowWidth, 1, 1_000), Math.Clamp(Console.WindowHeight, 1, 1_000));

    private static void Check(int result)
    {
        if (result != 0) throw new IOException($"The terminal cannot be used: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int descriptor, ref byte attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int descriptor, int when, ref byte attributes);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(ref byte attributes);
}
