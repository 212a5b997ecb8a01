using System.Runtime.InteropServices;

namespace Podflare.Cli.Hosting;

/// <summary>Ctrl-C and SIGTERM. The first signal requests an orderly end; the second one exits immediately.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _first = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public Interruption() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];

    public CancellationToken Token => _first.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        // Not on the signal's thread: cancellation callbacks may take a while, and the next signal must get through.
        if (Interlocked.Increment(ref _count) == 1) _ = Task.Run(_first.Cancel);
        else Environment.Exit(ExitCodes.Interrupted);
    }
}
